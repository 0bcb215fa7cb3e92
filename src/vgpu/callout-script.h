/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of one script, and the search for the first that takes a device. */
#pragma once

#include "base/process.h"
#include "vgpu/mdev.h"

typedef struct {
    const char *event, *action, *state;
    const char *input; /* NULL: none */
} ScriptCall;

/* Full paths in lexical order, /usr/lib before /etc. @kind is "callouts" or "notifiers". Owned. */
GPtrArray *script_list(const MdevHost *host, const char *kind);

/* What became of a run. */
typedef enum {
    SCRIPT_NOT_RUN,   /* it cannot be executed */
    SCRIPT_EXITED,    /* result->status */
    SCRIPT_KILLED,    /* by a signal that was not ours */
    SCRIPT_TIMED_OUT, /* by us */
} ScriptEnd;

/* Runs it; clear @result with process_result_clear() in every case. */
ScriptEnd script_run(const MdevHost *host, const Mdev *dev, const char *path,
                     const ScriptCall *call, ProcessResult *result);

/* Passes on what it wrote to its stderr, with its name in front. */
void script_pass_stderr(const MdevHost *host, const char *path, const ProcessResult *result);

/*
 * Runs the callout scripts until one does not say "not my type" (2) and @accepts (NULL: all) its
 * result. Its path, owned, with @result and *@end set; NULL: there is none.
 */
typedef gboolean (*ScriptAccepts)(const ProcessResult *result, gpointer data);
char *script_find(const MdevHost *host, const Mdev *dev, const ScriptCall *call,
                  ScriptAccepts accepts, gpointer data, ProcessResult *result, ScriptEnd *end);

/* Runs all notifiers; how they end counts for nothing. */
void script_notify(const MdevHost *host, const Mdev *dev, const char *action, const char *state,
                   const char *input);
