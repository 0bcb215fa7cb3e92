/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UUIDs as users and files write them. Accepted, in either case, is what mdevctl accepts:
 *
 *     550e8400-e29b-41d4-a716-446655440000
 *     550e8400e29b41d4a716446655440000
 *     {550e8400-e29b-41d4-a716-446655440000}
 *     urn:uuid:550e8400-e29b-41d4-a716-446655440000
 *
 * The kernel takes the first form only (lib/uuid.c), so that is the one we pass on. A random one
 * makes g_uuid_string_random().
 */
#pragma once

#include <glib.h>

#include "base/error.h"

#define UUID_LENGTH 36 /* of the first form */

/*
 * The first form of @text in lower case, owned. NULL with @error set (VGPUCTL_ERROR_INVALID) to
 * what is wrong with it, in mdevctl's words and without @text: callers name it.
 */
char *uuid_parse(const char *text, GError **error);

/* Whether @text is the first form in lower case already: what sysfs names a device. */
gboolean uuid_is_canonical(const char *text);
