/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/encode-jpeg.h"

#include <turbojpeg.h>

static void end(gpointer compressor)
{
    tjDestroy(compressor);
}

static tjhandle my_compressor(void)
{
    static GPrivate mine = G_PRIVATE_INIT(end);
    tjhandle compressor = g_private_get(&mine);
    if (compressor == NULL) {
        compressor = tjInitCompress();
        g_private_set(&mine, compressor);
    }
    return compressor;
}

gboolean encode_jpeg(const Frame *frame, Rect rect, int quality, gboolean subsampled,
                     GByteArray *ret_jpeg)
{
    tjhandle compressor = my_compressor();
    int colour = subsampled ? TJSAMP_420 : TJSAMP_444;
    unsigned long room = tjBufSize(rect.width, rect.height, colour), size = room;
    if (compressor == NULL || room == (unsigned long)-1)
        return FALSE;
    g_byte_array_set_size(ret_jpeg, (guint)room);
    guint8 *buffer = ret_jpeg->data;
    const guint8 *pixels = (const guint8 *)(frame_row(frame, rect.y) + rect.x);
    int order = G_BYTE_ORDER == G_LITTLE_ENDIAN ? TJPF_BGRX : TJPF_XRGB;
    if (tjCompress2(compressor, pixels, rect.width, (int)frame->stride, rect.height, order, &buffer,
                    &size, colour, quality, TJFLAG_NOREALLOC) != 0)
        return FALSE;
    g_byte_array_set_size(ret_jpeg, (guint)size);
    return TRUE;
}
