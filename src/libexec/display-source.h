/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the options of the display process to what it shows and where its viewers' keys go: a table
 * with one row a kind of source.
 */
#pragma once

#include "display/clipboard.h"
#include "display/input.h"
#include "display/source.h"
#include "libexec/display-options.h"

typedef struct {
    const DisplayOptions *options;
    Screen *screen;
    Clipboard *clipboard;
    int console; /* from display_source_attach(), taken over */
    SourceEnded ended;
    gpointer userdata;
} DisplayPlace;

/*
 * What of connecting takes files that are closed to the display later, and takes no thread: asks
 * QEMU for its console where the source has one. *@ret_console is a connection for
 * dbus_console_new(), owned, or -1. Errors as of display_source_new(), which is next.
 */
gboolean display_source_attach(const DisplayOptions *options, int *ret_console, GError **error);

/*
 * Connects to what @place names and begins to show it; may block, is done before viewers are
 * served. *@ret_input stays NULL where nobody hears keys. NULL with @error set;
 * VGPUCTL_ERROR_USAGE for an unknown source or an option that it needs,
 * VGPUCTL_ERROR_NOT_FOUND when QEMU has ended.
 */
Source *display_source_new(const DisplayPlace *place, Input **ret_input, GError **error);
