/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes and limits of this machine and process that bound a VM. */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef struct {
    guint64 memory_total_bytes;
    guint64 memory_available_bytes; /* MemAvailable of /proc/meminfo */
    int cpus;                       /* this process may use (sched_getaffinity) */
    guint64 memlock_bytes;          /* soft RLIMIT_MEMLOCK; G_MAXINT64 when unlimited */
    guint64 nofile;                 /* soft RLIMIT_NOFILE */
    guint64 runtime_free_bytes;     /* free space where run directories lie */
} LimitsFacts;
extern const RecordType limits_facts_type;

LimitsFacts *limits_facts_read(const Root *root);
