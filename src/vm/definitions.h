/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VM definitions on disk: NAME.vm files in the user's configuration directory and, for all users,
 * in /etc/vgpuctl/vms. The user's wins over the system's of the same name.
 */
#pragma once

#include "base/root.h"
#include "vm/vm-config.h"

typedef struct {
    char *name;
    char *path;
    gboolean writable; /* lies in the directory that this user's `vm define` writes to */
} Definition;

void definition_free(Definition *definition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Definition, definition_free)

/* All definitions (Definition), ordered by name; the array frees its elements. */
GPtrArray *definitions_list(const Root *root);

/* The one called @name, or NULL with @error set (not found: names the nearest or how to define). */
Definition *definition_find(const Root *root, const char *name, GError **error);

/* Reads it; the configuration's name is that of the file. */
VmConfig *definition_load(const Definition *definition, GError **error);

/* Path `vm define` writes @name to. Owned. */
char *definition_path(const Root *root, const char *name);

/*
 * Writes @config under its name, all or nothing. With @replace FALSE an existing one is an error
 * (VGPUCTL_ERROR_EXISTS).
 */
gboolean definition_store(const Root *root, const VmConfig *config, gboolean replace,
                          GError **error);

/* Removes the definition; an error when it is the system's and not ours to remove. */
gboolean definition_remove(const Definition *definition, GError **error);
