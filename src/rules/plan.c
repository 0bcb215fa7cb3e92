/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/plan.h"

#include <string.h>

#include "base/error.h"
#include "base/table.h"

const char *const screenshot_words[] = { "none",   "screendump", "vnc", "qemu-vnc",
                                         "window", "plane",      NULL };
const char *const server_words[] = { "none", "dbus", "vfio", "auto", "rfb", NULL };

static const Field plan_option_fields[] = {
    FIELD_TEXT_(PlanOption, name, "option of QEMU"),
    FIELD_TEXT_(PlanOption, value, "its value; null: it takes none"),
    FIELD_TEXT_(PlanOption, reason, "why it is there"),
    FIELD_END,
};
const RecordType plan_option_type = { "plan-option", sizeof(PlanOption), plan_option_fields };

static const Field plan_server_fields[] = {
    FIELD_CHOICE_(PlanServer, source, server_words, "where it takes the picture from"),
    FIELD_TEXT_(PlanServer, node, "DRM node to read pictures with; null: none"),
    FIELD_TEXT_(PlanServer, socket, "further unix socket it listens on; null: none"),
    FIELD_TEXT_(PlanServer, host, "address it listens on by TCP, empty for all; null: none"),
    FIELD_INT_(PlanServer, port, "port of that"),
    FIELD_FLAG_(PlanServer, web, "there is a page for browsers"),
    FIELD_END,
};
const RecordType plan_server_type = { "plan-server", sizeof(PlanServer), plan_server_fields };

static const Field plan_fields[] = {
    FIELD_TEXT_(Plan, binary, "QEMU to run"),
    FIELD_RECORDS_(Plan, options, &plan_option_type, "its options, in order"),
    FIELD_TEXTS_(Plan, notes, "what the user should know"),
    FIELD_TEXTS_(Plan, environment, "NAME=value for QEMU"),
    FIELD_CHOICE_(Plan, screenshot, screenshot_words, "how the picture can be read"),
    FIELD_TEXT_(Plan, display, "how the screen is shown"),
    FIELD_TEXT_(Plan, watch, "command that shows it"),
    FIELD_RECORD_(Plan, server, &plan_server_type, "our display server; null: none"),
    FIELD_TEXT_(Plan, vgpu, "the vGPU"),
    FIELD_TEXT_(Plan, render_node, "where OpenGL can draw the vGPU's own picture"),
    FIELD_TEXT_(Plan, vgpu_reason, "why it and not a better one"),
    FIELD_TEXT_(Plan, display_reason, "why the screen is shown so"),
    FIELD_TEXT_(Plan, fallback_type, "type to retry with when OpenGL does not start"),
    FIELD_FLAG_(Plan, needs_credential, "the display asks for a password"),
    FIELD_END,
};
const RecordType plan_type = { "plan", sizeof(Plan), plan_fields };

Plan *plan_new(void)
{
    Plan *plan = record_new(&plan_type);
    plan->options = g_ptr_array_new();
    return plan;
}

void plan_free(Plan *plan)
{
    record_free(&plan_type, plan);
}

void plan_add(Plan *plan, const char *name, const char *value, const char *reason)
{
    PlanOption *option = record_new(&plan_option_type);
    option->name = g_strdup(name);
    option->value = g_strdup(value);
    option->reason = g_strdup(reason);
    g_ptr_array_add(plan->options, option);
}

void plan_add_format(Plan *plan, const char *name, const char *reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *value = g_strdup_vprintf(format, args);
    va_end(args);
    plan_add(plan, name, value, reason);
}

/* Appends @text, which is taken over, to a vector that may be NULL. */
static void append(GStrv *texts, char *text)
{
    guint length = *texts != NULL ? g_strv_length(*texts) : 0;
    *texts = g_renew(char *, *texts, length + 2);
    (*texts)[length] = text;
    (*texts)[length + 1] = NULL;
}

