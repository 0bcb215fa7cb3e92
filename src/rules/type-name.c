/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/type-name.h"

#include <string.h>

#define GVT_PREFIX "i915-GVTg_"

static gboolean has_letter(const char *text)
{
    for (; *text != '\0'; text++)
        if (g_ascii_isalpha(*text))
            return TRUE;
    return FALSE;
}

gboolean type_matches(const char *id, const char *wanted)
{
    if (id == NULL || wanted == NULL || *wanted == '\0')
        return FALSE;
    if (g_str_equal(id, wanted))
        return TRUE;
    gsize length = strlen(id), end = strlen(wanted);
    if (end >= length || !has_letter(wanted) || !g_str_has_suffix(id, wanted))
        return FALSE;
    char before = id[length - end - 1];
    return before == '-' || before == '_';
}

gboolean mdev_type_matches(const MdevType *type, const char *wanted)
{
    return type_matches(type->id, wanted) ||
           (wanted != NULL && *wanted != '\0' && g_strcmp0(type->name, wanted) == 0);
}

const MdevType *mdev_match_type(const MdevParent *parent, const char *wanted)
{
    const MdevType *exact = mdev_find_type(parent, wanted);
    for (guint i = 0; exact == NULL && parent->types != NULL && i < parent->types->len; i++)
        if (mdev_type_matches(parent->types->pdata[i], wanted))
            exact = parent->types->pdata[i];
    return exact;
}

const char *type_short_name(const char *id)
{
    return g_str_has_prefix(id, GVT_PREFIX) ? id + strlen(GVT_PREFIX) : id;
}
