/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can go wrong in the life of a mediated device
 *
 * The texts are mdevctl's, as scripts look for them; the code says which case it is, so that our
 * own commands can add the way out. A message of several lines is a chain: each line was caused by
 * the next one ("Error removing device U" <- "No such file or directory (os error 2)").
 */
#pragma once

#include <glib.h>

#include "base/error.h"

typedef enum {
    MDEV_ERROR_SYSTEM,         /* a system call; the last line names its errno */
    MDEV_ERROR_JSON,           /* a text that is not JSON */
    MDEV_ERROR_CONTENT,        /* JSON that is no definition */
    MDEV_ERROR_PARENT_MISSING, /* the request needs a parent */
    MDEV_ERROR_TYPE_MISSING,   /* the request needs a type */
    MDEV_ERROR_INSUFFICIENT,   /* neither a definition nor parent and type */
    MDEV_ERROR_BAD_NAME,       /* a parent that cannot be the name of a directory */
    MDEV_ERROR_DEFINED,        /* there is such a definition */
    MDEV_ERROR_NOT_DEFINED,    /* there is none */
    MDEV_ERROR_SEVERAL,        /* the UUID is defined for several parents */
    MDEV_ERROR_OTHER_TYPE,     /* the definition or the device is of another type */
    MDEV_ERROR_OTHER_PARENT,   /* the device is of another parent */
    MDEV_ERROR_ACTIVE,         /* the device lives already */
    MDEV_ERROR_NOT_ACTIVE,     /* it does not */
    MDEV_ERROR_NO_PARENT,      /* no such parent on this host */
    MDEV_ERROR_NOT_REGISTERED, /* the parent offers no types now */
    MDEV_ERROR_NO_TYPE,        /* the parent has no such type */
    MDEV_ERROR_NO_INSTANCE,    /* none is left */
    MDEV_ERROR_HELD,           /* somebody has the device open */
    MDEV_ERROR_ATTRIBUTE,      /* the device has no such attribute */
    MDEV_ERROR_INDEX,          /* no attribute of that index */
    MDEV_ERROR_CALLOUT,        /* a callout script said no */
    MDEV_ERROR_LOCKED,         /* somebody else changes the definitions of this parent */
    MDEV_ERROR_UNDEFINE,       /* a definition cannot be removed */
} MdevError;

#define MDEV_ERROR (mdev_error_quark())
GQuark mdev_error_quark(void);

/* Sets @error and returns FALSE. */
gboolean mdev_error_set(GError **error, MdevError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* "<formatted text>\n<strerror> (os error N)"; without the first line for an empty text. */
gboolean mdev_error_set_errno(GError **error, int errno_value, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* "No such file or directory (os error 2)". Owned. */
char *mdev_errno_text(int errno_value);

/* A path in double quotes, as mdevctl prints paths. Owned. */
char *mdev_quote_path(const char *path);