void plan_note(Plan *plan, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append(&plan->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

void plan_set_environment(Plan *plan, const char *name, const char *value)
{
    append(&plan->environment, g_strconcat(name, "=", value, NULL));
}

const PlanOption *plan_find(const Plan *plan, const char *name)
{
    for (guint i = 0; i < plan->options->len; i++) {
        const PlanOption *option = plan->options->pdata[i];
        if (g_str_equal(option->name, name))
            return option;
    }
    return NULL;
}

static gboolean replace_fd(GString *text, const char *name, GHashTable *fds, GError **error)
{
    gpointer number;
    if (fds == NULL || !g_hash_table_lookup_extended(fds, name, NULL, &number))
        return error_set(error, VGPUCTL_ERROR_FAILED, "the plan wants file descriptor '%s'", name);
    g_string_append_printf(text, "%d", GPOINTER_TO_INT(number));
    return TRUE;
}

/* @text with each @mark in it doubled. Owned. */
static char *double_each(const char *text, char mark)
{
    GString *doubled = g_string_new(NULL);
    for (const char *c = text; *c != '\0'; c++) {
        g_string_append_c(doubled, *c);
        if (*c == mark)
            g_string_append_c(doubled, *c);
    }
    return g_string_free(doubled, FALSE);
}

/* @value with placeholders replaced and "@@" made "@", owned. */
static char *replace(const char *value, const char *run_directory, GHashTable *fds, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    while (*value != '\0') {
        const char *close = g_str_has_prefix(value, "@fd:") ? strchr(value + 1, '@') : NULL;
        if (g_str_has_prefix(value, "@@")) {
            g_string_append_c(text, '@');
            value += 2;
        } else if (g_str_has_prefix(value, "@run@")) {
            g_string_append(text, run_directory);
            value += strlen("@run@");
        } else if (close != NULL) {
            g_autofree char *name = g_strndup(value + 4, (gsize)(close - value) - 4);
            if (!replace_fd(text, name, fds, error))
                return NULL;
            value = close + 1;
        } else {
            g_string_append_c(text, *value++);
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *plan_place(const char *text, const char *run_directory)
{
    return text != NULL ? replace(text, run_directory, NULL, NULL) : NULL;
}

GStrv plan_argv(const Plan *plan, const char *run_directory, GHashTable *fds, GError **error)
{
    g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
    g_autofree char *directory = double_each(run_directory, ',');
    g_strv_builder_add(argv, plan->binary);
    for (guint i = 0; i < plan->options->len; i++) {
        const PlanOption *option = plan->options->pdata[i];
        g_strv_builder_add(argv, option->name);
        if (option->value == NULL)
            continue;
        g_autofree char *value = replace(option->value, directory, fds, error);
        if (value == NULL)
            return NULL;
        g_strv_builder_add(argv, value);
    }
    return g_strv_builder_end(argv);
}

char *plan_escape(const char *text)
{
    return double_each(text, '@');
}

char *plan_quote(const char *text)
{
    g_autofree char *escaped = plan_escape(text);
    return double_each(escaped, ',');
}

/* @text as people read it: placeholders stay, "@@" is "@". Owned. */
static char *readable(const char *text)
{
    GString *plain = g_string_new(text);
    g_string_replace(plain, "@@", "@", 0);
    return g_string_free(plain, FALSE);
}

#define REASON_COLUMN 64

static void write_option(GString *text, const PlanOption *option)
{
    /* names of files may hold what moves a terminal's cursor; JSON has them exactly */
    g_autofree char *plain = option->value != NULL ? readable(option->value) : NULL;
    g_autofree char *shown = plain != NULL ? text_printable(plain) : NULL;
    g_autofree char *value = shown != NULL && strpbrk(shown, " '\"\\$;&|<>*?()#")
                                 ? g_shell_quote(shown)
                                 : g_strdup(shown);
    g_autofree char *words = g_strconcat("  ", option->name, value != NULL ? " " : "", value, NULL);
    g_string_append_printf(text, "%-*s  # %s\n", REASON_COLUMN, words, option->reason);
}

static void write_choice(GString *text, const char *what, const char *choice, const char *reason)
{
    if (choice != NULL)
        g_string_append_printf(text, "# %s: %s%s%s\n", what, choice, reason != NULL ? ": " : "",
                               reason != NULL ? reason : "");
}

/* "# server: source auto, node /dev/dri/renderD128; on @run@/vnc.sock, :5901 (TLS, password)" */
static void write_server(GString *text, const PlanServer *server)
{
    g_autofree char *socket = server->socket != NULL ? readable(server->socket) : NULL;
    g_autofree char *shown = socket != NULL ? text_printable(socket) : NULL;
    gboolean brackets = server->host != NULL && strchr(server->host, ':') != NULL;
    g_string_append_printf(text, "# server: source %s%s%s; on @run@/vnc.sock%s%s",
                           server_words[server->source], server->node != NULL ? ", node " : "",
                           server->node != NULL ? server->node : "", shown != NULL ? ", " : "",
                           shown != NULL ? shown : "");
    if (server->host != NULL)
        g_string_append_printf(text, ", %s%s%s:%d (TLS, password)", brackets ? "[" : "",
                               server->host, brackets ? "]" : "", server->port);
    g_string_append_printf(text, "%s\n", server->web ? ", in browsers" : "");
}

char *plan_to_text(const Plan *plan)
{
    GString *text = g_string_new(NULL);
    write_choice(text, "vGPU", plan->vgpu, plan->vgpu_reason);
    write_choice(text, "display", plan->display, plan->display_reason);
    if (plan->server != NULL)
        write_server(text, plan->server);
    for (guint i = 0; plan->notes != NULL && plan->notes[i] != NULL; i++)
        g_string_append_printf(text, "# %s\n", plan->notes[i]);
    for (guint i = 0; plan->environment != NULL && plan->environment[i] != NULL; i++)
        g_string_append_printf(text, "%s ", plan->environment[i]);
    g_string_append_printf(text, "%s\n", plan->binary);
    for (guint i = 0; i < plan->options->len; i++)
        write_option(text, plan->options->pdata[i]);
    return g_string_free(text, FALSE);
}
