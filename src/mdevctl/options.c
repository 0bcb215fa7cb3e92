/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which things are found wrong is that of clap 3.2 (src/parser/parser.rs). */
#include "mdevctl/options.h"

#include <string.h>

#include "base/uuid.h"
#include "mdevctl/command.h"
#include "mdevctl/complaint.h"
#include "mdevctl/help.h"
#include "mdevctl/matches.h"
#include "mdevctl/number.h"
#include "mdevctl/quote.h"
#include "mdevctl/resemblance.h"
#include "mdevctl/usage.h"
#include "mdevctl/validate.h"

/* Reading the words behind one command. */
typedef struct {
    Scope *scope;
    Matches *matches;
    char **words; /* those that are left, the current one first */
    /*
     * An option or operand waits until the next thing is met: only then it counts as used, with the
     * value it has got, and only then a value that is no UTF-8 is complained of.
     */
    const MdevctlOption *pending;
    const char *pending_value;
    gboolean wants_value;   /* the next word is the pending option's value */
    gboolean only_operands; /* behind "--" */
    gboolean has_operand;
    MdevctlAnswer *answer;
} Parse;

void mdevctl_request_clear(MdevctlRequest *request)
{
    g_free(request->uuid);
    g_free(request->parent);
    g_free(request->type);
    g_free(request->jsonfile);
    g_free(request->addattr);
    g_free(request->value);
    *request = (MdevctlRequest){ 0 };
}

void mdevctl_answer_clear(MdevctlAnswer *answer)
{
    g_clear_pointer(&answer->text, g_free);
}

static char *plain_usage(const Parse *parse)
{
    return usage_line(parse->scope, NULL, NULL);
}

static gboolean answer_with_help(const Parse *parse, gboolean is_long)
{
    const Scope *scope = parse->scope;
    char *text = mdevctl_help(scope, is_long, scope->terminal->colour_out);
    *parse->answer = (MdevctlAnswer){ .text = text };
    return FALSE;
}

static gboolean resolve_pending(Parse *parse);

/* --help and --version answer at once, whatever follows. */
static gboolean use_option(Parse *parse, const MdevctlOption *option, const char *value,
                           gboolean is_long)
{
    if (!resolve_pending(parse))
        return FALSE;
    if (option->kind == OPTION_HELP)
        return answer_with_help(parse, is_long);
    if (option->kind == OPTION_VERSION) {
        char *text = mdevctl_version(parse->scope, parse->scope->terminal->colour_out);
        *parse->answer = (MdevctlAnswer){ .text = text };
        return FALSE;
    }
    gboolean is_valid =
        value == NULL || option->kind == OPTION_PATH || g_utf8_validate(value, -1, NULL);
    matches_add(parse->matches, option, is_valid ? value : NULL);
    if (is_valid)
        return TRUE;
    g_autofree char *usage = plain_usage(parse);
    return complain_not_utf8(parse->scope, usage, parse->answer);
}

static gboolean resolve_pending(Parse *parse)
{
    const MdevctlOption *option = g_steal_pointer(&parse->pending);
    const char *value = g_steal_pointer(&parse->pending_value);
    return option == NULL || use_option(parse, option, value, FALSE);
}

/* Where another complaint stands already, that one is made. */
static void settle_pending(Parse *parse)
{
    g_auto(MdevctlAnswer) unheard = { 0 };
    MdevctlAnswer *answer = parse->answer;
    parse->answer = &unheard;
    resolve_pending(parse);
    parse->answer = answer;
}

/* @value NULL: it is the next word. */
static gboolean use_valued_option(Parse *parse, const MdevctlOption *option, const char *value)
{
    parse->wants_value = FALSE;
    if (value != NULL)
        return use_option(parse, option, value, FALSE);
    if (!resolve_pending(parse))
        return FALSE;
    parse->pending = option;
    parse->wants_value = TRUE;
    return TRUE;
}

