/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/mdev-words.h"

#include "cmd/mdev-parents.h"
#include "host/facts-mdev.h"
#include "rules/type-name.h"

char *mdev_parent_word(const Root *root, const char *word)
{
    static const char *const places[] = { "/sys/class/mdev_bus", "/etc/mdevctl.d" };
    if (word == NULL)
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_auto(GStrv) names = root_list(root, places[i]);
        for (guint n = 0; names[n] != NULL; n++)
            if (mdev_parent_matches(names[n], word))
                return g_strdup(names[n]);
    }
    if (g_regex_match_simple("^[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]$", word, G_REGEX_CASELESS, 0)) {
        g_autofree char *lower = g_ascii_strdown(word, -1);
        return g_strconcat("0000:", lower, NULL);
    }
    return g_strdup(word);
}

char *mdev_type_word(const Root *root, const char *parent, const char *word)
{
    if (parent == NULL || word == NULL)
        return g_strdup(word);
    MdevFacts *facts = mdev_facts_read(root);
    const MdevType *type = NULL;
    for (guint i = 0; facts->parents != NULL && i < facts->parents->len; i++) {
        const MdevParent *known = facts->parents->pdata[i];
        if (g_str_equal(known->name, parent))
            type = mdev_match_type(known, word);
    }
    char *result = g_strdup(type != NULL ? type->id : word);
    record_free(&mdev_facts_type, facts);
    return result;
}
