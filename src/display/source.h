/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the picture comes from: one file each, all the same to who shows it. A source shows frames
 * on the Screen it was made with, from a thread of its own, until it is freed. It never waits for a
 * viewer.
 */
#pragma once

#include "display/screen.h"

typedef struct Source Source;

/* Why a source will show nothing any more; called in the main context, once. */
typedef void (*SourceEnded)(const GError *reason, gpointer userdata);

typedef struct {
    const char *name; /* "dbus", "vfio", "auto", "test", "rfb" */
    /* Asks the guest for another mode, by EDID or what stands for it; the answer is a frame of
     * another size, or none. NULL: it has one size. FALSE with @error: it cannot. */
    gboolean (*resize)(Source *source, int width, int height, GError **error);
    void (*free)(Source *source); /* ends and joins its thread */
} SourceClass;

struct Source {
    const SourceClass *class; /* first in the struct of each source */
};

/* VGPUCTL_ERROR_REFUSED when this source has one size. Main context. */
gboolean source_resize(Source *source, int width, int height, GError **error);
void source_free(Source *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)
