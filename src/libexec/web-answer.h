/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a request is answered with: headers, files of the page, the list of VMs, refusals. */
#pragma once

#include <libsoup/soup.h>

#include "libexec/web-gate.h"
#include "libexec/web-pages.h"
#include "libexec/web-vms.h"

/* What answers are made of; borrowed. */
typedef struct {
    const WebPages *pages;
    WebGate *gate;
    const GPtrArray *vms;
} WebSite;

typedef enum {
    WEB_ANSWER_DONE,    /* the message has its answer */
    WEB_ANSWER_UPGRADE, /* it will become a WebSocket to the VM that web_answer_vm() names */
} WebAnswer;

/* @path and @query as libsoup decoded them. */
WebAnswer web_answer(const WebSite *site, SoupServerMessage *message, const char *path,
                     GHashTable *query);

/* The name behind "vnc/" in the address, which need not be a VM's. Owned; NULL: there is none. */
char *web_answer_vm(const WebSite *site, SoupServerMessage *message);
