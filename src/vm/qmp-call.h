/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One command on its way to QEMU: the message, the descriptor that travels with it, and who is told
 * of the reply. Used by the QMP client only.
 */
#pragma once

#include "vm/qmp-client.h"

typedef struct {
    guint64 id;
    char *command; /* owned */
    char *text;    /* owned (free), the message as it is sent; NULL: it cannot be written as JSON */
    gsize length;
    gsize sent; /* bytes of @text that the socket has taken */
    int fd;     /* owned until the first byte is sent; -1: none */
    QmpReplyFunc func;
    void *userdata;
} QmpCall;

/* Steals @arguments (an object or NULL) and @fd (-1: none). */
QmpCall *qmp_call_new(guint64 id, const char *command, json_t *arguments, int fd);
void qmp_call_free(QmpCall *call);

/*
 * Sends what the socket takes now; @fd goes with the first byte and is closed then. FALSE and errno
 * when it takes nothing.
 */
gboolean qmp_call_send(QmpCall *call, int socket_fd);
