/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of mdevctl's operations in our manner: one line with the way out, and a code that says
 * which exit status it is. */
#pragma once

#include <glib.h>

/* Turns an MDEV_ERROR into a VGPUCTL_ERROR; leaves others and none alone. */
void mdev_add_way_out(GError **error);