static gboolean use_flag(Parse *parse, const MdevctlOption *option, gboolean is_long)
{
    parse->wants_value = FALSE;
    return use_option(parse, option, NULL, is_long);
}

/* The long names that are offered for a mistyped one. */
static GPtrArray *long_names(const Scope *scope)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < scope->options->len; i++) {
        const MdevctlOption *option = scope->options->pdata[i];
        if (option->long_name != NULL && !option->is_hidden)
            g_ptr_array_add(names, (gpointer)option->long_name);
    }
    return names;
}

static const char *nearest_long(const Scope *scope, const char *wrong)
{
    g_autoptr(GPtrArray) names = long_names(scope);
    g_autoptr(GPtrArray) near = resemblance_choose(wrong, names);
    return near->len > 0 ? near->pdata[near->len - 1] : NULL;
}

/* The verb among the words that follow which has an option like @wrong; the first one. */
static const MdevctlCommand *verb_with_option(const Parse *parse, const char *wrong,
                                              const char **ret_near)
{
    const MdevctlCommand *command = parse->scope->command;
    if (command->verbs == NULL)
        return NULL;
    for (char **word = parse->words + 1; *word != NULL; word++) {
        const MdevctlCommand *verb = mdevctl_command_find(command, *word);
        if (verb == NULL)
            continue;
        g_autoptr(Scope) scope = scope_new(verb, *word, parse->scope->terminal);
        *ret_near = nearest_long(scope, wrong);
        if (*ret_near != NULL)
            return verb;
    }
    return NULL;
}

static gboolean reject_long(Parse *parse, const char *name)
{
    settle_pending(parse);
    g_autofree char *wrong = rust_lossy(name);
    const char *near = nearest_long(parse->scope, wrong);
    const MdevctlCommand *verb = near == NULL ? verb_with_option(parse, wrong, &near) : NULL;
    if (near != NULL && verb == NULL)
        matches_add(parse->matches, scope_find_long(parse->scope, near), NULL);
    g_autoptr(GPtrArray) used = matches_shown(parse->matches);
    g_autofree char *usage = usage_line(parse->scope, NULL, used);
    g_autofree char *argument = g_strdup_printf("--%s", wrong);
    return complain_unknown_option(parse->scope, argument, near, verb != NULL ? verb->name : NULL,
                                   usage, parse->answer);
}

/* The usage shows what was given before, but for what is required anyway. */
static gboolean reject_value(Parse *parse, const MdevctlOption *option, const char *value)
{
    g_autoptr(GPtrArray) shown = matches_shown(parse->matches);
    g_autoptr(GPtrArray) used = g_ptr_array_new();
    for (guint i = 0; i < shown->len; i++)
        if (!((const MdevctlOption *)shown->pdata[i])->is_required)
            g_ptr_array_add(used, shown->pdata[i]);
    g_autofree char *usage = usage_line(parse->scope, NULL, used);
    g_autofree char *text = rust_lossy(value);
    return complain_needless_value(parse->scope, option, text, usage, parse->answer);
}

/* @word: what stands behind "--". */
static gboolean parse_long(Parse *parse, const char *word)
{
    const char *equals = strchr(word, '=');
    const char *value = equals != NULL ? equals + 1 : NULL;
    g_autofree char *name = equals != NULL ? g_strndup(word, equals - word) : g_strdup(word);
    const MdevctlOption *option = scope_find_long(parse->scope, name);
    if (option == NULL)
        return reject_long(parse, name);
    if (option->value_name != NULL)
        return use_valued_option(parse, option, value);
    if (value != NULL)
        return reject_value(parse, option, value);
    return use_flag(parse, option, TRUE);
}

static gboolean reject_word(Parse *parse, const char *word)
{
    settle_pending(parse);
    g_autofree char *argument = rust_lossy(word);
    g_autofree char *usage = plain_usage(parse);
    return complain_unknown_argument(parse->scope, argument, usage, parse->answer);
}

