/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * make-art TEXT.ttf MONO.ttf WORD.ttf > art-tables.c: draws the tables of art.h. Runs on the
 * building machine; the fonts come from Debian packages (see build-guest).
 */
#include <ft2build.h>
#include FT_FREETYPE_H
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "art.h"

#define TEXT_SIZE 20
#define MONO_SIZE 18
#define WORD_SIZE 104
#define WORD "vgpuctl"

#define EMBLEM_MARGIN 32 /* room for the glow */
#define CHIP_SIZE 92
#define CHIP_SLICES 4
#define CHIP_GAP 8
#define CHIP_RADIUS 9
#define CHIP_TO_WORD 26
#define GLOW_RADIUS 11 /* of one of the three box blurs that make up a smooth one */

typedef struct {
    int width, height;
    uint8_t *pixels;
} Map;

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "make-art: %s: %s\n", name, what);
    exit(1);
}

static Map map_new(int width, int height)
{
    Map map = { width, height, calloc((size_t)width, (size_t)height) };
    if (map.pixels == NULL)
        fail("no memory", "map");
    return map;
}

static FT_Face open_font(FT_Library library, const char *path, unsigned size)
{
    FT_Face font;
    if (FT_New_Face(library, path, 0, &font) != 0 || FT_Set_Pixel_Sizes(font, 0, size) != 0)
        fail("not a font FreeType can read", path);
    return font;
}

static void load(FT_Face font, char character)
{
    if (FT_Load_Char(font, (FT_ULong)character, FT_LOAD_RENDER | FT_LOAD_TARGET_LIGHT) != 0)
        fail("a letter cannot be drawn", font->family_name);
}

static void print_bytes(const char *name, const uint8_t *bytes, size_t count)
{
    printf("static const uint8_t %s[] = {", name);
    for (size_t i = 0; i < count; i++)
        printf("%s%u,", i % 24 == 0 ? "\n" : "", bytes[i]);
    printf("\n};\n");
}

static void print_face(FT_Face font, const char *name)
{
    uint8_t *coverage = NULL;
    size_t used = 0;
    ArtGlyph glyphs[ART_CHARACTERS];

    for (int i = 0; i < ART_CHARACTERS; i++) {
        load(font, (char)(ART_FIRST_CHARACTER + i));
        const FT_GlyphSlot slot = font->glyph;
        const FT_Bitmap *bitmap = &slot->bitmap;
        size_t size = (size_t)bitmap->width * bitmap->rows;
        coverage = realloc(coverage, used + size + 1);
        if (coverage == NULL)
            fail("no memory", name);
        for (unsigned y = 0; y < bitmap->rows; y++)
            memcpy(coverage + used + (size_t)y * bitmap->width,
                   bitmap->buffer + (ptrdiff_t)y * bitmap->pitch, bitmap->width);
        glyphs[i] = (ArtGlyph){ (uint32_t)used,
                                (uint16_t)bitmap->width,
                                (uint16_t)bitmap->rows,
                                (int16_t)slot->bitmap_left,
                                (int16_t)slot->bitmap_top,
                                (int16_t)((slot->advance.x + 32) >> 6) };
        used += size;
    }
    char table[64];
    snprintf(table, sizeof table, "%s_coverage", name);
    print_bytes(table, coverage, used);
    free(coverage);

    printf("const ArtFace %s = {\n    .ascent = %ld,\n    .line_height = %ld,\n    .glyphs = {\n",
           name, font->size->metrics.ascender >> 6, font->size->metrics.height >> 6);
    for (int i = 0; i < ART_CHARACTERS; i++)
        printf("        { %u, %u, %u, %d, %d, %d },\n", glyphs[i].offset, glyphs[i].width,
               glyphs[i].height, glyphs[i].left, glyphs[i].top, glyphs[i].advance);
    printf("    },\n    .coverage = %s,\n};\n", table);
}

/* How far the point is outside (positive) of a rounded rectangle. */
static double rounded_distance(double x, double y, double left, double top, double right,
                               double bottom, double radius)
{
    double dx = fmax(fmax(left + radius - x, x - right + radius), 0);
    double dy = fmax(fmax(top + radius - y, y - bottom + radius), 0);
    return hypot(dx, dy) - radius;
}

