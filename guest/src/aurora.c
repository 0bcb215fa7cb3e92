/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A curtain is a table of vertical light profiles, one for each of LEVELS intensities. For each
 * column the curtain has an edge (a sum of waves) and an intensity (waves times rays); the pixel
 * adds the profile at its distance from the edge. The colours are so chosen that sky and both
 * curtains never exceed 255 in a channel: sums of whole pixels need no clamping.
 */
#include "aurora.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define CURTAINS AURORA_CURTAINS
#define LEVELS 64
#define SINE_STEPS 4096 /* a turn */
#define SINE_ONE AURORA_LIGHT
#define RAY_STEPS 8192
#define STARS 260
#define SKY 0xff000000u /* X byte of a background pixel that light may shine on */
#define RIPPLE 1

typedef struct {
    double edge;             /* of the height of the sky */
    double fade;             /* of the height of the sky, upwards from the edge */
    uint32_t low, mid, high; /* colours at the edge, above, and where it fades out */
    int drift;               /* of the waves, in steps of sine a second */
    int ray_drift;           /* in ray steps a second */
} CurtainLook;

static const CurtainLook looks[CURTAINS] = {
    { .edge = 0.66,
      .fade = 0.46,
      .low = 0x30924f,
      .mid = 0x168450,
      .high = 0x201c5c,
      .drift = 130,
      .ray_drift = 70 },
    { .edge = 0.50,
      .fade = 0.52,
      .low = 0x28484e,
      .mid = 0x5a2362,
      .high = 0x381250,
      .drift = -95,
      .ray_drift = -110 },
};

struct Aurora {
    int width, height, horizon;
    uint32_t *background;           /* width x horizon, X byte: SKY or 0 */
    uint32_t *profiles[CURTAINS];   /* LEVELS x (2 x height) */
    const uint32_t **lit[CURTAINS]; /* a column's profile, indexed by y */
    AuroraColumn *columns;          /* of the curtain that is being hung */
    uint32_t *water;                /* a tint for each line of the lake */
    int16_t sine[SINE_STEPS];
    uint16_t rays[RAY_STEPS]; /* 0 .. SINE_ONE */
};

