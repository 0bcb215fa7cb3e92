/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/claim.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config.h"
#include "tests/lib/fake-root.h"

#define PARENT "0000:00:02.0"
#define GPU "/sys/devices/pci0000:00/" PARENT
#define TYPES GPU "/mdev_supported_types"
#define UUID "550e8400-e29b-41d4-a716-446655440000"
#define OTHER "00000000-0000-4000-8000-000000000001"

static void put_link(const FakeRoot *fake, const char *path, const char *target)
{
    g_autofree char *full = g_strconcat(fake->directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_cmpint(symlink(target, full), ==, 0);
}

static void put_type(const FakeRoot *fake, const char *type, const char *available)
{
    g_autofree char *create = g_strdup_printf(TYPES "/%s/create", type);
    g_autofree char *left = g_strdup_printf(TYPES "/%s/available_instances", type);
    fake_root_put(fake, create, "");
    fake_root_put(fake, left, available);
}

/* a parent with two types; what is written to `create` makes nothing by itself */
static FakeRoot one_parent(void)
{
    FakeRoot fake = fake_root_new("none");
    put_type(&fake, "i915-GVTg_V5_4", "1\n");
    put_type(&fake, "i915-GVTg_V5_8", "0\n");
    put_link(&fake, "/sys/class/mdev_bus/" PARENT, "../../devices/pci0000:00/" PARENT);
    fake_root_put(&fake, "/sys/bus/mdev/drivers_autoprobe", "1\n");
    return fake;
}

static void put_device(const FakeRoot *fake, const char *uuid, const char *type)
{
    g_autofree char *link = g_strdup_printf("/sys/bus/mdev/devices/%s", uuid);
    g_autofree char *target = g_strdup_printf("../../../devices/pci0000:00/" PARENT "/%s", uuid);
    g_autofree char *type_link = g_strdup_printf(GPU "/%s/mdev_type", uuid);
    g_autofree char *type_target = g_strdup_printf("../mdev_supported_types/%s", type);
    g_autofree char *remove = g_strdup_printf(GPU "/%s/remove", uuid);
    put_link(fake, link, target);
    put_link(fake, type_link, type_target);
    fake_root_put(fake, remove, "");
}

static ClaimRequest request_of(const char *type, const Owner *owner)
{
    return (ClaimRequest){ .type = type, .uuid = UUID, .vm = "win", .owner = owner, .uid = -1 };
}

static void check_no_claims(const FakeRoot *fake)
{
    g_autoptr(GPtrArray) claims = claims_list(fake->root);
    g_assert_cmpuint(claims->len, ==, 0);
    g_assert_false(root_exists(fake->root, "/run/vgpuctl/claims/" UUID ".owner"));
}

static void test_take(void)
{
    g_auto(FakeRoot) fake = one_parent();
    g_autoptr(Owner) owner = owner_self();
    g_autoptr(GError) error = NULL;
    const ClaimRequest request = request_of("V5_4", owner);
    g_autoptr(Claim) claim = claim_take(fake.root, &request, /* ret_fd= */ NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(claim->uuid, ==, UUID);
    g_assert_cmpstr(claim->parent, ==, PARENT);
    g_assert_cmpstr(claim->type, ==, "i915-GVTg_V5_4");
    g_autofree char *written = root_read(fake.root, TYPES "/i915-GVTg_V5_4/create", NULL, NULL);
    g_assert_cmpstr(written, ==, UUID);

    put_device(&fake, UUID, "i915-GVTg_V5_4");
    g_autoptr(Claim) read = claim_find(fake.root, UUID);
    g_assert_cmpint(read->stage, ==, CLAIM_HELD);
    g_assert_true(read->made);
    g_assert_false(claim_is_dead(fake.root, read));
    g_autofree char *said = claims_describe(fake.root, PARENT);
    g_autofree char *expected =
        g_strdup_printf(UUID " (i915-GVTg_V5_4): process %d (", (int)getpid());
    g_assert_true(g_str_has_prefix(said, expected));
    g_assert_true(g_str_has_suffix(said, "), for 'win'\n"));

    g_assert_true(claim_release(fake.root, UUID, &error));
    g_assert_no_error(error);
    g_autofree char *removed = root_read(fake.root, GPU "/" UUID "/remove", NULL, NULL);
    g_assert_cmpstr(removed, ==, "1");
    check_no_claims(&fake);
    g_assert_false(claim_release(fake.root, UUID, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

static void check_refused(const FakeRoot *fake, const ClaimRequest *request, int code,
                          const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Claim) claim = claim_take(fake->root, request, /* ret_fd= */ NULL, &error);
    g_assert_null(claim);
    g_assert_error(error, VGPUCTL_ERROR, code);
    if (strstr(error->message, word) == NULL)
        g_error("'%s' is not in: %s", word, error->message);
    check_no_claims(fake);
}

static void test_refused(void)
{
    g_auto(FakeRoot) fake = one_parent();
    g_autoptr(Owner) owner = owner_self();
    put_device(&fake, OTHER, "i915-GVTg_V5_8");
    ClaimRequest request = request_of("V5_8", owner);
    check_refused(&fake, &request, VGPUCTL_ERROR_BUSY,
                  "No V5_8 is left on " PARENT ": " OTHER " (i915-GVTg_V5_8): not claimed");
    request.type = "V5_9";
    check_refused(&fake, &request, VGPUCTL_ERROR_NOT_FOUND,
                  "No GPU has a vGPU type 'V5_9'; did you");
    request.type = "V5_4";
    request.parent = "0000:00:03.0";
    check_refused(&fake, &request, VGPUCTL_ERROR_NOT_FOUND, "0000:00:03.0 offers no vGPUs");
    request.parent = PARENT;
    request.uuid = OTHER;
    check_refused(&fake, &request, VGPUCTL_ERROR_EXISTS, "There is a vGPU " OTHER " already");
    request.uuid = "../../etc";
    check_refused(&fake, &request, VGPUCTL_ERROR_INVALID, "'../../etc' is no UUID");

    g_auto(FakeRoot) none = fake_root_new("none");
    request.uuid = UUID;
    check_refused(&none, &request, VGPUCTL_ERROR_NOT_FOUND, "No GPU of this machine offers");
}

static void test_lock(void)
{
    g_auto(FakeRoot) fake = one_parent();
    g_autoptr(GError) error = NULL;
    g_autoptr(Owner) owner = owner_parse("fd", NULL);
    const ClaimRequest request = request_of("V5_4", owner);
    autofd int fd = -1;
    g_autoptr(Claim) claim = claim_take(fake.root, &request, &fd, &error);
    g_assert_no_error(error);
    put_device(&fake, UUID, "i915-GVTg_V5_4");
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fcntl(fd, F_GETFL) & O_ACCMODE, ==, O_RDONLY); /* who gets it cannot write */
    g_assert_false(claim_is_dead(fake.root, claim));
    close(steal_fd(&fd));
    g_assert_true(claim_is_dead(fake.root, claim));
    g_assert_true(claims_collect(fake.root, FALSE, /* ret_collected= */ NULL, &error));
    g_assert_no_error(error);
    check_no_claims(&fake);
}

static guint count_collected(const FakeRoot *fake, gboolean dry_run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) collected = NULL;
    g_assert_true(claims_collect(fake->root, dry_run, &collected, &error));
    g_assert_no_error(error);
    return collected->len;
}

static void test_collect(void)
{
    g_auto(FakeRoot) fake = one_parent();
    g_autoptr(Owner) owner = owner_self();
    g_autoptr(GError) error = NULL;
    const ClaimRequest request = request_of("V5_4", owner);
    g_autoptr(Claim) claim = claim_take(fake.root, &request, /* ret_fd= */ NULL, &error);
    g_assert_no_error(error);
    g_assert_true(claim_is_dead(fake.root, claim)); /* its parent's driver went */
    put_device(&fake, UUID, "i915-GVTg_V5_4");
    g_assert_cmpuint(count_collected(&fake, FALSE), ==, 0);

    g_autofree char *path = g_strconcat(fake.directory, "/run/vgpuctl/claims/" UUID, NULL);
    claim->owner->started_ticks++;
    g_autoptr(json_t) object = record_to_json(&claim_type, claim);
    g_assert_cmpint(json_dump_file(object, path, 0), ==, 0);
    g_assert_cmpuint(count_collected(&fake, TRUE), ==, 1);
    g_assert_cmpuint(count_collected(&fake, TRUE), ==, 1);
    g_assert_cmpuint(count_collected(&fake, FALSE), ==, 1);
    g_assert_cmpuint(count_collected(&fake, FALSE), ==, 0);
    check_no_claims(&fake);
}

/* Whatever is in the file, it keeps nobody from anything. */
static void test_bad_file(void)
{
    static const char *const texts[] = { "",
                                         "{",
                                         "[]",
                                         "{\"owner\": 3}",
                                         "\xff",
                                         "{\"owner\": null}",
                                         "{\"parent\": \"../..\", \"owner\": null}" };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(FakeRoot) fake = one_parent();
        fake_root_put(&fake, "/run/vgpuctl/claims/" UUID, texts[i]);
        g_assert_cmpuint(count_collected(&fake, FALSE), ==, 1);
        check_no_claims(&fake);
    }
}

/* What a step that fails leaves is taken back. */
static void test_failing_steps(void)
{
#ifdef VGPUCTL_TEST_HOOKS
    for (const char *const *step = claim_step_names(); g_str_has_prefix(*step, "claim/"); step++) {
        g_auto(FakeRoot) fake = one_parent();
        g_autoptr(Owner) owner = owner_parse("fd", NULL);
        g_autoptr(GError) error = NULL;
        const ClaimRequest request = request_of("V5_4", owner);
        autofd int fd = -1;
        g_setenv("VGPUCTL_TEST_FAIL_AFTER", *step, TRUE);
        g_autoptr(Claim) claim = claim_take(fake.root, &request, &fd, &error);
        g_unsetenv("VGPUCTL_TEST_FAIL_AFTER");
        g_assert_null(claim);
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
        g_assert_cmpint(fd, ==, -1);
        check_no_claims(&fake);
    }
#else
    g_test_skip("built without test hooks");
#endif
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/claim/take", test_take);
    g_test_add_func("/claim/refused", test_refused);
    g_test_add_func("/claim/lock", test_lock);
    g_test_add_func("/claim/collect", test_collect);
    g_test_add_func("/claim/bad-file", test_bad_file);
    g_test_add_func("/claim/failing-steps", test_failing_steps);
    return g_test_run();
}
