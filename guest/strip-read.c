/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * strip-read FILE...: prints "frame=N width=W height=H" for each PNG or binary PPM that carries a
 * frame number (strip.h). Exit status 0 when all do, 1 with the reason on stderr when one does not.
 */
#include <errno.h>
#include <inttypes.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strip.h"

#define LARGEST_SIDE 32768u

typedef struct {
    uint32_t *pixels; /* owned, XRGB8888, no padding */
    unsigned width, height;
} Picture;

/* Each reader returns NULL or a reason. */
static const char *read_png(FILE *file, Picture *picture)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    if (!png_image_begin_read_from_stdio(&image, file))
        return "not a PNG that can be read";
    image.format = PNG_FORMAT_BGRA; /* bytes of a little endian XRGB8888 */
    picture->width = image.width;
    picture->height = image.height;
    picture->pixels = malloc(PNG_IMAGE_SIZE(image));
    if (picture->pixels == NULL || !png_image_finish_read(&image, NULL, picture->pixels, 0, NULL)) {
        png_image_free(&image);
        return "the PNG is damaged";
    }
    return NULL;
}

static const char *read_ppm(FILE *file, Picture *picture)
{
    unsigned maximum;
    if (fscanf(file, "P6 %u %u %u", &picture->width, &picture->height, &maximum) != 3 ||
        maximum != 255 || picture->width > LARGEST_SIDE || picture->height > LARGEST_SIDE)
        return "not a binary PPM of 8 bits";
    (void)getc(file);
    size_t count = (size_t)picture->width * picture->height;
    picture->pixels = malloc(count * sizeof(uint32_t));
    if (picture->pixels == NULL)
        return "no memory";
    for (size_t i = 0; i < count; i++) {
        unsigned char rgb[3];
        if (fread(rgb, sizeof rgb, 1, file) != 1)
            return "the PPM ends early";
        picture->pixels[i] = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
    }
    return NULL;
}

static const char *read_picture(FILE *file, Picture *picture)
{
    int first = getc(file);
    ungetc(first, file);
    return first == 'P' ? read_ppm(file, picture) : read_png(file, picture);
}

static int report(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "strip-read: %s: %s\n", path, strerror(errno));
        return 1;
    }
    Picture picture = { 0 };
    const char *reason = read_picture(file, &picture);
    fclose(file);

    uint32_t frame = 0;
    if (reason == NULL) {
        StripResult result = strip_decode(picture.pixels, picture.width, picture.height,
                                          picture.width * sizeof(uint32_t), &frame);
        reason = result == STRIP_OK ? NULL : strip_result_text(result);
    }
    if (reason != NULL)
        fprintf(stderr, "strip-read: %s: %s\n", path, reason);
    else
        printf("frame=%" PRIu32 " width=%u height=%u\n", frame, picture.width, picture.height);
    free(picture.pixels);
    return reason != NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: strip-read FILE...   (PNG or binary PPM)\n");
        return 2;
    }
    int status = 0;
    for (int i = 1; i < argc; i++)
        status |= report(argv[i]);
    return status;
}
