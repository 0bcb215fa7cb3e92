/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a QEMU build has compiled in as paths, read from the ELF file itself: its module directory,
 * the bridge helper it would run and the ACL file that helper reads. Distributions move all three.
 */
#pragma once

#include "host/facts-qemu.h"

/*
 * Fills module_dir and bridge_helper of @facts from @facts->binary. A script in front of QEMU (as
 * NixOS has) hides the ELF file; then both stay NULL.
 */
void qemu_read_compiled_paths(QemuFacts *facts);

/*
 * Looks at the bridge helper that @facts names: clears it when it is not installed, else fills the
 * other bridge fields. Not part of what is cached: a chmod or an edit of the ACL changes the answer
 * but not the binary. @root is in front of the ACL file.
 */
void qemu_read_bridge(QemuFacts *facts, const Root *root);

/*
 * The absolute paths among the strings of a file that end in @ending ("/qemu-bridge-helper"), each
 * once, in their order in the file. Owned, empty for an unreadable file.
 */
GStrv elf_paths_ending(const char *file, const char *ending);

/*
 * Where a path compiled into @binary is today: a build that was moved with its tree finds its files
 * relative to itself (util/cutils.c:get_relocated_path). @compiled itself when it exists or nothing
 * better does. Owned.
 */
char *qemu_relocate(const char *binary, const char *compiled);

/* `allow` and `deny` lines of a bridge ACL with the files it includes (qemu-bridge-helper.c). */
void qemu_parse_bridge_acl(QemuFacts *facts, const Root *root, const char *path);

/* Whether running @path gives CAP_NET_ADMIN to a plain user: setuid root, or a file capability. */
gboolean file_gives_net_admin(const char *path);
