/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors
 *
 * Every function that can fail takes a GError ** last, sets it once and returns NULL or FALSE.
 * Nothing below the command layer prints. A message is one line that says what failed on which
 * object, why, and the way out; each caller adds its own noun with g_prefix_error().
 */
#pragma once

#include <glib.h>

typedef enum {
    VGPUCTL_ERROR_FAILED,    /* it did not work: exit status 1 */
    VGPUCTL_ERROR_USAGE,     /* the caller asked wrongly: exit status 2 */
    VGPUCTL_ERROR_NOT_FOUND, /* the named thing does not exist */
    VGPUCTL_ERROR_EXISTS,    /* the named thing exists already */
    VGPUCTL_ERROR_BUSY,      /* somebody else holds it */
    VGPUCTL_ERROR_ACCESS,    /* permission is missing */
    VGPUCTL_ERROR_INVALID,   /* what we read is not what it should be (file, reply, format) */
    VGPUCTL_ERROR_TIMEOUT,   /* a child or peer did not answer in the time it was given */
    VGPUCTL_ERROR_REFUSED,   /* the plan is known not to work; the message says what does */
} VgpuctlError;

#define VGPUCTL_ERROR (vgpuctl_error_quark())
GQuark vgpuctl_error_quark(void);

/*
 * Sets @error from @errno_value: "<formatted text>: <strerror>". ENOENT, EEXIST, EBUSY, EACCES and
 * EPERM give the matching code, all others VGPUCTL_ERROR_FAILED. Leaves errno at @errno_value.
 * Returns FALSE, so that `return error_set_errno(error, errno, "...")` reads as one statement.
 */
gboolean error_set_errno(GError **error, int errno_value, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Sets @error from a code and a text and returns FALSE. */
gboolean error_set(GError **error, VgpuctlError code, const char *format, ...) G_GNUC_PRINTF(3, 4);
