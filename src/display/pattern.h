/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pictures without a guest, for tests and measurements: what desktops show in a few kinds, the same
 * in every run. A kind has a few steps that are shown in turn, so that a source can paint them
 * beforehand and costs nothing while others are measured.
 */
#pragma once

#include "display/cursor.h"
#include "display/frame.h"
#include "display/rect.h"

typedef enum {
    PATTERN_STILL,  /* a page of text */
    PATTERN_TEXT,   /* another page with each step */
    PATTERN_SCROLL, /* text that moves up by a line, and back where the steps end */
    PATTERN_SMALL,  /* a page of text, a small thing moves before it */
    PATTERN_FULL,   /* smooth colours that change everywhere, like the demonstration's guest */
} PatternKind;

/* By PatternKind, for options; NULL ends it. */
extern const char *const pattern_names[];

/* The most steps of a kind. */
#define PATTERN_STEPS 16

/* Paints all of @frame. Nothing changes with the step of PATTERN_STILL. */
void pattern_paint(const Frame *frame, PatternKind kind, guint step);

/*
 * What may differ from step @before to step @after, in a picture of that size. Returns how many
 * areas, PATTERN_AREAS at most.
 */
#define PATTERN_AREAS 2
guint pattern_damage(PatternKind kind, int width, int height, guint before, guint after,
                     Rect *ret_areas);

/* An arrow. */
Cursor *pattern_cursor(void);
