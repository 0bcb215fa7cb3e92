/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/broker-client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#define UUID "6e3e6aa9-5ff2-4d9a-a473-2b1a446dc1ce"

/* A broker that has one answer; its thread ends with it. */
typedef struct {
    char *directory;
    Root *root;
    int listener, fd;   /* fd: a connection there is already */
    const char *answer; /* NULL: ends without one */
    char *heard;
    GThread *thread;
} Fixture;

static gpointer answer_one(gpointer userdata)
{
    Fixture *fixture = userdata;
    autofd int fd =
        fixture->listener >= 0 ? accept(fixture->listener, NULL, NULL) : dup(fixture->fd);
    char text[BROKER_REQUEST_LIMIT];
    ssize_t length = recv(fd, text, sizeof text, 0);
    g_assert_cmpint(length, >, 0);
    fixture->heard = g_strndup(text, (gsize)length);
    if (fixture->answer != NULL)
        g_assert_cmpint(send(fd, fixture->answer, strlen(fixture->answer), 0), >, 0);
    return NULL;
}

/* A long path, as those of tests are: it does not fit into sun_path. */
static void setup(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *top = g_dir_make_tmp("broker-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *name = g_strnfill(120, 'x');
    fixture->directory = g_build_filename(top, name, NULL);
    g_autofree char *run = g_build_filename(fixture->directory, "run/vgpuctl", NULL);
    g_assert_true(file_make_directory(run, 0755, &error));
    fixture->root = root_open(fixture->directory, &error);
    g_assert_no_error(error);
    fixture->listener = fixture->fd = -1;
}

static void listen_there(Fixture *fixture, mode_t mode)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *run = g_build_filename(fixture->directory, "run/vgpuctl", NULL);
    g_autofree char *here = g_get_current_dir();
    g_assert_cmpint(chdir(run), ==, 0);
    strcpy(address.sun_path, "broker.sock");
    fixture->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fixture->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(chmod("broker.sock", mode), ==, 0);
    g_assert_cmpint(listen(fixture->listener, 1), ==, 0);
    g_assert_cmpint(chdir(here), ==, 0);
}

static void teardown(Fixture *fixture, gconstpointer data)
{
    if (fixture->thread != NULL)
        g_thread_join(fixture->thread);
    autofd_close(&fixture->listener);
    autofd_close(&fixture->fd);
    root_free(fixture->root);
    g_autofree char *top = g_path_get_dirname(fixture->directory);
    g_assert_true(file_remove_tree(top, NULL));
    g_free(fixture->directory);
    g_free(fixture->heard);
}

static void answer(Fixture *fixture, const char *text)
{
    fixture->answer = text;
    fixture->thread = g_thread_new("broker", answer_one, fixture);
}

static void test_claim(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    listen_there(fixture, 0666);
    g_assert_true(broker_available(fixture->root, &error));
    answer(fixture, "{\"version\":1,\"result\":\"done\",\"uuid\":\"" UUID "\",\"parent\":\"mtty\","
                    "\"type\":\"mtty-1\",\"node\":\"/dev/vfio/3\"}");
    const Broker broker = { fixture->root, -1 };
    const BrokerRequest request = { .type = (char *)"mtty-1", .vm = (char *)"win" };
    g_autoptr(BrokerReply) reply = broker_claim(&broker, &request, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(reply->uuid, ==, UUID);
    g_assert_cmpstr(reply->node, ==, "/dev/vfio/3");
    g_thread_join(g_steal_pointer(&fixture->thread));
    g_assert_cmpstr(fixture->heard, ==,
                    "{\"version\": 1, \"op\": \"claim\", \"type\": \"mtty-1\", \"vm\": \"win\"}");
}

/* An answer to a claim that names no device is none. */
static void test_incomplete(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    listen_there(fixture, 0666);
    answer(fixture, "{\"version\":1,\"result\":\"done\"}");
    const Broker broker = { fixture->root, -1 };
    const BrokerRequest request = { .type = (char *)"mtty-1" };
    g_assert_null(broker_claim(&broker, &request, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    listen_there(fixture, 0666);
    answer(fixture, "{\"version\":1,\"result\":\"busy\",\"message\":\"None is left\"}");
    const Broker broker = { fixture->root, -1 };
    g_assert_false(broker_release(&broker, UUID, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY);
    g_assert_cmpstr(error->message, ==, "None is left");
}

static void test_dead(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    listen_there(fixture, 0666);
    answer(fixture, NULL);
    const Broker broker = { fixture->root, -1 };
    g_assert_false(broker_collect(&broker, NULL, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
    g_assert_true(g_pattern_match_simple("*journalctl*", error->message));
}

/* No socket, and one nobody listens on: with what an administrator does there. */
static void test_absent(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    const Broker broker = { fixture->root, -1 };
    g_assert_false(broker_available(fixture->root, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_assert_true(g_pattern_match_simple("*sudo vgpuctl create TYPE --user *", error->message));
    g_clear_error(&error);

    g_autofree char *booted = g_build_filename(fixture->directory, "run/systemd/system", NULL);
    g_assert_true(file_make_directory(booted, 0755, &error));
    g_assert_false(broker_available(fixture->root, &error));
    g_assert_true(g_pattern_match_simple("*sudo systemctl enable --now vgpuctl-broker.socket",
                                         error->message));
    g_clear_error(&error);
    g_assert_false(broker_release(&broker, UUID, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_clear_error(&error);

    listen_there(fixture, 0666);
    close(fixture->listener);
    fixture->listener = -1;
    g_assert_false(broker_release(&broker, UUID, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

/* Mode 0 keeps out whoever made it, but for root: that one becomes somebody else for a moment. */
static void test_forbidden(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) available = NULL, released = NULL;
    listen_there(fixture, 0);
    g_autofree char *top = g_path_get_dirname(fixture->directory);
    g_assert_cmpint(chmod(top, 0755), ==, 0);
    const Broker broker = { fixture->root, -1 };
    if (getuid() == 0)
        g_assert_cmpint(seteuid(65534), ==, 0);
    g_assert_false(broker_available(fixture->root, &available));
    g_assert_false(broker_release(&broker, UUID, &released));
    g_assert_cmpint(seteuid(getuid()), ==, 0);
    g_assert_error(available, VGPUCTL_ERROR, VGPUCTL_ERROR_ACCESS);
    g_assert_error(released, VGPUCTL_ERROR, VGPUCTL_ERROR_ACCESS);
    g_assert_cmpstr(available->message, ==, released->message);
}

/* An inherited socket takes one request after the other. */
static void test_inherited(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    autofd int ours = pair[0];
    fixture->fd = pair[1];
    const Broker broker = { fixture->root, ours };
    for (int i = 0; i < 2; i++) {
        g_clear_pointer(&fixture->heard, g_free);
        answer(fixture, "{\"version\":1,\"result\":\"done\",\"collected\":2}");
        guint collected = 0;
        g_assert_true(broker_collect(&broker, &collected, &error));
        g_assert_cmpuint(collected, ==, 2);
        g_thread_join(g_steal_pointer(&fixture->thread));
        g_assert_cmpstr(fixture->heard, ==, "{\"version\": 1, \"op\": \"collect\"}");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name_, function_)                                                                      \
    g_test_add("/broker-client/" name_, Fixture, NULL, setup, function_, teardown)
    ADD("claim", test_claim);
    ADD("incomplete", test_incomplete);
    ADD("refused", test_refused);
    ADD("dead", test_dead);
    ADD("absent", test_absent);
    ADD("forbidden", test_forbidden);
    ADD("inherited", test_inherited);
    return g_test_run();
}
