/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The VMs whose screens a web server shows. It looks for none itself: who started it names them,
 * and may send a new list whenever one started or ended.
 */
#pragma once

#include <jansson.h>

#include "base/record.h"

typedef struct {
    char *name;
    char *socket;         /* of its VNC server */
    char *vgpu;           /* what its picture is made with, for people; NULL: unknown */
    guint64 started_at_s; /* seconds since 1970; 0: unknown */
} WebVm;
extern const RecordType web_vm_type;

/* A GPtrArray of WebVm, owned. */
GPtrArray *web_vms_new(void);

/* Adds one. FALSE with @error: the name is none, or there already, or the socket no full path. */
gboolean web_vms_add(GPtrArray *vms, const char *name, const char *socket, GError **error);

/* The list that @text is: a JSON array of WebVm. NULL with @error set. */
GPtrArray *web_vms_from_text(const char *text, gsize length, GError **error);

/* The one of that name, borrowed, or NULL. */
const WebVm *web_vms_find(const GPtrArray *vms, const char *name);

/* What the page is told: JSON text, owned. The sockets are none of its business. */
char *web_vms_for_page(const GPtrArray *vms);
