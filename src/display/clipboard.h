/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text that is copied: one at a time, of who copied last, known to all who joined - viewers, and
 * the guest through display/dbus-clipboard.h. UTF-8; RFB's cut texts are Latin-1 (RFC 6143, 7.5.6).
 * Main context.
 */
#pragma once

#include <glib.h>

/* Bytes; longer text is not passed on. */
#define CLIPBOARD_LIMIT (1u << 20)

typedef struct Clipboard Clipboard;

/* @text is borrowed. */
typedef void (*ClipboardCopied)(const char *text, gpointer userdata);

Clipboard *clipboard_new(void);
/* Nobody may be joined any more. */
void clipboard_free(Clipboard *clipboard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Clipboard, clipboard_free)

/* @copied gets each text that somebody else than @who copies, until clipboard_leave(). */
void clipboard_join(Clipboard *clipboard, gconstpointer who, ClipboardCopied copied,
                    gpointer userdata);
void clipboard_leave(Clipboard *clipboard, gconstpointer who);

/* @who copied @text. What is too long, no UTF-8 or known already is nothing new to anybody. */
void clipboard_copy(Clipboard *clipboard, gconstpointer who, const char *text);

/* The text as Latin-1, not ended by NUL; what it does not have becomes '?'. Owned. */
guint8 *clipboard_to_latin1(const char *text, gsize *ret_length);
/* The text as UTF-8, up to the first NUL. Owned. */
char *clipboard_from_latin1(const guint8 *bytes, gsize length);
