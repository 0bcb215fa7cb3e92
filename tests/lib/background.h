/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests: programs that run beside the test and end with it, and an X server without a screen.
 */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKGROUND_START_MS 60000

static inline void background_die_with_test(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/*
 * Starts @argv with stdout in a pipe, whose reading end is *@ret_out, and stdin likewise when
 * @ret_in is not NULL. 0 when there is no such program.
 */
static inline GPid background_start(const char *const *argv, int *ret_in, int *ret_out)
{
    GPid pid = 0;
    if (!g_spawn_async_with_pipes(
            NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
            background_die_with_test, NULL, &pid, ret_in, ret_out, NULL, NULL))
        return 0;
    return pid;
}

static inline void background_stop(GPid pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* The first line of @fd without its newline, or NULL at its end or when none comes. Owned. */
static inline char *background_read_line(int fd)
{
    GString *line = g_string_new(NULL);
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    char c;
    while (poll(&wait, 1, BACKGROUND_START_MS) == 1 && read(fd, &c, 1) == 1) {
        if (c == '\n')
            return g_string_free(line, FALSE);
        g_string_append_c(line, c);
    }
    g_string_free(line, TRUE);
    return NULL;
}

/*
 * Starts an Xvfb on a display of its own choice and names it in $DISPLAY; 0 when there is no Xvfb
 * or it does not start.
 */
static inline GPid xvfb_start(void)
{
    /* its stdout is our pipe, and there it writes the number of the display once it listens */
    const char *argv[] = { "Xvfb",     "-displayfd",   "1",         "-screen",
                           "0",        "1600x1200x24", "-nolisten", "tcp",
                           "-noreset", "+extension",   "GLX",       NULL };
    int out = -1;
    GPid pid = background_start(argv, NULL, &out);
    if (pid == 0)
        return 0;
    g_autofree char *number = background_read_line(out);
    close(out);
    if (number == NULL) {
        background_stop(pid);
        return 0;
    }
    g_autofree char *display = g_strconcat(":", number, NULL);
    g_setenv("DISPLAY", display, TRUE);
    g_unsetenv("WAYLAND_DISPLAY");
    return pid;
}