static int clamp(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

static double mix(double a, double b, double t)
{
    return a + (b - a) * t;
}

static uint32_t blend(uint32_t a, uint32_t b, double t)
{
    uint32_t mixed = 0;
    for (int shift = 0; shift <= 16; shift += 8)
        mixed |= (uint32_t)lround(mix(a >> shift & 0xff, b >> shift & 0xff, t)) << shift;
    return mixed;
}

/* A fixed sequence: the scene is the same in every run. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Light at @distance below the edge (negative: above), both in heights of the sky. */
static uint32_t profile_colour(const CurtainLook *look, double distance)
{
    double up = -distance / look->fade;
    double strength = distance > 0 ? exp(-pow(distance / 0.028, 2)) : exp(-2.3 * up) - 0.06 * up;
    if (strength <= 0)
        return 0;
    double t = fmin(fmax(up, 0) * 1.6, 2);
    uint32_t colour = t < 1 ? blend(look->low, look->mid, t) : blend(look->mid, look->high, t - 1);
    return blend(0, colour, strength);
}

/* @level out of LEVELS - 1 parts of @colour. */
static uint32_t dim(uint32_t colour, uint32_t level)
{
    return colour_mix(0, colour, level * 256 / (LEVELS - 1));
}

static uint32_t *make_profiles(const CurtainLook *look, int height, int horizon)
{
    uint32_t *profiles = calloc((size_t)LEVELS * 2 * (size_t)height, sizeof *profiles);
    for (int y = 0; profiles != NULL && y < 2 * height; y++) {
        uint32_t full = profile_colour(look, (y - height) / (double)horizon);
        for (uint32_t level = 0; full != 0 && level < LEVELS; level++)
            profiles[level * 2 * (uint32_t)height + (uint32_t)y] = dim(full, level);
    }
    return profiles;
}

static void make_waves(Aurora *aurora)
{
    for (int i = 0; i < SINE_STEPS; i++)
        aurora->sine[i] = (int16_t)lround(SINE_ONE * sin(i * 2 * M_PI / SINE_STEPS));
    /* Rays: sines of periods that divide the table, so that it can be read in a circle. */
    for (int i = 0; i < RAY_STEPS; i++) {
        double a = i * 2 * M_PI / RAY_STEPS;
        double ray = 0.50 * sin(37 * a + 2 * sin(5 * a)) + 0.30 * sin(101 * a + 3 * sin(7 * a)) +
                     0.20 * sin(263 * a);
        aurora->rays[i] = (uint16_t)lround(SINE_ONE * (0.62 + 0.38 * ray));
    }
}

static int wave(const Aurora *aurora, int step)
{
    return aurora->sine[(unsigned)step % SINE_STEPS];
}

static uint32_t sky_colour(double t)
{
    return t < 0.6 ? blend(0x04081c, 0x0a1840, t / 0.6)
                   : blend(0x0a1840, 0x1b3c5c, (t - 0.6) / 0.4);
}

static void put_star(Aurora *aurora, int x, int y, uint32_t colour)
{
    if (x >= 0 && x < aurora->width && y >= 0 && y < aurora->horizon)
        aurora->background[y * aurora->width + x] = SKY | colour;
}

static void make_sky(Aurora *aurora)
{
    uint32_t state = 20;
    for (int y = 0; y < aurora->horizon; y++) {
        uint32_t colour = SKY | sky_colour(y / (double)aurora->horizon);
        for (int x = 0; x < aurora->width; x++)
            aurora->background[y * aurora->width + x] = colour;
    }
    for (int i = 0; i < STARS; i++) {
        int x = (int)(next_random(&state) % (uint32_t)aurora->width);
        int y = (int)(next_random(&state) % (uint32_t)aurora->horizon);
        uint32_t bright = next_random(&state) % 64;
        put_star(aurora, x, y, 0x202848 + bright * 0x010101);
        if (bright > 52) {
            put_star(aurora, x + 1, y, 0x182038 + bright * 0x010101);
            put_star(aurora, x, y + 1, 0x182038 + bright * 0x010101);
        }
    }
}

/* Height of the mountains above the horizon at @x, in pixels. */
static int ridge(const Aurora *aurora, int x, double scale, double seed)
{
    double u = x / (double)aurora->width * 6.0 + seed;
    double height = 0.45 + 0.28 * sin(u) + 0.16 * sin(2.7 * u + 1) + 0.07 * fabs(sin(7.3 * u)) +
                    0.035 * sin(17.9 * u + 2) + 0.016 * sin(41 * u);
    return (int)(fmax(height, 0.02) * scale * aurora->horizon);
}

static void make_mountains(Aurora *aurora)
{
    for (int x = 0; x < aurora->width; x++) {
        int far = ridge(aurora, x, 0.27, 1.3), near = ridge(aurora, x, 0.16, 4.4);
        int top = far > near ? far : near;
        for (int up = 1; up <= top; up++) {
            uint32_t rise = (uint32_t)(up * 256 / (top + 1));
            aurora->background[(aurora->horizon - up) * aurora->width + x] =
                up <= near ? colour_mix(0x040810, 0x070d18, rise)
                           : colour_mix(0x14283c, 0x0c182a, rise);
        }
    }
}

static void make_water(Aurora *aurora)
{
    for (int y = 0; y < aurora->height - aurora->horizon; y++)
        aurora->water[y] =
            blend(0x0c2030, 0x02060e, fmin(1, y / (0.8 * (aurora->height - aurora->horizon))));
}

int aurora_horizon(int height)
{
    return height * 3 / 4;
}

Aurora *aurora_new(int width, int height)
{
    Aurora *aurora = calloc(1, sizeof *aurora);
    if (aurora == NULL)
        return NULL;
    aurora->width = width;
    aurora->height = height;
    aurora->horizon = aurora_horizon(height);
    aurora->background = calloc((size_t)width * (size_t)aurora->horizon + 1, sizeof(uint32_t));
    aurora->water = calloc((size_t)height, sizeof(uint32_t));
    aurora->columns = calloc((size_t)width, sizeof *aurora->columns);
    bool is_complete =
        aurora->background != NULL && aurora->water != NULL && aurora->columns != NULL;
    for (int i = 0; i < CURTAINS; i++) {
        aurora->profiles[i] = make_profiles(&looks[i], height, aurora->horizon);
        aurora->lit[i] = calloc((size_t)width, sizeof *aurora->lit[i]);
        is_complete = is_complete && aurora->profiles[i] != NULL && aurora->lit[i] != NULL;
    }
    if (!is_complete) {
        aurora_free(aurora);
        return NULL;
    }
    make_waves(aurora);
    make_sky(aurora);
    make_mountains(aurora);
    make_water(aurora);
    return aurora;
}

void aurora_free(Aurora *aurora)
{
    if (aurora == NULL)
        return;
    for (int i = 0; i < CURTAINS; i++) {
        free(aurora->profiles[i]);
        free(aurora->lit[i]);
    }
    free(aurora->background);
    free(aurora->water);
    free(aurora->columns);
    free(aurora);
}

void aurora_columns(const Aurora *aurora, int curtain, uint32_t milliseconds, AuroraColumn *columns)
{
    const CurtainLook *look = &looks[curtain];
    const int sky = aurora->horizon, middle = (int)(look->edge * sky * 8);
    const int time = (int)((int64_t)milliseconds * look->drift / 1000);
    const int ray_time = (int)((int64_t)milliseconds * look->ray_drift / 1000);

    for (int x = 0; x < aurora->width; x++) {
        int u = x * SINE_STEPS / aurora->width; /* the same scene at every width */
        int sway = 11 * wave(aurora, u + time) + 5 * wave(aurora, 2 * u - time * 2 + 900) +
                   2 * wave(aurora, 5 * u + time * 3 + 300);
        int edge = middle + sway / 140 * sky * 8 / SINE_ONE;
        int glow = SINE_ONE * 6 / 10 + wave(aurora, u - time * 2 + curtain * 1700) * 3 / 10 +
                   wave(aurora, 3 * u + time) / 8;
        int ray = aurora->rays[(unsigned)(u + sway / 80 + ray_time) % RAY_STEPS];
        columns[x].offset_eighths = clamp(aurora->height * 8 - edge, 0, aurora->height * 8);
        columns[x].light = clamp(glow * ray / SINE_ONE, 0, AURORA_LIGHT - 1);
    }
}

const uint32_t *aurora_background(const Aurora *aurora)
{
    return aurora->background;
}

const uint32_t *aurora_profile(const Aurora *aurora, int curtain)
{
    return aurora->profiles[curtain] + (LEVELS - 1) * 2 * aurora->height;
}

/* Looks up the profile of every column of a curtain. */
static void hang_curtain(Aurora *aurora, int curtain, uint32_t milliseconds)
{
    aurora_columns(aurora, curtain, milliseconds, aurora->columns);
    for (int x = 0; x < aurora->width; x++) {
        int level = aurora->columns[x].light * LEVELS / AURORA_LIGHT;
        aurora->lit[curtain][x] = aurora->profiles[curtain] + level * 2 * aurora->height +
                                  aurora->columns[x].offset_eighths / 8;
    }
}

static void paint_sky_line(const Aurora *aurora, uint32_t *line, int y, uint32_t frame)
{
    const uint32_t *background = aurora->background + y * aurora->width;
    const uint32_t *const *first = aurora->lit[0], *const *second = aurora->lit[1];
    const uint32_t chess[2] = { (frame + (uint32_t)y) & 1 ? 0x010101 : 0,
                                (frame + (uint32_t)y) & 1 ? 0 : 0x010101 };
    for (int x = 0; x < aurora->width; x++) {
        uint32_t below = background[x];
        uint32_t may_shine = (uint32_t)((int32_t)below >> 31);
        line[x] = below + ((first[x][y] + second[x][y]) & may_shine) + chess[x & 1];
    }
}

static void paint_lake_line(const Aurora *aurora, const Canvas *canvas, int y, uint32_t frame,
                            uint32_t milliseconds)
{
    const int depth = y - aurora->horizon, width = aurora->width;
    const uint32_t *mirrored = canvas_line(canvas, aurora->horizon - 1 - depth * 2);
    uint32_t *line = canvas_line(canvas, y);
    int phase = depth * 26000 / (depth + 70) - (int)(milliseconds * 5 / 4);
    int shift = wave(aurora, phase * 2) * (RIPPLE + depth / 24) / SINE_ONE;
    int from = clamp(-shift, 0, width), to = clamp(width - shift, 0, width);
    const uint32_t tint = aurora->water[depth];
    const uint32_t chess[2] = { (frame + (uint32_t)y) & 1 ? 0x020202 : 0,
                                (frame + (uint32_t)y) & 1 ? 0 : 0x020202 };

    for (int x = from; x < to; x++)
        line[x] = (mirrored[x + shift] >> 1 & 0x7f7f7f) + tint + chess[x & 1];
    for (int x = 0; x < from; x++)
        line[x] = (mirrored[0] >> 1 & 0x7f7f7f) + tint + chess[x & 1];
    for (int x = to; x < width; x++)
        line[x] = (mirrored[width - 1] >> 1 & 0x7f7f7f) + tint + chess[x & 1];
}

void aurora_paint(Aurora *aurora, const Canvas *canvas, uint32_t milliseconds, uint32_t frame)
{
    for (int i = 0; i < CURTAINS; i++)
        hang_curtain(aurora, i, milliseconds);
    for (int y = 0; y < aurora->horizon; y++)
        paint_sky_line(aurora, canvas_line(canvas, y), y, frame);
    for (int y = aurora->horizon; y < aurora->height; y++)
        paint_lake_line(aurora, canvas, y, frame, milliseconds);
}
