/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/viewer-encodings.h"

#include <string.h>

#include "display/pace.h"

/* What the tight protocol's users took to: fine-grained JPEG settings, as TurboVNC brought them
 * (rfbproto.rst, "JPEG Fine-Grained Quality Level" and "JPEG Subsampling Level"). */
#define FINE_QUALITY_0 -512
#define FINE_QUALITY_100 -412
#define SUBSAMPLING_1X -768
#define SUBSAMPLING_4X -767
#define SUBSAMPLING_2X -766
#define SUBSAMPLING_16X -763

/* Below that a JPEG is no picture any more, and hardly smaller. */
#define QUALITY_LEAST 15

/* Fast, and most of what can be saved is saved. */
#define LEVEL_UNSAID 1

/* What TigerVNC makes of the quality levels 0 to 9 (common/rfb/TightJPEGEncoder.cxx). */
static const struct {
    guint8 quality;
    gboolean subsampled;
} quality_levels[] = {
    { 15, TRUE }, { 29, TRUE },  { 41, TRUE },  { 42, TRUE },  { 62, TRUE },
    { 77, TRUE }, { 79, FALSE }, { 86, FALSE }, { 92, FALSE }, { 100, FALSE },
};

/* What the list has said so far. */
typedef struct {
    ViewerAbilities *abilities;
    gboolean has_kind, has_fine_quality, has_subsampling, has_png;
} Reading;

static void read_kind(Reading *reading, int kind)
{
    if (!reading->has_kind)
        reading->abilities->kind = kind;
    reading->has_kind = TRUE;
}

static void read_quality(Reading *reading, guint level)
{
    if (!reading->has_fine_quality)
        reading->abilities->quality = quality_levels[level].quality;
    if (!reading->has_subsampling)
        reading->abilities->subsampled = quality_levels[level].subsampled;
}

static void read_range(Reading *reading, gint32 encoding)
{
    ViewerAbilities *abilities = reading->abilities;
    if (encoding >= RFB_ENCODING_JPEG_QUALITY_0 && encoding <= RFB_ENCODING_JPEG_QUALITY_9) {
        read_quality(reading, (guint)(encoding - RFB_ENCODING_JPEG_QUALITY_0));
    } else if (encoding >= RFB_ENCODING_COMPRESSION_0 && encoding <= RFB_ENCODING_COMPRESSION_9) {
        abilities->level = encoding - RFB_ENCODING_COMPRESSION_0;
    } else if (encoding >= FINE_QUALITY_0 && encoding <= FINE_QUALITY_100) {
        abilities->quality = MAX(encoding - FINE_QUALITY_0, 1);
        reading->has_fine_quality = TRUE;
    } else if (encoding >= SUBSAMPLING_1X && encoding <= SUBSAMPLING_16X) {
        abilities->subsampled = encoding != SUBSAMPLING_1X;
        reading->has_subsampling = TRUE;
    }
}

static void read_encoding(Reading *reading, gint32 encoding)
{
    ViewerAbilities *abilities = reading->abilities;
    switch (encoding) {
    case RFB_ENCODING_RAW:
    case RFB_ENCODING_TIGHT:
    case RFB_ENCODING_ZRLE:
        read_kind(reading, encoding);
        break;
    case RFB_ENCODING_COPY_RECT:
        abilities->copy = TRUE;
        break;
    case RFB_ENCODING_TIGHT_PNG:
        reading->has_png = TRUE;
        break;
    case RFB_ENCODING_CURSOR:
        abilities->cursor = TRUE;
        break;
    case RFB_ENCODING_CURSOR_ALPHA:
        abilities->cursor_alpha = TRUE;
        break;
    case RFB_ENCODING_DESKTOP_SIZE:
        abilities->size = TRUE;
        break;
    case RFB_ENCODING_EXTENDED_DESKTOP_SIZE:
        abilities->extended_size = TRUE;
        break;
    case RFB_ENCODING_FENCE:
        abilities->fence = TRUE;
        break;
    case RFB_ENCODING_CONTINUOUS_UPDATES:
        abilities->continuous = TRUE;
        break;
    case RFB_ENCODING_QEMU_KEY:
        abilities->qemu_key = TRUE;
        break;
    case RFB_ENCODING_EXTENDED_MOUSE_BUTTONS:
        abilities->extended_buttons = TRUE;
        break;
    default:
        read_range(reading, encoding);
    }
}

ViewerAbilities viewer_abilities_read(const RfbMessage *message)
{
    ViewerAbilities abilities = { .kind = ENCODE_RAW, .level = -1 };
    Reading reading = { .abilities = &abilities };
    for (guint i = 0; i < message->encodings.count; i++)
        read_encoding(&reading, rfb_message_encoding(message, i));
    /* noVNC names PNG; up to 1.4 it knew no gradients, more mouse buttons it learned after that */
    abilities.gradient = !reading.has_png || abilities.extended_buttons;
    return abilities;
}

static void set_jpeg(EncodeSettings *settings, const ViewerAbilities *abilities, ViewerPart part,
                     guint pressure)
{
    int steps = PACE_PRESSURE_MOST + 1;
    settings->quality = abilities->quality;
    settings->subsampled = abilities->subsampled;
    if (part != VIEWER_PART_MOVING || pressure == 0)
        return;
    int lowest = MIN(abilities->quality, QUALITY_LEAST);
    settings->quality = MAX(abilities->quality * (steps - (int)pressure) / steps, lowest);
    settings->subsampled = abilities->subsampled || pressure > 1;
}

EncodeSettings viewer_settings(const ViewerAbilities *abilities, const PixelFormat *format,
                               ViewerPart part, guint pressure)
{
    EncodeSettings settings;
    memset(&settings, 0, sizeof settings);
    settings.kind = abilities->kind;
    settings.format = *format;
    settings.gradient = abilities->gradient;
    if (abilities->kind == ENCODE_RAW)
        return settings;
    int level = abilities->level < 0 ? LEVEL_UNSAID : abilities->level;
    settings.level = level;
    if (abilities->kind == ENCODE_TIGHT && part != VIEWER_PART_EXACT)
        set_jpeg(&settings, abilities, part, pressure);
    return settings;
}
