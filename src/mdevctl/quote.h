/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts as Rust prints them, for the messages of mdevctl.
 */
#pragma once

#include <glib.h>

/*
 * {:?} of a string or a path: in double quotes, with \" \\ \n \r \t \0 and \u{7f} for what does not
 * print; bytes that are no UTF-8 as \xFF. Owned.
 */
char *rust_quote(const char *text);

/* @text with U+FFFD for what is no UTF-8, one for each maximal wrong sequence. Owned. */
char *rust_lossy(const char *text);