static gboolean reject_short(Parse *parse, const char *flag)
{
    gunichar character = g_utf8_get_char_validated(flag, -1);
    gboolean is_character = character != (gunichar)-1 && character != (gunichar)-2;
    g_autofree char *name =
        is_character ? g_strndup(flag, (gsize)(g_utf8_next_char(flag) - flag)) : g_strdup(flag);
    g_autofree char *argument = g_strdup_printf("-%s", name);
    return reject_word(parse, argument);
}

/* @word: what stands behind "-", not empty: flags, the last of which may have a value. */
static gboolean parse_short(Parse *parse, const char *word)
{
    for (; *word != '\0'; word++) {
        const MdevctlOption *option = scope_find_short(parse->scope, (guchar)*word);
        if (option == NULL)
            return reject_short(parse, word);
        if (option->value_name != NULL) {
            const char *value = word[1] == '=' ? word + 2 : word + 1;
            return use_valued_option(parse, option, word[1] == '\0' ? NULL : value);
        }
        if (!use_flag(parse, option, FALSE))
            return FALSE;
    }
    return TRUE;
}

static GPtrArray *verb_names(const MdevctlCommand *command)
{
    GPtrArray *names = g_ptr_array_new();
    for (const MdevctlCommand *verb = command->verbs; verb != NULL && verb->name != NULL; verb++)
        g_ptr_array_add(names, (gpointer)verb->name);
    return names;
}

static gboolean reject_operand(Parse *parse, const char *word)
{
    settle_pending(parse);
    const MdevctlCommand *command = parse->scope->command;
    g_autofree char *argument = rust_lossy(word);
    g_autofree char *usage = plain_usage(parse);
    if (parse->only_operands && mdevctl_command_find(command, word) != NULL)
        return complain_needless_escape(parse->scope, argument, usage, parse->answer);
    g_autoptr(GPtrArray) names = verb_names(command);
    g_autoptr(GPtrArray) near = resemblance_choose(argument, names);
    if (near->len > 0)
        return complain_unlike_verb(parse->scope, argument, near, usage, parse->answer);
    return complain_unknown_argument(parse->scope, argument, usage, parse->answer);
}

static gboolean parse_operand(Parse *parse, const char *word)
{
    const MdevctlOption *operand = scope_operand(parse->scope);
    if (operand == NULL || parse->has_operand)
        return reject_operand(parse, word);
    if (!resolve_pending(parse))
        return FALSE;
    parse->pending = operand;
    parse->pending_value = word;
    parse->has_operand = TRUE;
    parse->wants_value = FALSE;
    return TRUE;
}

static gboolean parse_word(Parse *parse)
{
    const char *word = *parse->words;
    if (parse->only_operands)
        return parse_operand(parse, word);
    if (g_str_equal(word, "--")) {
        parse->only_operands = TRUE;
        return TRUE;
    }
    if (g_str_has_prefix(word, "--"))
        return parse_long(parse, word + 2);
    if (*word == '-' && word[1] != '\0')
        return parse_short(parse, word + 1);
    if (parse->wants_value) {
        parse->pending_value = word;
        parse->wants_value = FALSE;
        return TRUE;
    }
    return parse_operand(parse, word);
}

/* `help VERB...`: every word is a verb's name. */
static gboolean parse_help(Parse *parse, char **names)
{
    g_autoptr(Scope) outer =
        scope_new(parse->scope->command, parse->scope->usage_name, parse->scope->terminal);
    for (; *names != NULL; names++) {
        const MdevctlCommand *verb = mdevctl_command_find(outer->command, *names);
        if (verb == NULL) {
            g_autofree char *argument = rust_lossy(*names);
            g_autofree char *usage = usage_line(outer, NULL, NULL);
            return complain_no_verb(outer, argument, usage, parse->answer);
        }
        g_autofree char *words = g_strdup_printf("%s %s", outer->usage_name, verb->name);
        scope_free(outer);
        outer = scope_new(verb, words, parse->scope->terminal);
    }
    const Parse inner = { .scope = outer, .answer = parse->answer };
    return answer_with_help(&inner, TRUE);
}

