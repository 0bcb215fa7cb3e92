/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A helper program of a running VM: its display server, its page for browsers. It runs beside QEMU
 * as the same user, dies with us, and what it needs to begin anew is ours: so it is started again
 * when it dies, until its deaths show that it cannot live.
 *
 * A helper says that it serves by a byte on the descriptor behind --ready-fd, and ends with status
 * 0 when QEMU has ended.
 */
#pragma once

#include <glib.h>

typedef struct HelperChild HelperChild;

typedef struct {
    const char *program;          /* its name in libexec, also for messages */
    const char *const *arguments; /* behind the name; "--ready-fd N" follows; copied */
    const int *keep;              /* what it inherits, by number; ends with -1; copied */
    int qemu_pidfd;               /* readable when QEMU has ended; borrowed */
    /* What it prints on standard error, and what is to be said of it, for the VM's log. */
    void (*said)(const char *text, gsize length, gpointer userdata);
    /* A line that it prints on standard output, without its end. NULL: none is wanted. */
    void (*told)(const char *line, gpointer userdata);
    /* It will not be started again. */
    void (*given_up)(gpointer userdata);
    gpointer userdata;
} HelperChildSpec;

/* Deaths in a row, each within HELPER_CHILD_STEADY_S of the start, after which it is given up. */
#define HELPER_CHILD_DEATHS 5
#define HELPER_CHILD_STEADY_S 10

/*
 * Starts it and runs the main loop until it serves. NULL with @error set, its last words in it:
 * VGPUCTL_ERROR_FAILED when it ended before, VGPUCTL_ERROR_TIMEOUT after @limit_s,
 * VGPUCTL_ERROR_BUSY when QEMU ended meanwhile.
 */
HelperChild *helper_child_start(const HelperChildSpec *spec, guint limit_s, GError **error);

/* Ends it: at once, as all it holds is descriptors. NULL is fine. */
void helper_child_free(HelperChild *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HelperChild, helper_child_free)
