/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/viewer-state.h"

#include <string.h>

#include "base/error.h"

#define QNUM_LEFT_SHIFT 0x2a

static gboolean take_pixel_format(Viewer *viewer, const RfbMessage *message, GError **error)
{
    PixelFormat format;
    if (!pixel_format_read(message->pixel_format, &format, error))
        return FALSE;
    if (pixel_format_equal(&format, &viewer->format))
        return TRUE;
    viewer->format = format;
    viewer->news.cursor = viewer->abilities.cursor && !viewer->abilities.cursor_alpha;
    viewer_unmake(viewer);
    return TRUE;
}

/* What we can, too, is said once, to who knows it. */
static void say_abilities(Viewer *viewer, const ViewerAbilities *before)
{
    const ViewerAbilities *now = &viewer->abilities;
    if (now->fence && !before->fence) {
        pace_answered_all(&viewer->pace, g_get_monotonic_time()); /* none of them has a fence */
        viewer_say_own_fence(viewer, 0);
    }
    if (now->continuous && !before->continuous)
        viewer_say_end_of_continuous(viewer);
    if ((now->cursor && !before->cursor) || (now->cursor_alpha && !before->cursor_alpha))
        viewer->news.cursor = TRUE;
    if (now->extended_size && !before->extended_size)
        viewer->news.size = TRUE;
    if ((now->qemu_key && !before->qemu_key) ||
        (now->extended_buttons && !before->extended_buttons))
        viewer->news.abilities = TRUE;
}

static void take_encodings(Viewer *viewer, const RfbMessage *message)
{
    ViewerAbilities before = viewer->abilities;
    viewer->abilities = viewer_abilities_read(message);
    say_abilities(viewer, &before);
}

static void take_update_request(Viewer *viewer, const RfbMessage *message)
{
    Rect area = { message->update_request.x, message->update_request.y,
                  message->update_request.width, message->update_request.height };
    if (message->update_request.incremental && viewer->continuous)
        return;
    if (!message->update_request.incremental) {
        tile_set_owe(viewer->tiles, area);
        viewer->news.size = viewer->news.size || viewer->abilities.extended_size;
    }
    viewer->area = viewer->requested ? rect_around(viewer->area, area) : area;
    viewer->requested = TRUE;
}

static void take_continuous(Viewer *viewer, const RfbMessage *message)
{
    viewer->continuous = message->continuous.enable;
    viewer->continuous_area = (Rect){ message->continuous.x, message->continuous.y,
                                      message->continuous.width, message->continuous.height };
    if (viewer->continuous)
        return;
    /* nothing that was not asked for follows the end */
    viewer_unmake(viewer);
    viewer_say_end_of_continuous(viewer);
}

/* Ours has a number of the pace in it. */
static void take_fence_answer(Viewer *viewer, const RfbMessage *message)
{
    if (message->fence.length == 4)
        pace_answered(&viewer->pace, rfb_get32(message->fence.payload), g_get_monotonic_time());
}

static void take_fence(Viewer *viewer, const RfbMessage *message)
{
    guint32 known = RFB_FENCE_BLOCK_BEFORE | RFB_FENCE_BLOCK_AFTER | RFB_FENCE_SYNC_NEXT;
    guint32 flags = message->fence.flags & known;
    if ((message->fence.flags & RFB_FENCE_REQUEST) == 0) {
        take_fence_answer(viewer, message);
        return;
    }
    if ((flags & RFB_FENCE_SYNC_NEXT) == 0) {
        viewer_say_fence(viewer, flags, message->fence.payload, message->fence.length);
        return;
    }
    viewer->sync.pending = TRUE;
    viewer->sync.flags = flags;
    viewer->sync.length = message->fence.length;
    memcpy(viewer->sync.payload, message->fence.payload, message->fence.length);
}

/* The answer is that the guest was asked: it takes another mode when it likes, or never. */
static void take_resize(Viewer *viewer, const RfbMessage *message)
{
    g_autoptr(GError) error = NULL;
    RfbResizeStatus status = RFB_RESIZE_FORWARDED;
    int width = message->resize.width, height = message->resize.height;
    if (message->resize.screens != 1 || width == 0 || height == 0 || width > FRAME_SIDE_LIMIT ||
        height > FRAME_SIDE_LIMIT)
        status = RFB_RESIZE_INVALID_LAYOUT;
    else if (width == viewer->width && height == viewer->height)
        status = RFB_RESIZE_DONE;
    else if (viewer->host->source == NULL || viewer->host->input == NULL)
        status = RFB_RESIZE_PROHIBITED;
    else if (!source_resize(viewer->host->source, width, height, &error))
        status = g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED)
                     ? RFB_RESIZE_PROHIBITED
                     : RFB_RESIZE_OUT_OF_RESOURCES;
    if (viewer->abilities.extended_size)
        viewer_say_size(viewer, RFB_RESIZE_BY_THIS_CLIENT, status);
}

