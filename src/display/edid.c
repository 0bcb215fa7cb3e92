/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/edid.h"

#include <string.h>

#include "base/error.h"

#define CELL 8 /* pixels, of CVT */
#define CLOCK_STEP_KHZ 250
#define CLOCK_LIMIT_KHZ 655350 /* 16 bits of 10 kHz */

/* CVT 1.1, 3.4.2: what reduced blanking has for constant */
#define H_BLANK 160
#define H_FRONT 48
#define H_SYNC 32
#define V_BLANK_US 460
#define V_FRONT 3
#define V_BACK_LEAST 6

typedef struct {
    int width, height;
    int refresh; /* Hz, wanted */
    int v_sync, v_blank;
    int clock_khz;
} Timing;

/* The width of the sync pulse tells the ratio of the sides (CVT 1.1, table 3-2). */
static int sync_lines(int width, int height)
{
    static const struct {
        int x, y, lines;
    } ratios[] = { { 4, 3, 4 }, { 16, 9, 5 }, { 16, 10, 6 }, { 5, 4, 7 }, { 15, 9, 7 } };
    for (gsize i = 0; i < G_N_ELEMENTS(ratios); i++)
        if (width == height * ratios[i].x / ratios[i].y / CELL * CELL)
            return ratios[i].lines;
    return 10;
}

static Timing timing_of(int width, int height, int refresh)
{
    Timing timing = {
        .width = width, .height = height, .refresh = refresh, .v_sync = sync_lines(width, height)
    };
    /* lines in V_BLANK_US, when all others share the rest of the time */
    double line_us = (1e6 / refresh - V_BLANK_US) / height;
    timing.v_blank = MAX((int)(V_BLANK_US / line_us) + 1, V_FRONT + timing.v_sync + V_BACK_LEAST);
    gint64 hz = (gint64)refresh * (width + H_BLANK) * (height + timing.v_blank);
    timing.clock_khz = (int)(hz / 1000 / CLOCK_STEP_KHZ * CLOCK_STEP_KHZ);
    return timing;
}

/* The fastest one that there are numbers for. */
static gboolean find_timing(int width, int height, Timing *ret_timing)
{
    static const int rates[] = { 60, 50, 30, 24 };
    for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
        *ret_timing = timing_of(width, height, rates[i]);
        if (ret_timing->clock_khz <= CLOCK_LIMIT_KHZ)
            return TRUE;
    }
    return FALSE;
}

static void put_16(guint8 *bytes, int value)
{
    bytes[0] = (guint8)value;
    bytes[1] = (guint8)(value >> 8);
}

/* E-EDID 1.4, 3.10.2: the lower eight bits of two numbers, then both their upper four in one. */
static void put_pair(guint8 *bytes, int a, int b)
{
    bytes[0] = (guint8)a;
    bytes[1] = (guint8)b;
    bytes[2] = (guint8)((a >> 8) << 4 | b >> 8);
}

static void put_timing(guint8 *at, const Timing *timing, int width_mm, int height_mm)
{
    put_16(at, timing->clock_khz / 10);
    put_pair(at + 2, timing->width, H_BLANK);
    put_pair(at + 5, timing->height, timing->v_blank);
    at[8] = H_FRONT;
    at[9] = H_SYNC;
    at[10] = (guint8)(V_FRONT << 4 | timing->v_sync);
    at[11] = 0; /* their upper bits */
    put_pair(at + 12, width_mm, height_mm);
    at[17] = 0x1a; /* digital, separate sync; horizontal positive, vertical negative: reduced */
}

static void put_name(guint8 *at, const char *name)
{
    gsize length = MIN(strlen(name), 13);
    memcpy(at, (const guint8[]){ 0, 0, 0, 0xfc, 0 }, 5);
    memset(at + 5, ' ', 13);
    memcpy(at + 5, name, length);
    if (length < 13)
        at[5 + length] = '\n';
}

/* What the offered modes need; the DMT modes of below reach from 31 to 83 kHz and 194 MHz. */
static void put_limits(guint8 *at, const Timing *timing)
{
    int line_khz = timing->clock_khz / (timing->width + H_BLANK) + 1;
    int clock_10mhz = timing->clock_khz / 10000 + 1;
    memcpy(at, (const guint8[]){ 0, 0, 0, 0xfd, 0 }, 5);
    at[5] = (guint8)MIN(timing->refresh - 1, 50);
    at[6] = 75;
    at[7] = (guint8)MIN(line_khz - 1, 30);
    at[8] = (guint8)MAX(line_khz, 84);
    at[9] = (guint8)MAX(clock_10mhz, 20);
    at[10] = 1; /* limits only, no formula */
    at[11] = '\n';
    memset(at + 12, ' ', 6);
}

