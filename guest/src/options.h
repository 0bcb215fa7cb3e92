/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the guest is asked to do
 *
 * One word of the kernel command line, "vgpuctl.guest=mode=full,fps=30", which init hands to the
 * program as its only argument.
 */
#pragma once

#include <stdbool.h>

#include "picture.h"

typedef struct {
    const PictureMode *mode;
    unsigned fps;      /* frames a second; 0: as many as the device takes */
    unsigned seconds;  /* until the program ends by itself; 0: never */
    int width, height; /* 0: the mode that the display prefers */
} Options;

/*
 * Reads "mode=NAME,fps=N,size=WxH,seconds=N", each part optional, NULL for none. Returns NULL, or
 * the part that is wrong.
 */
const char *options_parse(Options *options, char *words);
