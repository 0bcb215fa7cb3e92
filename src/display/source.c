/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/source.h"

#include "base/error.h"

gboolean source_resize(Source *source, int width, int height, GError **error)
{
    if (source->class->resize == NULL)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "The screen has one size (source %s)",
                         source->class->name);
    return source->class->resize(source, width, height, error);
}

void source_hurry(Source *source)
{
    if (source->class->hurry != NULL)
        source->class->hurry(source);
}

void source_mute(Source *source, gboolean muted)
{
    source->class->mute(source, muted);
}

void source_free(Source *source)
{
    if (source != NULL)
        source->class->free(source);
}
