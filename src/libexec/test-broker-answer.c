/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the broker refuses; what it gives is proved on the simulated host (test_broker.py). */
#include "libexec/broker-answer.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/pid.h"
#include "vgpu/claim.h"

#define UUID "6e3e6aa9-5ff2-4d9a-a473-2b1a446dc1ce"
#define USER 4000

typedef struct {
    char *directory;
    Root *root;
    BrokerPolicy *policy;
    BrokerPeer *peer;
} Fixture;

static void write_file(const Fixture *fixture, const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *full = g_build_filename(fixture->directory, path, NULL);
    g_autofree char *directory = g_path_get_dirname(full);
    g_assert_true(file_make_directory(directory, 0755, &error));
    g_assert_true(file_write_atomic(full, text, strlen(text), 0644, &error));
    g_assert_no_error(error);
}

static void setup(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("broker-answer-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->root = root_open(fixture->directory, &error);
    g_assert_no_error(error);
    write_file(fixture, "etc/vgpuctl/broker.conf",
               "[broker]\ngroups=\nusers=4000;4001\nmax-per-user=2\n");
    fixture->policy = broker_policy_read(fixture->root, &error);
    g_assert_no_error(error);
    fixture->peer = g_new0(BrokerPeer, 1);
    fixture->peer->uid = USER;
    fixture->peer->pid = getpid();
    fixture->peer->groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    g_assert_true(pid_start_ticks(getpid(), &fixture->peer->started_ticks));
}

static void teardown(Fixture *fixture, gconstpointer data)
{
    broker_peer_free(fixture->peer);
    broker_policy_free(fixture->policy);
    root_free(fixture->root);
    g_assert_true(file_remove_tree(fixture->directory, NULL));
    g_free(fixture->directory);
}

/* A claim of our own process, that lives, for @uid. */
static void write_claim(const Fixture *fixture, const char *uuid, int uid, int owner_kind)
{
    Owner owner = { .kind = owner_kind,
                    .pid = (int)fixture->peer->pid,
                    .started_ticks = fixture->peer->started_ticks,
                    .until_s = G_MAXINT64 };
    const Claim claim = { .uuid = (char *)uuid,
                          .parent = (char *)"mtty",
                          .type = (char *)"mtty-1",
                          .owner = &owner,
                          .uid = uid,
                          .made = TRUE };
    g_autoptr(json_t) object = record_to_json(&claim_type, &claim);
    g_autofree char *text = json_to_text(object);
    g_autofree char *path = g_build_filename("run/vgpuctl/claims", uuid, NULL);
    write_file(fixture, path, text);
}

static BrokerReply *ask(const Fixture *fixture, const char *text, char **ret_line)
{
    const BrokerHost host = { fixture->root, fixture->policy, NULL };
    return broker_answer(&host, fixture->peer, text, strlen(text), ret_line);
}

/* @code: the error of the reply; -1: none. */
static void expect(const Fixture *fixture, const char *text, int code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *line = NULL;
    g_autoptr(BrokerReply) reply = ask(fixture, text, &line);
    g_assert_cmpint(broker_reply_check(reply, &error), ==, code < 0);
    g_assert_cmpint(reply->version, ==, BROKER_VERSION);
    g_assert_null(strchr(line, '\n'));
    if (code < 0)
        return;
    g_assert_error(error, VGPUCTL_ERROR, code);
    if (!g_pattern_match_simple(message, error->message))
        g_error("'%s' is not like '%s'", error->message, message);
}

#define REQUEST(rest) "{\"version\":1,\"op\":" rest "}"
#define RELEASE REQUEST("\"release\",\"uuid\":\"" UUID "\"")

static void test_strangers(Fixture *fixture, gconstpointer data)
{
    fixture->peer->uid = 5000;
    expect(fixture, REQUEST("\"collect\""), VGPUCTL_ERROR_ACCESS, "*does not serve user 5000*");
    /* nor are they told what is wrong with what they said */
    expect(fixture, "{", VGPUCTL_ERROR_ACCESS, "*does not serve*");
}

static void test_no_policy(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) why = g_error_new_literal(VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID, "line 3");
    const BrokerHost host = { fixture->root, NULL, why };
    g_autofree char *line = NULL;
    const char *text = REQUEST("\"collect\"");
    fixture->peer->uid = 0;
    g_autoptr(BrokerReply) reply = broker_answer(&host, fixture->peer, text, strlen(text), &line);
    g_assert_cmpint(reply->result, ==, VGPUCTL_ERROR_FAILED + 1);
    g_assert_true(g_str_has_suffix(reply->message, "line 3"));
}

