/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One picture of a guest's screen, counted by references. Who has a reference may read it from any
 * thread for as long as they like: a frame that was handed on is never written again. So nobody
 * waits for anybody: a source makes the next frame while viewers still send this one.
 */
#pragma once

#include <glib.h>

/* The longest side anybody sends us: a limit for what strangers may make us allocate. */
#define FRAME_SIDE_LIMIT 16384

typedef struct Frame {
    int width, height;
    gsize stride;          /* bytes from one row to the next, a multiple of 4 */
    const guint32 *pixels; /* 0xXXRRGGBB in the machine's byte order, X means nothing */
    /* frame.c's own */
    gatomicrefcount references;
    GDestroyNotify release;
    gpointer owner;
} Frame;

/*
 * A black picture of ours. NULL with @error set for an impossible size or no memory. The memory of
 * the last few pictures is kept for the next ones of their size: the faults of fresh pages cost as
 * much as a copy.
 */
Frame *frame_new(int width, int height, GError **error);

/* As frame_new(), but what it shows is anything: for who writes every pixel. */
Frame *frame_new_unfilled(int width, int height, GError **error);

/*
 * A picture that lies in somebody else's memory, which stays unchanged until @release(@owner) is
 * called with the last reference: no copy is made. NULL with @error set, @owner not released, for
 * an impossible size or stride.
 */
Frame *frame_new_wrapped(int width, int height, gsize stride, const guint32 *pixels,
                         GDestroyNotify release, gpointer owner, GError **error);

Frame *frame_ref(Frame *frame);
void frame_unref(Frame *frame);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Frame, frame_unref)

/*
 * @frame, which is taken over, to be written: itself when nobody else has it and the memory is
 * ours, else a copy. NULL with @error set when there is no memory.
 */
Frame *frame_make_writable(Frame *frame, GError **error);

/* The pixels of row @y; to write only before the frame is handed on. */
static inline guint32 *frame_row(const Frame *frame, int y)
{
    return (guint32 *)(gpointer)((guint8 *)(gpointer)frame->pixels + (gsize)y * frame->stride);
}
