/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What viewers are told of just now. They become free at different times, and in a moving picture
 * each would find another frame as the newest one, of which nothing is encoded yet. So who becomes
 * free while another's frame is encoded, or not longer after that than it took, gets that frame,
 * whose rectangles are in the cache. Who is the first to need something newer gets the newest.
 * Lives in the main context.
 */
#pragma once

#include "display/encode.h"

typedef struct UpdateShare UpdateShare;

UpdateShare *update_share_new(void);
void update_share_free(UpdateShare *share);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UpdateShare, update_share_free)

/* Encoding of @frame, number @serial, begins with @settings. A reference is taken, for a moment. */
void update_share_put(UpdateShare *share, const EncodeSettings *settings, Frame *frame,
                      guint64 serial);

/* It is encoded. */
void update_share_made(UpdateShare *share, guint64 serial);

/* The frame to tell somebody of who has @since, a reference, and its number; NULL: the newest. */
Frame *update_share_find(const UpdateShare *share, const EncodeSettings *settings, guint64 since,
                         guint64 *ret_serial);
