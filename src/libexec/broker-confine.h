/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the broker gives up before it reads the first byte of anybody. */
#pragma once

#include <glib.h>

/*
 * Keeps four capabilities of root's, in the bounding set, too (doc/vgpuctl-broker.8.scd says what
 * each is for), and takes away new privileges by exec (PR_SET_NO_NEW_PRIVS).
 */
gboolean broker_drop_capabilities(GError **error);

/*
 * Allows the system calls of reading and writing files, waiting, and forking; kills the process at
 * those that a broker that was taken over would need next - running programs, new sockets, looking
 * into or signalling other processes, mounts, namespaces, other ids, loading code - and answers all
 * others with ENOSYS, as an older kernel would, so that a newer C library takes the way it has for
 * that one. Inherited by children; there is no way back (seccomp(2)).
 */
gboolean broker_filter_syscalls(GError **error);
