/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-policy.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

typedef struct {
    char *directory, *conf;
    Root *root;
} Fixture;

static void setup(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("broker-policy-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *etc = g_build_filename(fixture->directory, "etc/vgpuctl", NULL);
    g_assert_true(file_make_directory(etc, 0755, &error));
    fixture->conf = g_build_filename(etc, "broker.conf", NULL);
    fixture->root = root_open(fixture->directory, &error);
    g_assert_no_error(error);
}

static void teardown(Fixture *fixture, gconstpointer data)
{
    root_free(fixture->root);
    g_assert_true(file_remove_tree(fixture->directory, NULL));
    g_free(fixture->directory);
    g_free(fixture->conf);
}

static BrokerPolicy *read_text(const Fixture *fixture, const char *text, GError **error)
{
    g_assert_true(file_write_atomic(fixture->conf, text, strlen(text), 0644, NULL));
    return broker_policy_read(fixture->root, error);
}

/* @groups: ends with -1 */
static BrokerPeer *new_peer(uid_t uid, const int *groups)
{
    BrokerPeer *peer = g_new0(BrokerPeer, 1);
    peer->uid = uid;
    peer->groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    for (; *groups >= 0; groups++)
        g_array_append_vals(peer->groups, groups, 1);
    return peer;
}

static void check_peer(const BrokerPolicy *policy, uid_t uid, const int *groups, gboolean served)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerPeer) peer = new_peer(uid, groups);
    g_assert_cmpint(broker_policy_check_peer(policy, peer, &error), ==, served);
    if (!served)
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_ACCESS);
}

/* Without a file: group vgpu, which need not exist here, and root. */
static void test_default(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerPolicy) policy = broker_policy_read(fixture->root, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(policy->max_per_user, ==, BROKER_DEFAULT_MAX);
    check_peer(policy, 4000001, (const int[]){ 4000001, 100, -1 }, FALSE);
    check_peer(policy, 0, (const int[]){ 0, -1 }, TRUE);
}

static void test_who(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerPolicy) policy = read_text(
        fixture, "[broker]\ngroups=4100; 4101\nusers=4000,root,nobody-has-this-name\n", &error);
    g_assert_no_error(error);
    check_peer(policy, 4000, (const int[]){ 4000, -1 }, TRUE);
    check_peer(policy, 4001, (const int[]){ 4001, 4101, -1 }, TRUE);
    check_peer(policy, 4001, (const int[]){ 4100, -1 }, TRUE);
    check_peer(policy, 4001, (const int[]){ 4001, 4102, -1 }, FALSE);
    check_peer(policy, 4100, (const int[]){ 4000, -1 }, FALSE); /* a user is no group */
    g_autoptr(BrokerPolicy) nobody = read_text(fixture, "[broker]\ngroups=\n", &error);
    g_assert_no_error(error);
    check_peer(nobody, 4001, (const int[]){ 4001, 0, -1 }, FALSE);
}

/* Checks one claim; the type it became is owned, NULL: refused. */
static char *check_claim(const BrokerPolicy *policy, const char *type, const char *parent,
                         guint held, GError **error)
{
    g_autoptr(BrokerPeer) peer = new_peer(4000, (const int[]){ 4000, -1 });
    g_autoptr(BrokerRequest) request = record_new(&broker_request_type);
    request->type = g_strdup(type);
    request->parent = g_strdup(parent);
    if (!broker_policy_check_claim(policy, peer, request, held, error))
        return NULL;
    return g_strdup_printf("%s %s", request->type,
                           request->parent != NULL ? request->parent : "any");
}

