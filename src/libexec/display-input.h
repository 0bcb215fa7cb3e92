/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys and pointer to a guest whose QEMU has no D-Bus display: QMP's input-send-event, over a
 * monitor that nobody else uses. One command is under way at a time; what comes meanwhile goes with
 * the next one, so a QEMU that hangs costs no memory and is not flooded afterwards.
 */
#pragma once

#include "display/input.h"

/*
 * Connects to QEMU's monitor @path; QEMU may greet us later. When it ends, input goes nowhere. NULL
 * with @error set.
 */
Input *display_input_new(const char *path, GError **error);

/* The same over @fd, a connected stream socket, taken over. */
Input *display_input_new_fd(int fd);
