/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_FPS 30
#define MOST_FPS 1000
#define MOST_SECONDS 1000000
#define LARGEST_SIDE 16384

static bool parse_number(const char *text, unsigned most, unsigned *number)
{
    char rest;
    return text != NULL && sscanf(text, "%u%c", number, &rest) == 1 && *number <= most;
}

static bool parse_size(const char *text, int *width, int *height)
{
    char rest;
    return text != NULL && sscanf(text, "%dx%d%c", width, height, &rest) == 2 && *width > 0 &&
           *height > 0 && *width <= LARGEST_SIDE && *height <= LARGEST_SIDE;
}

const char *options_parse(Options *options, char *words)
{
    enum { MODE, FPS, SIZE, SECONDS };
    static char mode[] = "mode", fps[] = "fps", size[] = "size", seconds[] = "seconds";
    static char *const names[] = {
        [MODE] = mode, [FPS] = fps, [SIZE] = size, [SECONDS] = seconds, NULL
    };
    *options = (Options){ .mode = picture_mode_find("full"), .fps = DEFAULT_FPS };

    while (words != NULL && *words != '\0') {
        const char *part = words;
        char *value = NULL;
        bool is_good = false;
        switch (getsubopt(&words, names, &value)) {
        case MODE:
            options->mode = value != NULL ? picture_mode_find(value) : NULL;
            is_good = options->mode != NULL;
            break;
        case FPS:
            is_good = parse_number(value, MOST_FPS, &options->fps);
            break;
        case SIZE:
            is_good = parse_size(value, &options->width, &options->height);
            break;
        case SECONDS:
            is_good = parse_number(value, MOST_SECONDS, &options->seconds);
            break;
        }
        if (!is_good)
            return part;
    }
    return NULL;
}
