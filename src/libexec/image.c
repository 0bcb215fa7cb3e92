/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/image.h"

#include <errno.h>
#include <png.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

Image *image_new(int width, int height, GError **error)
{
    if (width < 1 || height < 1 || width > IMAGE_SIDE_LIMIT || height > IMAGE_SIDE_LIMIT) {
        error_set(error, VGPUCTL_ERROR_INVALID,
                  "A picture of %d x %d pixels is impossible; 1 x 1 to %d x %d are handled", width,
                  height, IMAGE_SIDE_LIMIT, IMAGE_SIDE_LIMIT);
        return NULL;
    }
    gsize stride = (gsize)width * sizeof(guint32);
    guint32 *pixels = g_try_malloc0(stride * (gsize)height);
    if (pixels == NULL) {
        error_set(error, VGPUCTL_ERROR_FAILED, "No memory for a picture of %d x %d pixels", width,
                  height);
        return NULL;
    }
    Image *image = g_new(Image, 1);
    *image = (Image){ .width = width, .height = height, .stride = stride, .pixels = pixels };
    return image;
}

void image_free(Image *image)
{
    if (image == NULL)
        return;
    g_free(image->pixels);
    g_free(image);
}

guint32 *image_row(const Image *image, int y)
{
    return (guint32 *)((char *)image->pixels + (gsize)y * image->stride);
}

static void on_png_error(png_structp png, png_const_charp message)
{
    error_set(png_get_error_ptr(png), VGPUCTL_ERROR_FAILED, "Encoding PNG: %s", message);
    png_longjmp(png, 1);
}

static void on_png_warning(png_structp png, png_const_charp message)
{
}

static void on_png_data(png_structp png, png_bytep data, size_t length)
{
    g_byte_array_append(png_get_io_ptr(png), data, (guint)length);
}

static void on_png_flush(png_structp png)
{
}

/* libpng leaves by longjmp when it fails: no variable that cleans up after itself may live here. */
static gboolean encode(png_structp png, png_infop info, const Image *image)
{
    if (setjmp(png_jmpbuf(png)) != 0)
        return FALSE;
    png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    /* a pixel in memory is B G R X, or X R G B where bytes go the other way */
    if (G_BYTE_ORDER == G_LITTLE_ENDIAN)
        png_set_bgr(png);
    png_set_filler(png, 0, G_BYTE_ORDER == G_LITTLE_ENDIAN ? PNG_FILLER_AFTER : PNG_FILLER_BEFORE);
    for (int y = 0; y < image->height; y++)
        png_write_row(png, (png_const_bytep)image_row(image, y));
    png_write_end(png, info);
    return TRUE;
}

GByteArray *image_to_png(const Image *image, GError **error)
{
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, error, on_png_error, on_png_warning);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    if (info == NULL) {
        png_destroy_write_struct(&png, NULL);
        error_set(error, VGPUCTL_ERROR_FAILED, "Encoding PNG: libpng cannot be set up");
        return NULL;
    }
    GByteArray *bytes = g_byte_array_new();
    png_set_write_fn(png, bytes, on_png_data, on_png_flush);
    gboolean done = encode(png, info, image);
    png_destroy_write_struct(&png, &info);
    if (!done)
        g_clear_pointer(&bytes, g_byte_array_unref);
    return bytes;
}

gboolean image_write_png(const Image *image, const char *path, GError **error)
{
    g_autoptr(GByteArray) bytes = image_to_png(image, error);
    if (bytes == NULL)
        return FALSE;
    if (!g_str_equal(path, "-"))
        return file_write_atomic(path, bytes->data, bytes->len, 0644, error);
    if (!file_write_all(STDOUT_FILENO, bytes->data, bytes->len))
        return error_set_errno(error, errno, "Writing the picture to standard output");
    return TRUE;
}
