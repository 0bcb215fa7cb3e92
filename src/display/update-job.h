/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rectangles of one update, encoded by worker threads: as many as are free take one part after
 * another. Parts are cut where the tiles are, so that viewers who lack different parts of a frame
 * still find the same ones in the cache.
 */
#pragma once

#include <gio/gio.h>

#include "display/encode-cache.h"

typedef struct UpdateJob UpdateJob;

/* In the main context that started it. Not called for a job that was cancelled. */
typedef void (*UpdateJobDone)(UpdateJob *job, gpointer userdata);

/* @frame: a reference is taken; @serial: its number. @cache is borrowed until all workers ended. */
UpdateJob *update_job_new(EncodeCache *cache, Frame *frame, guint64 serial);

/* One more part, before the start; @rect lies in the frame. */
void update_job_add(UpdateJob *job, const EncodeSettings *settings, Rect rect);

/* @workers run viewer_work(). */
void update_job_start(UpdateJob *job, GThreadPool *workers, UpdateJobDone done, gpointer userdata);

/* Ends the caller's interest, before or after it was done. */
void update_job_drop(UpdateJob *job);

typedef struct {
    Rect rect;
    EncodeResult result;
    GBytes *bytes;  /* borrowed */
    GBytes *pixels; /* borrowed, follow the bytes; or NULL */
} UpdatePart;

guint64 update_job_serial(const UpdateJob *job);

guint update_job_parts(const UpdateJob *job);
Rect update_job_rect(const UpdateJob *job, guint index);

/* Of a job that is done: before, workers write there. */
UpdatePart update_job_part(const UpdateJob *job, guint index);
