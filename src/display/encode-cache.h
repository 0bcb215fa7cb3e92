/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was encoded, for the next viewer that needs the same: the key is settings, rectangle and the
 * number of the frame. Two who ask at once have it made once: the second waits. It keeps the newest
 * frames only, up to a number of bytes. Thread-safe.
 */
#pragma once

#include "display/encode.h"

typedef struct EncodeCache EncodeCache;

EncodeCache *encode_cache_new(gsize limit_bytes);
void encode_cache_free(EncodeCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EncodeCache, encode_cache_free)

/* @serial: number of @frame (display/screen.h). The bytes, a reference. */
GBytes *encode_cached(EncodeCache *cache, const EncodeSettings *settings, const Frame *frame,
                      guint64 serial, Rect rect, EncodeResult *ret_result);
