/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of the page, read once and kept: who asks for a path gets what was found then, so that
 * no path can lead to another file, and the process needs to open none any more.
 */
#pragma once

#include <glib.h>

typedef struct {
    GBytes *content;
    const char *type; /* for Content-Type */
} WebPage;

typedef struct WebPages WebPages;

/* Reads @directory with what is below it: files of kinds that a page has. NULL with @error set,
 * also when the page itself is not there. */
WebPages *web_pages_read(const char *directory, GError **error);
void web_pages_free(WebPages *pages);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebPages, web_pages_free)

/* The file @name ("novnc/core/rfb.js"; "" is the page itself), or NULL. Borrowed. */
const WebPage *web_pages_find(const WebPages *pages, const char *name);

/* Where the files lie: in $VGPUCTL_WEBDIR; beside a program of the build tree; else where they were
 * installed. Owned. */
char *web_pages_directory(void);
