/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/holder.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/pid.h"
#include "base/table.h"
#include "vgpu/mdev-sysfs.h"

#define DELETED " (deleted)" /* what the kernel adds to the path of a node that is gone */

void holder_free(Holder *holder)
{
    if (holder == NULL)
        return;
    g_free(holder->program);
    g_free(holder->vm);
    g_free(holder);
}

/* The nodes of the device, by their paths; NULL-terminated. */
static GPtrArray *device_nodes(const Root *root, const char *uuid)
{
    GPtrArray *nodes = g_ptr_array_new_with_free_func(g_free);
    char *group = mdev_group_node(root, uuid, NULL);
    if (group != NULL)
        g_ptr_array_add(nodes, group);
    g_autofree char *directory = g_strdup_printf("/sys/bus/mdev/devices/%s/vfio-dev", uuid);
    g_auto(GStrv) names = root_list(root, directory);
    for (char **name = names; *name != NULL; name++)
        g_ptr_array_add(nodes, g_build_filename("/dev/vfio/devices", *name, NULL));
    g_ptr_array_add(nodes, NULL);
    return nodes;
}

/* What the descriptors of a process are, as far as it matters. */
typedef struct {
    gboolean node; /* one of the nodes of the device */
    gboolean more; /* a container, or a device of some group */
} Descriptors;

static void note_descriptor(char *target, const GPtrArray *nodes, Descriptors *found)
{
    if (g_str_has_suffix(target, DELETED))
        target[strlen(target) - strlen(DELETED)] = '\0';
    if (g_strv_contains((const char *const *)nodes->pdata, target)) {
        found->node = TRUE;
        found->more |= g_str_has_prefix(target, "/dev/vfio/devices/");
    }
    found->more |=
        g_str_equal(target, "/dev/vfio/vfio") || g_str_equal(target, "anon_inode:[vfio-device]");
}

/* Adds to @found what stands in the directory @path. */
static void note_descriptors(const Root *root, const char *path, const GPtrArray *nodes,
                             Descriptors *found)
{
    g_auto(GStrv) numbers = root_list(root, path);
    for (char **number = numbers; *number != NULL; number++) {
        g_autofree char *link = g_build_filename(path, *number, NULL);
        g_autofree char *target = root_read_link(root, link, NULL);
        if (target != NULL)
            note_descriptor(target, nodes, found);
    }
}

/* The first of several threads may have ended: then the descriptors are seen at the others. */
static Descriptors read_descriptors(const Root *root, const char *process, gboolean leader_ended,
                                    const GPtrArray *nodes)
{
    Descriptors found = { 0 };
    g_autofree char *own = g_build_filename(process, "fd", NULL);
    if (!leader_ended) {
        note_descriptors(root, own, nodes, &found);
        return found;
    }
    g_autofree char *tasks = g_build_filename(process, "task", NULL);
    g_auto(GStrv) threads = root_list(root, tasks);
    for (char **thread = threads; *thread != NULL && !found.node; thread++) {
        g_autofree char *path = g_build_filename(tasks, *thread, "fd", NULL);
        note_descriptors(root, path, nodes, &found);
    }
    return found;
}

/* "win" of "-name guest=win,debug-threads=on" or "-name win" (QEMU, softmmu/vl.c). */
static char *name_of_vm(const char *option)
{
    g_auto(GStrv) parts = g_strsplit(option, ",", -1);
    for (char **part = parts; *part != NULL; part++)
        if (g_str_has_prefix(*part, "guest="))
            return g_strdup(*part + strlen("guest="));
    return parts[0] != NULL && strchr(parts[0], '=') == NULL ? g_strdup(parts[0]) : NULL;
}

/* Splits a command line whose words end with NUL. */
static void read_words(Holder *holder, const char *words, gsize length)
{
    const char *end = words + length; /* root_read() puts a NUL there */
    if (length > 0)
        holder->program = g_path_get_basename(words);
    for (const char *word = words; word < end; word += strlen(word) + 1) {
        const char *next = word + strlen(word) + 1;
        if (g_str_equal(word, "-name") && next < end) {
            holder->vm = name_of_vm(next);
            return;
        }
    }
}

