/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PNG out of a picture. */
#pragma once

#include "display/frame.h"

/* Encodes as PNG: 8 bits a channel, RGB. NULL with @error set. */
GByteArray *frame_to_png(const Frame *frame, GError **error);

/*
 * Writes a PNG file in place of what was at @path, all or nothing; "-" is standard output. A full
 * disk is an error that leaves nothing behind.
 */
gboolean frame_write_png(const Frame *frame, const char *path, GError **error);
