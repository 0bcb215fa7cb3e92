/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Showing VMs of this user in a browser: runs libexec/web for as long as somebody wants it, and
 * tells it which VMs there are.
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

/* What can be opened. */
typedef struct {
    char *url;         /* lets in the first who opens it */
    char *fingerprint; /* SHA-256 of the certificate; NULL: no TLS */
    GStrv vms;         /* those that are shown in the beginning */
} ServeAddress;
extern const RecordType serve_address_type;

typedef struct {
    const Root *root;
    const char *const *names; /* of VMs; NULL: all that have a VNC socket, also later ones */
    const char *listen;       /* "HOST:PORT"; NULL: any port of loopback */
    /* Called once, when it serves; FALSE with @error set ends it. */
    gboolean (*ready)(const ServeAddress *address, gpointer userdata, GError **error);
    /* A line that the server complained of, without its end; NULL: they go nowhere. */
    void (*said)(const char *line, gpointer userdata);
    gpointer userdata;
} ServeSpec;

/*
 * Serves until SIGINT, SIGTERM or SIGHUP. FALSE with @error set: VGPUCTL_ERROR_NOT_FOUND when no
 * VM runs or not that one, VGPUCTL_ERROR_REFUSED when its display has no VNC socket or @listen is
 * not to be had.
 */
gboolean session_serve(const ServeSpec *spec, GError **error);
