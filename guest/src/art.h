/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Letters and emblem
 *
 * Antialiased coverage maps (0 clear .. 255 solid), drawn by make-art with FreeType when the guest
 * is built, so that the guest itself needs no font file and no floating point to write.
 */
#pragma once

#include <stdint.h>

#define ART_FIRST_CHARACTER ' '
#define ART_LAST_CHARACTER '~'
#define ART_CHARACTERS (ART_LAST_CHARACTER - ART_FIRST_CHARACTER + 1)

typedef struct {
    uint32_t offset;        /* of the first pixel in the face's coverage */
    uint16_t width, height; /* of the map, may be 0 */
    int16_t left, top;      /* map's left edge from the pen, map's top edge above the baseline */
    int16_t advance;        /* to the next pen position */
} ArtGlyph;

typedef struct {
    int ascent, line_height; /* pixels */
    ArtGlyph glyphs[ART_CHARACTERS];
    const uint8_t *coverage;
} ArtFace;

/* The emblem: a chip cut into slices, and the word "vgpuctl". */
typedef struct {
    uint16_t width, height;
    uint16_t chip_left;   /* column where the first slice begins */
    uint16_t slice_pitch; /* columns from slice to slice */
    uint16_t word_left;   /* from this column on it is the word */
    const uint8_t *coverage;
    const uint8_t *glow; /* the same size: the coverage, blurred */
} ArtEmblem;

extern const ArtFace art_text; /* labels and values */
extern const ArtFace art_mono; /* the scrolling text */
extern const ArtEmblem art_emblem;

/* The glyph of @character; what the face does not have is shown as "?". */
const ArtGlyph *art_glyph(const ArtFace *face, char character);
/* Width of @text in pixels. */
int art_text_width(const ArtFace *face, const char *text);
