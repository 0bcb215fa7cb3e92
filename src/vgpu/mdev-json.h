/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions as JSON text, written piece by piece: a list of a thousand devices never stands in
 * memory as a tree.
 */
#pragma once

#include "vgpu/mdev.h"

/* Appends @text as a JSON string, escaped as serde_json does it. */
void json_text_append(GString *out, const char *text);

/* Appends the definition of @dev as an object whose members stand @depth levels deep (2 spaces a
 * level). The first line is not indented, no newline at the end. */
void mdev_json_append(GString *out, const Mdev *dev, guint depth);

/* As above, in one line without spaces: what scripts are given. Owned. */
char *mdev_json_compact(const Mdev *dev);

/*
 * What is to be written over the file that @dev was read from (dev->source): as
 * mdev_json_append(), and behind it the keys of that file that we do not know. Owned.
 */
char *mdev_json_update(const Mdev *dev);

/* Whether all of it is UTF-8; behind @length there is a NUL. What is said otherwise: */
gboolean mdev_json_is_text(const char *text, gsize length);
#define MDEV_NO_UTF8 "stream did not contain valid UTF-8"

/* Parses @length bytes with a NUL behind them. NULL with @error, MDEV_ERROR_JSON ("expected value
 * at line 1 column 1"). */
json_t *mdev_json_parse(const char *text, gsize length, GError **error);

/*
 * What serde_json 1.0 (mdevctl's library) says of a text that it does not take as JSON, owned; NULL
 * when it does. Only to describe: parsing is jansson's.
 */
char *mdev_json_complaint(const char *text, gsize length);
