/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/validate.h"

#include "base/uuid.h"
#include "mdevctl/complaint.h"
#include "mdevctl/number.h"
#include "mdevctl/usage.h"

static gboolean names(const MdevctlOption *option, const MdevctlOption *other)
{
    for (guint i = 0; i < G_N_ELEMENTS(option->conflicts) && option->conflicts[i] != NULL; i++)
        if (g_strcmp0(option->conflicts[i], other->long_name) == 0)
            return TRUE;
    return FALSE;
}

/* Those on the command line that exclude @option or are excluded by it. Owned. */
static GPtrArray *find_conflicts(const Matches *matches, const MdevctlOption *option)
{
    GPtrArray *conflicts = g_ptr_array_new();
    for (guint i = 0; i < matches->matches->len; i++) {
        const MdevctlOption *other = ((const Match *)matches->matches->pdata[i])->option;
        if (other != option && (names(option, other) || names(other, option)))
            g_ptr_array_add(conflicts, (gpointer)other);
    }
    return conflicts;
}

/* Names what would be left of the command line without @conflicts, and what that requires. */
static char *conflict_usage(const Scope *scope, const Matches *matches, GPtrArray *conflicts)
{
    g_autoptr(GPtrArray) kept = matches_shown(matches);
    for (guint i = 0; i < conflicts->len; i++)
        g_ptr_array_remove(kept, conflicts->pdata[i]);
    g_autoptr(GPtrArray) used = g_ptr_array_new();
    for (guint i = 0; i < kept->len; i++) {
        const MdevctlOption *option = kept->pdata[i];
        const MdevctlOption *required =
            option->requires != NULL ? scope_find_long(scope, option->requires) : NULL;
        if (required != NULL && !g_ptr_array_find(kept, required, NULL) &&
            !g_ptr_array_find(conflicts, required, NULL))
            g_ptr_array_add(used, (gpointer)required);
    }
    g_ptr_array_extend(used, kept, NULL, NULL);
    return usage_line(scope, NULL, used);
}

static gboolean validate_conflicts(const Scope *scope, const Matches *matches,
                                   MdevctlAnswer *answer)
{
    for (guint i = 0; i < matches->matches->len; i++) {
        const Match *match = matches->matches->pdata[i];
        g_autoptr(GPtrArray) conflicts = find_conflicts(matches, match->option);
        if (conflicts->len == 0)
            continue;
        g_autofree char *usage = conflict_usage(scope, matches, conflicts);
        return complain_conflict(scope, match->option, conflicts, usage, answer);
    }
    return TRUE;
}

/* What must be there: always, or because of what is there. Owned. */
static GPtrArray *find_required(const Scope *scope, const Matches *matches)
{
    GPtrArray *required = usage_required(scope);
    for (guint i = 0; i < matches->matches->len; i++) {
        const MdevctlOption *option = ((const Match *)matches->matches->pdata[i])->option;
        const MdevctlOption *other =
            option->requires != NULL ? scope_find_long(scope, option->requires) : NULL;
        if (other != NULL && !g_ptr_array_find(required, other, NULL))
            g_ptr_array_add(required, (gpointer)other);
    }
    return required;
}

/* @more: options that are missing besides @required. */
static gboolean complain_of_missing(const Scope *scope, const Matches *matches,
                                    const GPtrArray *required, GPtrArray *more,
                                    MdevctlAnswer *answer)
{
    g_autoptr(GPtrArray) words = usage_required_words(scope, required, more, matches);
    g_autoptr(GPtrArray) used = matches_shown(matches);
    g_ptr_array_extend(used, more, NULL, NULL);
    g_autofree char *usage = usage_line(scope, required, used);
    return complain_missing(scope, words, usage, answer);
}

static gboolean is_missing(const Matches *matches, const MdevctlOption *option)
{
    if (matches_find(matches, option) != NULL)
        return FALSE;
    g_autoptr(GPtrArray) conflicts = find_conflicts(matches, option);
    return conflicts->len == 0;
}

static gboolean validate_required(const Scope *scope, const Matches *matches,
                                  const GPtrArray *required, MdevctlAnswer *answer)
{
    g_autoptr(GPtrArray) more = g_ptr_array_new();
    for (guint i = 0; i < required->len; i++)
        if (is_missing(matches, required->pdata[i]))
            return complain_of_missing(scope, matches, required, more, answer);
    for (guint i = 0; i < scope->options->len; i++) {
        const MdevctlOption *option = scope->options->pdata[i];
        if (option->required_without == NULL || matches_find(matches, option) != NULL)
            continue;
        if (matches_find(matches, scope_find_long(scope, option->required_without)) == NULL)
            g_ptr_array_add(more, (gpointer)option);
    }
    if (more->len > 0)
        return complain_of_missing(scope, matches, required, more, answer);
    return TRUE;
}

static gboolean check_value(OptionKind kind, const char *value, GError **error)
{
    if (kind == OPTION_UUID) {
        g_autofree char *uuid = uuid_parse(value, error);
        return uuid != NULL;
    }
    guint32 number;
    return kind != OPTION_NUMBER || rust_parse_u32(value, &number, error);
}

static gboolean validate_match(const Scope *scope, const Match *match, const GPtrArray *required,
                               MdevctlAnswer *answer)
{
    const MdevctlOption *option = match->option;
    if (option->value_name != NULL && match->values->len == 0)
        return complain_missing_value(scope, option, answer);
    for (guint i = 0; i < match->values->len; i++) {
        const char *value = match->values->pdata[i];
        g_autoptr(GError) error = NULL;
        if (!check_value(option->kind, value, &error))
            return complain_wrong_value(scope, option, value, error->message, answer);
    }
    if (match->occurrences > 1 && option->long_name != NULL) {
        g_autofree char *usage = usage_line(scope, required, NULL);
        return complain_twice(scope, option, usage, answer);
    }
    return TRUE;
}

gboolean mdevctl_validate(const Scope *scope, const Matches *matches, MdevctlAnswer *answer)
{
    if (!validate_conflicts(scope, matches, answer))
        return FALSE;
    g_autoptr(GPtrArray) required = find_required(scope, matches);
    if (!validate_required(scope, matches, required, answer))
        return FALSE;
    for (guint i = 0; i < matches->matches->len; i++)
        if (!validate_match(scope, matches->matches->pdata[i], required, answer))
            return FALSE;
    return TRUE;
}
