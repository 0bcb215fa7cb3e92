/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A picture in memory, and PNG out of it.
 */
#pragma once

#include <glib.h>

/* The longest side anybody sends us: a limit for what strangers may make us allocate. */
#define IMAGE_SIDE_LIMIT 16384

typedef struct {
    int width, height;
    gsize stride;    /* bytes from one row to the next */
    guint32 *pixels; /* owned; 0xXXRRGGBB in the machine's byte order, X means nothing */
} Image;

/* A black picture. NULL with @error set for an impossible size or no memory. */
Image *image_new(int width, int height, GError **error);
void image_free(Image *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Image, image_free)

/* The pixels of row @y. */
guint32 *image_row(const Image *image, int y);

/* Encodes as PNG: 8 bits a channel, RGB. NULL with @error set. */
GByteArray *image_to_png(const Image *image, GError **error);

/*
 * Writes a PNG file in place of what was at @path, all or nothing; "-" is standard output. A full
 * disk is an error that leaves nothing behind.
 */
gboolean image_write_png(const Image *image, const char *path, GError **error);
