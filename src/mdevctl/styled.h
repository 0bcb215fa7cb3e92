/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text in pieces, each with the colour that mdevctl 1.2.0 (clap 3 and env_logger on termcolor)
 * gives it on a terminal. Every piece begins and ends with a reset there, and so it does here.
 */
#pragma once

#include <glib.h>

typedef struct {
    GString *text;
    gboolean has_colour;
} Styled;

typedef enum {
    STYLE_NONE,
    STYLE_GOOD,    /* green: what is right */
    STYLE_WARNING, /* yellow: what is wrong, and headings */
    STYLE_ERROR,   /* bold red */
} Style;

/* Whether @fd is a terminal that shows colours and the user wants them (TERM, NO_COLOR). */
gboolean styled_is_terminal(int fd);

Styled *styled_new(gboolean has_colour);
void styled_free(Styled *styled);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Styled, styled_free)

void styled_add(Styled *styled, Style style, const char *text);
void styled_add_format(Styled *styled, Style style, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The whole text; frees @styled. Owned. */
char *styled_finish(Styled *styled);
