/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/mdev-parents.h"

#include <string.h>

#include "base/error.h"
#include "base/suggest.h"

#define DOMAIN "0000:"

gboolean mdev_parent_matches(const char *name, const char *wanted)
{
    if (name == NULL)
        return FALSE;
    return g_ascii_strcasecmp(name, wanted) == 0 ||
           (g_str_has_prefix(name, DOMAIN) &&
            g_ascii_strcasecmp(name + strlen(DOMAIN), wanted) == 0);
}

static gboolean set_unknown(GError **error, GPtrArray *names, const char *wanted)
{
    if (names->len == 0)
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "No device %s: this machine has no GPU and nothing that offers mediated "
                         "devices",
                         wanted);
    g_ptr_array_add(names, NULL);
    const char *near = suggest_word(wanted, (const char *const *)names->pdata);
    if (near != NULL)
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND, "No device %s; did you mean %s?", wanted,
                         near);
    g_autofree char *list = g_strjoinv(", ", (char **)names->pdata);
    return error_set(error, VGPUCTL_ERROR_NOT_FOUND, "No device %s; there is %s", wanted, list);
}

gboolean mdev_parents_keep(GPtrArray *parents, GPtrArray *absences, const char *wanted,
                           GError **error)
{
    if (wanted == NULL)
        return TRUE;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = parents->len; i-- > 0;) {
        const CapacityParent *parent = parents->pdata[i];
        if (mdev_parent_matches(parent->parent, wanted))
            continue;
        g_ptr_array_add(names, g_strdup(parent->parent));
        g_ptr_array_remove_index(parents, i);
    }
    for (guint i = absences != NULL ? absences->len : 0; i-- > 0;) {
        const Absence *absence = absences->pdata[i];
        if (mdev_parent_matches(absence->gpu, wanted))
            continue;
        g_ptr_array_add(names, g_strdup(absence->gpu));
        g_ptr_array_remove_index(absences, i);
    }
    if (parents->len > 0 || (absences != NULL && absences->len > 0))
        return TRUE;
    return set_unknown(error, names, wanted);
}
