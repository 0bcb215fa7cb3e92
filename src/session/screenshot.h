/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The picture of a running VM as a PNG file, whatever kind of vGPU draws it: QMP screendump where
 * QEMU holds the pixels itself; where they are a GL texture ("no surface"), a copy from its VNC
 * server or from its window.
 */
#pragma once

#include "base/root.h"

/*
 * The PNG of VM @name, owned. NULL with @error set: no such VM, no display, the guest has drawn
 * nothing yet, or the way to the pixels is closed (the message says what to use instead).
 */
GBytes *session_screenshot(const Root *root, const char *name, GError **error);
