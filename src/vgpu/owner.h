/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The owner of a claim: as long as it is alive the vGPU is not anybody else's.
 *
 *     pid:N          a process, known by its start time, too
 *     lease:SECONDS  until then
 *     lock           who holds a lock on the claim's file; ends with its descriptor
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef enum { OWNER_PID, OWNER_LEASE, OWNER_LOCK } OwnerKind;
extern const char *const owner_words[]; /* "pid", "lease", "lock" */

typedef struct {
    int kind;
    int pid;
    guint64 started_ticks; /* OWNER_PID */
    guint64 until_s;       /* OWNER_LEASE: CLOCK_BOOTTIME, as claims end with the boot */
} Owner;
extern const RecordType owner_type;

/* From "pid:N", "lease:SECONDS" or "fd"; NULL with @error (VGPUCTL_ERROR_USAGE; NOT_FOUND: no such
 * process). */
Owner *owner_parse(const char *text, GError **error);

/* Whether it still is. @claim_path: the claim's file, for OWNER_LOCK. */
gboolean owner_is_alive(const Owner *owner, const char *claim_path);

/* "process 812 (vgpuctl)", "lease, 41 s left", "lock". Owned. */
char *owner_describe(const Owner *owner);
