/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's clipboard, as QEMU's D-Bus display passes it on (ui/dbus-clipboard.c): text only.
 * QEMU hears of it from an agent in the guest (spice-vdagent), for which the VM needs
 *
 *     -device virtio-serial-pci
 *     -chardev qemu-vdagent,id=vdagent,name=vdagent,clipboard=on,mouse=off
 *     -device virtserialport,chardev=vdagent,name=com.redhat.spice.0
 *
 * and no spicevmc channel of that name. Without them this is of no use and does no harm.
 *
 * QEMU stands still while it waits for our text (dbus_clipboard_qemu_request): a thread that does
 * nothing else answers.
 */
#pragma once

#include "display/clipboard.h"
#include "display/dbus-console.h"

typedef struct DbusClipboard DbusClipboard;

/* Joins @clipboard, borrowed. Main context. NULL with @error set. */
DbusClipboard *dbus_clipboard_new(DbusConsole *console, Clipboard *clipboard, GError **error);
void dbus_clipboard_free(DbusClipboard *clipboard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbusClipboard, dbus_clipboard_free)
