/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The display server of a running VM: libexec/display, and libexec/web in front of it where a page
 * for browsers is wanted. The sockets that viewers connect to are ours and stay open while a
 * program behind them is started again: a viewer that comes meanwhile waits a moment.
 */
#pragma once

#include "base/root.h"
#include "rules/plan.h"

typedef struct DisplayServer DisplayServer;

typedef struct {
    const Root *root;
    const PlanServer *plan;
    const char *name; /* of the VM */
    const char *run_directory;
    int qemu_pidfd; /* borrowed */
    guint limit_s;  /* for each program to serve */
    /* Words for the VM's log. */
    void (*said)(const char *text, gsize length, gpointer userdata);
    /* display_server_url() or display_server_has_ended() has another answer now; not called from
     * display_server_start(). */
    void (*changed)(gpointer userdata);
    gpointer userdata;
} DisplayServerSpec;

/* Listens, starts the programs and runs the main loop until they serve. NULL with @error set.
 * @spec is copied, what it points to borrowed. */
DisplayServer *display_server_start(const DisplayServerSpec *spec, GError **error);

/* Ends the programs and takes away the sockets. NULL is fine. */
void display_server_free(DisplayServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DisplayServer, display_server_free)

/* The address of the page for browsers, borrowed; NULL: there is none. */
const char *display_server_url(const DisplayServer *server);

/* It died again and again and is not started any more: its sockets are gone, why is in the log. */
gboolean display_server_has_ended(const DisplayServer *server);

/* What to say of VM @name whose VmState says display_ended; owned. */
char *display_server_ended_words(const Root *root, const char *name);

/* The SHA-256 of the certificate that viewers meet on TCP as they show it, "AB:CD:..."; owned.
 * NULL: there is none. */
char *display_server_fingerprint(const DisplayServer *server);
