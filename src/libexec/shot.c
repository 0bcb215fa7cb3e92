/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shot: takes a picture of a guest's screen and writes it as PNG, for `vgpuctl screenshot` where
 * QMP's screendump says "no surface". A program of its own, so that libpng and the X11 libraries
 * are not loaded by every vgpuctl. Exit status: 0 done, 1 failed, 2 wrong usage; why on stderr.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "display/png.h"
#include "libexec/plane-shot.h"
#include "libexec/rfb-grab.h"
#include "libexec/window-grab.h"

#define VNC_LIMIT_MS 10000
#define PLANE_LIMIT_MS 10000

static const char usage[] =
    "usage: shot --vnc SOCKET | --window PID | --plane SOCKET [--node DEVICE]  --output FILE|-\n";

typedef struct {
    const char *vnc, *window, *plane, *node, *output;
} Options;

static gboolean parse_options(char **argv, Options *options)
{
    for (; argv[0] != NULL; argv += 2) {
        if (argv[1] == NULL)
            return FALSE;
        if (g_str_equal(argv[0], "--vnc"))
            options->vnc = argv[1];
        else if (g_str_equal(argv[0], "--window"))
            options->window = argv[1];
        else if (g_str_equal(argv[0], "--plane"))
            options->plane = argv[1];
        else if (g_str_equal(argv[0], "--node"))
            options->node = argv[1];
        else if (g_str_equal(argv[0], "--output"))
            options->output = argv[1];
        else
            return FALSE;
    }
    int sources = (options->vnc != NULL) + (options->window != NULL) + (options->plane != NULL);
    return options->output != NULL && sources == 1 &&
           (options->node == NULL || options->plane != NULL);
}

static Frame *grab_window(const char *word, GError **error)
{
    guint64 pid;
    if (!g_ascii_string_to_unsigned(word, 10, 1, G_MAXINT32, &pid, NULL)) {
        error_set(error, VGPUCTL_ERROR_USAGE, "'%s' is no process number", word);
        return NULL;
    }
    gboolean whole = TRUE;
    Frame *frame = window_grab((pid_t)pid, &whole, error);
    if (frame != NULL && !whole)
        fputs("The window reaches over the edge of the X screen; that part is black\n", stderr);
    return frame;
}

static Frame *grab(const Options *options, GError **error)
{
    if (options->vnc != NULL)
        return rfb_grab_socket(options->vnc, VNC_LIMIT_MS, error);
    if (options->plane != NULL)
        return plane_shot(options->plane, options->node, PLANE_LIMIT_MS, error);
    return grab_window(options->window, error);
}

static gboolean run(const Options *options, GError **error)
{
    g_autoptr(Frame) frame = grab(options, error);
    return frame != NULL && frame_write_png(frame, options->output, error);
}

int main(int argc, char **argv)
{
    Options options = { 0 };
    if (argc < 1 || !parse_options(argv + 1, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    g_autoptr(GError) error = NULL;
    if (run(&options, &error))
        return 0;
    fprintf(stderr, "%s\n", error->message);
    return g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE) ? 2 : 1;
}
