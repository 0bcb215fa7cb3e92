/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/complaint.h"

#include "mdevctl/quote.h"
#include "mdevctl/styled.h"

static Styled *begin(const Scope *scope)
{
    Styled *text = styled_new(scope->terminal->colour_err);
    styled_add(text, STYLE_ERROR, "error:");
    styled_add(text, STYLE_NONE, " ");
    return text;
}

/* @usage NULL: none is shown. */
static gboolean finish(Styled *text, const Scope *scope, const char *heading, const char *usage,
                       MdevctlAnswer *answer)
{
    if (usage != NULL) {
        styled_add(text, STYLE_NONE, "\n\n");
        styled_add_format(text, STYLE_NONE, "%s%s", heading, usage);
    }
    if (scope->command->has_no_help) {
        styled_add(text, STYLE_NONE, "\n");
    } else {
        styled_add(text, STYLE_NONE, "\n\nFor more information try ");
        styled_add(text, STYLE_GOOD, "--help");
        styled_add(text, STYLE_NONE, "\n");
    }
    *answer = (MdevctlAnswer){ .text = styled_finish(text), .to_stderr = TRUE, .status = 2 };
    return FALSE;
}

static gboolean finish_with_usage(Styled *text, const Scope *scope, const char *usage,
                                  MdevctlAnswer *answer)
{
    return finish(text, scope, "USAGE:\n    ", usage, answer);
}

static void add_option_name(Styled *text, const MdevctlOption *option)
{
    g_autofree char *words = mdevctl_option_words(option);
    styled_add(text, STYLE_WARNING, words);
}

static void add_not_expected(Styled *text, const char *argument)
{
    styled_add(text, STYLE_NONE, "Found argument '");
    styled_add(text, STYLE_WARNING, argument);
    styled_add(text, STYLE_NONE, "' which wasn't expected, or isn't valid in this context");
}

static void add_escape_hint(Styled *text, const char *argument)
{
    if (*argument == '-')
        styled_add_format(text, STYLE_NONE,
                          "\n\n\tIf you tried to supply `%s` as a value rather than a flag, use "
                          "`-- %s`",
                          argument, argument);
}

gboolean complain_unknown_argument(const Scope *scope, const char *argument, const char *usage,
                                   MdevctlAnswer *answer)
{
    return complain_unknown_option(scope, argument, NULL, NULL, usage, answer);
}

gboolean complain_unknown_option(const Scope *scope, const char *argument, const char *near,
                                 const char *verb, const char *usage, MdevctlAnswer *answer)
{
    Styled *text = begin(scope);
    add_not_expected(text, argument);
    if (near != NULL && verb != NULL) {
        styled_add(text, STYLE_NONE, "\n\n\tDid you mean ");
        styled_add(text, STYLE_NONE, "to put '");
        styled_add_format(text, STYLE_GOOD, "--%s", near);
        styled_add(text, STYLE_NONE, "' after the subcommand '");
        styled_add(text, STYLE_GOOD, verb);
        styled_add(text, STYLE_NONE, "'?");
    } else if (near != NULL) {
        styled_add(text, STYLE_NONE, "\n\n\tDid you mean '");
        styled_add_format(text, STYLE_GOOD, "--%s", near);
        styled_add(text, STYLE_NONE, "'?");
    }
    add_escape_hint(text, argument);
    return finish_with_usage(text, scope, usage, answer);
}

gboolean complain_needless_escape(const Scope *scope, const char *argument, const char *usage,
                                  MdevctlAnswer *answer)
{
    Styled *text = begin(scope);
    add_not_expected(text, argument);
    add_escape_hint(text, argument);
    styled_add_format(text, STYLE_NONE,
                      "\n\n\tIf you tried to supply `%s` as a subcommand, remove the '--' before "
                      "it.",
                      argument);
    return finish_with_usage(text, scope, usage, answer);
}

static void add_no_verb(Styled *text, const char *argument)
{
    styled_add(text, STYLE_NONE, "The subcommand '");
    styled_add(text, STYLE_WARNING, argument);
    styled_add(text, STYLE_NONE, "' wasn't recognized");
}

