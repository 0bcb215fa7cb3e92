/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/definitions.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/suggest.h"
#include "base/user.h"

#define SUFFIX ".vm"
#define DEFINITION_LIMIT (1u << 20)

void definition_free(Definition *definition)
{
    if (definition == NULL)
        return;
    g_free(definition->name);
    g_free(definition->path);
    g_free(definition);
}

static char *own_directory(const Root *root)
{
    g_autofree char *config = user_config_directory(root);
    return g_build_filename(config, "vms", NULL);
}

static void add_directory(GPtrArray *definitions, GHashTable *seen, const char *directory,
                          gboolean writable)
{
    g_autoptr(GDir) files = g_dir_open(directory, 0, NULL);
    const char *file;
    while (files != NULL && (file = g_dir_read_name(files)) != NULL) {
        if (!g_str_has_suffix(file, SUFFIX) || file[0] == '.')
            continue;
        g_autofree char *name = g_strndup(file, strlen(file) - strlen(SUFFIX));
        if (!vm_name_check(name, NULL) || !g_hash_table_add(seen, g_strdup(name)))
            continue;
        Definition *definition = g_new0(Definition, 1);
        definition->name = g_steal_pointer(&name);
        definition->path = g_build_filename(directory, file, NULL);
        definition->writable = writable;
        g_ptr_array_add(definitions, definition);
    }
}

static int compare_definitions(const void *a, const void *b)
{
    const Definition *const *first = a, *const *second = b;
    return strcmp((*first)->name, (*second)->name);
}

GPtrArray *definitions_list(const Root *root)
{
    GPtrArray *definitions = g_ptr_array_new_with_free_func((GDestroyNotify)definition_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *own = own_directory(root);
    g_autofree char *system = root_host_path(root, "/etc/vgpuctl/vms");
    add_directory(definitions, seen, own, TRUE);
    add_directory(definitions, seen, system, user_is_root());
    g_ptr_array_sort(definitions, compare_definitions);
    return definitions;
}

static gboolean not_found(const GPtrArray *definitions, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < definitions->len; i++)
        g_ptr_array_add(names, ((Definition *)definitions->pdata[i])->name);
    g_ptr_array_add(names, NULL);
    const char *near = suggest_word(name, (const char *const *)names->pdata);
    if (near != NULL)
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "There is no VM definition '%s'; did you mean '%s'?", name, near);
    return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                     "There is no VM definition '%s'; make one with: vgpuctl vm define %s "
                     "--disk FILE",
                     name, name);
}

Definition *definition_find(const Root *root, const char *name, GError **error)
{
    if (!vm_name_check(name, error))
        return NULL;
    g_autoptr(GPtrArray) definitions = definitions_list(root);
    for (guint i = 0; i < definitions->len; i++) {
        const Definition *definition = definitions->pdata[i];
        if (g_str_equal(definition->name, name))
            return g_ptr_array_steal_index(definitions, i);
    }
    not_found(definitions, name, error);
    return NULL;
}

VmConfig *definition_load(const Definition *definition, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    g_autoptr(GError) reason = NULL;
    if (!g_file_get_contents(definition->path, &text, &length, &reason)) {
        error_set(error, VGPUCTL_ERROR_FAILED, "Reading VM definition: %s", reason->message);
        return NULL;
    }
    if (length > DEFINITION_LIMIT) {
        error_set(error, VGPUCTL_ERROR_INVALID,
                  "%s is larger than %u bytes, so it is no VM "
                  "definition",
                  definition->path, DEFINITION_LIMIT);
        return NULL;
    }
    VmConfig *config = vm_config_from_text(text, length, definition->path, error);
    if (config != NULL) {
        g_free(config->name);
        config->name = g_strdup(definition->name);
        g_autofree char *directory = g_path_get_dirname(definition->path);
        vm_config_resolve_paths(config, directory);
    }
    return config;
}

char *definition_path(const Root *root, const char *name)
{
    g_autofree char *directory = own_directory(root);
    g_autofree char *file = g_strconcat(name, SUFFIX, NULL);
    return g_build_filename(directory, file, NULL);
}

gboolean definition_store(const Root *root, const VmConfig *config, gboolean replace,
                          GError **error)
{
    if (!vm_name_check(config->name, error))
        return FALSE;
    g_autofree char *path = definition_path(root, config->name);
    if (!replace && g_file_test(path, G_FILE_TEST_EXISTS))
        return error_set(error, VGPUCTL_ERROR_EXISTS,
                         "VM '%s' is already defined in %s; change it with 'vgpuctl vm edit "
                         "%s', or give --replace",
                         config->name, path, config->name);
    g_autofree char *directory = own_directory(root);
    g_autofree char *text = vm_config_to_text(config);
    /* a definition that cannot be read would stand in the way of its own correction */
    g_autoptr(VmConfig) again = vm_config_from_text(text, strlen(text), path, error);
    if (again == NULL) {
        g_prefix_error(error, "VM '%s' was not defined: ", config->name);
        return FALSE;
    }
    return file_make_directory(directory, 0755, error) &&
           file_write_atomic(path, text, strlen(text), 0644, error);
}

gboolean definition_remove(const Definition *definition, GError **error)
{
    if (!definition->writable)
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "VM '%s' is defined for all users in %s; only root may undefine it",
                         definition->name, definition->path);
    if (unlink(definition->path) < 0)
        return error_set_errno(error, errno, "Removing VM definition %s", definition->path);
    return TRUE;
}
