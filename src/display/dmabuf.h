/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pixels of dma-bufs: mapped where the exporter lets the processor (DMA_BUF_IOCTL_SYNC around
 * each read), else imported by EGL on a DRM node and read back, as tiled ones must be (real GVT-g:
 * its mmap says ENODEV). The context and what was mapped or imported is kept from one read to the
 * next, for a buffer is shown many times.
 */
#pragma once

#include "display/frame.h"
#include "display/rect.h"

typedef struct {
    int fd; /* borrowed; known again by its inode */
    guint32 width, height;
    guint32 stride;        /* bytes from one row to the next */
    guint32 format;        /* DRM_FORMAT_* (drm_fourcc.h) */
    guint64 modifier;      /* DRM_FORMAT_MOD_*: how it is tiled; 0: rows one after another */
    guint64 offset;        /* of the buffer's first row in @fd, bytes */
    gboolean bottom_first; /* the first row of memory is the lowest of the picture */
    /* Where the picture is a part of the buffer: the first pixel in memory, the whole in pixels;
     * all 0: it is the whole. */
    guint32 x, y, buffer_width, buffer_height;
} Dmabuf;

typedef struct DmabufReader DmabufReader;

/* @node: the DRM node to import on, opened when first needed; NULL: mapping only. To be used by one
 * thread. */
DmabufReader *dmabuf_reader_new(const char *node);
void dmabuf_reader_free(DmabufReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DmabufReader, dmabuf_reader_free)

/* A frame of ours with the picture of now. NULL with @error set; VGPUCTL_ERROR_REFUSED: neither way
 * is open for this buffer, and why; VGPUCTL_ERROR_INVALID: there is no such picture. */
Frame *dmabuf_reader_read(DmabufReader *reader, const Dmabuf *buffer, GError **error);

/*
 * The same for who knows the frame shown before, @last or NULL: all rows that differ are in
 * *@ret_changed. When none does it is empty and the frame is a reference to @last: nothing was
 * copied.
 */
Frame *dmabuf_reader_read_next(DmabufReader *reader, const Dmabuf *buffer, Frame *last,
                               Rect *ret_changed, GError **error);

/* Forgets what it keeps: the buffers may be gone. */
void dmabuf_reader_forget(DmabufReader *reader);
