/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pages that -h, --help, help and --version print, as clap 3.2 lays them out
 * (src/output/help.rs) for a width of 100 columns: mdevctl 1.2.0 does not look at the terminal.
 */
#pragma once

#include "mdevctl/command.h"

/* @is_long: --help. Owned. */
char *mdevctl_help(const Scope *scope, gboolean is_long, gboolean has_colour);

/* "mdevctl 1.2.0\n", "mdevctl-list 1.2.0\n". Owned. */
char *mdevctl_version(const Scope *scope, gboolean has_colour);
