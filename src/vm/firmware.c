/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/firmware.h"

#include <fnmatch.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

static const Field firmware_fields[] = {
    FIELD_TEXT_(Firmware, descriptor, "file that describes it"),
    FIELD_TEXT_(Firmware, code, "read-only image"),
    FIELD_TEXT_(Firmware, code_format, "format of the image"),
    FIELD_TEXT_(Firmware, vars_template, "variable store to copy for each VM"),
    FIELD_TEXT_(Firmware, vars_format, "format of the variable store"),
    FIELD_FLAG_(Firmware, secure_boot, "has Secure Boot"),
    FIELD_END,
};
const RecordType firmware_type = { "firmware", sizeof(Firmware), firmware_fields };

/* What a machine of ours is called when descriptors name machines by pattern. */
#define MACHINE "pc-q35-7.2"
#define ARCHITECTURE "x86_64"

static gboolean has_word(const json_t *array, const char *word)
{
    size_t index;
    const json_t *item;
    json_array_foreach(array, index,
                       item) if (json_is_string(item) &&
                                 g_str_equal(json_string_value(item), word)) return TRUE;
    return FALSE;
}

static gboolean has_machine(const json_t *descriptor)
{
    size_t index, inner;
    const json_t *target, *machine;
    json_array_foreach(json_object_get(descriptor, "targets"), index, target)
    {
        if (g_strcmp0(json_get_text(target, "architecture"), ARCHITECTURE) != 0)
            continue;
        json_array_foreach(json_object_get(target, "machines"), inner,
                           machine) if (json_is_string(machine) &&
                                        fnmatch(json_string_value(machine), MACHINE, 0) ==
                                            0) return TRUE;
    }
    return FALSE;
}

/*
 * Split flash images only: the one kind whose variables can be a VM's own. SMM firmware needs a
 * machine with smm=on and secure flash, enrolled keys refuse what is not signed: both would stop
 * guests that start elsewhere.
 */
static gboolean is_for_us(const json_t *descriptor)
{
    const json_t *mapping = json_object_get(descriptor, "mapping");
    const json_t *features = json_object_get(descriptor, "features");
    const char *mode = json_get_text(mapping, "mode");
    return has_word(json_object_get(descriptor, "interface-types"), "uefi") &&
           g_strcmp0(json_get_text(mapping, "device"), "flash") == 0 &&
           (mode == NULL || g_str_equal(mode, "split")) && has_machine(descriptor) &&
           !has_word(features, "requires-smm") && !has_word(features, "enrolled-keys");
}

static Firmware *firmware_from(const json_t *descriptor, const char *path)
{
    const json_t *mapping = json_object_get(descriptor, "mapping");
    const json_t *code = json_object_get(mapping, "executable");
    const json_t *vars = json_object_get(mapping, "nvram-template");
    if (json_get_text(code, "filename") == NULL || json_get_text(vars, "filename") == NULL)
        return NULL;
    Firmware *firmware = record_new(&firmware_type);
    firmware->descriptor = g_strdup(path);
    firmware->code = g_strdup(json_get_text(code, "filename"));
    firmware->code_format = g_strdup(json_get_text(code, "format"));
    firmware->vars_template = g_strdup(json_get_text(vars, "filename"));
    firmware->vars_format = g_strdup(json_get_text(vars, "format"));
    firmware->secure_boot = has_word(json_object_get(descriptor, "features"), "secure-boot");
    return firmware;
}

/* Reads one descriptor; NULL when it is broken, empty (masked), not for us, or its files are gone.
 */
static Firmware *read_descriptor(const Root *root, const char *path)
{
    gsize length = 0;
    g_autofree char *text = root_read(root, path, &length, NULL);
    g_autoptr(json_t) descriptor = text != NULL ? json_from_text(text, length, path, NULL) : NULL;
    if (descriptor == NULL || !is_for_us(descriptor))
        return NULL;
    Firmware *firmware = firmware_from(descriptor, path);
    if (firmware != NULL && root_exists(root, firmware->code) &&
        root_exists(root, firmware->vars_template))
        return firmware;
    record_free(&firmware_type, firmware);
    return NULL;
}

static int compare_paths(const void *a, const void *b)
{
    g_autofree char *first = g_path_get_basename(*(char *const *)a);
    g_autofree char *second = g_path_get_basename(*(char *const *)b);
    return strcmp(first, second);
}

/*
 * Paths of all descriptors in the order of QEMU's specification: sorted by file name; of several
 * with one name the user's stands for the system's, the system's for the vendor's.
 */
static GPtrArray *list_descriptors(const Root *root)
{
    g_autofree char *user = g_build_filename(g_get_user_config_dir(), "qemu/firmware", NULL);
    const char *const directories[] = { user, "/etc/qemu/firmware", "/usr/share/qemu/firmware",
                                        "/usr/local/share/qemu/firmware" };
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_auto(GStrv) names = root_list(root, directories[i]);
        for (char **name = names; *name != NULL; name++)
            if (g_str_has_suffix(*name, ".json") && g_hash_table_add(seen, g_strdup(*name)))
                g_ptr_array_add(paths, g_build_filename(directories[i], *name, NULL));
    }
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}

Firmware *firmware_find(const Root *root, GError **error)
{
    g_autoptr(GPtrArray) paths = list_descriptors(root);
    for (guint i = 0; i < paths->len; i++) {
        Firmware *firmware = read_descriptor(root, paths->pdata[i]);
        if (firmware != NULL)
            return firmware;
    }
    error_set(error, VGPUCTL_ERROR_NOT_FOUND,
              "--firmware uefi: there is no UEFI firmware for " ARCHITECTURE
              " (no usable descriptor in /usr/share/qemu/firmware); install it (Debian: ovmf), or "
              "use --firmware bios");
    return NULL;
}
