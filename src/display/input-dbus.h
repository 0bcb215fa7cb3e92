/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys and pointer to QEMU's D-Bus console. Calls are sent without waiting for their answers; of
 * the positions of a moving pointer only the newest waits while one is under way, and a QEMU that
 * answers nothing gets no more than a few hundred calls.
 *
 * Where the guest has no tablet, positions are sent as the motion between them.
 */
#pragma once

#include "display/clipboard.h"
#include "display/dbus-console.h"
#include "display/input.h"

extern const InputClass input_dbus_class;

/*
 * The sink for input_new(). @console is not taken over. @clipboard, borrowed or NULL: what the
 * guest copies and is given (display/dbus-clipboard.h).
 */
gpointer input_dbus_new(DbusConsole *console, Clipboard *clipboard);
