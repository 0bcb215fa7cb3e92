/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words of mdevctl 1.2.0 as a table: programs, verbs, options. The parser, the help pages and
 * the usage lines are made from it; nothing else knows a verb by name.
 */
#pragma once

#include <glib.h>

#include "mdevctl/options.h"

typedef enum {
    OPTION_END, /* behind the last row */
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_PATH, /* need not be UTF-8 */
    OPTION_UUID,
    OPTION_NUMBER, /* sets has_index, too */
    OPTION_HELP,
    OPTION_VERSION,
} OptionKind;

typedef struct {
    OptionKind kind;
    char short_name;        /* or 0 */
    const char *long_name;  /* NULL: an operand */
    const char *value_name; /* NULL: a flag */
    const char *help;
    gsize field;                  /* of MdevctlRequest, that it sets */
    gboolean is_required;         /* always */
    const char *required_without; /* the option without which this one must be there */
    const char *requires;         /* the option that must be there with this one */
    const char *conflicts[8];     /* those that must not; saying it on one side is enough */
    gboolean is_hidden;           /* mdevctl 1.3 has it: taken and never mentioned */
    gboolean takes_many;          /* an operand: [WORD]... */
} MdevctlOption;

typedef struct MdevctlCommand MdevctlCommand;
struct MdevctlCommand {
    const char *name;
    MdevctlVerb verb;
    const char *about;            /* or NULL */
    const char *long_about;       /* for --help, lines as they are printed; NULL: @about */
    const MdevctlOption *options; /* without --help and --version */
    const MdevctlCommand *verbs;  /* or NULL; ends with a row without name */
    gboolean is_program;          /* no verb */
    gboolean has_version;
    gboolean has_no_help;
    gboolean is_hidden; /* not in the list of verbs */
};

/* The programs: one with verbs, and `mdevctl list` under a name of its own. */
extern const MdevctlCommand mdevctl_program;
extern const MdevctlCommand lsmdev_program;

/* The verb of @command that is called @name; NULL when there is none. */
const MdevctlCommand *mdevctl_command_find(const MdevctlCommand *command, const char *name);

/*
 * A command as it was called, with all its options in one list.
 */
typedef struct {
    const MdevctlCommand *command;
    char *usage_name;   /* "mdevctl list" */
    GPtrArray *options; /* of const MdevctlOption */
    const MdevctlTerminal *terminal;
} Scope;

/* @words: what was typed up to the command, the program's name without directories included. */
Scope *scope_new(const MdevctlCommand *command, const char *words, const MdevctlTerminal *terminal);
void scope_free(Scope *scope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scope, scope_free)

/* The option called --@name or, for an operand, nothing; NULL when there is none. */
const MdevctlOption *scope_find_long(const Scope *scope, const char *name);
const MdevctlOption *scope_find_short(const Scope *scope, gunichar character);
/* The first operand, or NULL. No command has two. */
const MdevctlOption *scope_operand(const Scope *scope);

/* How messages name an option: "--uuid <UUID>", "--auto", "<PARENT>". Owned. */
char *mdevctl_option_words(const MdevctlOption *option);
