/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's own VNC server on a private socket as a source, and its input: for virgl on hosts whose
 * OpenGL cannot export pictures, where only "-display egl-headless -vnc unix:..." shows anything.
 * At most 33 frames a second, and 2560 x 2048 pixels before QEMU 9.1 (ui/console.c, ui/vnc.h).
 */
#pragma once

#include "display/input.h"
#include "display/source.h"

/* @screen is borrowed. VGPUCTL_ERROR_NOT_FOUND: nobody listens on @path; the same goes to @ended
 * when QEMU has ended. screen_cancel() before source_free() spares that up to a second. */
Source *rfb_source_new(const char *path, Screen *screen, SourceEnded ended, gpointer userdata,
                       GError **error);

extern const InputClass rfb_input_class;

/* The sink for input_new(): @source, of rfb_source_new(), must live longer. */
gpointer rfb_input_new(Source *source);
