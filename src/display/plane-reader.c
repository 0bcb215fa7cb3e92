/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/plane-reader.h"

#include "base/error.h"
#include "display/pixel-map.h"

struct PlaneReader {
    DmabufReader *dmabufs;
    VfioPlane plane; /* of @map */
    PixelMap map;    /* of a region */
};

PlaneReader *plane_reader_new(const char *node)
{
    PlaneReader *reader = g_new(PlaneReader, 1);
    *reader = (PlaneReader){ .dmabufs = dmabuf_reader_new(node), .map.sync_fd = -1 };
    return reader;
}

void plane_reader_free(PlaneReader *reader)
{
    if (reader == NULL)
        return;
    pixel_map_clear(&reader->map);
    dmabuf_reader_free(reader->dmabufs);
    g_free(reader);
}

void plane_reader_forget(PlaneReader *reader)
{
    pixel_map_clear(&reader->map);
    dmabuf_reader_forget(reader->dmabufs);
}

static gboolean is_mapped(const PlaneReader *reader, const VfioPlane *plane)
{
    const Dmabuf *a = &reader->plane.picture, *b = &plane->picture;
    return reader->map.start != NULL && a->width == b->width && a->height == b->height &&
           a->stride == b->stride && a->format == b->format && a->modifier == b->modifier &&
           a->offset == b->offset && reader->plane.region_size == plane->region_size;
}

static Frame *read_region(PlaneReader *reader, const VfioPlane *plane, Frame *last,
                          Rect *ret_changed, GError **error)
{
    if (!is_mapped(reader, plane)) {
        pixel_map_clear(&reader->map);
        if (!pixel_map(&plane->picture, plane->region_size, &reader->map, error))
            return NULL;
        reader->plane = *plane;
    }
    return pixel_map_read(&reader->map, last, ret_changed, error);
}

Frame *plane_reader_read(PlaneReader *reader, const VfioPlane *plane, Frame *last,
                         Rect *ret_changed, GError **error)
{
    if (plane->region_size != 0)
        return read_region(reader, plane, last, ret_changed, error);
    return dmabuf_reader_read_next(reader->dmabufs, &plane->picture, last, ret_changed, error);
}
