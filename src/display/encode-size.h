/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The size of the picture as pseudo-rectangles; each function appends one, with its header. */
#pragma once

#include "display/rfb-wire.h"

/* DesktopSize (RFC 6143, 7.8.2). */
void encode_size(int width, int height, GByteArray *out);

/* ExtendedDesktopSize (rfbproto.rst), with one screen that is the whole. */
void encode_extended_size(int width, int height, RfbResizeReason reason, RfbResizeStatus status,
                          GByteArray *out);
