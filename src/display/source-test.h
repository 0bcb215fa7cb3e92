/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A screen without a guest: display/pattern.h at a steady rate, the frame's number drawn into it as
 * guest/strip.h says, and an arrow for a pointer. It paints a few frames beforehand, so that what
 * is measured is the server.
 */
#pragma once

#include "display/source.h"

/*
 * @spec: "PATTERN[,size=WIDTHxHEIGHT][,rate=FRAMES]"; 1280x800 and 60 frames a second where it does
 * not say; NULL: "full". It can be resized. NULL with VGPUCTL_ERROR_USAGE set for another text.
 */
Source *source_test_new(Screen *screen, const char *spec, GError **error);
