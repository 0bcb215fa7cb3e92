/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What QEMU says, one line of the protocol each, as values (QEMU docs/interop/qmp-spec). Pure. Used
 * by the QMP client only.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef enum {
    QMP_MESSAGE_GREETING, /* @value is its content */
    QMP_MESSAGE_EVENT,    /* @name; @value is its data, an object or NULL; @time_us */
    QMP_MESSAGE_RETURN,   /* @id; @value is what the command returned */
    QMP_MESSAGE_ERROR,    /* @id; @name is the error's class, NULL: none; @description */
    QMP_MESSAGE_OTHER,    /* something that later versions may say */
} QmpMessageKind;

typedef struct {
    json_t *object; /* owned; what is borrowed below is borrowed from it */
    QmpMessageKind kind;
    const json_t *id; /* NULL: none */
    json_t *value;
    const char *name;
    char *description; /* owned; one line, whatever QEMU wrote */
    gint64 time_us;    /* QEMU's wall clock since 1970; -1: it gave none */
} QmpMessage;

/*
 * Reads one line. FALSE with @error set (VGPUCTL_ERROR_INVALID) when it is no message; the text of
 * the error has one printable line. On success the caller clears @ret_message.
 */
gboolean qmp_message_parse(const char *text, gsize length, QmpMessage *ret_message, GError **error);

void qmp_message_clear(QmpMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QmpMessage, qmp_message_clear)
