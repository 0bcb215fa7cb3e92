/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-listen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define PATIENCE_MS 60000
#define COLLECT "{\"version\":1,\"op\":\"collect\"}"

/* A broker in a child, that serves us. */
typedef struct {
    char *directory;
    struct sockaddr_un address;
    pid_t child;
} Fixture;

static G_NORETURN void serve(const Fixture *fixture, int listener, const BrokerLimits *limits)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Root) root = root_open(fixture->directory, &error);
    g_autoptr(BrokerPolicy) policy = broker_policy_read(root, &error);
    uid_t own = geteuid();
    const BrokerHost host = { root, policy, NULL };
    g_assert_no_error(error);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    g_array_append_val(policy->users, own);
    gboolean good = broker_listen(&host, listener, limits, &error);
    _exit(good ? 0 : 1);
}

static void setup(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("broker-listen-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->address.sun_family = AF_UNIX;
    g_snprintf(fixture->address.sun_path, sizeof fixture->address.sun_path, "%s/s",
               fixture->directory);
    autofd int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&fixture->address, sizeof fixture->address),
                    ==, 0);
    g_assert_cmpint(listen(listener, 100), ==, 0);
    fixture->child = fork();
    if (fixture->child == 0)
        serve(fixture, listener, data);
}

static void teardown(Fixture *fixture, gconstpointer data)
{
    if (fixture->child > 0) {
        kill(fixture->child, SIGKILL);
        g_assert_cmpint(waitpid(fixture->child, NULL, 0), ==, fixture->child);
    }
    g_assert_true(file_remove_tree(fixture->directory, NULL));
    g_free(fixture->directory);
}

static int connect_to(const Fixture *fixture)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    g_assert_cmpint(
        connect(fd, (const struct sockaddr *)&fixture->address, sizeof fixture->address), ==, 0);
    return fd;
}

/* The answer, or NULL when the other end was closed without one. Owned. */
static char *hear(int fd)
{
    char text[BROKER_REPLY_LIMIT];
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    g_assert_cmpint(poll(&wait, 1, PATIENCE_MS), ==, 1);
    ssize_t length;
    do
        length = recv(fd, text, sizeof text, 0);
    while (length < 0 && errno == ECONNRESET); /* it was refused unread; the answer comes behind */
    return length > 0 ? g_strndup(text, (gsize)length) : NULL;
}

static void say(int fd, const char *text)
{
    g_assert_cmpint(send(fd, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
}

/* Patient enough for any machine; over when nobody has come for a moment. */
static const BrokerLimits patient = { PATIENCE_MS, PATIENCE_MS, 8 };

/* Those who say nothing are in nobody's way. */
static void test_silent(Fixture *fixture, gconstpointer data)
{
    int silent[7];
    for (gsize i = 0; i < G_N_ELEMENTS(silent); i++)
        silent[i] = connect_to(fixture);
    autofd int fd = connect_to(fixture);
    say(fd, COLLECT);
    g_autofree char *answer = hear(fd);
    g_assert_cmpstr(answer, ==, "{\"version\": 1, \"result\": \"done\"}");
    for (gsize i = 0; i < G_N_ELEMENTS(silent); i++) {
        say(silent[i], COLLECT); /* late, but in time */
        g_autofree char *late = hear(silent[i]);
        g_assert_cmpstr(late, ==, answer);
        close(silent[i]);
    }
}

static void test_too_many(Fixture *fixture, gconstpointer data)
{
    int fds[9];
    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++)
        fds[i] = connect_to(fixture);
    g_autofree char *answer = hear(fds[8]);
    g_assert_nonnull(answer);
    g_assert_nonnull(strstr(answer, "\"busy\""));
    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
    /* their places are free again, as soon as that was seen */
    g_autofree char *again = NULL;
    do {
        autofd int fd = connect_to(fixture);
        (void)send(fd, COLLECT, strlen(COLLECT), MSG_NOSIGNAL);
        g_free(again);
        again = hear(fd);
    } while (again != NULL && strstr(again, "\"busy\"") != NULL);
    g_assert_nonnull(again);
    g_assert_nonnull(strstr(again, "\"done\""));
}

static const BrokerLimits impatient = { 10, PATIENCE_MS, 8 };

static void test_patience(Fixture *fixture, gconstpointer data)
{
    autofd int fd = connect_to(fixture);
    g_assert_null(hear(fd));
}

static const BrokerLimits brief = { PATIENCE_MS, 10, 8 };

/* It ends by itself, but never with somebody there. */
static void test_idle(Fixture *fixture, gconstpointer data)
{
    int status = -1;
    g_assert_cmpint(waitpid(fixture->child, &status, 0), ==, fixture->child);
    g_assert_cmpint(status, ==, 0);
    fixture->child = 0;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name_, limits_, function_)                                                             \
    g_test_add("/broker-listen/" name_, Fixture, &limits_, setup, function_, teardown)
    ADD("silent", patient, test_silent);
    ADD("too-many", patient, test_too_many);
    ADD("patience", impatient, test_patience);
    ADD("idle", brief, test_idle);
    return g_test_run();
}
