/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, length) ((void)(start), (void)(length))
#define ASAN_UNPOISON_MEMORY_REGION(start, length) ((void)(start), (void)(length))
#endif

#define ROW_ALIGN 64 /* bytes: a line of the cache, and the widest vector */

/*
 * As many as a screen in motion has under way (the newest, the one before, one that is sent, one
 * that is made), three of them at 3840 x 2160.
 */
#define POOL_BUFFERS 4
#define POOL_BYTES ((gsize)100 << 20)

typedef struct {
    gsize size;
    void *memory;
    guint32 *pixels; /* in @memory, aligned */
} Buffer;

static struct {
    GMutex lock;
    Buffer *buffers[POOL_BUFFERS]; /* the newest first */
    guint n_buffers;
    gsize bytes;
} pool;

static void buffer_free(Buffer *buffer)
{
    if (buffer == NULL)
        return;
    free(buffer->memory);
    g_free(buffer);
}

/* From calloc(): that of a big buffer costs nothing before it is written. */
static Buffer *buffer_new(gsize size)
{
    void *memory = calloc(1, size + ROW_ALIGN - 1);
    if (memory == NULL)
        return NULL;
    Buffer *buffer = g_new(Buffer, 1);
    guintptr aligned = ((guintptr)memory + ROW_ALIGN - 1) & ~(guintptr)(ROW_ALIGN - 1);
    *buffer = (Buffer){ .size = size, .memory = memory, .pixels = (guint32 *)aligned };
    return buffer;
}

/* With the lock held. */
static Buffer *pool_remove(guint index)
{
    Buffer *buffer = pool.buffers[index];
    pool.n_buffers--;
    pool.bytes -= buffer->size;
    memmove(&pool.buffers[index], &pool.buffers[index + 1],
            (pool.n_buffers - index) * sizeof pool.buffers[0]);
    return buffer;
}

static Buffer *pool_take(gsize size)
{
    Buffer *found = NULL;
    g_mutex_lock(&pool.lock);
    for (guint i = 0; i < pool.n_buffers && found == NULL; i++)
        if (pool.buffers[i]->size == size)
            found = pool_remove(i);
    g_mutex_unlock(&pool.lock);
    if (found != NULL)
        ASAN_UNPOISON_MEMORY_REGION(found->pixels, found->size);
    return found;
}

/* The oldest ones make room: their size may have gone out of use. */
static void pool_put(gpointer data)
{
    Buffer *buffer = data, *dropped[POOL_BUFFERS];
    guint n_dropped = 0;
    if (buffer->size > POOL_BYTES) {
        buffer_free(buffer);
        return;
    }
    ASAN_POISON_MEMORY_REGION(buffer->pixels, buffer->size);
    g_mutex_lock(&pool.lock);
    while (pool.n_buffers == POOL_BUFFERS || pool.bytes + buffer->size > POOL_BYTES)
        dropped[n_dropped++] = pool_remove(pool.n_buffers - 1);
    memmove(&pool.buffers[1], &pool.buffers[0], pool.n_buffers * sizeof pool.buffers[0]);
    pool.buffers[0] = buffer;
    pool.n_buffers++;
    pool.bytes += buffer->size;
    g_mutex_unlock(&pool.lock);
    for (guint i = 0; i < n_dropped; i++)
        buffer_free(dropped[i]);
}

static gboolean check_size(int width, int height, GError **error)
{
    if (width >= 1 && height >= 1 && width <= FRAME_SIDE_LIMIT && height <= FRAME_SIDE_LIMIT)
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_INVALID,
                     "A picture of %d x %d pixels is impossible; 1 x 1 to %d x %d are handled",
                     width, height, FRAME_SIDE_LIMIT, FRAME_SIDE_LIMIT);
}

static Frame *frame_make(int width, int height, gsize stride, const guint32 *pixels,
                         GDestroyNotify release, gpointer owner)
{
    Frame *frame = g_new(Frame, 1);
    *frame = (Frame){ .width = width,
                      .height = height,
                      .stride = stride,
                      .pixels = pixels,
                      .release = release,
                      .owner = owner };
    g_atomic_ref_count_init(&frame->references);
    return frame;
}

static Frame *frame_allocate(int width, int height, gboolean black, GError **error)
{
    if (!check_size(width, height, error))
        return NULL;
    gsize row = (gsize)width * sizeof(guint32);
    gsize stride = (row + ROW_ALIGN - 1) & ~(gsize)(ROW_ALIGN - 1);
    gsize size = stride * (gsize)height;
    Buffer *buffer = pool_take(size);
    if (buffer != NULL && black)
        memset(buffer->pixels, 0, size);
    if (buffer == NULL)
        buffer = buffer_new(size);
    if (buffer == NULL) {
        error_set(error, VGPUCTL_ERROR_FAILED, "No memory for a picture of %d x %d pixels", width,
                  height);
        return NULL;
    }
    return frame_make(width, height, stride, buffer->pixels, pool_put, buffer);
}

Frame *frame_new(int width, int height, GError **error)
{
    return frame_allocate(width, height, TRUE, error);
}

Frame *frame_new_unfilled(int width, int height, GError **error)
{
    return frame_allocate(width, height, FALSE, error);
}

Frame *frame_new_wrapped(int width, int height, gsize stride, const guint32 *pixels,
                         GDestroyNotify release, gpointer owner, GError **error)
{
    if (!check_size(width, height, error))
        return NULL;
    if (stride < (gsize)width * sizeof(guint32) || stride % sizeof(guint32) != 0) {
        error_set(error, VGPUCTL_ERROR_INVALID,
                  "Rows of %" G_GSIZE_FORMAT " bytes do not hold a picture %d pixels wide", stride,
                  width);
        return NULL;
    }
    return frame_make(width, height, stride, pixels, release, owner);
}

Frame *frame_ref(Frame *frame)
{
    g_atomic_ref_count_inc(&frame->references);
    return frame;
}

void frame_unref(Frame *frame)
{
    if (frame == NULL || !g_atomic_ref_count_dec(&frame->references))
        return;
    if (frame->release != NULL)
        frame->release(frame->owner);
    g_free(frame);
}

Frame *frame_make_writable(Frame *frame, GError **error)
{
    if (frame->release == pool_put && g_atomic_ref_count_compare(&frame->references, 1))
        return frame;
    Frame *copy = frame_new_unfilled(frame->width, frame->height, error);
    for (int y = 0; copy != NULL && y < frame->height; y++)
        memcpy(frame_row(copy, y), frame_row(frame, y), (gsize)frame->width * sizeof(guint32));
    frame_unref(frame);
    return copy;
}
