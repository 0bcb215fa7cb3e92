/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definition files: each key is a row that names the function that reads it and the one that
 * writes it, so that what is written reads back equal.
 */
#include "vm/vm-config.h"

#include <string.h>

#include "base/error.h"
#include "base/key-lines.h"
#include "base/suggest.h"
#include "rules/display-matrix.h"

typedef gboolean (*SetValue)(VmConfig *config, const char *value, GError **error);
typedef char *(*GetValue)(const VmConfig *config);

typedef struct {
    const char *group, *key;
    gsize text;    /* offset of a char * member; 0: @set and @get */
    SetValue set;  /* checks, and stores unless @text does */
    GetValue get;  /* NULL: not to be written */
    gboolean list; /* qemu_args */
} Key;

static gboolean set_name(VmConfig *config, const char *value, GError **error)
{
    if (!vm_name_check(value, error))
        return FALSE;
    g_free(config->name);
    config->name = g_strdup(value);
    return TRUE;
}

static gboolean set_flag(gboolean *flag, const char *name, const char *value, GError **error)
{
    static const char *const words[] = { "false", "true", NULL };
    int choice = choice_from_word(words, value);
    if (choice < 0)
        return error_set(error, VGPUCTL_ERROR_USAGE, "%s '%s' is neither true nor false", name,
                         value);
    *flag = choice;
    return TRUE;
}

static gboolean set_snapshot(VmConfig *config, const char *value, GError **error)
{
    return set_flag(&config->snapshot, "snapshot", value, error);
}

static gboolean set_redirect(VmConfig *config, const char *value, GError **error)
{
    return set_flag(&config->usb_redir, "redirect", value, error);
}

/* address= is the part that kind= has behind its colon */
static gboolean set_kind(VmConfig *config, const char *value, GError **error)
{
    g_autofree char *address = g_steal_pointer(&config->display_address);
    g_autofree char *both = address != NULL && strchr(value, ':') == NULL
                                ? g_strconcat(value, ":", address, NULL)
                                : g_strdup(value);
    return vm_config_set_display(config, both, error);
}

static gboolean set_address(VmConfig *config, const char *value, GError **error)
{
    if (config->display == DISPLAY_AUTO) { /* kind= stands below */
        g_free(config->display_address);
        config->display_address = g_strdup(value);
        return TRUE;
    }
    g_autofree char *both = g_strconcat(display_words[config->display], ":", value, NULL);
    return vm_config_set_display(config, both, error);
}

/* As a person would write it: "2G". */
static char *get_bytes(guint64 bytes)
{
    static const char suffixes[] = "KMGT";
    char suffix[2] = "";
    for (gsize i = 0; bytes > 0 && bytes % 1024 == 0 && suffixes[i] != '\0'; i++) {
        suffix[0] = suffixes[i];
        bytes /= 1024;
    }
    return bytes > 0 ? g_strdup_printf("%" G_GUINT64_FORMAT "%s", bytes, suffix) : NULL;
}

static char *get_memory(const VmConfig *config)
{
    return get_bytes(config->memory_bytes);
}

static char *get_cpus(const VmConfig *config)
{
    return config->cpus > 0 ? g_strdup_printf("%d", config->cpus) : NULL;
}

static char *get_firmware(const VmConfig *config)
{
    return g_strdup(config->firmware != FIRMWARE_BIOS ? firmware_words[config->firmware] : NULL);
}

static char *get_accel(const VmConfig *config)
{
    return g_strdup(config->accel != ACCEL_AUTO ? accel_words[config->accel] : NULL);
}

static char *get_snapshot(const VmConfig *config)
{
    return g_strdup(config->snapshot ? "true" : NULL);
}

static char *get_mode(const VmConfig *config)
{
    return config->width > 0 ? g_strdup_printf("%dx%d", config->width, config->height) : NULL;
}

static char *get_kind(const VmConfig *config)
{
    return g_strdup(config->display != DISPLAY_AUTO ? display_words[config->display] : NULL);
}

static char *get_network(const VmConfig *config)
{
    if (config->network == NETWORK_BRIDGE)
        return g_strconcat("bridge=", config->bridge, NULL);
    return g_strdup(config->network != NETWORK_USER ? network_words[config->network] : NULL);
}

static char *get_redirect(const VmConfig *config)
{
    return g_strdup(config->usb_redir ? "true" : NULL);
}

#define TEXT(member) G_STRUCT_OFFSET(VmConfig, member)

