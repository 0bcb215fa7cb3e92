/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/viewer-state.h"

#include <string.h>

#include "display/encode-size.h"

/* Until the first frame is there. */
#define FIRST_WIDTH 640
#define FIRST_HEIGHT 480

/* ServerInit (RFC 6143, 7.3.2). */
void viewer_say_hello(Viewer *viewer)
{
    g_autoptr(Frame) frame = screen_frame(viewer->host->screen);
    guint8 bytes[4 + PIXEL_FORMAT_WIRE_BYTES + 4];
    gsize length = strlen(viewer->host->name);
    viewer_set_size(viewer, frame != NULL ? frame->width : FIRST_WIDTH,
                    frame != NULL ? frame->height : FIRST_HEIGHT);
    rfb_put16(bytes, (guint)viewer->width);
    rfb_put16(bytes + 2, (guint)viewer->height);
    pixel_format_write(&viewer->format, bytes + 4);
    rfb_put32(bytes + 4 + PIXEL_FORMAT_WIRE_BYTES, (guint32)length);
    outbox_put_copy(viewer->outbox, bytes, sizeof bytes);
    outbox_put_copy(viewer->outbox, viewer->host->name, length);
}

void viewer_say_fence(Viewer *viewer, guint32 flags, const guint8 *payload, guint length)
{
    guint8 bytes[4 + 4 + 1 + RFB_FENCE_BYTES] = { RFB_SERVER_FENCE };
    rfb_put32(bytes + 4, flags);
    bytes[8] = (guint8)length;
    memcpy(bytes + 9, payload, length);
    outbox_put_copy(viewer->outbox, bytes, 9 + length);
}

void viewer_say_own_fence(Viewer *viewer, gsize sent_bytes)
{
    guint8 payload[4];
    rfb_put32(payload, pace_sent(&viewer->pace, sent_bytes, g_get_monotonic_time()));
    if (viewer->abilities.fence)
        viewer_say_fence(viewer, RFB_FENCE_REQUEST | RFB_FENCE_BLOCK_BEFORE, payload,
                         sizeof payload);
}

void viewer_say_end_of_continuous(Viewer *viewer)
{
    static const guint8 type = RFB_SERVER_END_OF_CONTINUOUS_UPDATES;
    outbox_put_copy(viewer->outbox, &type, sizeof type);
}

/* ServerCutText (RFC 6143, 7.6.4); one that does not read its line has no use for it. */
void viewer_say_text(Viewer *viewer, const char *text)
{
    gsize length = 0;
    g_autofree guint8 *latin1 = clipboard_to_latin1(text, &length);
    guint8 header[8] = { RFB_SERVER_CUT_TEXT };
    if (outbox_held_bytes(viewer->outbox) > CLIPBOARD_LIMIT)
        return;
    rfb_put32(header + 4, (guint32)length);
    outbox_put_copy(viewer->outbox, header, sizeof header);
    outbox_put_copy(viewer->outbox, latin1, length);
}

void viewer_say_update(Viewer *viewer, guint n_rects)
{
    guint8 header[4] = { RFB_SERVER_UPDATE };
    rfb_put16(header + 2, n_rects);
    outbox_put_copy(viewer->outbox, header, sizeof header);
}

void viewer_say_size(Viewer *viewer, RfbResizeReason reason, RfbResizeStatus status)
{
    g_autoptr(GByteArray) rect = g_byte_array_new();
    if (viewer->abilities.extended_size)
        encode_extended_size(viewer->width, viewer->height, reason, status, rect);
    else
        encode_size(viewer->width, viewer->height, rect);
    viewer_say_update(viewer, 1);
    outbox_put_copy(viewer->outbox, rect->data, rect->len);
}
