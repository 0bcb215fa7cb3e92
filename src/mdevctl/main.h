/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vgpuctl called by another name
 *
 * Through a link named mdevctl or lsmdev the program is mdevctl 1.2.0: the same command line,
 * files, output and exit status. It differs where that one is wrong: a closed standard output ends
 * it quietly and not with a Rust panic.
 *
 *   MDEVCTL_ENV_ROOT  the directory in front of /sys and /etc, as in mdevctl 1.3 (else
 * VGPUCTL_ROOT) MDEVCTL_LOG       what is logged: mdevctl/report.h
 */
#pragma once

#include <glib.h>

/* Whether a program of the name @argv0 (a path or a word; may be NULL) is mdevctl or lsmdev. */
gboolean mdevctl_is_name(const char *argv0);

/* main() of both. Returns the exit status: 0 done, 1 failed, 2 wrong usage. */
int mdevctl_main(char **argv);
