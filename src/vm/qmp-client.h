/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QMP client
 *
 * QEMU's machine protocol (QEMU docs/interop/qmp-spec) over one connected stream socket, driven by
 * a GLib main context: commands with their replies, and events. It knows the protocol and nothing
 * else; what is said is the caller's affair.
 *
 * Every call is completed exactly once: by QEMU's reply, by an error when the connection ends
 * before it, at the latest inside qmp_client_free(). Callbacks run from the main context or from
 * qmp_client_free(), never from within qmp_client_call(). They may call and may free the client.
 *
 * Out-of-band execution is not enabled. Without it QEMU answers in order and reads the next command
 * only when the one before it is done (monitor/qmp.c), which is also what keeps the descriptors of
 * two commands apart: its socket holds those of the latest message only (chardev/char-socket.c).
 *
 * Not thread-safe: a client belongs to the thread that runs its context.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef struct QmpClient QmpClient;

typedef enum {
    QMP_CLIENT_GREETING,    /* connected; QEMU has not introduced itself yet */
    QMP_CLIENT_NEGOTIATING, /* qmp_capabilities is under way; calls wait for its reply */
    QMP_CLIENT_RUNNING,     /* calls are sent as they come, events arrive */
    QMP_CLIENT_CLOSED,      /* the connection is gone; calls are completed with the reason */
} QmpClientState;

/*
 * The outcome of a call. On success @result is what QEMU returned and @error is NULL, otherwise
 * @result is NULL and @error says why. Both are borrowed.
 *
 * VGPUCTL_ERROR_FAILED: QEMU refused (then qmp_client_error_class() is set) or the connection
 * ended. VGPUCTL_ERROR_INVALID: QEMU broke the protocol, or the arguments could not be written as
 * JSON.
 */
typedef void (*QmpReplyFunc)(QmpClient *client, json_t *result, const GError *error,
                             void *userdata);

typedef struct {
    /*
     * An event. @data is its object, borrowed, or NULL; @time_us is QEMU's wall clock in
     * microseconds since 1970, -1 when it gave none.
     */
    void (*event)(QmpClient *client, const char *name, const json_t *data, gint64 time_us,
                  void *userdata);
    /*
     * The connection ended by itself; all calls have been completed. Called at most once, and not
     * by qmp_client_free(). @reason is borrowed: VGPUCTL_ERROR_FAILED when QEMU hung up,
     * VGPUCTL_ERROR_INVALID when it broke the protocol.
     */
    void (*closed)(QmpClient *client, const GError *reason, void *userdata);
} QmpClientHandlers;

/*
 * Takes ownership of @fd, a connected stream socket, and starts the handshake on @context (NULL:
 * the default one). Calls may be made at once. @handlers are copied; NULL: none.
 */
QmpClient *qmp_client_new(int fd, GMainContext *context, const QmpClientHandlers *handlers,
                          void *userdata);

/* Completes all calls with an error, then closes the connection. NULL is fine. */
void qmp_client_free(QmpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QmpClient, qmp_client_free)

/*
 * Queues @command. @arguments is an object, stolen, or NULL; @fd travels with the first byte of the
 * command (SCM_RIGHTS) and is closed after that in any case, -1: none. @func may be NULL. On a
 * closed client the call is completed with the reason of the end. Since a failed call says that the
 * connection may be gone, @func must not repeat it without looking at qmp_client_state().
 */
void qmp_client_call(QmpClient *client, const char *command, json_t *arguments, int fd,
                     QmpReplyFunc func, void *userdata);

QmpClientState qmp_client_state(const QmpClient *client);

/* QEMU's greeting ("version", "capabilities"), borrowed; NULL before it came. */
const json_t *qmp_client_greeting(const QmpClient *client);

/* Why the connection ended, borrowed; NULL while it has not. */
const GError *qmp_client_reason(const QmpClient *client);

/*
 * QEMU's class of the error that completed the latest call ("GenericError", "CommandNotFound");
 * NULL when that call succeeded or failed without QEMU's word. Borrowed until the next completes.
 */
const char *qmp_client_error_class(const QmpClient *client);

/* The context given to qmp_client_new(), borrowed. */
GMainContext *qmp_client_context(const QmpClient *client);

/* A message longer than this many bytes ends the connection. query-qmp-schema has about 200 kB. */
#define QMP_CLIENT_LINE_LIMIT (64u << 20)
void qmp_client_set_line_limit(QmpClient *client, gsize limit_bytes);
