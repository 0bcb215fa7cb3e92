/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as Rust reads them ("+5", "005"), with its words on wrong ones. */
#pragma once

#include "base/error.h"

/* FALSE with @error set (VGPUCTL_ERROR_INVALID). */
gboolean rust_parse_u32(const char *text, guint32 *ret_number, GError **error);
