/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said of a wrong command line, in the words of clap 3.2 (src/error/mod.rs). Each function
 * sets @answer, with exit status 2, and returns FALSE.
 */
#pragma once

#include "mdevctl/command.h"

/* @usage: what stands behind "USAGE:", from usage_line(). */

gboolean complain_unknown_argument(const Scope *scope, const char *argument, const char *usage,
                                   MdevctlAnswer *answer);
/* @near: the long option that was probably meant; @verb: the verb it belongs to, or NULL: this. */
gboolean complain_unknown_option(const Scope *scope, const char *argument, const char *near,
                                 const char *verb, const char *usage, MdevctlAnswer *answer);
/* A verb behind "--". */
gboolean complain_needless_escape(const Scope *scope, const char *argument, const char *usage,
                                  MdevctlAnswer *answer);
/* @near: of const char, not empty. */
gboolean complain_unlike_verb(const Scope *scope, const char *argument, const GPtrArray *near,
                              const char *usage, MdevctlAnswer *answer);
gboolean complain_no_verb(const Scope *scope, const char *argument, const char *usage,
                          MdevctlAnswer *answer);
/* --auto=x */
gboolean complain_needless_value(const Scope *scope, const MdevctlOption *option, const char *value,
                                 const char *usage, MdevctlAnswer *answer);
gboolean complain_missing_value(const Scope *scope, const MdevctlOption *option,
                                MdevctlAnswer *answer);
gboolean complain_wrong_value(const Scope *scope, const MdevctlOption *option, const char *value,
                              const char *reason, MdevctlAnswer *answer);
gboolean complain_not_utf8(const Scope *scope, const char *usage, MdevctlAnswer *answer);
gboolean complain_twice(const Scope *scope, const MdevctlOption *option, const char *usage,
                        MdevctlAnswer *answer);
/* @others: of const MdevctlOption, not empty. */
gboolean complain_conflict(const Scope *scope, const MdevctlOption *option, const GPtrArray *others,
                           const char *usage, MdevctlAnswer *answer);
/* @words: of const char, from usage_required_words(). */
gboolean complain_missing(const Scope *scope, const GPtrArray *words, const char *usage,
                          MdevctlAnswer *answer);
