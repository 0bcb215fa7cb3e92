/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EDID, the words by which a screen tells the guest what it can show (VESA E-EDID 1.4): one block
 * of 128 bytes, as real GVT-g takes no more. Its one detailed timing is VESA CVT 1.1 with reduced
 * blanking. Pure.
 */
#pragma once

#include <glib.h>

#define EDID_BYTES 128
#define EDID_SIDE_LIMIT 4095 /* 12 bits in the detailed timing */
#define EDID_SIDE_LEAST 64

typedef struct {
    int width, height; /* which the guest shall prefer; the width in steps of 8 (CVT's cells) */
    int width_limit, height_limit; /* of other modes to offer; 0: what is preferred */
    int width_mm, height_mm;       /* 0: 96 pixels an inch */
    const char *name;              /* of the screen; the first 13 characters count */
} EdidSpec;

/* FALSE with @error set for a size that EDID has no words for. */
gboolean edid_write(const EdidSpec *spec, guint8 ret_block[EDID_BYTES], GError **error);
