/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/update-job.h"

#include <string.h>

#include "display/rfb-wire.h"
#include "display/viewer.h"

/* More threads would have too little each to be worth their waking. */
#define THREADS_MOST 4

typedef struct {
    UpdatePart part;
    EncodeSettings settings;
} Part;

struct UpdateJob {
    gatomicrefcount references;
    EncodeCache *cache;
    Frame *frame;
    guint64 serial;
    GArray *parts; /* Part */
    gint next;     /* part to take, atomic */
    gint left;     /* parts that are not finished, atomic */
    gint dropped;  /* atomic */
    GMainContext *context;
    UpdateJobDone done;
    gpointer userdata;
};

static void clear_part(gpointer data)
{
    Part *part = data;
    g_clear_pointer(&part->part.bytes, g_bytes_unref);
    g_clear_pointer(&part->part.pixels, g_bytes_unref);
}

UpdateJob *update_job_new(EncodeCache *cache, Frame *frame, guint64 serial)
{
    UpdateJob *job = g_new0(UpdateJob, 1);
    g_atomic_ref_count_init(&job->references);
    job->cache = cache;
    job->frame = frame_ref(frame);
    job->serial = serial;
    job->parts = g_array_new(FALSE, TRUE, sizeof(Part));
    g_array_set_clear_func(job->parts, clear_part);
    return job;
}

static void job_unref(gpointer data)
{
    UpdateJob *job = data;
    if (!g_atomic_ref_count_dec(&job->references))
        return;
    g_array_unref(job->parts);
    frame_unref(job->frame);
    g_clear_pointer(&job->context, g_main_context_unref);
    g_free(job);
}

static UpdateJob *job_ref(UpdateJob *job)
{
    g_atomic_ref_count_inc(&job->references);
    return job;
}

void update_job_drop(UpdateJob *job)
{
    g_atomic_int_set(&job->dropped, TRUE);
    job_unref(job);
}

/* Rows that lie in the frame as Raw has them on the wire: they are sent from there. */
static gboolean is_as_it_lies(const Frame *frame, const EncodeSettings *settings, Rect rect)
{
    return settings->kind == ENCODE_RAW && rect.width == frame->width &&
           frame->stride == (gsize)frame->width * sizeof(guint32) &&
           pixel_format_equal(&settings->format, &pixel_format_native);
}

void update_job_add(UpdateJob *job, const EncodeSettings *settings, Rect rect)
{
    Part part = { .part.rect = rect, .settings = *settings };
    if (job->parts->len > 0 && is_as_it_lies(job->frame, settings, rect)) {
        Part *last = &g_array_index(job->parts, Part, job->parts->len - 1);
        if (is_as_it_lies(job->frame, &last->settings, last->part.rect) &&
            last->part.rect.y + last->part.rect.height == rect.y) {
            last->part.rect.height += rect.height;
            return;
        }
    }
    g_array_append_val(job->parts, part);
}

static void send_as_it_lies(const UpdateJob *job, UpdatePart *part)
{
    guint8 header[12];
    Rect rect = part->rect;
    rfb_put16(header, (guint)rect.x);
    rfb_put16(header + 2, (guint)rect.y);
    rfb_put16(header + 4, (guint)rect.width);
    rfb_put16(header + 6, (guint)rect.height);
    rfb_put32(header + 8, RFB_ENCODING_RAW);
    part->bytes = g_bytes_new(header, sizeof header);
    part->pixels = g_bytes_new_with_free_func(frame_row(job->frame, rect.y),
                                              (gsize)rect.height * job->frame->stride,
                                              (GDestroyNotify)frame_unref, frame_ref(job->frame));
    part->result = (EncodeResult){ .rects = 1 };
}

static void encode_part(UpdateJob *job, Part *part)
{
    if (is_as_it_lies(job->frame, &part->settings, part->part.rect))
        send_as_it_lies(job, &part->part);
    else
        part->part.bytes = encode_cached(job->cache, &part->settings, job->frame, job->serial,
                                         part->part.rect, &part->part.result);
}

static gboolean on_done(gpointer data)
{
    UpdateJob *job = data;
    if (!g_atomic_int_get(&job->dropped))
        job->done(job, job->userdata);
    return G_SOURCE_REMOVE;
}

/* Not g_main_context_invoke(): that may call in this thread. */
static void tell_done(UpdateJob *job)
{
    g_autoptr(GSource) source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, on_done, job_ref(job), job_unref);
    g_source_attach(source, job->context);
}

void viewer_work(gpointer data, gpointer unused)
{
    UpdateJob *job = data;
    for (;;) {
        guint index = (guint)g_atomic_int_add(&job->next, 1);
        if (index >= job->parts->len)
            break;
        if (!g_atomic_int_get(&job->dropped))
            encode_part(job, &g_array_index(job->parts, Part, index));
        if (g_atomic_int_dec_and_test(&job->left))
            tell_done(job);
    }
    job_unref(job);
}

void update_job_start(UpdateJob *job, GThreadPool *workers, UpdateJobDone done, gpointer userdata)
{
    guint threads = MIN((guint)MAX(g_thread_pool_get_max_threads(workers), 1), THREADS_MOST);
    g_assert(job->parts->len > 0);
    job->context = g_main_context_ref_thread_default();
    job->done = done;
    job->userdata = userdata;
    job->left = (gint)job->parts->len;
    threads = MIN(threads, job->parts->len);
    for (guint i = 0; i < threads; i++)
        g_thread_pool_push(workers, job_ref(job), NULL);
}

guint64 update_job_serial(const UpdateJob *job)
{
    return job->serial;
}

guint update_job_parts(const UpdateJob *job)
{
    return job->parts->len;
}

Rect update_job_rect(const UpdateJob *job, guint index)
{
    return g_array_index(job->parts, Part, index).part.rect;
}

UpdatePart update_job_part(const UpdateJob *job, guint index)
{
    return g_array_index(job->parts, Part, index).part;
}
