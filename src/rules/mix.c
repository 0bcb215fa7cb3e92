/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/mix.h"

#include <string.h>

#include "base/error.h"
#include "rules/type-name.h"

static const Field mix_item_fields[] = {
    FIELD_TEXT_(MixItem, type, "type of mediated devices"),
    FIELD_INT_(MixItem, count, "how many of it"),
    FIELD_END,
};
const RecordType mix_item_type = { "mix-item", sizeof(MixItem), mix_item_fields };

static void item_free(gpointer item)
{
    record_free(&mix_item_type, item);
}

/* To be freed by g_ptr_array_unref(); a record that takes it over frees the items itself. */
static GPtrArray *mix_new(void)
{
    return g_ptr_array_new_with_free_func(item_free);
}

void mix_add(GPtrArray *mix, const char *type, int count)
{
    for (guint i = 0; i < mix->len; i++) {
        MixItem *item = mix->pdata[i];
        if (g_str_equal(item->type, type)) {
            item->count = MIN(item->count + count, MIX_COUNT_LIMIT);
            return;
        }
    }
    MixItem *item = record_new(&mix_item_type);
    item->type = g_strdup(type);
    item->count = count;
    g_ptr_array_add(mix, item);
}

static gboolean add_word(GPtrArray *mix, char *word, GError **error)
{
    char *equals = strrchr(word, '=');
    guint64 count = 1;
    if (equals != NULL) {
        *equals = '\0';
        if (!g_ascii_string_to_unsigned(g_strstrip(equals + 1), 10, 1, MIX_COUNT_LIMIT, &count,
                                        NULL))
            return error_set(error, VGPUCTL_ERROR_USAGE,
                             "'%s' is no number of vGPUs; write TYPE=NUMBER, as in V5_4=1,V5_8=2",
                             equals + 1);
    }
    g_strstrip(word);
    if (*word == '\0')
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "A type is missing; write TYPE=NUMBER, as in V5_4=1,V5_8=2");
    mix_add(mix, word, (int)count);
    if (mix->len > MIX_TYPES)
        return error_set(error, VGPUCTL_ERROR_USAGE, "A mix has at most %d types", MIX_TYPES);
    return TRUE;
}

GPtrArray *mix_parse(const char *text, GError **error)
{
    g_autoptr(GPtrArray) mix = mix_new();
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    if (words[0] == NULL) {
        error_set(error, VGPUCTL_ERROR_USAGE, "The mix is empty; write it as V5_4=1,V5_8=2");
        return NULL;
    }
    for (char **word = words; *word != NULL; word++)
        if (!add_word(mix, *word, error))
            return NULL;
    return g_steal_pointer(&mix);
}

char *mix_to_text(const GPtrArray *mix)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < mix->len; i++) {
        const MixItem *item = mix->pdata[i];
        g_string_append_printf(text, "%s%s=%d", i > 0 ? "," : "", type_short_name(item->type),
                               item->count);
    }
    return g_string_free(text, FALSE);
}
