/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-scene.h"

#include <stdlib.h>

#include "../strip.h"
#include "gl-draw.h"

/* Milliseconds after which 2.0 and 3.1 radians a second are both at the start again: 20 pi s. */
#define RIPPLE_PERIOD 62832

/* A texture of premultiplied ARGB words, as the processor writes them. */
static const char sprite_shader[] = "precision mediump float;\n"
                                    "uniform sampler2D image;\n"
                                    "varying vec2 at;\n"
                                    "void main() {\n"
                                    "    gl_FragColor = texture2D(image, at).bgra;\n"
                                    "}\n";

/*
 * The scene of aurora.c from the same tables: `at` is (0, 0) top left, (1, 1) bottom right; a
 * column is offset (16 bits) and light (8 bits); the words of a texture are BGRA in memory.
 */
static const char scene_shader[] =
    "precision highp float;\n"
    "uniform sampler2D background, columns, profiles;\n"
    "uniform float time, horizon, height;\n"
    "varying vec2 at;\n"
    "vec3 curtain(vec2 p, float row) {\n"
    "    vec4 column = texture2D(columns, vec2(p.x, row));\n"
    "    float offset = (column.r * 255.0 * 256.0 + column.g * 255.0) / 8.0;\n"
    "    float line = (p.y * horizon * height + offset) / (2.0 * height);\n"
    "    return texture2D(profiles, vec2(line, row)).bgr * column.b;\n"
    "}\n"
    "vec3 sky(vec2 p) {\n"
    "    vec4 below = texture2D(background, p).bgra;\n"
    "    return below.rgb + below.a * (curtain(p, 0.25) + curtain(p, 0.75));\n"
    "}\n"
    "void main() {\n"
    "    vec2 p = vec2(at.x, at.y / horizon);\n"
    "    if (p.y < 1.0) {\n"
    "        gl_FragColor = vec4(sky(p), 1.0);\n"
    "        return;\n"
    "    }\n"
    "    float depth = (at.y - horizon) / (1.0 - horizon);\n"
    "    float ripple = sin(40.0 * depth / (depth * 0.8 + 0.35) - time * 2.0)\n"
    "        + 0.5 * sin(p.x * 23.0 + 90.0 * depth / (depth + 0.5) - time * 3.1);\n"
    "    vec2 mirrored = vec2(p.x + ripple * (0.0012 + 0.004 * depth),\n"
    "                         1.0 - depth * 0.667 + ripple * 0.004 * depth);\n"
    "    vec3 water = mix(vec3(0.047, 0.126, 0.188), vec3(0.008, 0.024, 0.055), depth / 0.8);\n"
    "    gl_FragColor = vec4(sky(mirrored) * 0.5 + water + 0.006 * ripple * depth, 1.0);\n"
    "}\n";

struct GlScene {
    int width, height;
    GlProgram scene, sprite;
    GLuint square;
    Aurora *aurora;         /* owned */
    AuroraColumn *columns;  /* owned */
    uint32_t *column_words; /* owned; what goes to the texture */
    GlImage background, columns_image, profiles;
    GlImage emblem, panel, strip;
    Rectangle panel_place;
    Canvas panel_canvas;   /* owned pixels: what goes to the panel's texture */
    uint32_t *panel_glass; /* owned: the panel without figures */
};

static bool make_aurora(GlScene *scene)
{
    scene->aurora = aurora_new(scene->width, scene->height);
    scene->columns = calloc((size_t)scene->width, sizeof *scene->columns);
    scene->column_words =
        calloc((size_t)scene->width, AURORA_CURTAINS * sizeof *scene->column_words);
    if (scene->aurora == NULL || scene->columns == NULL || scene->column_words == NULL)
        return false;
    gl_image_init(&scene->background, scene->width, aurora_horizon(scene->height));
    gl_image_load(&scene->background, aurora_background(scene->aurora));
    gl_image_set_linear(&scene->background);
    gl_image_init(&scene->columns_image, scene->width, AURORA_CURTAINS);
    gl_image_init(&scene->profiles, 2 * scene->height, AURORA_CURTAINS);
    gl_image_set_linear(&scene->profiles);
    for (int i = 0; i < AURORA_CURTAINS; i++)
        glTexSubImage2D(GL_TEXTURE_2D, 0, 0, i, scene->profiles.width, 1, GL_RGBA, GL_UNSIGNED_BYTE,
                        aurora_profile(scene->aurora, i));
    return true;
}