static const Key keys[] = {
    { "vm", "name", TEXT(name), set_name, NULL, FALSE },
    { "vm", "memory", 0, vm_config_set_memory, get_memory, FALSE },
    { "vm", "cpus", 0, vm_config_set_cpus, get_cpus, FALSE },
    { "vm", "firmware", 0, vm_config_set_firmware, get_firmware, FALSE },
    { "vm", "accel", 0, vm_config_set_accel, get_accel, FALSE },
    { "vm", "kernel", TEXT(kernel), NULL, NULL, FALSE },
    { "vm", "initrd", TEXT(initrd), NULL, NULL, FALSE },
    { "vm", "append", TEXT(append), NULL, NULL, FALSE },
    { "vm", "snapshot", 0, set_snapshot, get_snapshot, FALSE },
    { "vm", "serial", TEXT(serial), NULL, NULL, FALSE },
    { "cdrom", "path", TEXT(cdrom), NULL, NULL, FALSE },
    { "vgpu", "type", TEXT(vgpu), NULL, NULL, FALSE },
    { "vgpu", "parent", TEXT(vgpu_parent), NULL, NULL, FALSE },
    { "vgpu", "mode", 0, vm_config_set_mode, get_mode, FALSE },
    { "display", "kind", 0, set_kind, get_kind, FALSE },
    { "display", "address", TEXT(display_address), set_address, NULL, FALSE },
    { "network", "mode", 0, vm_config_set_network, get_network, FALSE },
    { "network", "mac", TEXT(mac), vm_config_set_mac, NULL, FALSE },
    { "usb", "redirect", 0, set_redirect, get_redirect, FALSE },
    { "qemu", "binary", TEXT(qemu_binary), NULL, NULL, FALSE },
    { "qemu", "args", 0, NULL, NULL, TRUE },
};

static const char *const groups[] = { "vm",      "disk", "cdrom", "vgpu", "display",
                                      "network", "usb",  "qemu",  NULL };
static const char *const disk_keys[] = { "path", "format", "readonly", "size", NULL };

static gboolean group_is_disk(const char *group)
{
    if (g_str_equal(group, "disk"))
        return TRUE;
    return g_str_has_prefix(group, "disk.") &&
           g_ascii_string_to_unsigned(group + strlen("disk."), 10, 0, G_MAXUINT, NULL, NULL);
}

static const Key *find_key(const char *group, const char *key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (g_str_equal(keys[i].group, group) && g_str_equal(keys[i].key, key))
            return &keys[i];
    return NULL;
}

static GStrv keys_of_group(const char *group)
{
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (g_str_equal(keys[i].group, group))
            g_strv_builder_add(names, keys[i].key);
    return g_strv_builder_end(names);
}

static gboolean unknown(const KeyLines *lines, const KeyLine *line, const char *const *known,
                        GError **error)
{
    const char *near = suggest_word(line->key != NULL ? line->key : line->group, known);
    g_autofree char *all = g_strjoinv(", ", (char **)known);
    g_autofree char *hint = near != NULL ? g_strdup_printf("did you mean '%s'?", near)
                                         : g_strdup_printf("known are %s", all);
    if (line->key == NULL)
        return key_lines_error(lines, line->line, error, "unknown group [%s]; %s", line->group,
                               hint);
    return key_lines_error(lines, line->line, error, "unknown key '%s' in [%s]; %s", line->key,
                           line->group, hint);
}

/* Puts file and line in front of the reason a value was refused for. */
static gboolean refused(const KeyLines *lines, const KeyLine *line, GError *why, GError **error)
{
    key_lines_error(lines, line->line, error, "%s", why->message);
    g_error_free(why);
    return FALSE;
}

/* The value of a key, owned; GLib gives one even where it found a bad escape. */
static char *read_value(const KeyLines *lines, const KeyLine *line, GError **error)
{
    GError *why = NULL;
    g_autofree char *value = g_key_file_get_string(lines->file, line->group, line->key, &why);
    if (why == NULL)
        return g_steal_pointer(&value);
    refused(lines, line, why, error);
    return NULL;
}

static gboolean read_list(const KeyLines *lines, const KeyLine *line, VmConfig *config,
                          GError **error)
{
    GError *why = NULL;
    g_auto(GStrv) list =
        g_key_file_get_string_list(lines->file, line->group, line->key, NULL, &why);
    if (why != NULL)
        return refused(lines, line, why, error);
    config->qemu_args = g_steal_pointer(&list);
    return TRUE;
}

