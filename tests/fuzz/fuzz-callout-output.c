/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What callout scripts print about a device. For any bytes: either an error, or attributes that can
 * be written into a definition.
 */
#include "fuzz.h"

#include <string.h>

#include "base/cleanup.h"
#include "vgpu/callout.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_malloc(size + 1);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    g_autoptr(Mdev) dev = mdev_new("550e8400-e29b-41d4-a716-446655440000");
    mdev_set_parent(dev, "mtty");
    mdev_set_type(dev, "mtty-1");
    g_autoptr(GError) error = NULL;
    gboolean good = callout_parse_attrs(dev, text, size, &error);
    g_assert(good == (error == NULL));
    g_assert(good || error->domain == MDEV_ERROR);

    /* also after an error: what was read before it stays */
    g_autofree char *compact = mdev_json_compact(dev);
    g_autoptr(json_t) value = json_loads(compact, 0, NULL);
    g_assert(json_is_object(value));
    gsize count = json_array_size(json_object_get(value, "attrs"));
    g_assert(count == (dev->attrs != NULL ? dev->attrs->len : 0));
    return 0;
}
