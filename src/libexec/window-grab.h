/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The picture in the X11 window of another program: a QEMU with gtk,gl=on or sdl,gl=on shows a
 * guest of which its VNC server and its screendump have no picture.
 */
#pragma once

#include <sys/types.h>

#include "display/frame.h"

/*
 * Finds the window of process @pid on $DISPLAY and reads the largest area drawn in it, for GTK the
 * guest's screen below the menu bar. What lies outside of the X screen stays black, then
 * *@ret_whole is FALSE; what other windows cover shows those. NULL with @error set: no X display, a
 * Wayland session, no such window (VGPUCTL_ERROR_NOT_FOUND), a minimised one
 * (VGPUCTL_ERROR_REFUSED).
 */
Frame *window_grab(pid_t pid, gboolean *ret_whole, GError **error);