static void describe_process(const Root *root, const char *process, Holder *holder)
{
    g_autofree char *path = g_build_filename(process, "cmdline", NULL);
    gsize length = 0;
    g_autofree char *words = root_read(root, path, &length, NULL);
    if (words != NULL)
        read_words(holder, words, length);
    if (holder->program != NULL && *holder->program != '\0')
        return;
    g_free(holder->program);
    g_autofree char *comm = g_build_filename(process, "comm", NULL);
    holder->program = root_read_attr(root, comm, NULL);
    if (holder->program == NULL)
        holder->program = g_strdup("a process");
}

static Holder *look_into(const Root *root, const char *pid, const GPtrArray *nodes)
{
    guint64 number = 0;
    if (!g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &number, NULL))
        return NULL;
    g_autofree char *process = g_build_filename("/proc", pid, NULL);
    g_autofree char *stat_path = g_build_filename(process, "stat", NULL);
    g_autofree char *text = root_read(root, stat_path, NULL, NULL);
    PidStat stat;
    if (text == NULL || !pid_parse_stat(text, &stat))
        return NULL;
    Descriptors found = read_descriptors(root, process, stat.state == 'Z', nodes);
    if (!found.node)
        return NULL;
    Holder *holder = g_new0(Holder, 1);
    holder->in_use = found.more;
    holder->pid = (pid_t)number;
    holder->started_ticks = stat.start_ticks;
    describe_process(root, process, holder);
    return holder;
}

GPtrArray *mdev_holders(const Root *root, const char *uuid)
{
    GPtrArray *holders = g_ptr_array_new_with_free_func((GDestroyNotify)holder_free);
    g_autoptr(GPtrArray) nodes = device_nodes(root, uuid);
    if (nodes->pdata[0] == NULL)
        return holders;
    g_auto(GStrv) pids = root_list(root, "/proc");
    for (char **pid = pids; *pid != NULL; pid++) {
        Holder *holder = look_into(root, *pid, nodes);
        if (holder != NULL)
            g_ptr_array_add(holders, holder);
    }
    return holders;
}

static void describe_one(GString *text, const Holder *holder)
{
    g_autofree char *program = text_printable(holder->program);
    g_string_append_printf(text, "%s%s (pid %d", text->len > 0 ? ", " : "", program,
                           (int)holder->pid);
    if (holder->vm != NULL) {
        g_autofree char *vm = text_printable(holder->vm);
        g_string_append_printf(text, ", VM '%s'", vm);
    }
    g_string_append_c(text, ')');
}

char *holders_describe(const GPtrArray *holders)
{
    if (holders->len == 0)
        return NULL;
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < holders->len; i++)
        describe_one(text, holders->pdata[i]);
    return g_string_free(text, FALSE);
}

char *mdev_describe_holders(const Root *root, const char *uuid)
{
    g_autoptr(GPtrArray) holders = mdev_holders(root, uuid);
    return holders_describe(holders);
}

char *mdev_describe_users(const Root *root, const char *uuid)
{
    g_autoptr(GPtrArray) holders = mdev_holders(root, uuid);
    for (guint i = holders->len; i-- > 0;)
        if (!((const Holder *)holders->pdata[i])->in_use)
            g_ptr_array_remove_index(holders, i);
    return holders_describe(holders);
}

gboolean mdev_wait_ending_holders(const Root *root, const char *uuid, guint limit_ms)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)limit_ms * 1000;
    g_autoptr(GPtrArray) holders = mdev_holders(root, uuid);
    for (guint i = 0; i < holders->len; i++) {
        const Holder *holder = holders->pdata[i];
        if (!pid_is_ending(holder->pid))
            return FALSE;
        autofd int pidfd = pid_open_same(holder->pid, holder->started_ticks);
        gint64 left_ms = MAX((deadline - g_get_monotonic_time()) / 1000, 0);
        if (pidfd >= 0 && !pid_wait_end(pidfd, (guint)left_ms))
            return FALSE;
    }
    return TRUE;
}
