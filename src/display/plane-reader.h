/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pixels of a vGPU's plane, wherever its driver keeps them. */
#pragma once

#include "display/vfio-device.h"

typedef struct PlaneReader PlaneReader;

/* @node as in dmabuf_reader_new(). To be used by one thread, and freed before the device. */
PlaneReader *plane_reader_new(const char *node);
void plane_reader_free(PlaneReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlaneReader, plane_reader_free)

/* @plane has a picture. All else as in dmabuf_reader_read_next(). */
Frame *plane_reader_read(PlaneReader *reader, const VfioPlane *plane, Frame *last,
                         Rect *ret_changed, GError **error);

/* Lets go of all pictures: nothing of the vGPU is held any more. */
void plane_reader_forget(PlaneReader *reader);
