/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running a child program to its end, with a limit on its time and on what it may print. Programs
 * we ask (QEMU's help, the GL probe) hang and crash; a caller must always get an answer.
 */
#pragma once

#include <glib.h>

typedef struct {
    const char *const *argv;        /* argv[0] is the program, searched in PATH */
    const char *const *environment; /* "NAME=value" set on top of ours; NULL: none */
    const char *input;              /* written to its stdin; NULL: /dev/null */
    guint limit_ms;                 /* after this long it is killed; 0: 10 s */
    gsize output_limit; /* bytes kept of each stream, the rest is read and dropped; 0: 1 MiB */
} ProcessRequest;

typedef struct {
    gboolean timed_out;
    gboolean exited; /* FALSE: ended by @signal */
    int status;      /* exit status when exited */
    int signal;
    char *out;        /* owned, NUL-terminated */
    gsize out_length; /* bytes in @out: it may be binary */
    char *err;        /* owned, NUL-terminated */
} ProcessResult;

/*
 * Starts the program in a process group of its own and waits for it. TRUE when it could be started,
 * whatever became of it; FALSE with @error set (VGPUCTL_ERROR_NOT_FOUND: no such program). At its
 * end or at the time limit the whole group is killed, so nothing it started stays behind.
 */
gboolean process_run(const ProcessRequest *request, ProcessResult *result, GError **error);

void process_result_clear(ProcessResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProcessResult, process_result_clear)

/* Whether it exited by itself with status 0. */
gboolean process_succeeded(const ProcessResult *result);

/* "exited with status 1", "was killed by SIGSEGV", "did not finish in time". Owned. */
char *process_describe(const ProcessResult *result);
