/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-ids.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/file.h"

struct PciIdsExcerpt {
    int fd; /* owned, a file in memory */
    char *path;
};

/* A run of lines: one entry and the more deeply indented lines behind it. */
typedef struct {
    const char *start, *end;
} Block;

static const char *next_line(const char *line, const char *end)
{
    const char *newline = memchr(line, '\n', (gsize)(end - line));
    return newline != NULL ? newline + 1 : end;
}

static guint indent_of(const char *line, const char *end)
{
    guint tabs = 0;
    while (line + tabs < end && line[tabs] == '\t')
        tabs++;
    return tabs;
}

/* The first line in @within that begins with @head ("\n\t3e98 " without the newline). */
static const char *find_line(Block within, const char *head)
{
    gsize length = strlen(head);
    for (const char *at = within.start; at < within.end;) {
        at = memmem(at, (gsize)(within.end - at), head, length);
        if (at == NULL || at == within.start || at[-1] == '\n')
            return at;
        at += length;
    }
    return NULL;
}

/* An empty block when there is no such entry. Comments may stand anywhere and end nothing. */
static Block find_block(Block within, const char *head)
{
    const char *start = find_line(within, head);
    if (start == NULL)
        return (Block){ within.end, within.end };
    guint indent = indent_of(head, head + strlen(head));
    const char *end = next_line(start, within.end);
    while (end < within.end && (*end == '#' || *end == '\n' || indent_of(end, within.end) > indent))
        end = next_line(end, within.end);
    return (Block){ start, end };
}

static void append(GString *text, const char *start, const char *end)
{
    g_string_append_len(text, start, end - start);
}

static void append_vendor(GString *text, Block database, int vendor, int device)
{
    char head[16];
    snprintf(head, sizeof head, "%04x  ", (guint)vendor & 0xffff);
    Block block = find_block(database, head);
    append(text, block.start, next_line(block.start, block.end));
    if (device < 0)
        return;
    snprintf(head, sizeof head, "\t%04x  ", (guint)device & 0xffff);
    Block inner = find_block(block, head);
    append(text, inner.start, inner.end);
}

char *pci_ids_select(const char *database, gsize length, const PciIds *ids)
{
    Block all = { database, database + length };
    GString *text = g_string_new(NULL);
    append_vendor(text, all, ids->vendor, ids->device);
    if (ids->subvendor > 0 && ids->subvendor != ids->vendor)
        append_vendor(text, all, ids->subvendor, /* device= */ -1);

    char head[16];
    snprintf(head, sizeof head, "C %02x  ", ((guint)ids->class_id >> 8) & 0xff);
    Block class_block = find_block(all, head);
    append(text, class_block.start, class_block.end);
    return g_string_free(text, FALSE);
}

PciIdsExcerpt *pci_ids_excerpt(const Root *root, const PciIds *ids)
{
    g_autoptr(GMappedFile) database = root_map(root, "/usr/share/misc/pci.ids", NULL);
    if (database == NULL || g_mapped_file_get_length(database) == 0)
        return NULL;
    g_autofree char *text = pci_ids_select(g_mapped_file_get_contents(database),
                                           g_mapped_file_get_length(database), ids);
    autofd int fd = memfd_create("pci.ids", MFD_CLOEXEC);
    if (fd < 0 || !file_write_all(fd, text, strlen(text)))
        return NULL;
    PciIdsExcerpt *excerpt = g_new0(PciIdsExcerpt, 1);
    excerpt->fd = steal_fd(&fd);
    excerpt->path = g_strdup_printf("/proc/self/fd/%d", excerpt->fd);
    return excerpt;
}

void pci_ids_excerpt_free(PciIdsExcerpt *excerpt)
{
    if (excerpt == NULL)
        return;
    close(excerpt->fd);
    g_free(excerpt->path);
    g_free(excerpt);
}

const char *pci_ids_excerpt_path(const PciIdsExcerpt *excerpt)
{
    return excerpt->path;
}
