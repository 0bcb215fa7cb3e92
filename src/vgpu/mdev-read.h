/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of sysfs as mdevctl reads them, with its errors. */
#pragma once

#include "vgpu/mdev.h"

/* The text without white space around it, owned; NULL with @error. */
char *mdev_read_text(const Root *root, const char *path, GError **error);

/* A decimal number of 32 bits. */
gboolean mdev_read_int(const Root *root, const char *path, int *ret_value, GError **error);