gboolean complain_unlike_verb(const Scope *scope, const char *argument, const GPtrArray *near,
                              const char *usage, MdevctlAnswer *answer)
{
    g_autoptr(GString) choice = g_string_new(NULL);
    for (guint i = 0; i < near->len; i++)
        g_string_append_printf(choice, "%s'%s'", i > 0 ? " or " : "", (const char *)near->pdata[i]);
    Styled *text = begin(scope);
    add_no_verb(text, argument);
    styled_add(text, STYLE_NONE, "\n\n\tDid you mean ");
    styled_add(text, STYLE_GOOD, choice->str);
    styled_add(text, STYLE_NONE, "?");
    styled_add(text, STYLE_NONE,
               "\n\nIf you believe you received this message in error, try re-running with '");
    styled_add_format(text, STYLE_GOOD, "%s -- %s", scope->usage_name, argument);
    styled_add(text, STYLE_NONE, "'");
    return finish_with_usage(text, scope, usage, answer);
}

gboolean complain_no_verb(const Scope *scope, const char *argument, const char *usage,
                          MdevctlAnswer *answer)
{
    Styled *text = begin(scope);
    add_no_verb(text, argument);
    return finish_with_usage(text, scope, usage, answer);
}

gboolean complain_needless_value(const Scope *scope, const MdevctlOption *option, const char *value,
                                 const char *usage, MdevctlAnswer *answer)
{
    Styled *text = begin(scope);
    styled_add(text, STYLE_NONE, "The value '");
    styled_add(text, STYLE_WARNING, value);
    styled_add(text, STYLE_NONE, "' was provided to '");
    add_option_name(text, option);
    styled_add(text, STYLE_NONE, "' but it wasn't expecting any more values");
    return finish(text, scope, "", usage, answer); /* clap forgets the heading here */
}

gboolean complain_missing_value(const Scope *scope, const MdevctlOption *option,
                                MdevctlAnswer *answer)
{
    Styled *text = begin(scope);
    styled_add(text, STYLE_NONE, "The argument '");
    add_option_name(text, option);
    styled_add(text, STYLE_NONE, "' requires a value but none was supplied");
    return finish_with_usage(text, scope, NULL, answer);
}

gboolean complain_wrong_value(const Scope *scope, const MdevctlOption *option, const char *value,
                              const char *reason, MdevctlAnswer *answer)
{
    g_autofree char *quoted = rust_quote(value);
    Styled *text = begin(scope);
    styled_add(text, STYLE_NONE, "Invalid value ");
    styled_add(text, STYLE_WARNING, quoted);
    styled_add(text, STYLE_NONE, " for '");
    add_option_name(text, option);
    styled_add(text, STYLE_NONE, "': ");
    styled_add(text, STYLE_NONE, reason);
    return finish_with_usage(text, scope, NULL, answer);
}

gboolean complain_not_utf8(const Scope *scope, const char *usage, MdevctlAnswer *answer)
{
    Styled *text = begin(scope);
    styled_add(text, STYLE_NONE, "Invalid UTF-8 was detected in one or more arguments");
    return finish_with_usage(text, scope, usage, answer);
}

gboolean complain_twice(const Scope *scope, const MdevctlOption *option, const char *usage,
                        MdevctlAnswer *answer)
{
    Styled *text = begin(scope);
    styled_add(text, STYLE_NONE, "The argument '");
    add_option_name(text, option);
    styled_add(text, STYLE_NONE,
               "' was provided more than once, but cannot be used multiple times");
    return finish_with_usage(text, scope, usage, answer);
}

gboolean complain_conflict(const Scope *scope, const MdevctlOption *option, const GPtrArray *others,
                           const char *usage, MdevctlAnswer *answer)
{
    Styled *text = begin(scope);
    styled_add(text, STYLE_NONE, "The argument '");
    add_option_name(text, option);
    styled_add(text, STYLE_NONE, "' cannot be used with");
    if (others->len == 1) {
        styled_add(text, STYLE_NONE, " '");
        add_option_name(text, others->pdata[0]);
        styled_add(text, STYLE_NONE, "'");
        return finish_with_usage(text, scope, usage, answer);
    }
    styled_add(text, STYLE_NONE, ":");
    for (guint i = 0; i < others->len; i++) {
        styled_add(text, STYLE_NONE, "\n    ");
        add_option_name(text, others->pdata[i]);
    }
    return finish_with_usage(text, scope, usage, answer);
}

gboolean complain_missing(const Scope *scope, const GPtrArray *words, const char *usage,
                          MdevctlAnswer *answer)
{
    Styled *text = begin(scope);
    styled_add(text, STYLE_NONE, "The following required arguments were not provided:");
    for (guint i = 0; i < words->len; i++) {
        styled_add(text, STYLE_NONE, "\n    ");
        styled_add(text, STYLE_GOOD, words->pdata[i]);
    }
    return finish_with_usage(text, scope, usage, answer);
}
