/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A picture in memory that QEMU shares and goes on writing (ScanoutMap, QEMU 9.2).
 *
 * It is read by pread(), not mapped: QEMU's memfd has no seals (ui/qemu-pixman.c,
 * qemu_pixman_shareable_alloc), so who made it shrink would end a process that has it mapped by
 * SIGBUS. A read is one copy, as that out of a mapping would be, and it leaves nothing to be cached
 * or unmapped while QEMU, which waits for the answer to each ScanoutMap, flips pages.
 */
#pragma once

#include "display/frame.h"
#include "display/pixman-format.h"
#include "display/rect.h"

/* Counted by references, from any thread; never changed. */
typedef struct {
    int fd;
    gint64 offset; /* of the first row, bytes */
    int width, height;
    gsize stride;
    PixmanFormat format;
} DbusMap;

/*
 * @fd, taken over in any case, and what is said of it. NULL with @error set, VGPUCTL_ERROR_INVALID,
 * when that is no picture or the memory ends before it.
 */
DbusMap *dbus_map_new(int fd, guint32 offset, guint32 width, guint32 height, guint32 stride,
                      guint32 pixman_format, GError **error);
DbusMap *dbus_map_ref(DbusMap *map);
void dbus_map_unref(DbusMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbusMap, dbus_map_unref)

/* Copies what is in @rect, which lies within the picture, into @frame of the same size. */
gboolean dbus_map_read(const DbusMap *map, Rect rect, Frame *frame, GError **error);
