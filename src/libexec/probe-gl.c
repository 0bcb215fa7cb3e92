/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe-gl: asks one GL platform what it does and prints one JSON object, a GlPlatform. It is a
 * program of its own because GL drivers hang and crash; a platform that does not work is an answer
 * (works: false, and why), not a failure of this program.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "probe-gl.h"

static const char usage[] =
    "usage: probe-gl --node PATH | --surfaceless | --x11 | --glx | --wayland\n";

void probe_fail(GlPlatform *platform, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (platform->failure == NULL)
        platform->failure = g_strdup_vprintf(format, args);
    va_end(args);
}

/* FALSE: no such platform. */
static gboolean probe(GlPlatform *platform, char **argv)
{
    const char *word = argv[1];
    if (word == NULL)
        return FALSE;
    if (g_str_equal(word, "--node") && argv[2] != NULL && argv[3] == NULL) {
        probe_gbm(platform, argv[2]);
        return TRUE;
    }
    if (argv[2] != NULL)
        return FALSE;
    if (g_str_equal(word, "--surfaceless"))
        probe_surfaceless(platform);
    else if (g_str_equal(word, "--x11"))
        probe_x11(platform);
    else if (g_str_equal(word, "--glx"))
        probe_glx(platform);
    else if (g_str_equal(word, "--wayland"))
        probe_wayland(platform);
    else
        return FALSE;
    return TRUE;
}

int main(int argc, char **argv)
{
    /* drivers and loaders print; only our answer may reach the real stdout */
    int answer = dup(STDOUT_FILENO);
    if (answer < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return 1;

    GlPlatform platform = { 0 };
    if (!probe(&platform, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    g_autoptr(json_t) object = record_to_json(&gl_platform_type, &platform);
    g_autofree char *text = json_to_text(object);
    gboolean written = file_write_all(answer, text, strlen(text));
    /* no exit handlers: what a driver does there may hang or crash after the answer is known */
    _exit(written ? 0 : 1);
}
