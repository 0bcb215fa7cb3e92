/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "Did you mean ...?" for mistyped words. */
#pragma once

#include <glib.h>

/*
 * The one of @words (NULL-terminated) that @wrong most likely meant, borrowed; NULL when none is
 * within a third of its length in edits (insert, delete, replace, swap of neighbours).
 */
const char *suggest_word(const char *wrong, const char *const *words);
