/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the display process is told on its command line. All borrowed from there. */
#pragma once

#include <glib.h>

typedef struct {
    const char *name;    /* of the VM, for the viewer's title */
    const char *source;  /* where the picture comes from: display-source.h */
    int ready_fd;        /* gets a byte when viewers are served; -1: none */
    int unix_fd, tcp_fd; /* listening sockets, at least one; -1: none */
    int socket_fd;       /* like unix_fd, where the user wants one; -1: none */
    const char *password_file, *certificate_directory; /* for the network */
    const char *keymap; /* of the guest, for viewers without scancodes: XKB's name */
    guint viewers;      /* at once */
    /* of some sources each */
    const char *test, *qmp, *node, *door, *vnc, *input;
} DisplayOptions;

extern const char display_usage[];

/* @argv: behind the program's name, ends with NULL. VGPUCTL_ERROR_USAGE. */
gboolean display_options_parse(char **argv, DisplayOptions *ret_options, GError **error);
