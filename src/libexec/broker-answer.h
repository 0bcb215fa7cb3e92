/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the broker does for one request: judges it, acts, and words the reply. Nothing of the
 * request names a file, a program or a user; what it names is looked up below fixed directories.
 */
#pragma once

#include "libexec/broker-policy.h"

typedef struct {
    const Root *root;
    const BrokerPolicy *policy; /* NULL: it could not be read; all requests are refused with... */
    const GError *policy_error; /* ...this */
} BrokerHost;

/* The reply to @length bytes of @text from @peer, owned; @ret_line gets a line for the log, owned.
 */
BrokerReply *broker_answer(const BrokerHost *host, const BrokerPeer *peer, const char *text,
                           gsize length, char **ret_line);
