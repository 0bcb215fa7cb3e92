/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "display/frame.h"
#include "display/rect.h"

/*
 * Sets @ret_jpeg to @rect of @frame as a JPEG file of @quality, 1 to 100, with all of the colour or
 * a quarter. FALSE when libjpeg-turbo cannot: then the caller has another way. Thread-safe.
 */
gboolean encode_jpeg(const Frame *frame, Rect rect, int quality, gboolean subsampled,
                     GByteArray *ret_jpeg);
