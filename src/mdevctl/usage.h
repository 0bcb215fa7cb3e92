/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The usage line of a command, as clap 3.2 composes it (src/output/usage.rs): in general, or
 * "smart" with the options that are on the command line and those that are required.
 */
#pragma once

#include <glib.h>

#include "mdevctl/command.h"
#include "mdevctl/matches.h"

/* The options that @scope always requires, of const MdevctlOption. Owned. */
GPtrArray *usage_required(const Scope *scope);

/*
 * The words of @required, of what those require in turn, and of @more (or NULL), each once:
 * options, then the operand; without those in @matches (or NULL). Owned.
 */
GPtrArray *usage_required_words(const Scope *scope, const GPtrArray *required,
                                const GPtrArray *more, const Matches *matches);

/*
 * "mdevctl list [OPTIONS]", or with @used (NULL or empty: none) "mdevctl list --uuid <UUID>".
 * Owned.
 * @required NULL: usage_required().
 */
char *usage_line(const Scope *scope, const GPtrArray *required, const GPtrArray *used);
