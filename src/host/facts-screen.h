/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The screen of this session: where a local window would appear.
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef enum {
    SCREEN_NONE,
    SCREEN_X11,           /* an X server on this machine */
    SCREEN_X11_FORWARDED, /* an X server at the other end of a network connection (ssh -X) */
    SCREEN_WAYLAND,       /* a Wayland compositor; XWayland may be there too */
} ScreenKind;
extern const char *const screen_words[]; /* "none", "x11", "x11-forwarded", "wayland" */

typedef struct {
    int kind;              /* ScreenKind */
    char *display;         /* $DISPLAY, NULL when unset or when nothing listens there */
    char *wayland_display; /* socket path of $WAYLAND_DISPLAY, NULL likewise */
    char *why;             /* how we know, in words: "DISPLAY=localhost:10.0 is a TCP display" */
    char *runtime_dir;     /* $XDG_RUNTIME_DIR */
    gboolean session_bus;  /* $DBUS_SESSION_BUS_ADDRESS is set or the user bus socket exists */
    int uid;
    gboolean sudo; /* started by sudo: SUDO_UID names the person */
} ScreenFacts;
extern const RecordType screen_facts_type;

/* From the environment and by connecting to the sockets it names (nothing is sent). */
ScreenFacts *screen_facts_read(const Root *root);
