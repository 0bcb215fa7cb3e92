/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way to the D-Bus display of a QEMU that runs: through the VM's monitor, whose turn is waited
 * for, and only as long as it takes. */
#pragma once

#include <glib.h>

/*
 * A D-Bus connection to QEMU that is yet to be authenticated (display/dbus-console.h); -1 with
 * @error set. @qmp_socket: "qmp.sock" in the run directory of the VM (vm/rundir.h), for the lock
 * that commands take turns by lies there. VGPUCTL_ERROR_NOT_FOUND: no QEMU listens there.
 * VGPUCTL_ERROR_REFUSED: it was started without "-display dbus,p2p=yes".
 */
int display_attach(const char *qmp_socket, guint limit_ms, GError **error);
