/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door to a vGPU, with a program that has a file open in the place of a QEMU. */
#include "session/plane-door.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/pass-fds.h"
#include "base/spawn.h"
#include "tests/lib/fake-root.h"

#define UUID "c0ffee00-0000-4000-8000-000000000001"
#define NODE "/dev/vfio/3"

typedef struct {
    FakeRoot fake;
    PlaneDoor *door;
    pid_t pid;
    int pidfd;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    gboolean opens = GPOINTER_TO_INT(data);
    fixture->fake = fake_root_new("gvt-g-live");
    fake_root_put(&fixture->fake, NODE, "group");
    g_autofree char *path = root_host_path(fixture->fake.root, NODE);
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    const int keep[] = { opens ? fd : -1, -1 };
    const char *argv[] = { "sleep", "1000", NULL };
    const SpawnRequest request = { .argv = argv, .in = -1, .out = -1, .err = -1, .keep = keep };
    g_autoptr(GError) error = NULL;
    spawn_child(&request, &fixture->pid, &fixture->pidfd, &error);
    g_assert_no_error(error);
    fixture->door = plane_door_open(fixture->fake.root, fixture->fake.directory, UUID, fixture->pid,
                                    fixture->pidfd, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    plane_door_close(fixture->door);
    kill(fixture->pid, SIGKILL);
    waitpid(fixture->pid, NULL, 0);
    close(fixture->pidfd);
    fake_root_clear(&fixture->fake);
}

/* What who knocks is told; owned. */
static char *knock(Fixture *fixture, int *fds, guint *ret_n)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/" PLANE_DOOR_SOCKET,
               fixture->fake.directory);
    autofd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    g_assert_no_errno(connect(fd, (const struct sockaddr *)&address, sizeof address));
    g_main_context_iteration(NULL, TRUE);
    g_autoptr(GError) error = NULL;
    char *text = pass_fds_receive(fd, 10000, fds, ret_n, &error);
    g_assert_no_error(error);
    return text;
}

static void test_open(Fixture *fixture, gconstpointer data)
{
    for (guint i = 0; i < 3; i++) { /* each gets an own one */
        int fds[PASS_FDS_MOST];
        guint n = 0;
        char content[8] = "";
        g_autofree char *uuid = knock(fixture, fds, &n);
        g_assert_cmpstr(uuid, ==, UUID);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpint(pread(fds[0], content, sizeof content, 0), ==, 5);
        g_assert_cmpstr(content, ==, "group");
        g_assert_no_errno((int)syscall(SYS_pidfd_send_signal, fds[1], 0, NULL, 0));
        close(fds[0]);
        close(fds[1]);
    }
}

static void test_not_open(Fixture *fixture, gconstpointer data)
{
    int fds[PASS_FDS_MOST];
    guint n = 7;
    g_autofree char *why = knock(fixture, fds, &n);
    g_assert_cmpstr(why, ==, "QEMU does not have " NODE " open: No such file or directory");
    g_assert_cmpuint(n, ==, 0);
}

static void test_private(Fixture *fixture, gconstpointer data)
{
    struct stat info;
    g_autofree char *path = g_build_filename(fixture->fake.directory, PLANE_DOOR_SOCKET, NULL);
    g_assert_no_errno(stat(path, &info));
    g_assert_cmpint(info.st_mode & 0777, ==, 0600);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    gconstpointer opens = GINT_TO_POINTER(TRUE);
    g_test_add("/plane-door/open", Fixture, opens, set_up, test_open, tear_down);
    g_test_add("/plane-door/not-open", Fixture, NULL, set_up, test_not_open, tear_down);
    g_test_add("/plane-door/private", Fixture, NULL, set_up, test_private, tear_down);
    return g_test_run();
}
