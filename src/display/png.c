/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/png.h"

#include <errno.h>
#include <png.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

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
static gboolean encode(png_structp png, png_infop info, const Frame *frame)
{
    if (setjmp(png_jmpbuf(png)) != 0)
        return FALSE;
    png_set_IHDR(png, info, (png_uint_32)frame->width, (png_uint_32)frame->height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    /* a pixel in memory is B G R X, or X R G B where bytes go the other way */
    if (G_BYTE_ORDER == G_LITTLE_ENDIAN)
        png_set_bgr(png);
    png_set_filler(png, 0, G_BYTE_ORDER == G_LITTLE_ENDIAN ? PNG_FILLER_AFTER : PNG_FILLER_BEFORE);
    for (int y = 0; y < frame->height; y++)
        png_write_row(png, (png_const_bytep)frame_row(frame, y));
    png_write_end(png, info);
    return TRUE;
}

GByteArray *frame_to_png(const Frame *frame, GError **error)
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
    gboolean done = encode(png, info, frame);
    png_destroy_write_struct(&png, &info);
    if (!done)
        g_clear_pointer(&bytes, g_byte_array_unref);
    return bytes;
}

gboolean frame_write_png(const Frame *frame, const char *path, GError **error)
{
    g_autoptr(GByteArray) bytes = frame_to_png(frame, error);
    if (bytes == NULL)
        return FALSE;
    if (!g_str_equal(path, "-"))
        return file_write_atomic(path, bytes->data, bytes->len, 0644, error);
    if (!file_write_all(STDOUT_FILENO, bytes->data, bytes->len))
        return error_set_errno(error, errno, "Writing the picture to standard output");
    return TRUE;
}
