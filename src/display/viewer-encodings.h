/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a viewer can do, and how pixels are encoded for it. Pure.
 *
 * The policy: of Raw, ZRLE and Tight the viewer gets the one it names first, for it knows what it
 * decodes well. JPEG is used only where it asked for a quality, in Tight, and what was sent so is
 * made exact once it is still. While the line is short of what moves (pace_pressure()) moving
 * parts become JPEGs of lower quality. What is exact is not packed harder then: that takes five
 * times as long for a quarter of the bytes, and a processor that is short looks like such a line.
 */
#pragma once

#include "display/encode.h"
#include "display/rfb-message.h"

typedef struct {
    int kind;    /* EncodeKind, the first of ours it names; Raw when it names none */
    int level;   /* 0 to 9; -1: it does not say */
    int quality; /* of JPEG, 1 to 100; 0: it wants none */
    gboolean subsampled;
    gboolean gradient; /* Tight's filter of that name is safe with it */
    gboolean copy;
    gboolean cursor, cursor_alpha;
    gboolean size, extended_size;
    gboolean fence, continuous;
    gboolean qemu_key;
    gboolean extended_buttons;
} ViewerAbilities;

/* From a SetEncodings message (RFC 6143, 7.5.2). */
ViewerAbilities viewer_abilities_read(const RfbMessage *message);

typedef enum {
    VIEWER_PART_STILL,  /* changes now and then */
    VIEWER_PART_MOVING, /* changes all the time */
    VIEWER_PART_EXACT,  /* was sent as JPEG and is to be made exact */
} ViewerPart;

/* @pressure: pace_pressure(). */
EncodeSettings viewer_settings(const ViewerAbilities *abilities, const PixelFormat *format,
                               ViewerPart part, guint pressure);
