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
    /* Something was done to the guest, so news is likely. NULL: the guest tells of news itself. */
    void (*hurry)(Source *source);
    /* While it is muted it goes on as always but shows nothing, also not what is under way when the
     * call returns; then it shows all anew. For sources that are parts of another. NULL: cannot. */
    void (*mute)(Source *source, gboolean muted);
    void (*free)(Source *source); /* ends and joins its thread */
} SourceClass;

struct Source {
    const SourceClass *class; /* first in the struct of each source */
};

/* VGPUCTL_ERROR_REFUSED when this source has one size. Main context. */
gboolean source_resize(Source *source, int width, int height, GError **error);

/* To be called with each input a viewer sends. Main context. */
void source_hurry(Source *source);

/* Any thread. The source has it. */
void source_mute(Source *source, gboolean muted);

void source_free(Source *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)
