/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/libexec.h"

#include <glib.h>
#include <unistd.h>

#include "config.h"

/* The helper beside this program, or NULL. An installed vgpuctl has no bin/libexec beside it. */
static char *path_in_build_tree(const char *program)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    if (self == NULL)
        return NULL;
    g_autofree char *directory = g_path_get_dirname(self);
    g_autofree char *path = g_build_filename(directory, "libexec", program, NULL);
    return access(path, X_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

char *libexec_path(const char *program)
{
    const char *directory = g_getenv("VGPUCTL_LIBEXECDIR");
    if (directory != NULL && *directory != '\0')
        return g_build_filename(directory, program, NULL);
    char *path = path_in_build_tree(program);
    return path != NULL ? path : g_build_filename(VGPUCTL_LIBEXECDIR, program, NULL);
}
