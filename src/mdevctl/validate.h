/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is right about a command line as a whole, in the order of clap 3.2
 * (src/parser/validator.rs): conflicts, what is missing, then each option in the order of its first
 * use.
 */
#pragma once

#include "mdevctl/matches.h"

/* FALSE with @answer set. */
gboolean mdevctl_validate(const Scope *scope, const Matches *matches, MdevctlAnswer *answer);
