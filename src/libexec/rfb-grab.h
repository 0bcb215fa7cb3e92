/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One picture from a VNC server: QEMU's own picture of a console where QMP's screendump has no
 * surface to read (virgl and dmabuf consoles). A minimal RFB 3.8 client (RFC 6143): security type
 * None, raw encoding, DesktopSize and LastRect. Nothing the server sends is believed: every size
 * has a limit, and the whole exchange has a deadline.
 */
#pragma once

#include "display/frame.h"

/*
 * Speaks RFB on the connected socket @fd (borrowed) and returns its whole
 * screen. NULL with @error set: VGPUCTL_ERROR_TIMEOUT when the picture was not complete @limit_ms
 * after the call, VGPUCTL_ERROR_ACCESS when the server wants a password, VGPUCTL_ERROR_INVALID when
 * it does not speak RFB.
 */
Frame *rfb_grab(int fd, guint limit_ms, GError **error);

/* Connects to the unix socket @path and grabs. */
Frame *rfb_grab_socket(const char *path, guint limit_ms, GError **error);