static bool make_emblem(GlScene *scene)
{
    uint32_t *pixels = calloc((size_t)art_emblem.width * art_emblem.height, sizeof *pixels);
    if (pixels == NULL)
        return false;
    canvas_emblem_argb(pixels);
    gl_image_init(&scene->emblem, art_emblem.width, art_emblem.height);
    gl_image_load(&scene->emblem, pixels);
    free(pixels);
    return true;
}

/* The panel's glass: its colour premultiplied; the corners are cut by drawing it opaque first. */
static bool make_panel(GlScene *scene, const char *renderer)
{
    Rectangle area = picture_panel_area(scene->width, scene->height, renderer);
    scene->panel_place = area;
    Canvas *canvas = &scene->panel_canvas;
    size_t count = (size_t)area.width * (size_t)area.height;
    *canvas = (Canvas){ calloc(count, sizeof(uint32_t)), area.width, area.height,
                        (size_t)area.width * sizeof(uint32_t) };
    scene->panel_glass = calloc(count, sizeof(uint32_t));
    if (canvas->pixels == NULL || scene->panel_glass == NULL)
        return false;
    canvas_panel(canvas, (Rectangle){ 0, 0, area.width, area.height }, PICTURE_PANEL_RADIUS,
                 0xffffff, /* alpha= */ 256);
    const uint32_t glass = (uint32_t)PICTURE_PANEL_ALPHA << 24 |
                           colour_mix(0, PICTURE_PANEL_COLOUR, PICTURE_PANEL_ALPHA);
    for (size_t i = 0; i < count; i++)
        scene->panel_glass[i] = canvas->pixels[i] != 0 ? glass : 0;
    gl_image_init(&scene->panel, area.width, area.height);
    return true;
}

static void make_square(GlScene *scene)
{
    static const GLfloat corners[] = { 0, 0, 1, 0, 0, 1, 1, 1 };
    glGenBuffers(1, &scene->square);
    glBindBuffer(GL_ARRAY_BUFFER, scene->square);
    glBufferData(GL_ARRAY_BUFFER, sizeof corners, corners, GL_STATIC_DRAW);
    glEnableVertexAttribArray(POSITION);
    glVertexAttribPointer(POSITION, 2, GL_FLOAT, GL_FALSE, 0, NULL);
    glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
    glDisable(GL_DITHER);
}

GlScene *gl_scene_new(int width, int height, const char *renderer)
{
    GlScene *scene = calloc(1, sizeof *scene);
    if (scene == NULL)
        return NULL;
    scene->width = width;
    scene->height = height;
    if (!gl_program_init(&scene->scene, scene_shader) ||
        !gl_program_init(&scene->sprite, sprite_shader) || !make_aurora(scene) ||
        !make_emblem(scene) || !make_panel(scene, renderer)) {
        gl_scene_free(scene);
        return NULL;
    }
    gl_image_init(&scene->strip, STRIP_CELLS, 2);
    make_square(scene);
    return scene;
}

void gl_scene_free(GlScene *scene)
{
    const GLuint textures[] = { scene->background.texture, scene->columns_image.texture,
                                scene->profiles.texture,   scene->emblem.texture,
                                scene->panel.texture,      scene->strip.texture };
    glDeleteTextures(sizeof textures / sizeof textures[0], textures);
    glDeleteBuffers(1, &scene->square);
    glDeleteProgram(scene->scene.program);
    glDeleteProgram(scene->sprite.program);
    aurora_free(scene->aurora);
    free(scene->columns);
    free(scene->column_words);
    free(scene->panel_canvas.pixels);
    free(scene->panel_glass);
    free(scene);
}

static void draw_square(const GlScene *scene, const GlProgram *program, Rectangle place,
                        const GLfloat part[4])
{
    glUniform4f(program->place, (GLfloat)place.x / (GLfloat)scene->width,
                (GLfloat)place.y / (GLfloat)scene->height,
                (GLfloat)place.width / (GLfloat)scene->width,
                (GLfloat)place.height / (GLfloat)scene->height);
    glUniform4fv(program->part, 1, part);
    glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
}

