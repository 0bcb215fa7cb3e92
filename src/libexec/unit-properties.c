/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/unit-properties.h"

#include <string.h>

#include "base/error.h"

#define UNIT_NAME_MOST 255
#define SUFFIX ".service"

gboolean unit_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    return length > strlen(SUFFIX) && length <= UNIT_NAME_MOST && g_str_has_suffix(name, SUFFIX) &&
           strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ":-_.\\") == length;
}

static gboolean words_are_text(GStrv words, GError **error)
{
    for (GStrv word = words; word != NULL && *word != NULL; word++) {
        if (g_utf8_validate(*word, -1, NULL))
            continue;
        g_autofree char *shown = g_utf8_make_valid(*word, -1);
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "'%s' is not UTF-8, so it cannot be passed to the service manager; "
                         "rename it or run without the manager",
                         shown);
    }
    return TRUE;
}

gboolean unit_request_is_text(const UnitRequest *request, GError **error)
{
    char *single[] = { (char *)request->description, (char *)request->directory, NULL };
    return words_are_text(single, error) && words_are_text(request->program, error) &&
           words_are_text(request->stop_post, error) && words_are_text(request->environment, error);
}

char *unit_word_escape(const char *word)
{
    g_auto(GStrv) parts = g_strsplit(word, "$", -1);
    return g_strjoinv("$$", parts);
}

static int append_words(sd_bus_message *message, GStrv words)
{
    g_autoptr(GPtrArray) escaped = g_ptr_array_new_with_free_func(g_free);
    for (GStrv word = words; *word != NULL; word++)
        g_ptr_array_add(escaped, unit_word_escape(*word));
    g_ptr_array_add(escaped, NULL);
    return sd_bus_message_append_strv(message, (char **)escaped->pdata);
}

/* The array of one (path, words, whether its failure is ignored). The path is taken as it is. */
static int append_command(sd_bus_message *message, GStrv words)
{
    int r = sd_bus_message_open_container(message, 'a', "(sasb)");
    if (r >= 0)
        r = sd_bus_message_open_container(message, 'r', "sasb");
    if (r >= 0)
        r = sd_bus_message_append(message, "s", words[0]);
    if (r >= 0)
        r = append_words(message, words);
    if (r >= 0)
        r = sd_bus_message_append(message, "b", /* ignore_failure= */ 0);
    if (r >= 0)
        r = sd_bus_message_close_container(message);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* One (name, variant) whose value @append writes. Nothing for no words. */
static int append_list(sd_bus_message *message, const char *name, const char *type, GStrv words,
                       int (*append)(sd_bus_message *message, GStrv words))
{
    if (words == NULL)
        return 0;
    int r = sd_bus_message_open_container(message, 'r', "sv");
    if (r >= 0)
        r = sd_bus_message_append(message, "s", name);
    if (r >= 0)
        r = sd_bus_message_open_container(message, 'v', type);
    if (r >= 0)
        r = append(message, words);
    if (r >= 0)
        r = sd_bus_message_close_container(message);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_life(sd_bus_message *message, const UnitRequest *request)
{
    /*
     * Type=exec: the job is done when the program was executed, and fails when it could not be
     * (systemd.service(5)). KillMode=mixed: SIGTERM goes to the supervisor alone, which powers the
     * guest down; what is left then gets SIGKILL (systemd.kill(5)). CollectMode: a failed unit
     * would hold its name until somebody runs reset-failed, and the VM could not be started again
     * (systemd.unit(5)).
     */
    int r = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)(sv)", "Description", "s",
                                  request->description, "Type", "s", "exec", "KillMode", "s",
                                  "mixed", "CollectMode", "s", "inactive-or-failed",
                                  "WorkingDirectory", "s", request->directory);
    if (r < 0 || request->stop_timeout_s == 0)
        return r;
    guint64 stop_timeout_us = (guint64)request->stop_timeout_s * G_USEC_PER_SEC;
    return sd_bus_message_append(message, "(sv)", "TimeoutStopUSec", "t", stop_timeout_us);
}

static int append_streams(sd_bus_message *message, const UnitRequest *request)
{
    /*
     * The descriptor takes the place of StandardOutput=, but the manager still compares that with
     * StandardError= and lets stderr follow stdout where both say the same, as they do by default
     * (can_inherit_stderr_from_stdout() in systemd's execute.c; systemd issue 33851). With "null"
     * for the one, "journal" for the other is obeyed.
     */
    return sd_bus_message_append(message, "(sv)(sv)(sv)(sv)", "StandardInput", "s", "null",
                                 "StandardOutput", "s", "null", "StandardOutputFileDescriptor", "h",
                                 request->out, "StandardError", "s", "journal");
}

int unit_append_properties(sd_bus_message *message, const UnitRequest *request)
{
    int r = sd_bus_message_open_container(message, 'a', "(sv)");
    if (r >= 0)
        r = append_life(message, request);
    if (r >= 0)
        r = append_streams(message, request);
    if (r >= 0)
        r = append_list(message, "Environment", "as", request->environment,
                        sd_bus_message_append_strv);
    if (r >= 0)
        r = append_list(message, "ExecStart", "a(sasb)", request->program, append_command);
    if (r >= 0)
        r = append_list(message, "ExecStopPost", "a(sasb)", request->stop_post, append_command);
    return r < 0 ? r : sd_bus_message_close_container(message);
}
