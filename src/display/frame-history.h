/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For who changes small parts of a picture again and again while others still read the last ones.
 * frame_make_writable() would copy all of it each time; here the next frame is an older one that
 * nobody reads any more, and only what has changed since is copied: what an update costs depends on
 * its size and not on that of the screen. For one thread at a time.
 */
#pragma once

#include "display/frame.h"
#include "display/rect.h"

typedef struct FrameHistory FrameHistory;

FrameHistory *frame_history_new(void);
void frame_history_free(FrameHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FrameHistory, frame_history_free)

/*
 * A frame that shows what @newest does, which is taken over, to be written until it is handed on.
 * @newest may come from anywhere; what came from here was changed since as
 * frame_history_changed() was told, and no otherwise. NULL with @error set when there is no memory.
 */
Frame *frame_history_make_writable(FrameHistory *history, Frame *newest, GError **error);

/* @rect, within the picture, of the frame that was given out last was or will be written. */
void frame_history_changed(FrameHistory *history, Rect rect);
