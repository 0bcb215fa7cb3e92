/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pictures of guests, for viewers that want any pixels and any encoding: a viewer's decoder takes
 * all that is sent, and sees what the guest drew wherever nothing was said to be lossy.
 */
#include "fuzz.h"

#include <string.h>

#include "display/encode.h"
#include "tests/lib/rfb-decoder.h"
#include "tests/lib/seen.h"

#define SIDE_MOST 200
#define PREFIX_BYTES 8

static const int kinds[] = { ENCODE_RAW, ENCODE_TIGHT, ENCODE_ZRLE };

static EncodeSettings read_settings(const uint8_t *data, const PixelFormat *format)
{
    EncodeSettings settings = { .kind = kinds[data[0] % 3], .format = *format };
    settings.gradient = (data[0] & 0x80) != 0;
    settings.subsampled = (data[0] & 0x40) != 0;
    settings.stream_start = TRUE;
    settings.level = data[1] % 10;
    settings.quality = data[2] > 200 ? data[2] - 200 : 0;
    return settings;
}

/*
 * The rest of the bytes, again and again: as pixels, as runs of them, as one of a few colours, or
 * as steps from one to the next. The way changes along the picture.
 */
static Frame *read_frame(const uint8_t *data, size_t size, int width, int height, guint8 way)
{
    guint32 *pixels = g_new(guint32, (gsize)width * (gsize)height), colour = 0;
    for (gsize i = 0, at = 0, run = 0; i < (gsize)width * (gsize)height; i++) {
        if (run > 0) {
            run--;
            pixels[i] = colour;
            continue;
        }
        guint32 byte = size > 0 ? data[at++ % size] : 0;
        guint32 word = byte | (guint32)(i * 0x9e3779b1U & 0xffff0000);
        switch ((way >> i / 4096 % 4 * 2) & 3) {
        case 0:
            colour = word * 0x01010193;
            break;
        case 1:
            colour = byte * 0x030501;
            run = byte;
            break;
        case 2:
            colour = byte % 5 * 0x332211;
            break;
        default:
            colour += byte % 7 * 0x010001 + byte % 3 * 0x000100;
            break;
        }
        pixels[i] = colour;
    }
    return frame_new_wrapped(width, height, (gsize)width * 4, pixels, g_free, pixels, NULL);
}

static void check(const EncodeSettings *settings, const Frame *frame, Rect rect)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    EncodeResult result = encode_rect(settings, frame, rect, out);
    const guint32 *pixels;
    g_autoptr(RfbDecoder) decoder =
        rfb_decoder_new(frame->width, frame->height, &settings->format, &pixels);
    guint rects = 0;
    for (gsize at = 0; at < out->len; rects++) {
        g_autoptr(GError) error = NULL;
        Rect drawn;
        gssize used = rfb_decode(decoder, out->data + at, out->len - at, &drawn, &error);
        g_assert_no_error(error);
        g_assert(used > 0);
        at += (gsize)used;
    }
    g_assert(rects == result.rects);
    g_assert(!result.lossy || settings->quality > 0);
    for (int y = rect.y; y < rect.y + rect.height && !result.lossy; y++)
        for (int x = rect.x; x < rect.x + rect.width; x++)
            g_assert(pixels[y * frame->width + x] ==
                     seen_by(&settings->format, frame_row(frame, y)[x]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PixelFormat format;
    if (size < PREFIX_BYTES + PIXEL_FORMAT_WIRE_BYTES ||
        !pixel_format_read(data + PREFIX_BYTES, &format, NULL))
        return 0;
    const EncodeSettings settings = read_settings(data, &format);
    int width = data[3] % SIDE_MOST + 1, height = data[4] % SIDE_MOST + 1;
    int x = data[5] % width, y = data[6] % height;
    g_autoptr(Frame) frame =
        read_frame(data + PREFIX_BYTES + PIXEL_FORMAT_WIRE_BYTES,
                   size - PREFIX_BYTES - PIXEL_FORMAT_WIRE_BYTES, width, height, data[7]);
    check(&settings, frame, (Rect){ x, y, width - x, height - y });
    return 0;
}
