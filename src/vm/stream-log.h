/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a running program writes, kept in a file that cannot grow without end: when the file is
 * full it becomes FILE.1 (replacing the one before) and a new one begins. The last lines are also
 * at hand for messages. A full disk loses lines, never blocks the program.
 */
#pragma once

#include <glib.h>

typedef struct StreamLog StreamLog;

#define STREAM_LOG_LIMIT (512u << 10) /* bytes of one file; with FILE.1 twice that on disk */
#define STREAM_LOG_TAIL (8u << 10)    /* bytes kept in memory */

typedef enum {
    STREAM_LOG_OURS,  /* a file of ours: bounded, turned, no link is followed */
    STREAM_LOG_USERS, /* a file, terminal, device or FIFO the user named: never renamed; what a slow
                         reader cannot take is lost */
} StreamLogKind;

/*
 * Takes @fd (a pipe or socket, owned) and writes what comes out of it to @path, mode 0600 when it
 * is made here, from the default main context. NULL with @error set when it cannot be opened.
 */
StreamLog *stream_log_new(int fd, const char *path, StreamLogKind kind, GError **error);

/* Writes what lies in the stream, then closes both. NULL is fine. */
void stream_log_free(StreamLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StreamLog, stream_log_free)

/* Takes what lies in the stream now, without waiting for the main context. */
void stream_log_drain(StreamLog *log);

/* Writes @data of @length bytes among what the program says, which is no word of its own: the tail
 * has it not. */
void stream_log_add(StreamLog *log, const char *data, gsize length);

/* The last STREAM_LOG_TAIL bytes, borrowed, NUL-terminated. */
const char *stream_log_tail(const StreamLog *log);