static void set_field(MdevctlRequest *request, const Match *match)
{
    gpointer field = G_STRUCT_MEMBER_P(request, match->option->field);
    const char *value = match->values->len > 0 ? match->values->pdata[0] : NULL;
    switch (match->option->kind) {
    case OPTION_FLAG:
        *(gboolean *)field = TRUE;
        break;
    case OPTION_TEXT:
    case OPTION_PATH:
        *(char **)field = g_strdup(value);
        break;
    case OPTION_UUID:
        *(char **)field = uuid_parse(value, NULL);
        break;
    case OPTION_NUMBER:
        request->has_index = rust_parse_u32(value, field, NULL);
        break;
    case OPTION_END:
    case OPTION_HELP:
    case OPTION_VERSION:
        break;
    }
}

static gboolean finish_command(Parse *parse, MdevctlRequest *request)
{
    const Scope *scope = parse->scope;
    const MdevctlOption *last = parse->wants_value ? parse->pending : NULL;
    if (!resolve_pending(parse))
        return FALSE;
    if (last != NULL && matches_find(parse->matches, last)->values->len == 0)
        return complain_missing_value(scope, last, parse->answer);
    if (scope->command->verbs != NULL) {
        char *page = mdevctl_help(scope, FALSE, scope->terminal->colour_err);
        *parse->answer = (MdevctlAnswer){ .text = page, .to_stderr = TRUE, .status = 2 };
        return FALSE;
    }
    if (!mdevctl_validate(scope, parse->matches, parse->answer))
        return FALSE;
    *request = (MdevctlRequest){ .verb = scope->command->verb };
    for (guint i = 0; i < parse->matches->matches->len; i++)
        set_field(request, parse->matches->matches->pdata[i]);
    return TRUE;
}

static gboolean parse_command(const MdevctlCommand *command, const char *typed, char **words,
                              const MdevctlTerminal *terminal, MdevctlRequest *request,
                              MdevctlAnswer *answer);

/* A verb may stand wherever no value is wanted. */
static gboolean parse_verb(Parse *parse, const MdevctlCommand *verb, MdevctlRequest *request)
{
    if (verb->verb == MDEVCTL_VERB_NONE)
        return parse_help(parse, parse->words + 1);
    g_autofree char *typed = g_strdup_printf("%s %s", parse->scope->usage_name, verb->name);
    return parse_command(verb, typed, parse->words + 1, parse->scope->terminal, request,
                         parse->answer);
}

static gboolean parse_command(const MdevctlCommand *command, const char *typed, char **words,
                              const MdevctlTerminal *terminal, MdevctlRequest *request,
                              MdevctlAnswer *answer)
{
    g_autoptr(Scope) scope = scope_new(command, typed, terminal);
    g_autoptr(Matches) matches = matches_new();
    Parse parse = { .scope = scope, .matches = matches, .words = words, .answer = answer };
    for (; *parse.words != NULL; parse.words++) {
        const MdevctlCommand *verb = NULL;
        if (!parse.only_operands && !parse.wants_value)
            verb = mdevctl_command_find(command, *parse.words);
        if (verb != NULL)
            return parse_verb(&parse, verb, request);
        if (!parse_word(&parse))
            return FALSE;
    }
    return finish_command(&parse, request);
}

gboolean mdevctl_parse(char **argv, const MdevctlTerminal *terminal, MdevctlRequest *request,
                       MdevctlAnswer *answer)
{
    const MdevctlCommand *program =
        g_str_has_suffix(argv[0], lsmdev_program.name) ? &lsmdev_program : &mdevctl_program;
    g_autofree char *called = g_path_get_basename(argv[0]);
    gboolean is_shown = g_utf8_validate(called, -1, NULL);
    return parse_command(program, is_shown ? called : program->name, argv + 1, terminal, request,
                         answer);
}
