/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What QEMU's words mean: its messages (and those of its bridge helper) with the cause and the way
 * out. The texts are QEMU's own, from its sources and from runs of 7.2 to 11.
 */
#pragma once

#include <glib.h>

typedef enum {
    MESSAGE_GENERAL,
    MESSAGE_GL, /* OpenGL did not start: a vGPU without it may still work */
} MessageKind;

typedef struct {
    const char *id;      /* stable, for documentation and tests */
    const char *pattern; /* regular expression; its groups may be used in the texts as \1, \2 */
    MessageKind kind;
    const char *cause;   /* one clause */
    const char *way_out; /* one clause */
} Message;

/* All rows, the most specific first; the last has no id. */
extern const Message messages[];

/* The first row that one of the lines of @output matches; NULL when none does. */
const Message *message_match(const char *output);

/* "cause; way out" of the row that matches, owned; NULL when none does. */
char *message_explain(const char *output);

/*
 * The last line of @output that says something, without "qemu-system-x86_64: ". One that is not
 * complete, as when QEMU was killed while it wrote, only when there is no other. Owned, or NULL.
 */
char *message_last_line(const char *output);
