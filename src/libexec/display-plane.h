/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The display process's sources "vfio" and "auto": the picture of a vGPU, taken from the device. */
#pragma once

#include "libexec/display-source.h"

/* For the table of display-source.c, whose words they keep. */
Source *display_plane_vfio(const DisplayPlace *place, Input **ret_input, GError **error);

/* A DbusUnreadable: says so once in the VM's log. */
void display_plane_unreadable(const GError *reason, gpointer unused);

/* Without a console all the rest is shown: it never fails. */
gboolean display_plane_attach(const DisplayOptions *options, int *ret_console, GError **error);

/* With QEMU's console before it, where --qmp names a QEMU that has one on D-Bus. */
Source *display_plane_auto(const DisplayPlace *place, Input **ret_input, GError **error);