static gboolean read_key(const KeyLines *lines, const KeyLine *line, VmConfig *config,
                         GError **error)
{
    const Key *key = find_key(line->group, line->key);
    if (key == NULL) {
        g_auto(GStrv) known = keys_of_group(line->group);
        return unknown(lines, line, (const char *const *)known, error);
    }
    if (key->list)
        return read_list(lines, line, config, error);

    GError *why = NULL;
    g_autofree char *value = read_value(lines, line, error);
    if (value == NULL)
        return FALSE;
    if (*value == '\0')
        return key_lines_error(lines, line->line, error, "%s= has no value", line->key);
    if (key->set != NULL)
        return key->set(config, value, &why) || refused(lines, line, why, error);
    G_STRUCT_MEMBER(char *, config, key->text) = g_steal_pointer(&value);
    return TRUE;
}

static gboolean read_disk_key(const KeyLines *lines, const KeyLine *line, VmDisk *disk,
                              GError **error)
{
    if (choice_from_word(disk_keys, line->key) < 0)
        return unknown(lines, line, disk_keys, error);
    GError *why = NULL;
    g_autofree char *value = read_value(lines, line, error);
    if (value == NULL)
        return FALSE;
    return vm_disk_set(disk, line->key, value, &why) || refused(lines, line, why, error);
}

static gboolean begin_group(const KeyLines *lines, const KeyLine *line, VmConfig *config,
                            GError **error)
{
    if (group_is_disk(line->group)) {
        g_ptr_array_add(config->disks, record_new(&vm_disk_type));
        return TRUE;
    }
    return choice_from_word(groups, line->group) >= 0 || unknown(lines, line, groups, error);
}

static gboolean read_line(const KeyLines *lines, const KeyLine *line, VmConfig *config,
                          GError **error)
{
    if (line->key == NULL)
        return begin_group(lines, line, config, error);
    if (group_is_disk(line->group))
        return read_disk_key(lines, line, config->disks->pdata[config->disks->len - 1], error);
    return read_key(lines, line, config, error);
}

/* What no single line shows. */
static gboolean check_whole(const KeyLines *lines, const VmConfig *config, GError **error)
{
    guint disk = 0;
    for (guint i = 0; i < lines->keys->len; i++) {
        const KeyLine *line = lines->keys->pdata[i];
        if (line->key != NULL || !group_is_disk(line->group))
            continue;
        if (((const VmDisk *)config->disks->pdata[disk++])->path == NULL)
            return key_lines_error(lines, line->line, error, "[%s] has no path=", line->group);
    }
    if (config->display == DISPLAY_AUTO && config->display_address != NULL)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "%s: [display] has address= without kind=vnc, kind=qemu-vnc or kind=spice",
                         lines->source);
    return TRUE;
}

VmConfig *vm_config_from_text(const char *text, gsize length, const char *source, GError **error)
{
    g_autoptr(KeyLines) lines = key_lines_read(text, length, source, error);
    if (lines == NULL)
        return NULL;
    g_autoptr(VmConfig) config = vm_config_new();
    for (guint i = 0; i < lines->keys->len; i++)
        if (!read_line(lines, lines->keys->pdata[i], config, error))
            return NULL;
    return check_whole(lines, config, error) ? g_steal_pointer(&config) : NULL;
}

static void write_key(GKeyFile *file, const Key *key, const VmConfig *config)
{
    g_autofree char *owned = key->get != NULL ? key->get(config) : NULL;
    const char *value = owned;
    if (key->get == NULL && !key->list)
        value = G_STRUCT_MEMBER(char *, config, key->text);
    if (value != NULL)
        g_key_file_set_string(file, key->group, key->key, value);
    if (key->list && config->qemu_args != NULL)
        g_key_file_set_string_list(file, key->group, key->key,
                                   (const char *const *)config->qemu_args,
                                   g_strv_length(config->qemu_args));
}

static void write_disk(GKeyFile *file, guint index, const VmDisk *disk)
{
    g_autofree char *group = index == 0 ? g_strdup("disk") : g_strdup_printf("disk.%u", index);
    g_autofree char *size = get_bytes(disk->create_bytes);
    g_key_file_set_string(file, group, "path", disk->path);
    if (disk->format != NULL)
        g_key_file_set_string(file, group, "format", disk->format);
    if (disk->readonly)
        g_key_file_set_string(file, group, "readonly", "true");
    if (size != NULL)
        g_key_file_set_string(file, group, "size", size);
}

char *vm_config_to_text(const VmConfig *config)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (g_str_equal(keys[i].group, "cdrom"))
            for (guint disk = 0; disk < config->disks->len; disk++)
                write_disk(file, disk, config->disks->pdata[disk]);
        write_key(file, &keys[i], config);
    }
    return g_key_file_to_data(file, NULL, NULL);
}
