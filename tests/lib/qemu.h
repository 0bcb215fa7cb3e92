/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests: a QEMU without a disk, whose firmware writes text on the screen.
 */
#pragma once

#include <string.h>

#include "tests/lib/background.h"

typedef struct {
    GPid pid;
    int in, out; /* its QMP */
} TestQemu;

static inline void test_qemu_stop(TestQemu *qemu)
{
    background_stop(qemu->pid);
    close(qemu->in);
    close(qemu->out);
}

/*
 * Starts it and returns when its displays are set up: QMP commands are answered by the main loop,
 * which runs after that. FALSE when there is no QEMU or it ends with an error, which it prints.
 */
static inline gboolean test_qemu_start(TestQemu *qemu, const char *const *options)
{
    const char *fixed[] = {
        "qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-m", "64", "-qmp", "stdio",
        "-nodefaults",        NULL
    };
    static const char hello[] = "{\"execute\": \"qmp_capabilities\"}\n";
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    for (const char **word = fixed; *word != NULL; word++)
        g_ptr_array_add(argv, (char *)*word);
    for (; *options != NULL; options++)
        g_ptr_array_add(argv, (char *)*options);
    g_ptr_array_add(argv, NULL);

    qemu->pid = background_start((const char *const *)argv->pdata, &qemu->in, &qemu->out);
    if (qemu->pid == 0)
        return FALSE;
    signal(SIGPIPE, SIG_IGN);
    gboolean ready = write(qemu->in, hello, strlen(hello)) > 0;
    while (ready) {
        g_autofree char *line = background_read_line(qemu->out);
        ready = line != NULL;
        if (ready && g_str_has_prefix(line, "{\"return\""))
            return TRUE;
    }
    test_qemu_stop(qemu);
    return FALSE;
}
