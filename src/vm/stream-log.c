/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/stream-log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

/* Upper bound of one drain: a program that floods must not keep us from the rest of our work. */
#define DRAIN_CHUNKS 64

struct StreamLog {
    int source_fd; /* owned */
    guint watch;   /* 0 once the stream has ended */
    int file_fd;   /* owned; -1 after a write failed */
    char *path;    /* owned */
    StreamLogKind kind;
    gsize written; /* bytes in the present file */
    GString *tail;
};

/* Never waits: a FIFO without a reader is an error (ENXIO). Only plain files are emptied. */
static int open_file(const char *path, StreamLogKind kind)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    autofd int fd = open(path, kind == STREAM_LOG_OURS ? flags | O_NOFOLLOW : flags, 0600);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) < 0 || (S_ISREG(info.st_mode) && ftruncate(fd, 0) < 0))
        return -1;
    return steal_fd(&fd);
}

static void turn_file(StreamLog *log)
{
    g_autofree char *old = g_strconcat(log->path, ".1", NULL);
    close(log->file_fd);
    (void)rename(log->path, old);
    log->file_fd = open_file(log->path, log->kind);
    log->written = 0;
}

void stream_log_add(StreamLog *log, const char *data, gsize length)
{
    gboolean bounded = log->kind == STREAM_LOG_OURS;
    if (bounded && log->file_fd >= 0 && log->written + length > STREAM_LOG_LIMIT)
        turn_file(log);
    if (log->file_fd >= 0 && !file_write_all(log->file_fd, data, length) && errno != EAGAIN) {
        close(log->file_fd);
        log->file_fd = -1;
    }
    log->written += length;
}

static void keep(StreamLog *log, const char *data, gsize length)
{
    g_string_append_len(log->tail, data, (gssize)length);
    if (log->tail->len > STREAM_LOG_TAIL)
        g_string_erase(log->tail, 0, (gssize)(log->tail->len - STREAM_LOG_TAIL));
    stream_log_add(log, data, length);
}

/* One read. FALSE when there is nothing (more) to read now; *@ended when there never will be. */
static gboolean take_chunk(StreamLog *log, gboolean *ended)
{
    char chunk[8192];
    ssize_t n = read(log->source_fd, chunk, sizeof chunk);
    if (n > 0)
        keep(log, chunk, (gsize)n);
    *ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    return n > 0;
}

void stream_log_drain(StreamLog *log)
{
    gboolean ended = FALSE;
    for (int i = 0; i < DRAIN_CHUNKS && take_chunk(log, &ended); i++)
        ;
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer userdata)
{
    StreamLog *log = userdata;
    gboolean ended = FALSE;
    take_chunk(log, &ended);
    if (!ended)
        return G_SOURCE_CONTINUE;
    log->watch = 0;
    return G_SOURCE_REMOVE;
}

StreamLog *stream_log_new(int fd, const char *path, StreamLogKind kind, GError **error)
{
    autofd int source = fd;
    int file_fd = open_file(path, kind);
    if (file_fd < 0) {
        error_set_errno(error, errno, "Opening %s to write into", path);
        return NULL;
    }
    StreamLog *log = g_new0(StreamLog, 1);
    log->source_fd = steal_fd(&source);
    log->file_fd = file_fd;
    log->path = g_strdup(path);
    log->kind = kind;
    log->tail = g_string_new(NULL);
    g_unix_set_fd_nonblocking(log->source_fd, TRUE, NULL);
    log->watch = g_unix_fd_add(log->source_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, log);
    return log;
}

void stream_log_free(StreamLog *log)
{
    if (log == NULL)
        return;
    stream_log_drain(log);
    g_clear_handle_id(&log->watch, g_source_remove);
    close(log->source_fd);
    if (log->file_fd >= 0)
        close(log->file_fd);
    g_string_free(log->tail, TRUE);
    g_free(log->path);
    g_free(log);
}

const char *stream_log_tail(const StreamLog *log)
{
    return log->tail->str;
}
