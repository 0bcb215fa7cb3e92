/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/libexec.h"
#include "base/spawn.h"
#include "base/user.h"
#include "session/detach.h"

/* unit-start's way of saying that there is no manager to talk to. */
#define STATUS_UNAVAILABLE 3

/* What a unit's clean environment lacks and a VM may need: the screen, the paths, our own. */
static const char *const inherited[] = { "DISPLAY",
                                         "WAYLAND_DISPLAY",
                                         "XAUTHORITY",
                                         "XDG_RUNTIME_DIR",
                                         "XDG_CONFIG_HOME",
                                         "XDG_STATE_HOME",
                                         "XDG_CACHE_HOME",
                                         "HOME",
                                         "PATH",
                                         "LANG",
                                         "LC_ALL",
                                         "VGPUCTL_QEMU",
                                         "VGPUCTL_ROOT",
                                         "VGPUCTL_LIBEXECDIR" };

static void add(GPtrArray *words, const char *word)
{
    g_ptr_array_add(words, g_strdup(word));
}

static void add_environment(GPtrArray *words)
{
    for (gsize i = 0; i < G_N_ELEMENTS(inherited); i++) {
        const char *value = g_getenv(inherited[i]);
        if (value == NULL)
            continue;
        add(words, "--environment");
        g_ptr_array_add(words, g_strdup_printf("%s=%s", inherited[i], value));
    }
    add(words, "--environment");
    g_ptr_array_add(words, g_strdup_printf("%s=%d", SESSION_REPORT_VARIABLE, STDOUT_FILENO));
}

/* Our own words, from the kernel: options were consumed by the parser. */
static gboolean add_own_command(GPtrArray *words, const char *self, GError **error)
{
    g_autofree char *line = NULL;
    gsize length = 0;
    if (!g_file_get_contents("/proc/self/cmdline", &line, &length, error))
        return FALSE;
    add(words, self);
    for (const char *word = line + strlen(line) + 1; word < line + length; word += strlen(word) + 1)
        add(words, word);
    return TRUE;
}

static GStrv unit_command(const SessionRequest *request, GError **error)
{
    const char *name = request->prepare.config->name;
    g_autofree char *self = g_file_read_link("/proc/self/exe", error);
    if (self == NULL)
        return NULL;
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(words, libexec_path("unit-start"));
    if (user_is_root())
        add(words, "--system");
    add(words, "--unit");
    g_ptr_array_add(words, g_strdup_printf("vgpuctl-%s.service", name));
    add(words, "--description");
    g_ptr_array_add(words, g_strdup_printf("Virtual machine %s", name));
    add(words, "--stop-timeout");
    g_ptr_array_add(words, g_strdup_printf("%u", request->grace_s + 10));
    const char *const stop_post[] = { self, "gc", "--quiet" };
    for (gsize i = 0; i < G_N_ELEMENTS(stop_post); i++) {
        add(words, "--stop-post");
        add(words, stop_post[i]);
    }
    add_environment(words);
    add(words, "--");
    if (!add_own_command(words, self, error))
        return NULL;
    g_ptr_array_add(words, NULL);
    g_ptr_array_set_free_func(words, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

UnitStart unit_start(const Root *root, const SessionRequest *request, int report_fd, GError **error)
{
    /* sd_booted(3) */
    if (!root_is_system(root) || !root_exists(root, "/run/systemd/system"))
        return UNIT_START_UNAVAILABLE;
    g_auto(GStrv) argv = unit_command(request, error);
    if (argv == NULL)
        return UNIT_START_FAILED;
    SpawnRequest spawn = {
        .argv = (const char *const *)argv, .in = -1, .out = report_fd, .err = STDERR_FILENO
    };
    pid_t pid;
    int pidfd_number;
    if (!spawn_child(&spawn, &pid, &pidfd_number, error))
        return UNIT_START_FAILED;
    autofd int pidfd = pidfd_number;
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return UNIT_START_DONE;
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_UNAVAILABLE)
        return UNIT_START_UNAVAILABLE;
    error_set(error, VGPUCTL_ERROR_FAILED, "VM '%s' was not started as a systemd unit, see above",
              request->prepare.config->name);
    return UNIT_START_FAILED;
}
