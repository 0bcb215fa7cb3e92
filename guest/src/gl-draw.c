/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-draw.h"

#include <stdio.h>

/* Draws the unit square over @place (left, top, width, height in 0 .. 1 of the screen). */
static const char vertex_shader[] =
    "attribute vec2 position;\n"
    "uniform vec4 place, part;\n"
    "varying vec2 at;\n"
    "void main() {\n"
    "    at = part.xy + position * part.zw;\n"
    "    vec2 screen = place.xy + position * place.zw;\n"
    "    gl_Position = vec4(screen.x * 2.0 - 1.0, 1.0 - screen.y * 2.0, 0.0, 1.0);\n"
    "}\n";

static GLuint compile(GLenum type, const char *source)
{
    GLint is_good = 0;
    GLuint shader = glCreateShader(type);
    glShaderSource(shader, 1, &source, NULL);
    glCompileShader(shader);
    glGetShaderiv(shader, GL_COMPILE_STATUS, &is_good);
    if (!is_good) {
        char log[1024] = "";
        glGetShaderInfoLog(shader, sizeof log, NULL, log);
        fprintf(stderr, "vgpuctl-guest: a shader does not compile: %s\n", log);
    }
    return shader;
}

bool gl_program_init(GlProgram *program, const char *fragment_source)
{
    GLint is_good = 0;
    GLuint vertex = compile(GL_VERTEX_SHADER, vertex_shader);
    GLuint fragment = compile(GL_FRAGMENT_SHADER, fragment_source);
    program->program = glCreateProgram();
    glAttachShader(program->program, vertex);
    glAttachShader(program->program, fragment);
    glBindAttribLocation(program->program, POSITION, "position");
    glLinkProgram(program->program);
    glDeleteShader(vertex);
    glDeleteShader(fragment);
    glGetProgramiv(program->program, GL_LINK_STATUS, &is_good);
    program->place = glGetUniformLocation(program->program, "place");
    program->part = glGetUniformLocation(program->program, "part");
    return is_good;
}

void gl_image_init(GlImage *image, int width, int height)
{
    *image = (GlImage){ .width = width, .height = height };
    glGenTextures(1, &image->texture);
    glBindTexture(GL_TEXTURE_2D, image->texture);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
}

void gl_image_load(const GlImage *image, const uint32_t *pixels)
{
    glBindTexture(GL_TEXTURE_2D, image->texture);
    glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, image->width, image->height, GL_RGBA, GL_UNSIGNED_BYTE,
                    pixels);
}

void gl_image_set_linear(const GlImage *image)
{
    glBindTexture(GL_TEXTURE_2D, image->texture);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
}

void gl_program_use_image(const GlProgram *program, const char *name, int unit,
                          const GlImage *image)
{
    glActiveTexture(GL_TEXTURE0 + (GLenum)unit);
    glBindTexture(GL_TEXTURE_2D, image->texture);
    glUniform1i(glGetUniformLocation(program->program, name), unit);
}

void gl_program_set_number(const GlProgram *program, const char *name, double value)
{
    glUniform1f(glGetUniformLocation(program->program, name), (GLfloat)value);
}