static gboolean fits(const EdidSpec *spec, int width, int height)
{
    return width <= MAX(spec->width, spec->width_limit) &&
           height <= MAX(spec->height, spec->height_limit);
}

/* Modes every guest knows, at 60 Hz. */
static void put_common_modes(guint8 *block, const EdidSpec *spec)
{
    /* E-EDID 1.4, 3.9: the ratio of the sides in two bits */
    enum { R16_10, R4_3, R5_4, R16_9 };
    static const struct {
        int width, height, ratio;
    } modes[] = {
        { 1280, 720, R16_9 }, { 1280, 800, R16_10 },  { 1280, 1024, R5_4 },  { 1440, 900, R16_10 },
        { 1600, 900, R16_9 }, { 1680, 1050, R16_10 }, { 1920, 1080, R16_9 }, { 1920, 1200, R16_10 },
    };
    block[35] = (guint8)((fits(spec, 640, 480) ? 0x20 : 0) | (fits(spec, 800, 600) ? 0x01 : 0));
    block[36] = fits(spec, 1024, 768) ? 0x08 : 0;
    guint8 *at = &block[38];
    memset(at, 1, 16); /* unused */
    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
        if (!fits(spec, modes[i].width, modes[i].height))
            continue;
        *at++ = (guint8)(modes[i].width / 8 - 31);
        *at++ = (guint8)(modes[i].ratio << 6); /* and 60 Hz above 60 */
    }
}

/* E-EDID 1.4, 3.3 to 3.7. The maker is the one of the kernel's own blocks (admin-guide/edid). */
static void put_head(guint8 *block, int width_mm, int height_mm)
{
    static const guint8 magic[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
    static const guint8 srgb[] = { 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54 };
    memcpy(block, magic, sizeof magic);
    block[8] = ('L' - '@') << 2 | ('N' - '@') >> 3;
    block[9] = (guint8)(('N' - '@') << 5 | ('X' - '@'));
    block[10] = 1;  /* product */
    block[17] = 34; /* made in 2024 */
    block[18] = 1;  /* EDID 1.4 */
    block[19] = 4;
    block[20] = 0xa5; /* digital, 8 bits a colour, DisplayPort */
    block[21] = (guint8)MIN((width_mm + 5) / 10, 255);
    block[22] = (guint8)MIN((height_mm + 5) / 10, 255);
    block[23] = 120;  /* gamma 2.2 */
    block[24] = 0x06; /* sRGB; the first timing is the native one */
    memcpy(block + 25, srgb, sizeof srgb);
}

static int millimetres(int given, int pixels)
{
    return MIN(given > 0 ? given : (pixels * 254 + 480) / 960, 4095);
}

gboolean edid_write(const EdidSpec *spec, guint8 ret_block[EDID_BYTES], GError **error)
{
    Timing timing;
    int width = spec->width / CELL * CELL, height = spec->height;
    gboolean sane = width >= EDID_SIDE_LEAST && height >= EDID_SIDE_LEAST &&
                    width <= EDID_SIDE_LIMIT && height <= EDID_SIDE_LIMIT;
    if (!sane || !find_timing(width, height, &timing))
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "A screen of %d x %d pixels cannot be described by EDID; %d x %d to "
                         "%d x %d can",
                         spec->width, height, EDID_SIDE_LEAST, EDID_SIDE_LEAST,
                         EDID_SIDE_LIMIT / CELL * CELL, EDID_SIDE_LIMIT);
    int width_mm = millimetres(spec->width_mm, width);
    int height_mm = millimetres(spec->height_mm, height);
    memset(ret_block, 0, EDID_BYTES);
    put_head(ret_block, width_mm, height_mm);
    put_common_modes(ret_block, spec);
    put_timing(ret_block + 54, &timing, width_mm, height_mm);
    put_limits(ret_block + 72, &timing);
    put_name(ret_block + 90, spec->name);
    ret_block[108 + 3] = 0x10; /* nothing */
    guint8 sum = 0;
    for (gsize i = 0; i < EDID_BYTES - 1; i++)
        sum = (guint8)(sum + ret_block[i]);
    ret_block[EDID_BYTES - 1] = (guint8)-sum;
    return TRUE;
}
