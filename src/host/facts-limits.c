/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-limits.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const Field limits_facts_fields[] = {
    FIELD_U64_(LimitsFacts, memory_total_bytes, "memory of the machine"),
    FIELD_U64_(LimitsFacts, memory_available_bytes, "memory a new program can have"),
    FIELD_INT_(LimitsFacts, cpus, "processors this process may use"),
    FIELD_U64_(LimitsFacts, memlock_bytes, "memory this process may lock"),
    FIELD_U64_(LimitsFacts, nofile, "files this process may have open"),
    FIELD_U64_(LimitsFacts, runtime_free_bytes, "free space where run directories lie"),
    FIELD_END,
};
const RecordType limits_facts_type = { "limits", sizeof(LimitsFacts), limits_facts_fields };

/* "MemTotal:       16303428 kB" of /proc/meminfo; 0 when the line is missing. */
static guint64 meminfo_bytes(const char *meminfo, const char *key)
{
    for (const char *line = meminfo; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (g_str_has_prefix(line, key) && line[strlen(key)] == ':')
            return g_ascii_strtoull(line + strlen(key) + 1, NULL, 10) * 1024;
    }
    return 0;
}

static guint64 soft_limit(int resource)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
        return 0;
    return MIN(limit.rlim_cur, (guint64)G_MAXINT64);
}

/* A set for all processors the kernel can have: a fixed cpu_set_t fails on machines with more. */
static int usable_cpus(void)
{
    for (int most = 1024; most <= 1 << 20; most *= 2) {
        cpu_set_t *set = CPU_ALLOC(most);
        size_t size = CPU_ALLOC_SIZE(most);
        int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return count;
    }
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static guint64 runtime_free(const Root *root)
{
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");
    g_autofree char *path =
        root_host_path(root, runtime != NULL && *runtime == '/' ? runtime : "/run");
    struct statvfs space;
    if (statvfs(path, &space) < 0)
        return 0;
    return (guint64)space.f_bavail * space.f_frsize;
}

LimitsFacts *limits_facts_read(const Root *root)
{
    LimitsFacts *facts = record_new(&limits_facts_type);
    g_autofree char *meminfo = root_read(root, "/proc/meminfo", NULL, NULL);
    facts->memory_total_bytes = meminfo_bytes(meminfo, "MemTotal");
    facts->memory_available_bytes = meminfo_bytes(meminfo, "MemAvailable");
    facts->cpus = usable_cpus();
    facts->memlock_bytes = soft_limit(RLIMIT_MEMLOCK);
    facts->nofile = soft_limit(RLIMIT_NOFILE);
    facts->runtime_free_bytes = runtime_free(root);
    return facts;
}
