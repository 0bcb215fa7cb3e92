/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/sudo-line.h"

#include <string.h>

#include "base/error.h"
#include "base/user.h"

static void append_word(GString *line, const char *word)
{
    gboolean plain = *word != '\0';
    for (const char *at = word; *at != '\0'; at++)
        plain = plain && (g_ascii_isalnum(*at) || strchr("._:/=,+@%-", *at) != NULL);
    g_autofree char *quoted = plain ? g_strdup(word) : g_shell_quote(word);
    g_string_append_printf(line, " %s", quoted);
}

/* "sudo vgpuctl create V5_4 --user alice": our own command line, quoted for a shell. Owned. */
static char *sudo_line(void)
{
    g_autofree char *words = NULL;
    gsize length = 0;
    GString *line = g_string_new("sudo vgpuctl");
    if (!g_file_get_contents("/proc/self/cmdline", &words, &length, NULL) || length == 0)
        return g_string_free(line, FALSE);
    for (const char *word = words + strlen(words) + 1; word < words + length;
         word += strlen(word) + 1)
        append_word(line, word);
    return g_string_free(line, FALSE);
}

int sudo_line_add(GError **error)
{
    if (error == NULL || user_is_root() ||
        !g_error_matches(*error, VGPUCTL_ERROR, VGPUCTL_ERROR_ACCESS))
        return 1;
    g_autofree char *line = sudo_line();
    g_autofree char *message = g_strdup_printf("%s: %s", (*error)->message, line);
    g_clear_error(error);
    error_set(error, VGPUCTL_ERROR_ACCESS, "%s", message);
    return 1;
}
