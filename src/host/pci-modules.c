/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-modules.h"

#include <fnmatch.h>
#include <string.h>

#define VENDOR_LENGTH (strlen("pci:v00008086"))

/* Splits "alias PATTERN MODULE" in place. */
static gboolean split_alias(char *line, const char **ret_pattern, const char **ret_module)
{
    if (!g_str_has_prefix(line, "alias "))
        return FALSE;
    char *pattern = line + strlen("alias ");
    char *space = strrchr(pattern, ' ');
    if (space == NULL)
        return FALSE;
    *space = '\0';
    *ret_pattern = pattern;
    *ret_module = space + 1;
    return TRUE;
}

/* fnmatch() on each of 20,000 aliases is slow; nearly all name another vendor. */
static gboolean matches(const char *pattern, const char *modalias)
{
    return (g_str_has_prefix(pattern, "pci:v*") ||
            strncmp(pattern, modalias, VENDOR_LENGTH) == 0) &&
           fnmatch(pattern, modalias, 0) == 0;
}

static gboolean has_name(const GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++)
        if (g_str_equal(names->pdata[i], name))
            return TRUE;
    return FALSE;
}

GStrv pci_modules_claiming(const Root *root, const char *modalias)
{
    g_autoptr(GPtrArray) modules = g_ptr_array_new();
    g_autofree char *release = root_read_attr(root, "/proc/sys/kernel/osrelease", NULL);
    g_autofree char *path =
        g_strdup_printf("/lib/modules/%s/modules.alias", release != NULL ? release : "");
    g_autofree char *text = release != NULL ? root_read(root, path, NULL, NULL) : NULL;

    for (char *line = text, *rest = NULL; line != NULL; line = rest) {
        rest = strchr(line, '\n');
        if (rest != NULL)
            *rest++ = '\0';
        const char *pattern, *module;
        if (split_alias(line, &pattern, &module) && matches(pattern, modalias) &&
            !has_name(modules, module))
            g_ptr_array_add(modules, g_strdup(module));
    }
    g_ptr_array_add(modules, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&modules), FALSE);
}
