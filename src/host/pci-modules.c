/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-modules.h"

#include <fnmatch.h>
#include <string.h>

#define ALIAS "alias "
#define ANY_VENDOR "pci:v*"
#define VENDOR_LENGTH (strlen("pci:v00008086"))

/* fnmatch() on each of 20,000 lines is slow; nearly all of them are about another vendor. */
static gboolean may_match(const char *line, gsize length, const char *modalias)
{
    const char *pattern = line + strlen(ALIAS);
    if (length <= strlen(ALIAS ANY_VENDOR) || strncmp(line, ALIAS, strlen(ALIAS)) != 0)
        return FALSE;
    return strncmp(pattern, ANY_VENDOR, strlen(ANY_VENDOR)) == 0 ||
           (length > strlen(ALIAS) + VENDOR_LENGTH &&
            strncmp(pattern, modalias, VENDOR_LENGTH) == 0);
}

/* The module of "alias PATTERN MODULE" when the pattern matches, owned, else NULL. */
static char *match_line(const char *line, gsize length, const char *modalias)
{
    g_autofree char *pattern = g_strndup(line + strlen(ALIAS), length - strlen(ALIAS));
    char *space = strrchr(pattern, ' ');
    if (space == NULL)
        return NULL;
    *space = '\0';
    return fnmatch(pattern, modalias, 0) == 0 ? g_strdup(space + 1) : NULL;
}

static void add_once(GPtrArray *names, char *name)
{
    for (guint i = 0; i < names->len; i++) {
        if (g_str_equal(names->pdata[i], name)) {
            g_free(name);
            return;
        }
    }
    g_ptr_array_add(names, name);
}

static void add_matches(GPtrArray *modules, const char *text, gsize length, const char *modalias)
{
    for (const char *line = text, *end = text + length; line < end;) {
        const char *newline = memchr(line, '\n', (gsize)(end - line));
        gsize line_length = (gsize)((newline != NULL ? newline : end) - line);
        char *module =
            may_match(line, line_length, modalias) ? match_line(line, line_length, modalias) : NULL;
        if (module != NULL)
            add_once(modules, module);
        line = newline != NULL ? newline + 1 : end;
    }
}

GStrv pci_modules_claiming(const Root *root, const char *modalias)
{
    g_autoptr(GPtrArray) modules = g_ptr_array_new();
    g_autofree char *release = root_read_attr(root, "/proc/sys/kernel/osrelease", NULL);
    g_autofree char *path =
        g_strdup_printf("/lib/modules/%s/modules.alias", release != NULL ? release : "");
    g_autoptr(GMappedFile) file = release != NULL ? root_map(root, path, NULL) : NULL;
    if (file != NULL)
        add_matches(modules, g_mapped_file_get_contents(file), g_mapped_file_get_length(file),
                    modalias);
    g_ptr_array_add(modules, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&modules), FALSE);
}