/* A viewer that has no scancodes tells no Shift that its own layout did not need. */
static void take_keysym(Viewer *viewer, guint32 keysym, gboolean down)
{
    Input *input = viewer->host->input;
    gboolean shift = FALSE;
    if (viewer->host->keysyms == NULL || keysym == 0)
        return;
    guint qnum = keysyms_find(viewer->host->keysyms, keysym, &shift);
    if (qnum == 0)
        return;
    if (down && shift && viewer->lent_shift_for == 0) {
        input_key(input, &viewer->lent_shift_for, QNUM_LEFT_SHIFT, TRUE);
        viewer->lent_shift_for = qnum;
    }
    input_key(input, viewer, qnum, down);
    if (!down && viewer->lent_shift_for == qnum) {
        viewer->lent_shift_for = 0;
        input_key(input, &viewer->lent_shift_for, QNUM_LEFT_SHIFT, FALSE);
    }
}

/* The guest answers with a picture, more often than not. */
static void hurry(const Viewer *viewer)
{
    if (viewer->host->source != NULL)
        source_hurry(viewer->host->source);
}

static void take_key(Viewer *viewer, const RfbMessage *message)
{
    if (viewer->host->input == NULL)
        return;
    hurry(viewer);
    if (message->key.qnum != 0)
        input_key(viewer->host->input, viewer, message->key.qnum, message->key.down);
    else
        take_keysym(viewer, message->key.keysym, message->key.down);
}

static void take_pointer(Viewer *viewer, const RfbMessage *message)
{
    if (viewer->host->input == NULL)
        return;
    hurry(viewer);
    input_pointer(viewer->host->input, viewer, message->pointer.x, message->pointer.y,
                  viewer->width, viewer->height, message->pointer.mask);
}

/* Of a text that is too long nothing is passed on: one with holes is worse than none. */
static void keep_text(Viewer *viewer, const RfbMessage *message)
{
    if (viewer->text == NULL)
        viewer->text = g_string_new(NULL);
    viewer->text_too_long =
        viewer->text_too_long || message->text.length > CLIPBOARD_LIMIT - viewer->text->len;
    if (!viewer->text_too_long)
        g_string_append_len(viewer->text, (const char *)message->text.bytes,
                            (gssize)message->text.length);
}

static void take_text(Viewer *viewer, const RfbMessage *message)
{
    if (viewer->host->clipboard == NULL || viewer->host->input == NULL)
        return;
    keep_text(viewer, message);
    if (message->text.left > 0)
        return;
    g_autofree char *text =
        clipboard_from_latin1((const guint8 *)viewer->text->str, viewer->text->len);
    gboolean whole = !viewer->text_too_long;
    g_string_free(g_steal_pointer(&viewer->text), TRUE);
    viewer->text_too_long = FALSE;
    if (whole)
        clipboard_copy(viewer->host->clipboard, viewer, text);
}

gboolean viewer_take_message(Viewer *viewer, const RfbMessage *message, GError **error)
{
    switch (message->kind) {
    case RFB_MESSAGE_NOTHING:
        break;
    case RFB_MESSAGE_PIXEL_FORMAT:
        return take_pixel_format(viewer, message, error);
    case RFB_MESSAGE_ENCODINGS:
        take_encodings(viewer, message);
        break;
    case RFB_MESSAGE_UPDATE_REQUEST:
        take_update_request(viewer, message);
        break;
    case RFB_MESSAGE_KEY:
        take_key(viewer, message);
        break;
    case RFB_MESSAGE_POINTER:
        take_pointer(viewer, message);
        break;
    case RFB_MESSAGE_CONTINUOUS_UPDATES:
        take_continuous(viewer, message);
        break;
    case RFB_MESSAGE_FENCE:
        take_fence(viewer, message);
        break;
    case RFB_MESSAGE_RESIZE:
        take_resize(viewer, message);
        break;
    case RFB_MESSAGE_TEXT:
        take_text(viewer, message);
        break;
    }
    return TRUE;
}
