/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-limits.h"

#include <sched.h>
#include <sys/resource.h>

#include "tests/lib/fake-root.h"

static void test_memory(void)
{
    g_auto(FakeRoot) fake = fake_root_new("notes-machine");
    LimitsFacts *facts = limits_facts_read(fake.root);
    g_assert_cmpuint(facts->memory_total_bytes, ==, G_GUINT64_CONSTANT(16303428) * 1024);
    g_assert_cmpuint(facts->memory_available_bytes, ==, G_GUINT64_CONSTANT(13107200) * 1024);
    record_free(&limits_facts_type, facts);

    fake_root_put(&fake, "/proc/meminfo", "MemTotalNot: 1 kB\nMemTotal: 2 kB\n");
    facts = limits_facts_read(fake.root);
    g_assert_cmpuint(facts->memory_total_bytes, ==, 2048);
    g_assert_cmpuint(facts->memory_available_bytes, ==, 0);
    record_free(&limits_facts_type, facts);
}

/* what this process may do, and not what the machine has */
static void test_process(void)
{
    g_autoptr(Root) root = root_open("/", NULL);
    cpu_set_t before, one;
    g_assert_cmpint(sched_getaffinity(0, sizeof before, &before), ==, 0);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    g_assert_cmpint(sched_setaffinity(0, sizeof one, &one), ==, 0);
    struct rlimit limit = { 0 };
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    limit.rlim_cur = 100;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);

    LimitsFacts *facts = limits_facts_read(root);
    g_assert_cmpint(facts->cpus, ==, 1);
    g_assert_cmpuint(facts->nofile, ==, 100);
    g_assert_cmpuint(facts->memory_total_bytes, >=, facts->memory_available_bytes);
    g_assert_cmpuint(facts->memory_available_bytes, >, 0);
    record_free(&limits_facts_type, facts);
    g_assert_cmpint(sched_setaffinity(0, sizeof before, &before), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts-limits/memory", test_memory);
    g_test_add_func("/facts-limits/process", test_process);
    return g_test_run();
}
