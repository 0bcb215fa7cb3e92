/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which viewer of a desktop shows the screen of a VM of this machine. Only those that connect to a
 * unix socket can: our servers listen on nothing else unless they are told to. Pure.
 */
#pragma once

#include <glib.h>

typedef enum { VIEWER_VNC, VIEWER_SPICE } ViewerProtocol;

typedef struct {
    int protocol; /* ViewerProtocol */
    const char *program;
    const char *option; /* before the address; NULL: none */
    const char *scheme; /* in front of the socket's path; NULL: it opens what vgpuctl serves */
    gboolean needs_x11; /* it opens no window on Wayland alone */
    const char *package;
    const char *reason;
} ViewerRow;

typedef struct {
    int protocol;
    gboolean x11, wayland; /* whether there is such a screen */
    gboolean ours;         /* it is our display server: browsers may see it */
    /* Whether @program is installed, and is what its name says. */
    gboolean (*has)(const char *program, gpointer userdata);
    gpointer userdata;
} ViewerQuestion;

/* The best row, or NULL; then *@ret_why says what would help, owned. */
const ViewerRow *viewer_choose(const ViewerQuestion *question, char **ret_why);

/* The command line that shows @socket of the VM @name with it. Owned. */
GStrv viewer_argv(const ViewerRow *row, const char *socket, const char *name);
