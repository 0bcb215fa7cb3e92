/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scope-bound ownership of what GLib has no g_auto for: `autofd int fd = -1;` closes, and
 * g_autoptr(json_t) drops a reference.
 */
#pragma once

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <unistd.h>

static inline void autofd_close(const int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
    }
}

#define autofd __attribute__((cleanup(autofd_close)))

/* Returns *@fd and leaves -1 there: the caller owns it now. */
static inline int steal_fd(int *fd)
{
    int value = *fd;
    *fd = -1;
    return value;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)
