/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting a child program: what it inherits is named, everything else is closed. The child dies
 * with us (PR_SET_PDEATHSIG), whatever ends us.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct {
    const char *const *argv; /* argv[0] is the program: a path, or a name to search in PATH */
    const char *const *environment; /* "NAME=value" set on top of ours; NULL: none */
    int in, out, err;               /* its standard streams; -1: /dev/null */
    const int *keep;        /* further descriptors it keeps, by number; ends with -1; NULL: none */
    gboolean new_session;   /* setsid(): no terminal; else only a process group of its own */
    gboolean private_files; /* umask 077: sockets and files it makes are its user's alone */
} SpawnRequest;

/*
 * Starts it. FALSE with @error set when the program could not be executed (VGPUCTL_ERROR_NOT_FOUND:
 * no such program). The caller reaps @ret_pid and closes @ret_pidfd. Call it from the main thread:
 * the kernel ties PDEATHSIG to the thread.
 */
gboolean spawn_child(const SpawnRequest *request, pid_t *ret_pid, int *ret_pidfd, GError **error);
