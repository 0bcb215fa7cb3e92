/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/qmp-sync.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

#define LONG_LIMIT_MS 60000 /* for what is bound to happen */

static gint64 deadline_in(guint ms)
{
    return g_get_monotonic_time() + (gint64)ms * 1000;
}

/* A peer that says one line for each line it hears, beginning with the greeting. */
typedef struct {
    int fd;
    const char *const *lines; /* the last one is said and followed by the end */
} Script;

static gpointer run_peer(gpointer data)
{
    const Script *script = data;
    for (const char *const *line = script->lines; *line != NULL; line++) {
        g_assert_true(file_write_all(script->fd, *line, strlen(*line)));
        char byte = '\0';
        while (byte != '\n' && read(script->fd, &byte, 1) == 1)
            ;
    }
    close(script->fd);
    return NULL;
}

static GThread *start_peer(Script *script, int *ret_fd)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    script->fd = pair[1];
    *ret_fd = pair[0];
    return g_thread_new("peer", run_peer, script);
}

static void test_calls(void)
{
    Script script = { .lines = (const char *[]){ "{\"QMP\": {}}\n", "{\"return\": {}, \"id\": 1}\n",
                                                 "{\"return\": 7, \"id\": 2}\n",
                                                 "{\"error\": {\"class\": \"GenericError\","
                                                 " \"desc\": \"no\"}, \"id\": 3}\n",
                                                 NULL } };
    int fd;
    GThread *peer = start_peer(&script, &fd);
    g_autoptr(GError) error = NULL;
    QmpClient *client = qmp_connect_fd(fd, "peer", deadline_in(LONG_LIMIT_MS), &error);
    g_assert_no_error(error);

    g_autoptr(json_t) result =
        qmp_call_sync(client, "one", json_pack("{s:i}", "a", 1), -1, LONG_LIMIT_MS, &error);
    g_assert_no_error(error);
    g_assert_cmpint(json_integer_value(result), ==, 7);
    g_assert_null(qmp_client_error_class(client));

    g_assert_null(qmp_call_sync(client, "two", NULL, -1, LONG_LIMIT_MS, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
    g_assert_cmpstr(error->message, ==, "QEMU command 'two': no");
    g_assert_cmpstr(qmp_client_error_class(client), ==, "GenericError");
    g_clear_error(&error);

    g_assert_null(qmp_call_sync(client, "three", NULL, -1, LONG_LIMIT_MS, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
    g_assert_cmpstr(error->message, ==,
                    "QEMU command 'three' was not answered: QEMU closed its monitor connection");
    g_clear_error(&error);
    g_assert_null(qmp_call_sync(client, "four", NULL, -1, LONG_LIMIT_MS, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
    qmp_client_free(client);
    g_thread_join(peer);
}

/* the answer that comes too late belongs to nobody; the next call gets its own */
static void test_late_reply(void)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    autofd int peer = pair[1];
    static const char hello[] = "{\"QMP\": {}}\n{\"return\": {}, \"id\": 1}\n";
    g_assert_true(file_write_all(peer, hello, strlen(hello)));

    g_autoptr(GError) error = NULL;
    /* the reply to the negotiation lies there before its question, so it is dropped */
    g_assert_null(qmp_connect_fd(pair[0], "peer", deadline_in(20), &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    g_clear_error(&error);

    Script script = { .lines =
                          (const char *[]){ "{\"QMP\": {}}\n", "{\"return\": {}, \"id\": 1}\n", "",
                                            "{\"return\": 1, \"id\": 2}\n"
                                            "{\"return\": 2, \"id\": 3}\n",
                                            NULL } };
    int fd;
    GThread *thread = start_peer(&script, &fd);
    QmpClient *client = qmp_connect_fd(fd, "peer", deadline_in(LONG_LIMIT_MS), &error);
    g_assert_no_error(error);
    g_assert_null(qmp_call_sync(client, "slow", NULL, -1, 20, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_autoptr(json_t) result = qmp_call_sync(client, "next", NULL, -1, LONG_LIMIT_MS, &error);
    g_assert_no_error(error);
    g_assert_cmpint(json_integer_value(result), ==, 2);
    qmp_client_free(client);
    g_thread_join(thread);
}

static void test_connect_errors(void)
{
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-qmp-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "qmp.sock", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(qmp_connect_unix(path, deadline_in(LONG_LIMIT_MS), &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_clear_error(&error);

    autofd int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_null(qmp_connect_unix(path, deadline_in(LONG_LIMIT_MS), &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_clear_error(&error);

    /* nobody greets: the first waits in the backlog, the second cannot even get there */
    g_assert_cmpint(listen(listener, 0), ==, 0);
    g_assert_null(qmp_connect_unix(path, deadline_in(20), &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_assert_null(qmp_connect_unix(path, deadline_in(20), &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    g_clear_error(&error);

    g_autofree char *long_name = g_strnfill(200, 'x');
    g_assert_null(qmp_connect_unix(long_name, deadline_in(20), &error));
    g_assert_nonnull(strstr(error->message, "File name too long"));
    g_assert_true(file_remove_tree(directory, NULL));
}

/* A QEMU without a machine whose monitor is the socket we hold. */
static pid_t start_qemu(int *ret_fd)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_autofree char *chardev = g_strdup_printf("socket,id=mon,fd=%d", pair[1]);
    pid_t pid = fork();
    if (pid == 0) {
        fcntl(pair[1], F_SETFD, 0);
        execlp("qemu-system-x86_64", "qemu-system-x86_64", "-M", "none", "-nodefaults", "-display",
               "none", "-chardev", chardev, "-mon", "chardev=mon,mode=control", (char *)NULL);
        _exit(127);
    }
    close(pair[1]);
    *ret_fd = pair[0];
    return pid;
}

static void test_qemu(void)
{
    g_autofree char *program = g_find_program_in_path("qemu-system-x86_64");
    if (program == NULL) {
        g_test_skip("no qemu-system-x86_64 here");
        return;
    }
    int fd;
    pid_t pid = start_qemu(&fd);
    g_autoptr(GError) error = NULL;
    QmpClient *client = qmp_connect_fd(fd, "QEMU", deadline_in(LONG_LIMIT_MS), &error);
    g_assert_no_error(error);
    const json_t *version =
        json_object_get(json_object_get(qmp_client_greeting(client), "version"), "qemu");
    g_assert_cmpint(json_get_int(version, "major", 0), >=, 7);

    g_autoptr(json_t) schema =
        qmp_call_sync(client, "query-qmp-schema", NULL, -1, LONG_LIMIT_MS, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(schema), >, 500);

    g_assert_null(qmp_call_sync(client, "no-such-command", NULL, -1, LONG_LIMIT_MS, &error));
    g_assert_cmpstr(qmp_client_error_class(client), ==, "CommandNotFound");
    g_clear_error(&error);

    /* two descriptors at once: each command gets its own */
    qmp_client_call(client, "getfd", json_pack("{s:s}", "fdname", "one"), dup(1), NULL, NULL);
    g_autoptr(json_t) got = qmp_call_sync(client, "getfd", json_pack("{s:s}", "fdname", "two"),
                                          dup(1), LONG_LIMIT_MS, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 2; i++) {
        g_autoptr(json_t) closed =
            qmp_call_sync(client, "closefd", json_pack("{s:s}", "fdname", i == 0 ? "one" : "two"),
                          -1, LONG_LIMIT_MS, &error);
        g_assert_no_error(error);
    }

    g_autoptr(json_t) quit = qmp_call_sync(client, "quit", NULL, -1, LONG_LIMIT_MS, &error);
    g_assert_no_error(error);
    int status = -1;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
    qmp_client_free(client);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp-sync/calls", test_calls);
    g_test_add_func("/qmp-sync/late-reply", test_late_reply);
    g_test_add_func("/qmp-sync/connect-errors", test_connect_errors);
    g_test_add_func("/qmp-sync/qemu", test_qemu);
    return g_test_run();
}
