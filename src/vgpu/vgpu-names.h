/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What we know about a vGPU and mdevctl's definition has no place for: its name and who may open
 * it. A record a vGPU, JSON, mode 0644: /etc/vgpuctl/vgpu.d/UUID of those that come again with the
 * next boot, /run/vgpuctl/vgpu.d/UUID of the others.
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef struct {
    char *uuid;
    char *name; /* or NULL */
    char *type, *parent;
    int uid, gid;        /* who may open it, numbers as udevd must not ask a network for names;
                          * -1: not given */
    gboolean persistent; /* it has a definition of ours, too */
} VgpuRecord;
extern const RecordType vgpu_record_type;

void vgpu_record_free(VgpuRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VgpuRecord, vgpu_record_free)

/* All of them by uuid: VgpuRecord, owned. One that cannot be read is left out. */
GPtrArray *vgpu_records(const Root *root);

/* NULL: there is none. */
VgpuRecord *vgpu_record_find(const Root *root, const char *uuid);
VgpuRecord *vgpu_record_by_name(const Root *root, const char *name);

gboolean vgpu_record_write(const Root *root, const VgpuRecord *record, GError **error);
/* Silent when there is none. */
gboolean vgpu_record_remove(const Root *root, const char *uuid, GError **error);

/* A name is letters, digits, ".", "_" and "-", begins with a letter or digit, has at most 64
 * characters and is no UUID. FALSE with VGPUCTL_ERROR_USAGE. */
gboolean vgpu_name_check(const char *name, GError **error);

/*
 * The uuid that @text means, owned: a name, a UUID in any form, or the first characters of just one
 * of those that live or have a record. A whole UUID need not exist. NULL with @error:
 * VGPUCTL_ERROR_NOT_FOUND, VGPUCTL_ERROR_USAGE when several begin so.
 */
char *vgpu_resolve(const Root *root, const char *text, GError **error);
