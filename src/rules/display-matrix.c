/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/display-matrix.h"

const char *const display_words[] = { "auto",  "none",      "gtk", "sdl",
                                      "spice", "spice-app", "vnc", NULL };
