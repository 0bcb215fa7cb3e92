/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions of mediated devices that others wrote. For any bytes: either an error, or a device
 * whose definition is written and read back unchanged. What jansson takes serde_json takes, too.
 */
#include "fuzz.h"

#include <string.h>

#include "base/cleanup.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"

static const MdevHost no_host = { 0 };

static Mdev *load(const char *text, gsize length, GError **error)
{
    g_autoptr(json_t) value = mdev_json_parse(text, length, error);
    if (value == NULL)
        return NULL;
    g_autofree char *complaint = mdev_json_complaint(text, length);
    g_assert_cmpstr(complaint, ==, NULL);
    g_autoptr(Mdev) dev = mdev_new("550e8400-e29b-41d4-a716-446655440000");
    return mdev_load_json(&no_host, dev, "mtty", value, error) ? g_steal_pointer(&dev) : NULL;
}

static void check_round_trip(const Mdev *dev)
{
    g_autofree char *text = mdev_json_update(dev);
    g_autofree char *compact = mdev_json_compact(dev);
    g_autoptr(GError) error = NULL;
    g_autoptr(Mdev) again = load(text, strlen(text), &error);
    g_assert_no_error(error);
    g_autofree char *text_again = mdev_json_update(again);
    g_assert_cmpstr(text, ==, text_again);
    g_autoptr(Mdev) plain = load(compact, strlen(compact), &error);
    g_assert_no_error(error);
    g_autofree char *compact_again = mdev_json_compact(plain);
    g_assert_cmpstr(compact, ==, compact_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_malloc(size + 1);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    g_autoptr(GError) error = NULL;
    g_autoptr(Mdev) dev = load(text, size, &error);
    g_assert((dev == NULL) == (error != NULL));
    if (dev != NULL) {
        check_round_trip(dev);
        return 0;
    }
    g_assert(g_error_matches(error, MDEV_ERROR, MDEV_ERROR_JSON) ||
             g_error_matches(error, MDEV_ERROR, MDEV_ERROR_CONTENT));
    g_assert(g_utf8_validate(error->message, -1, NULL));
    return 0;
}
