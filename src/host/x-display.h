/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * X display names (X(7), "DISPLAY NAMES"): where the server behind $DISPLAY listens. Pure.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *host;   /* owned; NULL: a unix socket on this machine */
    char *socket; /* owned path of that socket; NULL for a TCP display */
    guint number; /* of the display; TCP port is 6000 + number */
} XDisplayName;

/* FALSE when @text is no display name. */
gboolean x_display_parse(const char *text, XDisplayName *ret_name);
void x_display_name_clear(XDisplayName *name);

/* Whether @host is this machine's loopback, where sshd puts forwarded displays. */
gboolean x_display_is_loopback(const char *host);
