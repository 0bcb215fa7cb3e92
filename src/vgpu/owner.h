/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The owner of a claim: as long as it is alive the vGPU is not anybody else's.
 *
 *     pid:N          a process, known by its start time, too
 *     lease:SECONDS  until then
 *     fd             who holds a lock on a file beside the claim; ends with its descriptor
 */
#pragma once

#include "base/record.h"

typedef enum { OWNER_PID, OWNER_LEASE, OWNER_LOCK } OwnerKind;
extern const char *const owner_words[]; /* "pid", "lease", "lock" */

typedef struct {
    int kind;
    int pid; /* OWNER_PID; OWNER_LOCK: who took the lock, for people; 0: nobody knows */
    guint64 started_ticks; /* OWNER_PID */
    guint64 until_s;       /* OWNER_LEASE: CLOCK_BOOTTIME, as claims end with the boot */
} Owner;
extern const RecordType owner_type;

/* From "pid:N", "lease:SECONDS" or "fd"; NULL with @error (VGPUCTL_ERROR_USAGE; NOT_FOUND: no such
 * process). Free with owner_free(). */
Owner *owner_parse(const char *text, GError **error);

/* This process. Free with owner_free(). */
Owner *owner_self(void);
void owner_free(Owner *owner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Owner, owner_free)

/* Whether it still is. @lock_path: the file an OWNER_LOCK has locked; one we may not open counts as
 * locked. */
gboolean owner_is_alive(const Owner *owner, const char *lock_path);

/* "process 812 (vgpuctl)", "a lease with 41 s left", "a lock (process 812, vgpuctl)". Owned. */
char *owner_describe(const Owner *owner);
