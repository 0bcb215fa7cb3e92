/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strip.h"

#define START 0xb2u
#define STOP 0x4du
#define BLACK 0x00000000u
#define WHITE 0x00ffffffu
/* Mean of red, green and blue over the inner pixels of a cell; between these it is grey. */
#define DARK_BELOW 80u
#define BRIGHT_ABOVE 175u
#define INNER 2u /* pixels left out at each side of a cell: where lossy coding smears */

typedef enum { ROW_OK, ROW_GREY, ROW_NO_PATTERN, ROW_BAD_CHECKSUM } RowResult;

/* CRC-16/CCITT-FALSE: finds every error of up to three bits in 32. */
static uint16_t checksum(uint32_t frame)
{
    uint16_t crc = 0xffff;
    for (int byte = 3; byte >= 0; byte--) {
        crc ^= (uint16_t)(((frame >> (8 * byte)) & 0xff) << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    return crc;
}

uint64_t strip_bits(uint32_t frame)
{
    return (uint64_t)START << 56 | (uint64_t)frame << 24 | (uint64_t)checksum(frame) << 8 | STOP;
}

static const uint32_t *line_of(const uint32_t *pixels, size_t stride, unsigned y)
{
    return (const uint32_t *)(const void *)((const char *)pixels + y * stride);
}

static void draw_row(uint32_t *pixels, size_t stride, unsigned top, uint64_t bits)
{
    for (unsigned y = top; y < top + STRIP_CELL_SIZE; y++) {
        uint32_t *line = (uint32_t *)line_of(pixels, stride, y);
        for (unsigned x = 0; x < STRIP_WIDTH; x++)
            line[x] = bits >> (STRIP_CELLS - 1 - x / STRIP_CELL_SIZE) & 1 ? WHITE : BLACK;
    }
}

static int fits(unsigned width, unsigned height)
{
    return width >= STRIP_WIDTH && height >= STRIP_MINIMUM_HEIGHT;
}

void strip_draw(uint32_t *pixels, unsigned width, unsigned height, size_t stride, uint32_t frame)
{
    if (!fits(width, height))
        return;
    draw_row(pixels, stride, 0, strip_bits(frame));
    draw_row(pixels, stride, height - STRIP_CELL_SIZE, ~strip_bits(frame));
}

static unsigned cell_brightness(const uint32_t *pixels, size_t stride, unsigned left, unsigned top)
{
    unsigned sum = 0;
    for (unsigned y = top + INNER; y < top + STRIP_CELL_SIZE - INNER; y++) {
        const uint32_t *line = line_of(pixels, stride, y);
        for (unsigned x = left + INNER; x < left + STRIP_CELL_SIZE - INNER; x++)
            sum += (line[x] >> 16 & 0xff) + (line[x] >> 8 & 0xff) + (line[x] & 0xff);
    }
    unsigned side = STRIP_CELL_SIZE - 2 * INNER;
    return sum / (3 * side * side);
}

static RowResult read_cells(const uint32_t *pixels, size_t stride, unsigned top, uint64_t *bits)
{
    *bits = 0;
    for (unsigned cell = 0; cell < STRIP_CELLS; cell++) {
        unsigned brightness = cell_brightness(pixels, stride, cell * STRIP_CELL_SIZE, top);
        if (brightness >= DARK_BELOW && brightness <= BRIGHT_ABOVE)
            return ROW_GREY;
        *bits = *bits << 1 | (brightness > BRIGHT_ABOVE);
    }
    return ROW_OK;
}

static RowResult check_bits(uint64_t bits, uint32_t *frame)
{
    if (bits >> 56 != START || (bits & 0xff) != STOP)
        return ROW_NO_PATTERN;
    *frame = (uint32_t)(bits >> 24);
    return bits == strip_bits(*frame) ? ROW_OK : ROW_BAD_CHECKSUM;
}

StripResult strip_decode(const uint32_t *pixels, unsigned width, unsigned height, size_t stride,
                         uint32_t *frame)
{
    if (!fits(width, height))
        return STRIP_TOO_SMALL;

    uint64_t top_bits, bottom_bits;
    if (read_cells(pixels, stride, 0, &top_bits) != ROW_OK ||
        read_cells(pixels, stride, height - STRIP_CELL_SIZE, &bottom_bits) != ROW_OK)
        return STRIP_NONE;

    uint32_t top_frame, bottom_frame;
    if (check_bits(~top_bits, &top_frame) == ROW_OK &&
        check_bits(bottom_bits, &bottom_frame) == ROW_OK)
        return STRIP_FLIPPED;
    RowResult top = check_bits(top_bits, &top_frame);
    RowResult bottom = check_bits(~bottom_bits, &bottom_frame);
    if (top == ROW_NO_PATTERN || bottom == ROW_NO_PATTERN)
        return STRIP_NONE;
    if (top != ROW_OK || bottom != ROW_OK)
        return STRIP_DAMAGED;
    if (top_frame != bottom_frame)
        return STRIP_TORN;
    *frame = top_frame;
    return STRIP_OK;
}

const char *strip_result_text(StripResult result)
{
    switch (result) {
    case STRIP_OK:
        return "the frame number was read";
    case STRIP_TOO_SMALL:
        return "the picture is too small to hold a frame number";
    case STRIP_NONE:
        return "no frame number in the picture: the guest program did not draw it, or it was "
               "scaled";
    case STRIP_DAMAGED:
        return "the frame number is damaged: its checksum is wrong";
    case STRIP_TORN:
        return "the picture is torn: top and bottom carry different frame numbers";
    case STRIP_FLIPPED:
        return "the picture is upside down";
    }
    return "unknown result";
}
