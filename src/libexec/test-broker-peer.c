/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-peer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/pass-fds.h"
#include "base/pid.h"

#define LIMIT_MS 60000

typedef struct {
    int ours, theirs;
} Pair;

static Pair make_pair(void)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    return (Pair){ pair[0], pair[1] };
}

static gboolean has_group(const BrokerPeer *peer, gid_t group)
{
    for (guint i = 0; i < peer->groups->len; i++)
        if (g_array_index(peer->groups, gid_t, i) == group)
            return TRUE;
    return FALSE;
}

/* A socket pair connects us to ourselves. */
static void test_self(void)
{
    g_autoptr(GError) error = NULL;
    Pair pair = make_pair();
    autofd int ours = pair.ours;
    autofd int theirs = pair.theirs;
    g_autoptr(BrokerPeer) peer = broker_peer_read(ours, &error);
    g_assert_no_error(error);
    guint64 ticks = 0;
    g_assert_true(pid_start_ticks(getpid(), &ticks));
    g_assert_cmpuint(peer->uid, ==, geteuid());
    g_assert_cmpint(peer->pid, ==, getpid());
    g_assert_cmpuint(peer->started_ticks, ==, ticks);
    g_assert_false(peer->vouched);
    gid_t groups[64];
    int count = getgroups(G_N_ELEMENTS(groups), groups);
    g_assert_true(has_group(peer, getegid()));
    for (int i = 0; i < count; i++)
        g_assert_true(has_group(peer, groups[i]));
}

/*
 * A child that makes a socket pair and leaves one end to us: *@ret_fd. It ends when *@ret_channel
 * is closed.
 */
static pid_t start_child(void (*prepare)(void), int *ret_fd, int *ret_channel)
{
    Pair channel = make_pair();
    pid_t child = fork();
    if (child == 0) {
        close(channel.ours);
        if (prepare != NULL)
            prepare();
        Pair made = make_pair();
        char byte;
        if (!pass_fds_send(channel.theirs, "one end", &made.ours, 1, NULL))
            _exit(1);
        (void)!read(channel.theirs, &byte, 1);
        _exit(0);
    }
    close(channel.theirs);
    guint n = 0;
    int fds[PASS_FDS_MOST];
    g_autoptr(GError) error = NULL;
    g_autofree char *words = pass_fds_receive(channel.ours, LIMIT_MS, fds, &n, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(n, ==, 1);
    *ret_fd = fds[0];
    *ret_channel = channel.ours;
    return child;
}

static void end_child(pid_t child, int channel)
{
    close(channel);
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
}

/* The socket lives on with us, but who made it does not. */
static void test_gone(void)
{
    g_autoptr(GError) error = NULL;
    autofd int ours = -1;
    int channel = -1;
    pid_t child = start_child(NULL, &ours, &channel);
    end_child(child, channel);
    g_assert_null(broker_peer_read(ours, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_ACCESS);
}

static void become_nobody(void)
{
    if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
        _exit(1);
}

/* Nobody but root vouches for anybody, whatever number is claimed. */
static void test_vouched(void)
{
    g_autoptr(GError) error = NULL;
    Pair own = make_pair();
    autofd int first = own.ours;
    autofd int second = own.theirs;
    if (geteuid() != 0) {
        g_assert_null(broker_peer_vouched(first, 1000, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_ACCESS);
        g_test_skip("that root's word is taken needs root");
        return;
    }
    g_autoptr(BrokerPeer) peer = broker_peer_vouched(first, 1000, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(peer->uid, ==, 1000);
    g_assert_cmpint(peer->pid, ==, getpid());
    g_assert_true(peer->vouched);

    autofd int ours = -1;
    int channel = -1;
    pid_t child = start_child(become_nobody, &ours, &channel);
    g_assert_null(broker_peer_vouched(ours, 1000, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_ACCESS);
    g_autoptr(GError) none = NULL;
    g_autoptr(BrokerPeer) nobody = broker_peer_read(ours, &none);
    g_assert_no_error(none);
    g_assert_cmpuint(nobody->uid, ==, 65534);
    g_assert_cmpint(nobody->pid, ==, child);
    g_assert_true(has_group(nobody, 65534));
    g_assert_false(has_group(nobody, 0));
    end_child(child, channel);
}

static void test_no_socket(void)
{
    g_autoptr(GError) error = NULL;
    int pipe_fds[2];
    g_assert_cmpint(pipe2(pipe_fds, O_CLOEXEC), ==, 0);
    autofd int first = pipe_fds[0];
    autofd int second = pipe_fds[1];
    g_assert_null(broker_peer_read(first, &error));
    g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/broker-peer/self", test_self);
    g_test_add_func("/broker-peer/gone", test_gone);
    g_test_add_func("/broker-peer/vouched", test_vouched);
    g_test_add_func("/broker-peer/no-socket", test_no_socket);
    return g_test_run();
}
