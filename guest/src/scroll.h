/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scrolling text
 *
 * A page of text that moves up by a few pixels a frame: what a display sees of terminals and
 * editors. The page is a ring of lines as tall as the screen; a frame copies it and a new text line
 * is drawn when one has left at the top.
 */
#pragma once

#include "canvas.h"

typedef struct Scroll Scroll;

/* NULL when memory is short. */
Scroll *scroll_new(int width, int height);
void scroll_free(Scroll *scroll);

/* Paints the page as it stands in frame @frame (counting from 1, rising by one from call to call).
 */
void scroll_paint(Scroll *scroll, const Canvas *canvas, uint32_t frame);
