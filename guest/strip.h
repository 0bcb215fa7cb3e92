/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The frame number in the picture
 *
 * Every frame of the demonstration guest carries its number as two rows of black and white cells,
 * one in the top left corner and one in the bottom left corner. A reader that finds the number
 * knows that the guest drew this very picture: firmware text, a kernel console, an empty screen or
 * a stale frame do not decode. This header is the only definition; the guest writes by it, tests
 * and benches read by it.
 *
 * A row is 64 cells of 8x8 pixels, most significant bit first, white is 1:
 *
 *     start 0xb2 | number, 32 bits | CRC-16 of the number | stop 0x4d
 *
 * The bottom row is the complement of the top row, so that a picture that is upside down is told
 * from one that is right. Both rows must be valid and carry the same number; a picture put together
 * from two frames (tearing) has two valid rows that differ. Cells are aligned to the 8x8 blocks of
 * JPEG, only their inner pixels are read, and grey is refused: lossy coding is survived, scaling is
 * not.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define STRIP_CELLS 64u
#define STRIP_CELL_SIZE 8u /* pixels, both ways */
#define STRIP_WIDTH (STRIP_CELLS * STRIP_CELL_SIZE)
#define STRIP_MINIMUM_HEIGHT (2u * STRIP_CELL_SIZE)

typedef enum {
    STRIP_OK,
    STRIP_TOO_SMALL, /* the picture cannot hold the rows */
    STRIP_NONE,      /* a cell is neither black nor white, or start or stop is wrong */
    STRIP_DAMAGED,   /* start and stop are there, the checksum is wrong */
    STRIP_TORN,      /* top and bottom come from two frames */
    STRIP_FLIPPED,   /* the picture is upside down */
} StripResult;

/* The cells of the top row for @frame, first cell in the highest bit. The bottom row is ~bits. */
uint64_t strip_bits(uint32_t frame);

/*
 * Draws both rows into @pixels (XRGB8888, @stride in bytes). A picture that is too small is left
 * alone.
 */
void strip_draw(uint32_t *pixels, unsigned width, unsigned height, size_t stride, uint32_t frame);

/* Reads both rows; sets @frame only when the answer is STRIP_OK. The X byte is ignored. */
StripResult strip_decode(const uint32_t *pixels, unsigned width, unsigned height, size_t stride,
                         uint32_t *frame);

/* "the picture is torn: ...", a sentence without a full stop. */
const char *strip_result_text(StripResult result);
