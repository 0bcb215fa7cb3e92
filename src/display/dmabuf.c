/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/dmabuf.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "display/gl-reader.h"
#include "display/pixel-map.h"

/* Guests flip between two or three buffers; what is kept of dma-bufs is memory that is kept. */
#define KEPT 5

/* One way to a buffer: the map, or the texture. */
typedef struct {
    dev_t device;
    ino_t inode; /* of a dma-buf it comes once (drivers/dma-buf/dma-buf.c:dma_buf_getfile()) */
    Dmabuf buffer;
    PixelMap map;
    GlPicture *drawn; /* NULL: the map is the way */
} Known;

struct DmabufReader {
    char *node;
    GlReader *gl;
    GPtrArray *known; /* the latest last */
};

static void known_free(gpointer data)
{
    Known *known = data;
    gl_picture_free(known->drawn);
    pixel_map_clear(&known->map);
    g_free(known);
}

DmabufReader *dmabuf_reader_new(const char *node)
{
    DmabufReader *reader = g_new(DmabufReader, 1);
    *reader = (DmabufReader){ .node = g_strdup(node),
                              .known = g_ptr_array_new_with_free_func(known_free) };
    return reader;
}

void dmabuf_reader_free(DmabufReader *reader)
{
    if (reader == NULL)
        return;
    g_ptr_array_unref(reader->known);
    gl_reader_free(reader->gl);
    g_free(reader->node);
    g_free(reader);
}

void dmabuf_reader_forget(DmabufReader *reader)
{
    g_ptr_array_set_size(reader->known, 0);
}

static gboolean same_buffer(const Dmabuf *a, const Dmabuf *b)
{
    return a->width == b->width && a->height == b->height && a->stride == b->stride &&
           a->format == b->format && a->modifier == b->modifier && a->offset == b->offset &&
           a->bottom_first == b->bottom_first && a->x == b->x && a->y == b->y &&
           a->buffer_width == b->buffer_width && a->buffer_height == b->buffer_height;
}

static Known *find(const DmabufReader *reader, const Dmabuf *buffer, const struct stat *identity)
{
    for (guint i = 0; i < reader->known->len; i++) {
        Known *known = g_ptr_array_index(reader->known, i);
        if (known->device == identity->st_dev && known->inode == identity->st_ino &&
            same_buffer(&known->buffer, buffer)) {
            g_ptr_array_add(reader->known, g_ptr_array_steal_index(reader->known, i));
            return known;
        }
    }
    return NULL;
}

static gboolean import(DmabufReader *reader, const Dmabuf *buffer, const GError *why_not_mapped,
                       GlPicture **ret_drawn, GError **error)
{
    if (reader->node == NULL)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "the picture cannot be read by the processor (%s), and its GPU has no "
                         "render node that this user could draw it on",
                         why_not_mapped->message);
    if (reader->gl == NULL)
        reader->gl = gl_reader_new(reader->node, error);
    if (reader->gl == NULL)
        return FALSE;
    *ret_drawn = gl_reader_import(reader->gl, buffer, error);
    return *ret_drawn != NULL;
}

static gboolean open_way(DmabufReader *reader, Known *known, GError **error)
{
    g_autoptr(GError) reason = NULL;
    if (pixel_map(&known->buffer, 0, &known->map, &reason))
        return TRUE;
    if (g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED))
        return import(reader, &known->buffer, reason, &known->drawn, error);
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

static Known *get(DmabufReader *reader, const Dmabuf *buffer, GError **error)
{
    struct stat identity;
    if (fstat(buffer->fd, &identity) < 0) {
        error_set_errno(error, errno, "Looking at a dma-buf");
        return NULL;
    }
    Known *known = find(reader, buffer, &identity);
    if (known != NULL)
        return known;
    known = g_new0(Known, 1);
    *known = (Known){ .device = identity.st_dev, .inode = identity.st_ino, .buffer = *buffer };
    if (!open_way(reader, known, error)) {
        known_free(known);
        return NULL;
    }
    if (reader->known->len == KEPT)
        g_ptr_array_remove_index(reader->known, 0);
    g_ptr_array_add(reader->known, known);
    return known;
}

Frame *dmabuf_reader_read_next(DmabufReader *reader, const Dmabuf *buffer, Frame *last,
                               Rect *ret_changed, GError **error)
{
    const Known *known = get(reader, buffer, error);
    if (known == NULL)
        return NULL;
    if (known->drawn == NULL)
        return pixel_map_read(&known->map, last, ret_changed, error);
    Frame *frame = gl_picture_read(known->drawn, error);
    return frame != NULL ? pixel_frame_after(frame, last, ret_changed) : NULL;
}

Frame *dmabuf_reader_read(DmabufReader *reader, const Dmabuf *buffer, GError **error)
{
    Rect changed;
    return dmabuf_reader_read_next(reader, buffer, NULL, &changed, error);
}