static void test_what(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *conf, *type, *parent;
        guint held;
        const char *becomes; /* NULL: refused */
        int code;
    } cases[] = {
        { "", "V5_4", NULL, 3, "V5_4 any", 0 },
        { "", "V5_4", NULL, 4, NULL, VGPUCTL_ERROR_BUSY },
        { "max-per-user=0\n", "V5_4", NULL, 0, NULL, VGPUCTL_ERROR_BUSY },
        { "max-per-user=1\n", "V5_4", NULL, 0, "V5_4 any", 0 },
        { "types=i915-GVTg_V5_8\n", "V5_8", NULL, 0, "i915-GVTg_V5_8 any", 0 },
        { "types=i915-GVTg_V5_8\n", "i915-GVTg_V5_8", "a", 0, "i915-GVTg_V5_8 a", 0 },
        { "types=i915-GVTg_V5_8\n", "i915-GVTg_V5_4", NULL, 0, NULL, VGPUCTL_ERROR_ACCESS },
        { "types=i915-GVTg_V5_8\n", "8", NULL, 0, NULL, VGPUCTL_ERROR_ACCESS },
        { "types=\n", "mtty-1", NULL, 0, "mtty-1 any", 0 },
        { "parents=0000:00:02.0\n", "V5_4", NULL, 0, "V5_4 0000:00:02.0", 0 },
        { "parents=0000:00:02.0\n", "V5_4", "mtty", 0, NULL, VGPUCTL_ERROR_ACCESS },
        { "parents=a;b\n", "V5_4", NULL, 0, NULL, VGPUCTL_ERROR_ACCESS },
        { "parents=a;b\n", "V5_4", "b", 0, "V5_4 b", 0 },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strconcat("[broker]\n", cases[i].conf, NULL);
        g_autoptr(BrokerPolicy) policy = read_text(fixture, text, &error);
        g_assert_no_error(error);
        g_autofree char *becomes =
            check_claim(policy, cases[i].type, cases[i].parent, cases[i].held, &error);
        g_assert_cmpstr(becomes, ==, cases[i].becomes);
        if (becomes == NULL)
            g_assert_error(error, VGPUCTL_ERROR, cases[i].code);
    }
}

/* sudo's word, and root's: the limits are for who comes to the socket. */
static void test_vouched(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerPolicy) policy =
        read_text(fixture, "[broker]\ngroups=\nmax-per-user=0\n", &error);
    g_assert_no_error(error);
    g_autoptr(BrokerPeer) peer = new_peer(4000, (const int[]){ -1 });
    peer->vouched = TRUE;
    g_autoptr(BrokerRequest) request = record_new(&broker_request_type);
    request->type = g_strdup("V5_4");
    g_assert_true(broker_policy_check_peer(policy, peer, &error));
    g_assert_true(broker_policy_check_claim(policy, peer, request, 100, &error));
}

static void test_wrong(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "[broker]\nmax-per-user=-1\n", "*broker.conf:2:*no number*" },
        { "[broker]\nmax-per-user=many\n", "*broker.conf:2:*no number*" },
        { "[broker]\ngroup=vgpu\n", "*broker.conf:2:*unknown key 'group'*" },
        { "[broker]\n\n[brokers]\ngroups=a\n", "*broker.conf:3: unknown group*" },
        { "groups=vgpu\n", "*broker.conf:1:*" },
        { "[broker]\ngroups=a\ngroups=b\n", "*broker.conf:3:*" },
        { "[broker]\ngroups=\xff\n", "*broker.conf*" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(read_text(fixture, cases[i].text, &error));
        g_assert_nonnull(error);
        if (!g_pattern_match_simple(cases[i].message, error->message))
            g_error("'%s' is not like '%s'", error->message, cases[i].message);
    }
}

/* Others could have put themselves into it. */
static void test_writable(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerPolicy) good = read_text(fixture, "[broker]\nusers=4000\n", &error);
    g_assert_no_error(error);
    g_assert_cmpint(chmod(fixture->conf, 0664), ==, 0);
    g_assert_null(broker_policy_read(fixture->root, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_ACCESS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name_, function_)                                                                      \
    g_test_add("/broker-policy/" name_, Fixture, NULL, setup, function_, teardown)
    ADD("default", test_default);
    ADD("who", test_who);
    ADD("what", test_what);
    ADD("vouched", test_vouched);
    ADD("wrong", test_wrong);
    ADD("writable", test_writable);
    return g_test_run();
}
