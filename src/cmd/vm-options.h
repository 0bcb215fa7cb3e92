/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The options that describe a VM, shared by `run` and `vm define`.
 */
#pragma once

#include <glib.h>

#include "vm/vm-config.h"

/* Their table, for Command.shared_options. */
extern const GOptionEntry vm_options[];

/*
 * Lays the options that were given, and the words behind "--", over @config. FALSE with @error
 * (usage) naming the bad value.
 */
gboolean vm_options_apply(VmConfig *config, char **passed, GError **error);
