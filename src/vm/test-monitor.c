/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands' way to a real QEMU that shows its firmware; no guest is needed. */
#include "vm/monitor.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/file.h"
#include "base/spawn.h"
#include "vm/rundir.h"

#define LIMIT_MS 60000 /* for what is bound to happen */

typedef struct {
    char *directory; /* stands for a run directory */
    pid_t pid;
    int pidfd;
} Vm;

/* The socket exists before QEMU does, so that connecting needs no waiting. */
static int listen_in(const char *directory)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/" RUNDIR_QMP_SOCKET, directory);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

/* FALSE when there is no QEMU, and the test is skipped. */
static gboolean start_vm(Vm *vm)
{
    g_autofree char *program = g_find_program_in_path("qemu-system-x86_64");
    if (program == NULL) {
        g_test_skip("no qemu-system-x86_64 here");
        return FALSE;
    }
    vm->directory = g_dir_make_tmp("vgpuctl-mon-XXXXXX", NULL);
    autofd int listener = listen_in(vm->directory);
    g_autofree char *chardev = g_strdup_printf("socket,id=mon,fd=%d,server=on,wait=off", listener);
    const char *const argv[] = {
        program, "-nodefaults", "-no-user-config", "-machine", "pc,accel=tcg", "-display", "none",
        /* all that the planner forbids QEMU */
        "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
        "-device", "VGA", "-chardev", chardev, "-mon", "chardev=mon,mode=control", NULL
    };
    SpawnRequest request = { .argv = argv,
                             .in = -1,
                             .out = STDERR_FILENO,
                             .err = STDERR_FILENO,
                             .keep = (const int[]){ listener, -1 } };
    g_autoptr(GError) error = NULL;
    g_assert_true(spawn_child(&request, &vm->pid, &vm->pidfd, &error));
    g_assert_no_error(error);
    return TRUE;
}

static void stop_vm(Vm *vm)
{
    kill(vm->pid, SIGKILL);
    waitpid(vm->pid, NULL, 0);
    close(vm->pidfd);
    g_assert_true(file_remove_tree(vm->directory, NULL));
    g_free(vm->directory);
}

static Monitor *open_monitor(const Vm *vm)
{
    g_autoptr(GError) error = NULL;
    Monitor *monitor = monitor_open(vm->directory, LIMIT_MS, &error);
    g_assert_no_error(error);
    return monitor;
}

static void test_commands(void)
{
    Vm vm;
    if (!start_vm(&vm))
        return;
    g_autoptr(GError) error = NULL;
    Monitor *monitor = open_monitor(&vm);
    g_autofree char *running = monitor_query_status(monitor, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(running, ==, "running");
    g_assert_true(monitor_powerdown(monitor, &error));

    /* the turn is ours until the end, also against ourselves */
    g_assert_null(monitor_open(vm.directory, 20, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY);
    g_clear_error(&error);
    monitor_free(monitor);

    monitor = open_monitor(&vm);
    g_assert_true(monitor_quit(monitor, &error));
    g_assert_no_error(error);
    struct pollfd end = { .fd = vm.pidfd, .events = POLLIN };
    g_assert_cmpint(poll(&end, 1, LIMIT_MS), ==, 1);
    g_assert_true(monitor_quit(monitor, &error));
    monitor_free(monitor);

    g_assert_null(monitor_open(vm.directory, LIMIT_MS, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    stop_vm(&vm);
}

static guint8 *read_picture(int fd, gsize *ret_size)
{
    struct stat info;
    g_assert_cmpint(fstat(fd, &info), ==, 0);
    *ret_size = (gsize)info.st_size;
    guint8 *data = g_malloc(*ret_size);
    g_assert_cmpint(pread(fd, data, *ret_size, 0), ==, info.st_size);
    return data;
}

static void dump(Monitor *monitor, int fd, const char *format)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(ftruncate(fd, 0), ==, 0);
    monitor_screendump(monitor, fd, format, &error);
    g_assert_no_error(error);
}

/* Whether the console shows anything but black: the firmware's text, sooner or later. */
static gboolean is_drawn(Monitor *monitor, int fd)
{
    dump(monitor, fd, "ppm");
    gsize size = 0;
    g_autofree guint8 *picture = read_picture(fd, &size);
    g_assert_cmpuint(size, >, 100);
    g_assert_cmpmem(picture, 2, "P6", 2);
    for (gsize i = 20; i < size; i++)
        if (picture[i] != 0)
            return TRUE;
    return FALSE;
}

static void test_screendump(void)
{
    Vm vm;
    if (!start_vm(&vm))
        return;
    autofd int fd = memfd_create("picture", MFD_CLOEXEC);
    Monitor *monitor = open_monitor(&vm);
    gint64 deadline = g_get_monotonic_time() + LIMIT_MS * 1000;
    while (!is_drawn(monitor, fd))
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);

    dump(monitor, fd, "png");
    gsize size = 0;
    g_autofree guint8 *picture = read_picture(fd, &size);
    g_assert_cmpuint(size, >, 100);
    g_assert_cmpmem(picture, 8, "\x89PNG\r\n\x1a\n", 8);
    g_assert_cmpmem(picture + size - 8, 4, "IEND", 4);

    g_autoptr(GError) error = NULL;
    g_assert_false(monitor_screendump(monitor, fd, "tiff", &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "QEMU command 'screendump': "));
    g_clear_error(&error);

    /* QEMU kept none of the descriptors */
    g_autoptr(json_t) sets = monitor_call(monitor, "query-fdsets", NULL, &error);
    g_assert_no_error(error);
    size_t index;
    const json_t *set;
    json_array_foreach(sets, index, set)
        g_assert_cmpuint(json_array_size(json_object_get(set, "fds")), ==, 0);
    monitor_free(monitor);
    stop_vm(&vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/monitor/commands", test_commands);
    g_test_add_func("/monitor/screendump", test_screendump);
    return g_test_run();
}
