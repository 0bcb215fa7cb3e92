/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's pointer as pseudo-rectangles; each function appends one, with its header. */
#pragma once

#include "display/cursor.h"
#include "display/pixel-format.h"

/* Cursor (RFC 6143, 7.8.1): the viewer's format and a mask. NULL: no pointer is to be seen. */
void encode_cursor(const Cursor *cursor, const PixelFormat *format, GByteArray *out);

/* Cursor With Alpha (rfbproto.rst): RGBA, colours multiplied by A. */
void encode_cursor_alpha(const Cursor *cursor, GByteArray *out);
