/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what a viewer without scancodes sends to the key that makes it: X keysyms (RFC 6143, 7.5.4)
 * to QEMU's key numbers, by an XKB keymap (libxkbcommon).
 */
#pragma once

#include <glib.h>

typedef struct Keysyms Keysyms;

/* @layout: XKB name of the guest's layout, "us" or "de(nodeadkeys)". NULL with @error set. */
Keysyms *keysyms_new(const char *layout, GError **error);
void keysyms_free(Keysyms *keysyms);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Keysyms, keysyms_free)

/* The key; 0: no key of this layout makes it. *@ret_shift: only with Shift. */
guint keysyms_find(const Keysyms *keysyms, guint32 keysym, gboolean *ret_shift);

/* Linux's number of a key (linux/input-event-codes.h) as QEMU's; 0: it has none. */
guint qnum_from_evdev(guint code);
