/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tight's gradient filter (rfbproto, "Tight Encoding"): in place of a colour, how far it is from
 * what its neighbours let expect, left + above - upper left, each colour for itself. Of smooth
 * pictures small numbers are left, which pack well where the colours do not.
 */
#pragma once

#include "display/frame.h"
#include "display/rect.h"

/* Sets @ret_bytes to 3 bytes a pixel: red, green, blue. */
void gradient_filter(const Frame *frame, Rect rect, guint8 *ret_bytes);

/* Whether it is likely to pack better than the colours do, by every few rows. */
gboolean gradient_pays(const Frame *frame, Rect rect);
