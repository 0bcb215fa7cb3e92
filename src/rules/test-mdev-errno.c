/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/mdev-errno.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "tests/lib/golden.h"

#define UUID "c0ffee00-0000-4000-8000-000000000001"

static const char *const action_words[] = { "create", "remove", "open", "access" };

typedef struct {
    MdevAction action;
    int number;
    const char *name, *driver, *why;
} Case;

#define ROW(action, number, driver, why)                                                           \
    {                                                                                              \
        MDEV_ACTION_##action, number, #number, driver, why                                         \
    }

static const Case cases[] = {
    ROW(CREATE, EINVAL, "nvidia", NULL),
    ROW(CREATE, EEXIST, "i915", NULL),
    ROW(CREATE, EEXIST, "i915", "a vGPU of mtty"),
    ROW(CREATE, ENOSPC, "i915", NULL),
    ROW(CREATE, ENOSPC, "i915", "of 128 MB aperture for vGPUs 128 MB are taken"),
    ROW(CREATE, ENOSPC, "mbochs", NULL),
    ROW(CREATE, EUSERS, "mdpy", NULL),
    ROW(CREATE, ENODEV, "i915", NULL),
    ROW(CREATE, ENOENT, "i915", NULL),
    ROW(CREATE, ENOMEM, "i915", NULL),
    ROW(CREATE, EIO, "nvidia", NULL),
    ROW(CREATE, EIO, "i915", NULL),
    ROW(CREATE, EACCES, "i915", NULL),
    ROW(CREATE, EPERM, "i915", NULL),
    ROW(CREATE, EPROTO, "i915", NULL),
    ROW(REMOVE, EINVAL, "i915", NULL),
    ROW(REMOVE, ENOENT, "i915", NULL),
    ROW(REMOVE, ENODEV, "i915", NULL),
    ROW(REMOVE, EAGAIN, "i915", NULL),
    ROW(REMOVE, EBUSY, "i915", NULL),
    ROW(REMOVE, EBUSY, "i915", "qemu-system-x86_64 (pid 812, VM 'win')"),
    ROW(REMOVE, EIO, "i915", NULL),
    ROW(REMOVE, EACCES, "i915", NULL),
    ROW(OPEN, ESRCH, "i915", NULL),
    ROW(OPEN, EEXIST, "i915", NULL),
    ROW(OPEN, EBUSY, "i915", NULL),
    ROW(OPEN, EIO, "nvidia", NULL),
    ROW(OPEN, EIO, "i915", NULL),
    ROW(OPEN, ENODEV, "i915", NULL),
    ROW(OPEN, ENOMEM, "i915", NULL),
    ROW(ACCESS, EACCES, "i915", NULL),
    ROW(ACCESS, EBUSY, "i915", "qemu-system-x86_64 (pid 812, VM 'win')"),
    ROW(ACCESS, ENOENT, "i915", NULL),
    ROW(ACCESS, ENODEV, "i915", NULL),
};

/* every row, with what the user reads */
static void test_words(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const MdevFailure failure = {
            .action = cases[i].action,
            .number = cases[i].number,
            .driver = cases[i].driver,
            .uuid = UUID,
            .parent = "0000:00:02.0",
            .type = "i915-GVTg_V5_4",
            .why = cases[i].why,
        };
        g_autofree char *words = mdev_errno_words(&failure);
        g_assert_null(strpbrk(words, "{}\n"));
        g_string_append_printf(text, "%s %s %s\n    %s\n", action_words[cases[i].action],
                               cases[i].name, cases[i].driver, words);
    }
    golden_check("mdev-errno.txt", text->str);
}

static void test_bad_uuid(void)
{
    const MdevFailure failure = {
        .action = MDEV_ACTION_CREATE, .number = EINVAL, .uuid = "0000", .parent = "mtty"
    };
    g_autofree char *words = mdev_errno_words(&failure);
    g_assert_cmpstr(words, ==,
                    "Making vGPU 0000 on mtty: the kernel takes a UUID of 36 characters there "
                    "(8-4-4-4-12 hexadecimal digits), which this is not");
}

/* with nothing known but the errno there still is a sentence */
static void test_bare(void)
{
    for (int action = MDEV_ACTION_CREATE; action <= MDEV_ACTION_ACCESS; action++) {
        for (int number = 1; number < 134; number++) {
            const MdevFailure failure = { .action = (MdevAction)action, .number = number };
            g_autoptr(GError) error = NULL;
            g_assert_false(mdev_errno_set(&error, &failure));
            g_assert_nonnull(strstr(error->message, ": "));
            g_assert_null(strpbrk(error->message, "{}\n"));
            g_assert_null(strstr(error->message, "(null)"));
        }
    }
}

static void check_code(MdevAction action, int number, VgpuctlError code)
{
    const MdevFailure failure = { .action = action, .number = number, .uuid = UUID };
    g_autoptr(GError) error = NULL;
    g_assert_false(mdev_errno_set(&error, &failure));
    g_assert_error(error, VGPUCTL_ERROR, (int)code);
}

static void test_codes(void)
{
    check_code(MDEV_ACTION_CREATE, EEXIST, VGPUCTL_ERROR_EXISTS);
    check_code(MDEV_ACTION_CREATE, ENOSPC, VGPUCTL_ERROR_BUSY);
    check_code(MDEV_ACTION_CREATE, EUSERS, VGPUCTL_ERROR_BUSY);
    check_code(MDEV_ACTION_CREATE, ENODEV, VGPUCTL_ERROR_NOT_FOUND);
    check_code(MDEV_ACTION_CREATE, EPERM, VGPUCTL_ERROR_ACCESS);
    check_code(MDEV_ACTION_CREATE, EINVAL, VGPUCTL_ERROR_INVALID);
    check_code(MDEV_ACTION_CREATE, EIO, VGPUCTL_ERROR_FAILED);
    check_code(MDEV_ACTION_REMOVE, ENOENT, VGPUCTL_ERROR_NOT_FOUND);
    check_code(MDEV_ACTION_REMOVE, EAGAIN, VGPUCTL_ERROR_BUSY);
    check_code(MDEV_ACTION_OPEN, ESRCH, VGPUCTL_ERROR_FAILED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mdev-errno/words", test_words);
    g_test_add_func("/mdev-errno/bad-uuid", test_bad_uuid);
    g_test_add_func("/mdev-errno/bare", test_bare);
    g_test_add_func("/mdev-errno/codes", test_codes);
    return g_test_run();
}
