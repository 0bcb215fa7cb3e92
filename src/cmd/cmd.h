/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands
 *
 * One row is dispatch, help, man page check and shell completion of a verb. A command parses its
 * options, calls one thing and prints the answer; it decides nothing. Each cmd-*.c ends with its
 * row, commands.c lists the rows.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/error.h"
#include "base/root.h"

/* What the global options set. */
typedef struct {
    Root *root;             /* borrowed; /sys, /etc, ... */
    const char *facts_path; /* --facts FILE, or NULL: read this machine */
    gboolean json;          /* --json */
    gboolean verbose;       /* --verbose */
} CmdContext;

typedef struct {
    const char *name;                   /* "vm define" has a space: a verb with a sub-verb */
    const char *group;                  /* heading in `vgpuctl --help` */
    const char *arguments;              /* "[NAME]", shown behind the name */
    const char *summary;                /* one line, no full stop */
    const char *details;                /* paragraphs for --help, or NULL */
    const char *example;                /* lines for --help */
    const GOptionEntry *options;        /* may be NULL; --json is added when @prints_json */
    const GOptionEntry *shared_options; /* a table several commands have; may be NULL */
    gboolean prints_json;
    /*
     * @arguments are the operands without options, NULL-terminated; @passed are those behind "--"
     * (NULL when there was none). Returns the exit status: 0 done, 1 failed with @error or already
     * reported, 2 wrong usage. With @error set the status follows from its code.
     */
    int (*run)(const CmdContext *context, char **arguments, char **passed, GError **error);
} Command;

/* All rows, NULL-terminated, in the order of the help text. */
extern const Command *const commands[];

/* The row for @name ("run", "vm define"), or NULL. */
const Command *command_find(const char *name);

/* Walks @options, then @shared_options: the entry behind @entry (NULL: the first), or NULL. */
const GOptionEntry *command_next_option(const Command *command, const GOptionEntry *entry);

/* The name nearest to @wrong among the commands, or NULL when none is near. Owned. */
char *command_suggest(const char *wrong);

/* --help of one command, of the verb @verb with its sub-verbs (NULL: it has none), and of the
 * program. Owned. */
char *command_help(const Command *command);
char *command_group_help(const char *verb);
char *commands_help(void);

/*
 * Parses @argv (the words behind the verb) by the row and runs it. Errors of usage name the wrong
 * word and the nearest right one.
 */
int command_run(const Command *command, CmdContext *context, char **argv, GError **error);

/* Prints @value as JSON on stdout and releases it. Returns the exit status (1: stdout is broken).
 */
int cmd_print_json(json_t *value, GError **error);
/* Prints text on stdout. Returns the exit status. */
int cmd_print(const char *text, GError **error);

/*
 * What commands about VMs do first: session_collect(). What cannot be taken back is warned
 * of on stderr; FALSE with @error set when none can be looked at.
 */
gboolean cmd_collect_stale(const Root *root, GError **error);

/* Error that names @command and its operands: NULL-terminated @arguments must be between @least and
 * @most. */
gboolean cmd_check_operands(const Command *command, char **arguments, guint least, guint most,
                            GError **error);
