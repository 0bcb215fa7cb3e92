/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/screenshot.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/libexec.h"
#include "base/pid.h"
#include "base/process.h"
#include "rules/plan.h"
#include "session/plane-door.h"
#include "vm/monitor.h"
#include "vm/rundir-list.h"
#include "vm/rundir.h"

/* How long QEMU, its window or its vGPU may take: a guest under TCG can hold the monitor for
 * seconds, and on a busy machine the helper's libraries take as long to load. */
#define LIMIT_MS 60000
#define PNG_LIMIT (256u << 20)

static GBytes *read_all(int fd, GError **error)
{
    struct stat info;
    if (fstat(fd, &info) < 0 || info.st_size > PNG_LIMIT) {
        error_set(error, VGPUCTL_ERROR_INVALID, "QEMU's picture is larger than %u bytes",
                  PNG_LIMIT);
        return NULL;
    }
    char *data = g_malloc((gsize)info.st_size);
    if (pread(fd, data, (size_t)info.st_size, 0) == info.st_size)
        return g_bytes_new_take(data, (gsize)info.st_size);
    error_set_errno(error, errno, "Reading QEMU's picture");
    g_free(data);
    return NULL;
}

/* QEMU writes into a file without a name, so a full disk or a wrong path is ours to report. */
static GBytes *take_screendump(const RunDirEntry *vm, GError **error)
{
    g_autoptr(Monitor) monitor = monitor_open(vm->path, LIMIT_MS, error);
    if (monitor == NULL)
        return NULL;
    autofd int memory = memfd_create("screendump", MFD_CLOEXEC);
    if (memory < 0) {
        error_set_errno(error, errno, "Making a file for the picture");
        return NULL;
    }
    if (!monitor_screendump(monitor, memory, "png", error))
        return NULL;
    return read_all(memory, error);
}

/*
 * `shot` reads a VNC server, a window or a vGPU: it needs libraries that vgpuctl itself does
 * without. @more: an option and its value behind, or NULL.
 */
static GBytes *take_shot(const char *option, const char *value, const char *const *more,
                         GStrv environment, GError **error)
{
    g_autofree char *program = libexec_path("shot");
    const char *argv[] = { program, option, value, "--output", "-", NULL, NULL, NULL };
    if (more != NULL)
        memcpy(&argv[5], more, 2 * sizeof *more);
    ProcessRequest request = { .argv = argv,
                               .environment = (const char *const *)environment,
                               .limit_ms = LIMIT_MS,
                               .output_limit = PNG_LIMIT };
    g_auto(ProcessResult) result = { 0 };
    if (!process_run(&request, &result, error))
        return NULL;
    if (process_succeeded(&result))
        return g_bytes_new(result.out, result.out_length);

    g_autofree char *end = process_describe(&result);
    g_strchomp(result.err);
    error_set(error, VGPUCTL_ERROR_FAILED, "%s", *result.err != '\0' ? result.err : end);
    return NULL;
}

/* The window is on QEMU's X display, which need not be that of who wants the picture. */
static GBytes *take_window(const RunDirEntry *vm, GError **error)
{
    static const char *const names[] = { "DISPLAY", "XAUTHORITY" };
    g_auto(GStrv) environment = g_new0(char *, G_N_ELEMENTS(names) + 1);
    guint count = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *value = pid_environment(vm->state->qemu_pid, names[i]);
        if (value != NULL)
            environment[count++] = g_strconcat(names[i], "=", value, NULL);
    }
    g_autofree char *pid = g_strdup_printf("%d", vm->state->qemu_pid);
    return take_shot("--window", pid, /* more= */ NULL, environment, error);
}

/* The vGPU itself is asked, by way of the supervisor. */
static GBytes *take_plane(const RunDirEntry *vm, GError **error)
{
    g_autofree char *door = g_build_filename(vm->path, PLANE_DOOR_SOCKET, NULL);
    const char *node[] = { "--node", vm->state->render_node };
    return take_shot("--plane", door, node[1] != NULL ? node : NULL, /* environment= */ NULL,
                     error);
}

static GBytes *take(const RunDirEntry *vm, GError **error)
{
    int way = choice_from_word(screenshot_words, vm->state->screenshot_way);
    if (way == SCREENSHOT_SCREENDUMP)
        return take_screendump(vm, error);
    if (way == SCREENSHOT_VNC || way == SCREENSHOT_QEMU_VNC) {
        const char *member = way == SCREENSHOT_VNC ? RUNDIR_VNC_SOCKET : RUNDIR_QEMU_VNC_SOCKET;
        g_autofree char *socket = g_build_filename(vm->path, member, NULL);
        return take_shot("--vnc", socket, /* more= */ NULL, /* environment= */ NULL, error);
    }
    if (way == SCREENSHOT_PLANE)
        return take_plane(vm, error);
    if (way == SCREENSHOT_WINDOW)
        return take_window(vm, error);
    error_set(error, VGPUCTL_ERROR_REFUSED,
              "nothing but the display itself (%s) has its picture; run with --display vnc",
              vm->state->display);
    return NULL;
}

GBytes *session_screenshot(const Root *root, const char *name, GError **error)
{
    g_autoptr(RunDirEntry) vm = rundir_find_running(root, name, error);
    if (vm == NULL)
        return NULL;
    if (vm->state == NULL || vm->state->phase == VM_PHASE_STARTING) {
        error_set(error, VGPUCTL_ERROR_BUSY, "Screenshot of VM '%s': it is still starting", name);
        return NULL;
    }
    GBytes *png = take(vm, error);
    if (png == NULL)
        g_prefix_error(error, "Screenshot of VM '%s': ", name);
    return png;
}
