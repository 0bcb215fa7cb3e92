/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * broker: makes a vGPU, gives it to whoever asks, and takes it back: the only code of vgpuctl that
 * runs with privileges for a user who has none (vgpuctl-broker(8), doc/threat-model.md). It is not
 * setuid and no daemon; root starts it in one of three ways:
 *
 *   with a listening socket, or with one connection, as descriptor 3 (sd_listen_fds(3)) or as
 *   standard input (inetd);
 *   with --peer-socket --uid UID and one end of a socket pair as standard input, by a program that
 *   then gives up root for that user: it serves that program alone.
 *
 * Exit status: 0 done, 1 failed, 2 wrong usage; why on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config.h"
#include "libexec/broker-confine.h"
#include "libexec/broker-listen.h"
#include "libexec/broker-serve.h"

#define FIRST_LISTEN_FD 3 /* SD_LISTEN_FDS_START */
#define PATIENCE_MS 5000
#define IDLE_MS 30000
#define MOST_PER_USER 32

static const char usage[] = "usage: broker                               (socket activation)\n"
                            "       broker --peer-socket --uid UID       (socket as stdin)\n";

#ifdef __SANITIZE_ADDRESS__
/* the search for leaks at the end looks into our own process in ways the filter kills for */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

typedef struct {
    gboolean peer_socket;
    uid_t uid;
} Options;

static gboolean parse_options(char **argv, Options *options)
{
    guint64 uid = 0;
    for (char **word = argv; *word != NULL; word++) {
        if (g_str_equal(*word, "--peer-socket"))
            options->peer_socket = TRUE;
        else if (g_str_equal(*word, "--uid") && word[1] != NULL &&
                 g_ascii_string_to_unsigned(word[1], 10, 1, G_MAXUINT32 - 1, &uid, NULL))
            word++;
        else
            return FALSE;
    }
    options->uid = (uid_t)uid;
    return options->peer_socket == (uid != 0);
}

/*
 * For whom it is no use: who is not root could do nothing by it, and a broker that somebody made
 * setuid would believe its user's --uid.
 */
static gboolean check_privileges(GError **error)
{
    if (getauxval(AT_SECURE) != 0 || getuid() != geteuid())
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "The broker must not be setuid, nor have file capabilities: it is started "
                         "by vgpuctl-broker.socket");
    if (geteuid() != 0)
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "The broker works as root only: sudo systemctl enable --now "
                         "vgpuctl-broker.socket");
    return TRUE;
}

/* sd_listen_fds(3): descriptor 3 when it was meant for this process; else standard input. */
static int activated_fd(void)
{
    const char *pid = g_getenv("LISTEN_PID"), *count = g_getenv("LISTEN_FDS");
    guint64 number = 0;
    if (pid != NULL && g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &number, NULL) &&
        (pid_t)number == getpid() && g_strcmp0(count, "1") == 0)
        return FIRST_LISTEN_FD;
    return STDIN_FILENO;
}

static gboolean socket_option(int fd, int option, int *ret_value)
{
    socklen_t size = sizeof *ret_value;
    return getsockopt(fd, SOL_SOCKET, option, ret_value, &size) == 0;
}

static gboolean check_socket(int fd, gboolean *ret_listens, GError **error)
{
    int domain = 0, type = 0;
    if (!socket_option(fd, SO_DOMAIN, &domain) || !socket_option(fd, SO_TYPE, &type) ||
        !socket_option(fd, SO_ACCEPTCONN, ret_listens) || domain != AF_UNIX ||
        type != SOCK_SEQPACKET)
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "Descriptor %d is no unix socket of sequenced packets: the broker is "
                         "started by vgpuctl-broker.socket",
                         fd);
    return TRUE;
}

/* Nothing that our starter left open, nothing of theirs to limit or to find us by. */
static gboolean clean_up(int fd, GError **error)
{
    const struct rlimit no_core = { 0, 0 };
    int first = STDERR_FILENO + 1;
    if ((fd > first && close_range((unsigned)first, (unsigned)fd - 1, 0) < 0) ||
        close_range((unsigned)MAX(first, fd + 1), ~0u, 0) < 0)
        return error_set_errno(error, errno, "Closing inherited descriptors");
    if (setrlimit(RLIMIT_CORE, &no_core) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
        chdir("/") < 0)
        return error_set_errno(error, errno, "Preparing the broker");
    umask(022);
    signal(SIGPIPE, SIG_IGN);
    /* the end of the socket tells us; SIGKILL would leave what the peer claimed (base/spawn.c) */
    (void)prctl(PR_SET_PDEATHSIG, 0);
    return TRUE;
}

/* 30 seconds; a test may make it shorter. */
static guint idle_ms(void)
{
#ifdef VGPUCTL_TEST_HOOKS
    const char *limit = g_getenv("VGPUCTL_TEST_BROKER_IDLE_MS");
    if (limit != NULL)
        return (guint)atoi(limit);
#endif
    return IDLE_MS;
}

static gboolean serve(const BrokerHost *host, const Options *options, int fd, gboolean listens,
                      GError **error)
{
    if (options->peer_socket) {
        g_autoptr(BrokerPeer) peer = broker_peer_vouched(fd, options->uid, error);
        if (peer != NULL)
            broker_serve_peer(host, peer, fd);
        return peer != NULL;
    }
    if (listens) {
        const BrokerLimits limits = { PATIENCE_MS, idle_ms(), MOST_PER_USER };
        return broker_listen(host, fd, &limits, error);
    }
    broker_serve_connection(host, fd, PATIENCE_MS);
    return TRUE;
}

static gboolean run(const Options *options, GError **error)
{
    gboolean listens = FALSE;
    int fd = options->peer_socket ? STDIN_FILENO : activated_fd();
    if (!check_socket(fd, &listens, error) || !check_privileges(error) || !clean_up(fd, error))
        return FALSE;
    if (listens && (options->peer_socket || fcntl(fd, F_SETFL, O_NONBLOCK) < 0))
        return error_set(error, VGPUCTL_ERROR_USAGE, "A peer's socket does not listen");
    g_autoptr(Root) root = root_open(NULL, error);
    if (root == NULL || !broker_drop_capabilities(error))
        return FALSE;
    /* a broker that ended here would be started again at once, for ever: it answers */
    g_autoptr(GError) policy_error = NULL;
    g_autoptr(BrokerPolicy) policy = broker_policy_read(root, &policy_error);
    if (policy_error != NULL)
        broker_log(policy_error->message);
    const BrokerHost host = { root, policy, policy_error };
    return broker_filter_syscalls(error) && serve(&host, options, fd, listens, error);
}

int main(int argc, char **argv)
{
    Options options = { 0 };
    if (argc < 1 || !parse_options(argv + 1, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    g_autoptr(GError) error = NULL;
    if (run(&options, &error))
        return 0;
    broker_log(error->message);
    return g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE) ? 2 : 1;
}
