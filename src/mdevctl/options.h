/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of mdevctl and lsmdev
 *
 * What stands between argv and a request: the words of mdevctl 1.2.0 (Debian 12), with every answer
 * about the command line itself - help, version, complaint - as that program prints it. Options
 * that came with mdevctl 1.3 are taken, too, and not mentioned in any text.
 */
#pragma once

#include <glib.h>

typedef enum {
    MDEVCTL_VERB_NONE,
    MDEVCTL_VERB_DEFINE,
    MDEVCTL_VERB_UNDEFINE,
    MDEVCTL_VERB_MODIFY,
    MDEVCTL_VERB_START,
    MDEVCTL_VERB_STOP,
    MDEVCTL_VERB_LIST,
    MDEVCTL_VERB_TYPES,
    MDEVCTL_VERB_START_PARENT_MDEVS,
} MdevctlVerb;

/* What is wanted. A text that was not given is NULL; texts are UTF-8 but for @jsonfile. */
typedef struct {
    MdevctlVerb verb;
    char *uuid;   /* canonical, lower case */
    char *parent; /* "" and names with a slash are possible */
    char *type;
    char *jsonfile; /* any bytes */
    char *addattr;  /* comes with @value */
    char *value;    /* may come alone, and is ignored then */
    gboolean has_index;
    guint32 index;
    gboolean delattr;
    gboolean auto_start; /* --auto */
    gboolean manual;     /* never with @auto_start */
    gboolean defined;    /* list; modify (mdevctl 1.3) */
    gboolean live;       /* modify (mdevctl 1.3), comes with @jsonfile */
    gboolean dumpjson;
    gboolean verbose;
    gboolean force; /* mdevctl 1.3 */
} MdevctlRequest;

void mdevctl_request_clear(MdevctlRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MdevctlRequest, mdevctl_request_clear)

/* Where text goes to a terminal that shows colours. */
typedef struct {
    gboolean colour_out;
    gboolean colour_err;
} MdevctlTerminal;

/* The end of a command line that asks for a text or is wrong. */
typedef struct {
    char *text; /* owned */
    gboolean to_stderr;
    int status; /* 0, 2 */
} MdevctlAnswer;

void mdevctl_answer_clear(MdevctlAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MdevctlAnswer, mdevctl_answer_clear)

/*
 * Reads @argv (NULL-terminated, argv[0] included: a name that ends in "lsmdev" has the options of
 * `mdevctl list` and no verbs). TRUE with @request set, or FALSE with @answer set.
 */
gboolean mdevctl_parse(char **argv, const MdevctlTerminal *terminal, MdevctlRequest *request,
                       MdevctlAnswer *answer);
