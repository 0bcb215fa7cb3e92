/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What MDEVCTL_LOG asks for, in the words of the Rust crate env_logger 0.9:
 *
 *     [MODULE[=LEVEL]|LEVEL][,...][/REGEX]
 *
 * The longest module name that begins the module of a message decides.
 */
#pragma once

#include <glib.h>

#include "mdevctl/report.h"

typedef struct LogFilter LogFilter;

/* @complaints gets a line for each word that is not understood; may be NULL. */
LogFilter *log_filter_new(const char *specification, GString *complaints);
void log_filter_free(LogFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LogFilter, log_filter_free)

gboolean log_filter_takes(const LogFilter *filter, MdevctlLogLevel level, const char *module,
                          const char *message);
