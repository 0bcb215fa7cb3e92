/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How pixels lie in memory: the DRM_FORMAT_* of drm_fourcc.h that screens have. */
#pragma once

#include <glib.h>

/* Bytes of a pixel in @format; 0: not known. */
guint drm_format_bytes(guint32 format);

/*
 * Converts @width pixels of a row, not aligned, to 0xXXRRGGBB in the machine's byte order. FALSE
 * when @format is not known.
 */
gboolean drm_format_convert_row(guint32 format, const guint8 *row, guint32 width,
                                guint32 *ret_pixels);

/* Whether a row in @format is one of a Frame already. */
gboolean drm_format_is_native(guint32 format);

/* "XR24", or "0x1" for what is no fourcc. Owned. */
char *drm_format_name(guint32 format);