static void test_release(Fixture *fixture, gconstpointer data)
{
    expect(fixture, RELEASE, VGPUCTL_ERROR_NOT_FOUND, "There is no claim*");
    write_claim(fixture, UUID, USER + 1, OWNER_PID);
    expect(fixture, RELEASE, VGPUCTL_ERROR_ACCESS, "*not released");
    write_claim(fixture, UUID, -1, OWNER_PID);
    expect(fixture, RELEASE, VGPUCTL_ERROR_ACCESS, "*not released");
    write_claim(fixture, UUID, USER, OWNER_LEASE); /* root's, for them */
    expect(fixture, RELEASE, VGPUCTL_ERROR_ACCESS, "*not released");
    g_assert_true(root_exists(fixture->root, "/run/vgpuctl/claims/" UUID));
    write_claim(fixture, UUID, USER, OWNER_PID);
    expect(fixture, RELEASE, -1, NULL);
    g_assert_false(root_exists(fixture->root, "/run/vgpuctl/claims/" UUID));
}

static void test_defined(Fixture *fixture, gconstpointer data)
{
    static const char claim[] = REQUEST("\"claim\",\"type\":\"mtty-1\",\"uuid\":\"" UUID "\"");
    expect(fixture, claim, VGPUCTL_ERROR_NOT_FOUND, "*");
    write_file(fixture, "etc/mdevctl.d/0000:00:02.0/" UUID, "{}");
    expect(fixture, claim, VGPUCTL_ERROR_EXISTS, "*administrator has defined*");
}

static void test_limit(Fixture *fixture, gconstpointer data)
{
    static const char claim[] = REQUEST("\"claim\",\"type\":\"mtty-1\"");
    static const char *const uuids[] = { "6e3e6aa9-5ff2-4d9a-a473-000000000001",
                                         "6e3e6aa9-5ff2-4d9a-a473-000000000002",
                                         "6e3e6aa9-5ff2-4d9a-a473-000000000003" };
    g_autofree char *devices = g_build_filename(fixture->directory, "sys/bus/mdev/devices", NULL);
    g_assert_true(file_make_directory(devices, 0755, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(uuids); i++) {
        g_autofree char *link = g_build_filename(devices, uuids[i], NULL);
        g_assert_cmpint(symlink("../../../devices/virtual/mtty/mtty", link), ==, 0);
    }
    expect(fixture, claim, VGPUCTL_ERROR_NOT_FOUND, "*");
    write_claim(fixture, uuids[0], USER + 1, OWNER_LEASE); /* of somebody else */
    write_claim(fixture, uuids[1], USER, OWNER_LEASE);
    expect(fixture, claim, VGPUCTL_ERROR_NOT_FOUND, "*");
    write_claim(fixture, uuids[2], USER, OWNER_LEASE);
    expect(fixture, claim, VGPUCTL_ERROR_BUSY, "You hold 2 vGPUs*max-per-user*");
}

static void test_log(Fixture *fixture, gconstpointer data)
{
    g_autofree char *line = NULL;
    g_autoptr(BrokerReply) reply = ask(fixture, REQUEST("\"collect\""), &line);
    g_autofree char *expected = g_strdup_printf(
        "uid 4000, pid %d: collect type=- parent=- uuid=- vm=-: took back 0", (int)getpid());
    g_assert_cmpstr(line, ==, expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name_, function_)                                                                      \
    g_test_add("/broker-answer/" name_, Fixture, NULL, setup, function_, teardown)
    ADD("strangers", test_strangers);
    ADD("no-policy", test_no_policy);
    ADD("release", test_release);
    ADD("defined", test_defined);
    ADD("limit", test_limit);
    ADD("log", test_log);
    return g_test_run();
}
