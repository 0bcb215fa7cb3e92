/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's pointer, as a vGPU has it: a plane of its own that real hardware lays over the
 * screen.
 */
#pragma once

#include "display/cursor.h"
#include "display/vfio-device.h"

typedef struct VfioCursor VfioCursor;

/* @node as in dmabuf_reader_new(). To be used by one thread, and freed before the device. */
VfioCursor *vfio_cursor_new(const char *node);
void vfio_cursor_free(VfioCursor *cursor);

/*
 * TRUE: it is another than at the last look, *@ret_cursor is it, a reference. As long as the plane
 * was never on, the guest draws its pointer into the picture, which is no news; when it goes off,
 * the pointer is hidden (0x0). A device that cannot say has none.
 */
gboolean vfio_cursor_look(VfioCursor *cursor, VfioDevice *device, Cursor **ret_cursor);

/* Of DRM's pixels, colours multiplied by A (the kernel's "pixel blend mode" by default), what a
 * Cursor has. */
guint32 vfio_cursor_unmultiplied(guint32 pixel);
