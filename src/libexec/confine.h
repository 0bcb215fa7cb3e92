/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the filters of our helper programs have in common. A filter names what it allows; each of
 * these adds a part of that, and returns 0 or a negative errno, as libseccomp does.
 */
#pragma once

#include <glib.h>
#include <seccomp.h>

/* System calls by name; one that this architecture has not is left out. */
int confine_add_names(scmp_filter_ctx filter, guint32 action, const char *const *names,
                      gsize count);

/* clone() with flags of which those of @mask are @wanted. */
int confine_add_clone(scmp_filter_ctx filter, guint64 mask, guint64 wanted);

/* Threads by clone() (not clone3(), whose flags no filter sees), and no processes. */
int confine_add_threads(scmp_filter_ctx filter);

/* mmap() and mprotect(); without @executable of memory that is not run. */
int confine_add_memory(scmp_filter_ctx filter, gboolean executable);

/* What is harmless when it is about ourselves: a thread's name, limits to be read, abort(3). */
int confine_add_own(scmp_filter_ctx filter);

/*
 * Puts the filter that @add fills in force, for all threads and for good (seccomp(2)). @otherwise
 * is the action for what it does not name; calls of another architecture end the process.
 */
gboolean confine_filter(guint32 otherwise, int (*add)(scmp_filter_ctx filter, gpointer userdata),
                        gpointer userdata, GError **error);

/*
 * To be called first, while there is one thread: no capability is left, not even in the bounding
 * set, no new privileges by exec (PR_SET_NO_NEW_PRIVS), no core file and no look into our memory by
 * other processes of this user (PR_SET_DUMPABLE): there are passwords in it.
 */
gboolean confine_give_up_privileges(GError **error);