static const GLfloat whole_part[4] = { 0, 0, 1, 1 };

static void draw_emblem(const GlScene *scene, uint32_t milliseconds)
{
    Rectangle place = { .width = scene->emblem.width, .height = scene->emblem.height };
    picture_emblem_place(scene->width, scene->height, milliseconds, &place.x, &place.y);
    glBindTexture(GL_TEXTURE_2D, scene->emblem.texture);
    draw_square(scene, &scene->sprite, place, whole_part);
}

static void draw_panel(GlScene *scene, const PictureState *state)
{
    const Canvas *canvas = &scene->panel_canvas;
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++)
        canvas->pixels[i] = scene->panel_glass[i];
    picture_paint_figures(canvas, (Rectangle){ 0, 0, canvas->width, canvas->height }, state,
                          scene->width, scene->height);
    for (size_t i = 0; i < count;
         i++) /* drawing lost the X byte; bright text on glass needs no more */
        canvas->pixels[i] = (canvas->pixels[i] & 0xffffff) | (scene->panel_glass[i] & 0xff000000);
    gl_image_load(&scene->panel, canvas->pixels);
    draw_square(scene, &scene->sprite, scene->panel_place, whole_part);
}

static void draw_strip(const GlScene *scene, uint32_t frame)
{
    static const GLfloat upper[4] = { 0, 0, 1, 0.5 }, lower[4] = { 0, 0.5, 1, 0.5 };
    const int size = (int)STRIP_CELL_SIZE;
    uint32_t cells[2 * STRIP_CELLS];
    for (unsigned i = 0; i < STRIP_CELLS; i++) {
        bool is_white = strip_bits(frame) >> (STRIP_CELLS - 1 - i) & 1;
        cells[i] = is_white ? 0xffffffff : 0xff000000;
        cells[STRIP_CELLS + i] = is_white ? 0xff000000 : 0xffffffff;
    }
    gl_image_load(&scene->strip, cells);
    draw_square(scene, &scene->sprite, (Rectangle){ 0, 0, (int)STRIP_WIDTH, size }, upper);
    draw_square(scene, &scene->sprite,
                (Rectangle){ 0, scene->height - size, (int)STRIP_WIDTH, size }, lower);
}

static void load_columns(GlScene *scene, uint32_t milliseconds)
{
    uint32_t *word = scene->column_words;
    for (int i = 0; i < AURORA_CURTAINS; i++) {
        aurora_columns(scene->aurora, i, milliseconds, scene->columns);
        for (int x = 0; x < scene->width; x++, word++) {
            uint32_t offset = (uint32_t)scene->columns[x].offset_eighths;
            uint32_t light = (uint32_t)scene->columns[x].light * 256 / AURORA_LIGHT;
            *word = offset >> 8 | (offset & 0xff) << 8 | light << 16;
        }
    }
    gl_image_load(&scene->columns_image, scene->column_words);
}

static void draw_aurora(GlScene *scene, uint32_t milliseconds)
{
    const GlProgram *program = &scene->scene;
    const Rectangle whole = { 0, 0, scene->width, scene->height };
    load_columns(scene, milliseconds);
    glUseProgram(program->program);
    gl_program_use_image(program, "profiles", 2, &scene->profiles);
    gl_program_use_image(program, "columns", 1, &scene->columns_image);
    gl_program_use_image(program, "background", 0, &scene->background);
    gl_program_set_number(program, "time", milliseconds % RIPPLE_PERIOD / 1000.0);
    gl_program_set_number(program, "horizon",
                          aurora_horizon(scene->height) / (double)scene->height);
    gl_program_set_number(program, "height", scene->height);
    glDisable(GL_BLEND);
    draw_square(scene, program, whole, whole_part);
}

void gl_scene_draw(GlScene *scene, const PictureState *state)
{
    glViewport(0, 0, scene->width, scene->height);
    draw_aurora(scene, state->milliseconds);
    glUseProgram(scene->sprite.program);
    glEnable(GL_BLEND);
    draw_emblem(scene, state->milliseconds);
    draw_panel(scene, state);
    draw_strip(scene, state->frame);
}
