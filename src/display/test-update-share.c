/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/update-share.h"

#include <string.h>

static EncodeSettings settings_of(int kind, int quality)
{
    EncodeSettings settings;
    memset(&settings, 0, sizeof settings);
    settings.kind = kind;
    settings.quality = quality;
    settings.format = pixel_format_native;
    return settings;
}

/* The number of the frame found; 0: none. */
static guint64 found(const UpdateShare *share, const EncodeSettings *settings, guint64 since)
{
    guint64 serial = 0;
    g_autoptr(Frame) frame = update_share_find(share, settings, since, &serial);
    g_assert_true((frame != NULL) == (serial != 0));
    return serial;
}

static void test_find(void)
{
    g_autoptr(UpdateShare) share = update_share_new();
    g_autoptr(Frame) frame = frame_new(64, 64, NULL);
    EncodeSettings tight = settings_of(ENCODE_TIGHT, 0), jpeg = settings_of(ENCODE_TIGHT, 50);
    g_assert_cmpuint(found(share, &tight, 0), ==, 0);
    update_share_put(share, &tight, frame, 5);
    g_assert_cmpuint(found(share, &tight, 4), ==, 5);
    g_assert_cmpuint(found(share, &tight, 5), ==, 0);
    g_assert_cmpuint(found(share, &jpeg, 4), ==, 0);
    update_share_put(share, &jpeg, frame, 7);
    update_share_put(share, &tight, frame, 4); /* an older one is no news */
    g_assert_cmpuint(found(share, &tight, 3), ==, 5);
    g_assert_cmpuint(found(share, &jpeg, 3), ==, 7);
    update_share_put(share, &tight, frame, 6);
    g_assert_cmpuint(found(share, &tight, 3), ==, 6);
}

static void test_many_settings(void)
{
    g_autoptr(UpdateShare) share = update_share_new();
    g_autoptr(Frame) frame = frame_new(64, 64, NULL);
    guint n = 0;
    for (int quality = 1; quality < 20; quality++) {
        EncodeSettings settings = settings_of(ENCODE_TIGHT, quality);
        update_share_put(share, &settings, frame, 1);
        n += found(share, &settings, 0) != 0 ? 1 : 0;
    }
    g_assert_cmpuint(n, >, 1);
    g_assert_cmpuint(n, <, 19);
}

/* Nothing is kept when nobody asks. */
static void test_age(void)
{
    g_autoptr(UpdateShare) share = update_share_new();
    Frame *frame = frame_new(64, 64, NULL);
    EncodeSettings tight = settings_of(ENCODE_TIGHT, 0);
    update_share_put(share, &tight, frame, 5);
    update_share_made(share, 5);
    g_assert_false(g_atomic_ref_count_compare(&frame->references, 1));
    while (!g_atomic_ref_count_compare(&frame->references, 1))
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(found(share, &tight, 4), ==, 0);
    frame_unref(frame);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/update-share/find", test_find);
    g_test_add_func("/update-share/many-settings", test_many_settings);
    g_test_add_func("/update-share/age", test_age);
    return g_test_run();
}
