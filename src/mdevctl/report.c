/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mdevctl/log-filter.h"
#include "mdevctl/styled.h"

/* One cause, set off and, where there are several, with its number. */
static void append_cause(GString *text, const char *cause, int number)
{
    g_auto(GStrv) lines = g_strsplit(cause, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        if (number < 0)
            g_string_append(text, "\n    ");
        else if (i == 0)
            g_string_append_printf(text, "\n%5d: ", number);
        else
            g_string_append(text, "\n       ");
        g_string_append(text, lines[i]);
    }
}

int mdevctl_fail(const char *message, ...)
{
    g_autoptr(GPtrArray) causes = g_ptr_array_new();
    va_list arguments;
    va_start(arguments, message);
    for (char *cause; (cause = va_arg(arguments, char *)) != NULL;)
        g_ptr_array_add(causes, cause);
    va_end(arguments);

    g_autoptr(GString) text = g_string_new("Error: ");
    g_string_append(text, message);
    if (causes->len > 0)
        g_string_append(text, "\n\nCaused by:");
    for (guint i = 0; i < causes->len; i++)
        append_cause(text, causes->pdata[i], causes->len > 1 ? (int)i : -1);
    g_string_append_c(text, '\n');
    fputs(text->str, stderr);
    return 1;
}

char *mdevctl_errno_text(int errno_value)
{
    return g_strdup_printf("%s (os error %d)", g_strerror(errno_value), errno_value);
}

static gboolean has_colour(void)
{
    const char *style = g_getenv("MDEVCTL_LOG_STYLE");
    if (style != NULL && g_str_equal(style, "always"))
        return TRUE;
    if (style != NULL && g_str_equal(style, "never"))
        return FALSE;
    return styled_is_terminal(STDERR_FILENO);
}

static LogFilter *filter;

void mdevctl_log_open(void)
{
    const char *specification = g_getenv("MDEVCTL_LOG");
    g_autoptr(GString) complaints = g_string_new(NULL);
    gboolean is_text = specification != NULL && g_utf8_validate(specification, -1, NULL);
    filter = log_filter_new(is_text ? specification : "warn", complaints);
    fputs(complaints->str, stderr);
}

static char *format_line(MdevctlLogLevel level, const char *module, const char *message,
                         gboolean colour)
{
    static const struct {
        const char *name, *colour;
    } levels[] = {
        [MDEVCTL_LOG_ERROR] = { "ERROR", "\033[1m\033[31m" },
        [MDEVCTL_LOG_WARN] = { "WARN ", "\033[33m" },
        [MDEVCTL_LOG_INFO] = { "INFO ", "\033[32m" },
        [MDEVCTL_LOG_DEBUG] = { "DEBUG", "\033[34m" },
        [MDEVCTL_LOG_TRACE] = { "TRACE", "\033[36m" },
    };
    const char *grey = colour ? "\033[0m\033[38;5;8m" : "", *end = colour ? "\033[0m" : "";
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    return g_strdup_printf("%s[%s%s %s%s%s%s %s%s]%s %s\n", grey, end, time, end,
                           colour ? levels[level].colour : "", levels[level].name, end, module,
                           grey, end, message);
}

void mdevctl_log(MdevctlLogLevel level, const char *module, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (filter == NULL || !log_filter_takes(filter, level, module, message))
        return;
    g_autofree char *line = format_line(level, module, message, has_colour());
    fputs(line, stderr);
}
