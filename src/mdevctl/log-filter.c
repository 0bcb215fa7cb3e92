/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/log-filter.h"

#include <string.h>

typedef struct {
    char *module; /* "": all */
    MdevctlLogLevel level;
} Directive;

struct LogFilter {
    GArray *directives; /* Directive */
    GRegex *regex;      /* or NULL */
};

static void directive_clear(gpointer data)
{
    g_free(((Directive *)data)->module);
}

static gboolean parse_level(const char *word, MdevctlLogLevel *level)
{
    static const char *const names[] = { "off", "error", "warn", "info", "debug", "trace" };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(word, names[i]) == 0) {
            *level = (MdevctlLogLevel)i;
            return TRUE;
        }
    }
    return FALSE;
}

/* The last of two for the same module counts. */
static void set_directive(LogFilter *filter, const char *module, MdevctlLogLevel level)
{
    for (guint i = 0; i < filter->directives->len; i++) {
        Directive *directive = &g_array_index(filter->directives, Directive, i);
        if (g_str_equal(directive->module, module)) {
            directive->level = level;
            return;
        }
    }
    Directive directive = { .module = g_strdup(module), .level = level };
    g_array_append_val(filter->directives, directive);
}

static void ignore_word(GString *complaints, const char *word)
{
    g_string_append_printf(complaints, "warning: invalid logging spec '%s', ignoring it\n", word);
}

/* "LEVEL", "MODULE" or "MODULE=LEVEL" */
static void add_word(LogFilter *filter, const char *word, GString *complaints)
{
    g_auto(GStrv) parts = g_strsplit(word, "=", -1);
    MdevctlLogLevel level = MDEVCTL_LOG_TRACE;
    switch (g_strv_length(parts)) {
    case 1:
        if (parse_level(word, &level))
            set_directive(filter, "", level);
        else
            set_directive(filter, word, level);
        return;
    case 2:
        g_strstrip(parts[1]);
        if (*parts[1] != '\0' && !parse_level(parts[1], &level))
            ignore_word(complaints, parts[1]);
        else
            set_directive(filter, parts[0], level);
        return;
    default:
        ignore_word(complaints, word);
    }
}

static void set_regex(LogFilter *filter, const char *pattern, GString *complaints)
{
    g_autoptr(GError) error = NULL;
    filter->regex = g_regex_new(pattern, G_REGEX_RAW, 0, &error);
    if (filter->regex == NULL)
        g_string_append_printf(complaints, "warning: invalid regex filter - %s\n", error->message);
}

static void parse(LogFilter *filter, const char *specification, GString *complaints)
{
    g_auto(GStrv) halves = g_strsplit(specification, "/", -1);
    guint count = g_strv_length(halves);
    if (count > 2) {
        g_string_append_printf(complaints,
                               "warning: invalid logging spec '%s', ignoring it (too many '/'s)\n",
                               specification);
        return;
    }
    g_auto(GStrv) words = g_strsplit(count > 0 ? halves[0] : "", ",", -1);
    for (char **word = words; *word != NULL; word++)
        if (*g_strstrip(*word) != '\0')
            add_word(filter, *word, complaints);
    if (count == 2)
        set_regex(filter, halves[1], complaints);
}

LogFilter *log_filter_new(const char *specification, GString *complaints)
{
    g_autoptr(GString) unheard = g_string_new(NULL);
    LogFilter *filter = g_new0(LogFilter, 1);
    filter->directives = g_array_new(FALSE, FALSE, sizeof(Directive));
    g_array_set_clear_func(filter->directives, directive_clear);
    parse(filter, specification, complaints != NULL ? complaints : unheard);
    if (filter->directives->len == 0)
        set_directive(filter, "", MDEVCTL_LOG_ERROR);
    return filter;
}

void log_filter_free(LogFilter *filter)
{
    if (filter == NULL)
        return;
    g_array_unref(filter->directives);
    g_clear_pointer(&filter->regex, g_regex_unref);
    g_free(filter);
}

static MdevctlLogLevel level_of(const LogFilter *filter, const char *module)
{
    MdevctlLogLevel level = MDEVCTL_LOG_OFF;
    gssize longest = -1;
    for (guint i = 0; i < filter->directives->len; i++) {
        const Directive *directive = &g_array_index(filter->directives, Directive, i);
        gssize length = (gssize)strlen(directive->module);
        if (length > longest && g_str_has_prefix(module, directive->module)) {
            longest = length;
            level = directive->level;
        }
    }
    return level;
}

gboolean log_filter_takes(const LogFilter *filter, MdevctlLogLevel level, const char *module,
                          const char *message)
{
    return level <= level_of(filter, module) &&
           (filter->regex == NULL || g_regex_match(filter->regex, message, 0, NULL));
}
