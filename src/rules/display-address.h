/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a VNC or SPICE server listens, as users write it behind "vnc:" or "spice:":
 *
 *     unix:/PATH      a socket in the file system
 *     HOST:NUMBER     TCP; HOST may be empty (all addresses) or in brackets (IPv6). For VNC a
 *                     number below 100 is a display as VNC viewers count (5900 + number), all
 *                     others are ports.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *path; /* of a unix socket, absolute; NULL: TCP */
    char *host; /* without brackets; "" for all addresses */
    int port;   /* TCP */
} DisplayAddress;

typedef enum {
    DISPLAY_ADDRESS_PORT,     /* SPICE: NUMBER is a port */
    DISPLAY_ADDRESS_VNC,      /* a display below 100, else a port */
    DISPLAY_ADDRESS_QEMU_VNC, /* likewise, but QEMU counts from 5900 and cannot listen below */
} DisplayAddressKind;

/* FALSE with @error (VGPUCTL_ERROR_USAGE) naming @text and what is allowed. */
gboolean display_address_parse(const char *text, DisplayAddressKind kind,
                               DisplayAddress *ret_address, GError **error);
void display_address_clear(DisplayAddress *address);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DisplayAddress, display_address_clear)

/* "HOST:PORT" with brackets around an IPv6 address. Owned. */
char *display_address_to_text(const DisplayAddress *address);