static void draw_chip(Map map, int left, int top)
{
    const double slice = (CHIP_SIZE - (CHIP_SLICES - 1.0) * CHIP_GAP) / CHIP_SLICES;
    for (int y = 0; y < CHIP_SIZE + 2; y++) {
        for (int x = 0; x < CHIP_SIZE + 2; x++) {
            double distance = 1e9;
            for (int i = 0; i < CHIP_SLICES; i++) {
                double start = i * (slice + CHIP_GAP);
                distance = fmin(distance, rounded_distance(x - 0.5, y - 0.5, start, 0,
                                                           start + slice, CHIP_SIZE, CHIP_RADIUS));
            }
            double coverage = fmin(fmax(0.5 - distance, 0), 1);
            map.pixels[(top + y - 1) * map.width + left + x - 1] = (uint8_t)lround(255 * coverage);
        }
    }
}

static int word_width(FT_Face font)
{
    int width = 0;
    for (const char *letter = WORD; *letter != '\0'; letter++) {
        load(font, *letter);
        width += (int)(font->glyph->advance.x + 32) >> 6;
    }
    return width;
}

static void draw_word(Map map, FT_Face font, int left, int baseline)
{
    for (const char *letter = WORD; *letter != '\0'; letter++) {
        load(font, *letter);
        const FT_GlyphSlot slot = font->glyph;
        const FT_Bitmap *bitmap = &slot->bitmap;
        for (int y = 0; y < (int)bitmap->rows; y++) {
            for (int x = 0; x < (int)bitmap->width; x++) {
                int to_x = left + slot->bitmap_left + x, to_y = baseline - slot->bitmap_top + y;
                uint8_t value = bitmap->buffer[y * bitmap->pitch + x];
                if (to_x < 0 || to_y < 0 || to_x >= map.width || to_y >= map.height)
                    fail("does not fit into the emblem", WORD);
                uint8_t *pixel = &map.pixels[to_y * map.width + to_x];
                *pixel = *pixel > value ? *pixel : value;
            }
        }
        left += (int)(slot->advance.x + 32) >> 6;
    }
}

static uint8_t pixel_at(Map map, int x, int y)
{
    return x < 0 || y < 0 || x >= map.width || y >= map.height ? 0 : map.pixels[y * map.width + x];
}

/* One box blur along (@dx, @dy); three of them in both directions are close to a Gaussian. */
static Map blur_once(Map map, int dx, int dy)
{
    Map blurred = map_new(map.width, map.height);
    for (int y = 0; y < map.height; y++) {
        for (int x = 0; x < map.width; x++) {
            int sum = 0;
            for (int i = -GLOW_RADIUS; i <= GLOW_RADIUS; i++)
                sum += pixel_at(map, x + i * dx, y + i * dy);
            blurred.pixels[y * map.width + x] = (uint8_t)(sum / (2 * GLOW_RADIUS + 1));
        }
    }
    return blurred;
}

static void blur(Map *map)
{
    for (int i = 0; i < 6; i++) {
        Map blurred = blur_once(*map, i % 2, !(i % 2));
        free(map->pixels);
        *map = blurred;
    }
}

static void print_emblem(FT_Face font)
{
    int word_left = EMBLEM_MARGIN + CHIP_SIZE + CHIP_TO_WORD;
    Map map = map_new(word_left + word_width(font) + EMBLEM_MARGIN, CHIP_SIZE + 2 * EMBLEM_MARGIN);
    draw_chip(map, EMBLEM_MARGIN, EMBLEM_MARGIN);
    /* The letters' middle (half of the height of "l" down to the tail of "g") beside the chip's. */
    draw_word(map, font, word_left, EMBLEM_MARGIN + CHIP_SIZE * 3 / 4 + 1);

    size_t size = (size_t)map.width * (size_t)map.height;
    print_bytes("emblem_coverage", map.pixels, size);
    blur(&map);
    print_bytes("emblem_glow", map.pixels, size);
    free(map.pixels);
    printf("const ArtEmblem art_emblem = { %d, %d, %d, %d, %d, emblem_coverage, emblem_glow };\n",
           map.width, map.height, EMBLEM_MARGIN, (CHIP_SIZE + CHIP_GAP) / CHIP_SLICES,
           word_left - CHIP_TO_WORD / 2);
}

int main(int argc, char **argv)
{
    FT_Library library;
    if (argc != 4) {
        fprintf(stderr, "usage: make-art TEXT.ttf MONO.ttf WORD.ttf\n");
        return 2;
    }
    if (FT_Init_FreeType(&library) != 0)
        fail("cannot be started", "FreeType");
    printf("/* Made by make-art. */\n#include \"art.h\"\n");
    print_face(open_font(library, argv[1], TEXT_SIZE), "art_text");
    print_face(open_font(library, argv[2], MONO_SIZE), "art_mono");
    print_emblem(open_font(library, argv[3], WORD_SIZE));
    FT_Done_FreeType(library);
    return fflush(stdout) != 0;
}
