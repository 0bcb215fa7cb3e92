/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a user's programs and the broker (libexec/broker.c) say to each other: one message there and
 * one back on a SOCK_SEQPACKET socket, so that the kernel keeps the bounds of a message and there
 * is no half of one. Each is a flat JSON object:
 *
 *     {"version": 1, "op": "claim", "type": "i915-GVTg_V5_8", "vm": "win"}
 *     {"version": 1, "result": "done", "uuid": "..", "parent": "0000:00:02.0", "type": "..",
 *      "node": "/dev/vfio/13"}
 *     {"version": 1, "op": "release", "uuid": ".."}      {"version": 1, "result": "done"}
 *     {"version": 1, "op": "collect"}                    {"version": 1, "result": "done",
 * "collected": 2}
 *     {"version": 1, "result": "busy", "message": "one line for the user"}
 *
 * Who asks is not in it: the broker knows that from the kernel (unix(7), SO_PEERCRED).
 */
#pragma once

#include "base/record.h"

#define BROKER_SOCKET "/run/vgpuctl/broker.sock"
#define BROKER_VERSION 1
#define BROKER_REQUEST_LIMIT 1024 /* bytes of a message */
#define BROKER_REPLY_LIMIT 4096
#define BROKER_LIMIT_MS 30000 /* the broker answers, or ends, within this time */

typedef enum { BROKER_CLAIM, BROKER_RELEASE, BROKER_COLLECT } BrokerOp;
extern const char *const broker_op_words[];

typedef struct {
    int version;
    int op;       /* BrokerOp */
    char *type;   /* claim: the mdev type */
    char *parent; /* claim: on this GPU; NULL: any */
    char *uuid;   /* claim: of the new device, NULL: a random one; release: which */
    char *vm;     /* claim: what it is for, or NULL */
} BrokerRequest;
extern const RecordType broker_request_type;

typedef struct {
    int version;
    int result;                        /* 0: done; else a VgpuctlError + 1 */
    char *message;                     /* why not; one line */
    char *uuid, *parent, *type, *node; /* claim; "/dev/vfio/13" */
    int collected;                     /* collect: how many were taken back */
} BrokerReply;
extern const RecordType broker_reply_type;

void broker_request_free(BrokerRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BrokerRequest, broker_request_free)
void broker_reply_free(BrokerReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BrokerReply, broker_reply_free)

/*
 * Reads a request. NULL with VGPUCTL_ERROR_INVALID for all that is not exactly one: bytes behind
 * it, NUL, no UTF-8, a key twice, unknown, null or of another operation, a version or operation we
 * do not have, a uuid that is not 36 lower-case characters, and a type, parent or name that has
 * other characters than letters, digits and ".", "_", ":", "+", "-" - which also keeps it a single
 * name below the directories of sysfs.
 */
BrokerRequest *broker_request_from_text(const char *text, gsize length, GError **error);

/* Its text, without a final newline. Owned. */
char *broker_request_to_text(const BrokerRequest *request);

BrokerReply *broker_reply_from_text(const char *text, gsize length, GError **error);
/* At most BROKER_REPLY_LIMIT bytes: a longer message is cut. Owned. */
char *broker_reply_to_text(const BrokerReply *reply);

/* The reply that tells @error, and the error that @reply tells (FALSE; TRUE: it tells none). */
BrokerReply *broker_reply_from_error(const GError *error);
gboolean broker_reply_check(const BrokerReply *reply, GError **error);
