/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/encode-size.h"

static void append_header(guint x, guint y, int width, int height, gint32 encoding, GByteArray *out)
{
    guint8 header[12];
    rfb_put16(header, x);
    rfb_put16(header + 2, y);
    rfb_put16(header + 4, (guint)width);
    rfb_put16(header + 6, (guint)height);
    rfb_put32(header + 8, (guint32)encoding);
    g_byte_array_append(out, header, sizeof header);
}

void encode_size(int width, int height, GByteArray *out)
{
    append_header(0, 0, width, height, RFB_ENCODING_DESKTOP_SIZE, out);
}

void encode_extended_size(int width, int height, RfbResizeReason reason, RfbResizeStatus status,
                          GByteArray *out)
{
    guint8 screens[4 + 16] = { 1 }; /* how many; then id, x, y, width, height, flags */
    append_header(reason, status, width, height, RFB_ENCODING_EXTENDED_DESKTOP_SIZE, out);
    rfb_put32(screens + 4, 1); /* libvncclient takes a screen 0 for none and keeps its size */
    rfb_put16(screens + 12, (guint)width);
    rfb_put16(screens + 14, (guint)height);
    g_byte_array_append(out, screens, sizeof screens);
}
