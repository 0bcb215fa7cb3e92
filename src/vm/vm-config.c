/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/vm-config.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"
#include "rules/display-address.h"
#include "rules/display-matrix.h"

#define MEMORY_LOWEST ((guint64)1 << 20)
#define CPUS_HIGHEST 1024
#define MODE_HIGHEST 16384
#define NAME_LONGEST 64
#define INTERFACE_LONGEST 15 /* IFNAMSIZ - 1 */

const char *const firmware_words[] = { "bios", "uefi", NULL };
const char *const network_words[] = { "user", "bridge", "none", NULL };
const char *const accel_words[] = { "auto", "kvm", "tcg", NULL };

static const Field vm_disk_fields[] = {
    FIELD_TEXT_(VmDisk, path, "image file or block device"),
    FIELD_TEXT_(VmDisk, format, "QEMU's name of the format; null: from the content"),
    FIELD_FLAG_(VmDisk, readonly, "the guest may not write it"),
    FIELD_U64_(VmDisk, create_bytes, "size of the qcow2 to make when the file is missing; 0: none"),
    FIELD_END,
};
const RecordType vm_disk_type = { "vm-disk", sizeof(VmDisk), vm_disk_fields };

static const Field vm_config_fields[] = {
    FIELD_TEXT_(VmConfig, name, "name of the VM"),
    FIELD_U64_(VmConfig, memory_bytes, "guest memory; 0: the default for this host"),
    FIELD_INT_(VmConfig, cpus, "virtual processors; 0: the default for this host"),
    FIELD_CHOICE_(VmConfig, firmware, firmware_words, "what boots the guest"),
    FIELD_CHOICE_(VmConfig, accel, accel_words, "what executes guest code"),
    FIELD_TEXT_(VmConfig, kernel, "kernel to boot directly"),
    FIELD_TEXT_(VmConfig, initrd, "its initial file system"),
    FIELD_TEXT_(VmConfig, append, "its command line"),
    FIELD_RECORDS_(VmConfig, disks, &vm_disk_type, "disks in the guest's order"),
    FIELD_TEXT_(VmConfig, cdrom, "image in the CD drive"),
    FIELD_TEXT_(VmConfig, vgpu, "auto, none or a type; null: auto"),
    FIELD_TEXT_(VmConfig, vgpu_parent, "address of the GPU that must serve it"),
    FIELD_INT_(VmConfig, width, "preferred mode, pixels; 0: the device's default"),
    FIELD_INT_(VmConfig, height, "preferred mode, pixels; 0: the device's default"),
    FIELD_CHOICE_(VmConfig, display, display_words, "how the screen is shown"),
    FIELD_TEXT_(VmConfig, display_address, "where the VNC or SPICE server listens"),
    FIELD_CHOICE_(VmConfig, network, network_words, "how the guest reaches a network"),
    FIELD_TEXT_(VmConfig, bridge, "bridge to join"),
    FIELD_TEXT_(VmConfig, mac, "hardware address; null: made from the name"),
    FIELD_FLAG_(VmConfig, usb_redir, "USB devices of the viewer can be redirected"),
    FIELD_FLAG_(VmConfig, snapshot, "disks are not written"),
    FIELD_TEXT_(VmConfig, serial, "file of the first serial port; null: serial.log"),
    FIELD_TEXT_(VmConfig, qemu_binary, "QEMU to run; null: the one on PATH"),
    FIELD_TEXTS_(VmConfig, qemu_args, "options appended as they are"),
    FIELD_END,
};
const RecordType vm_config_type = { "vm-config", sizeof(VmConfig), vm_config_fields };

VmConfig *vm_config_new(void)
{
    VmConfig *config = record_new(&vm_config_type);
    config->disks = g_ptr_array_new();
    return config;
}

void vm_config_free(VmConfig *config)
{
    record_free(&vm_config_type, config);
}

static void resolve(char **path, const char *directory)
{
    if (*path == NULL)
        return;
    char *absolute = g_canonicalize_filename(*path, directory);
    g_free(*path);
    *path = absolute;
}

void vm_config_resolve_paths(VmConfig *config, const char *directory)
{
    for (guint i = 0; i < config->disks->len; i++)
        resolve(&((VmDisk *)config->disks->pdata[i])->path, directory);
    resolve(&config->cdrom, directory);
    resolve(&config->kernel, directory);
    resolve(&config->initrd, directory);
    resolve(&config->serial, directory);
    if (config->qemu_binary != NULL && strchr(config->qemu_binary, '/') != NULL)
        resolve(&config->qemu_binary, directory);
}

static gboolean usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean usage(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *shown = text_printable(text); /* values may hold control characters */
    return error_set(error, VGPUCTL_ERROR_USAGE, "%s", shown);
}

static gboolean choose(const char *what, const char *text, const char *const *words,
                       int *ret_choice, GError **error)
{
    int choice = choice_from_word(words, text);
    if (choice >= 0) {
        *ret_choice = choice;
        return TRUE;
    }
    const char *near = suggest_word(text, words);
    g_autofree char *all = g_strjoinv(", ", (char **)words);
    return usage(error, "%s '%s' is none of %s%s%s%s", what, text, all,
                 near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                 near != NULL ? "'?" : "");
}

gboolean vm_size_parse(const char *text, guint64 *ret_bytes, GError **error)
{
    static const char suffixes[] = "KMGT";
    char *end = NULL;
    gsize digits = strspn(text, "0123456789");
    errno = 0;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    gboolean good = digits > 0 && errno == 0;
    if (good && *end != '\0') {
        const char *suffix = strchr(suffixes, g_ascii_toupper(*end));
        const char *rest = end + 1;
        good = suffix != NULL && (*rest == '\0' || g_ascii_strcasecmp(rest, "B") == 0 ||
                                  g_ascii_strcasecmp(rest, "iB") == 0);
        guint shift = good ? 10 * (guint)(suffix - suffixes + 1) : 0;
        good = good && number <= (guint64)G_MAXINT64 >> shift;
        number = good ? number << shift : 0;
    }
    if (!good || number > G_MAXINT64)
        return usage(error, "size '%s' is not a number of bytes with K, M, G or T behind it", text);
    *ret_bytes = number;
    return TRUE;
}

gboolean vm_config_set_memory(VmConfig *config, const char *text, GError **error)
{
    guint64 bytes;
    if (!vm_size_parse(text, &bytes, error)) {
        g_prefix_error(error, "memory: ");
        return FALSE;
    }
    if (bytes < MEMORY_LOWEST && g_ascii_isdigit(text[strlen(text) - 1]))
        return usage(error, "memory '%s' is in bytes; for MiB write %sM", text, text);
    if (bytes < MEMORY_LOWEST)
        return usage(error, "memory '%s' is less than 1M", text);
    config->memory_bytes = bytes;
    return TRUE;
}

gboolean vm_config_set_cpus(VmConfig *config, const char *text, GError **error)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, 1, CPUS_HIGHEST, &number, NULL))
        return usage(error, "cpus '%s' is not a number from 1 to %d", text, CPUS_HIGHEST);
    config->cpus = (int)number;
    return TRUE;
}

gboolean vm_config_set_display(VmConfig *config, const char *text, GError **error)
{
    const char *colon = strchr(text, ':');
    g_autofree char *kind = colon != NULL ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    int display;
    if (!choose("display", kind, display_words, &display, error))
        return FALSE;
    if (colon != NULL) {
        if (!display_takes_address(display))
            return usage(error, "display '%s' takes no address: only vnc, qemu-vnc and spice do",
                         kind);
        g_auto(DisplayAddress) address = { NULL };
        if (!display_address_parse(colon + 1, display_address_kind(display), &address, error))
            return FALSE;
    }
    config->display = display;
    g_free(config->display_address);
    config->display_address = colon != NULL ? g_strdup(colon + 1) : NULL;
    return TRUE;
}

static gboolean interface_good(const char *name)
{
    gsize length = strlen(name);
    if (length == 0 || length > INTERFACE_LONGEST || g_str_equal(name, ".") ||
        g_str_equal(name, ".."))
        return FALSE;
    /* net/core/dev.c:dev_valid_name */
    for (const char *c = name; *c != '\0'; c++)
        if (*c == '/' || *c == ':' || !g_ascii_isgraph(*c))
            return FALSE;
    return TRUE;
}

gboolean vm_config_set_network(VmConfig *config, const char *text, GError **error)
{
    const char *bridge = g_str_has_prefix(text, "bridge=") ? text + strlen("bridge=") : NULL;
    int network = NETWORK_BRIDGE;
    if (bridge != NULL && !interface_good(bridge))
        return usage(error, "bridge '%s' is no name of a network interface (1 to %d characters)",
                     bridge, INTERFACE_LONGEST);
    if (bridge == NULL && g_str_equal(text, "bridge"))
        return usage(error, "network 'bridge' needs the bridge's name: bridge=NAME");
    if (bridge == NULL && !choose("network", text, network_words, &network, error))
        return FALSE;
    config->network = network;
    g_free(config->bridge);
    config->bridge = g_strdup(bridge);
    return TRUE;
}

gboolean vm_config_set_firmware(VmConfig *config, const char *text, GError **error)
{
    return choose("firmware", text, firmware_words, &config->firmware, error);
}

gboolean vm_config_set_accel(VmConfig *config, const char *text, GError **error)
{
    return choose("accel", text, accel_words, &config->accel, error);
}

gboolean vm_config_set_mode(VmConfig *config, const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "x", 3);
    guint64 width, height;
    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[0], 10, 1, MODE_HIGHEST, &width, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, MODE_HIGHEST, &height, NULL))
        return usage(error, "mode '%s' is not WIDTHxHEIGHT in pixels, such as 1280x800", text);
    config->width = (int)width;
    config->height = (int)height;
    return TRUE;
}

gboolean vm_config_set_mac(VmConfig *config, const char *text, GError **error)
{
    gboolean good = strlen(text) == 17;
    for (gsize i = 0; good && i < 17; i++)
        good = i % 3 == 2 ? text[i] == ':' : g_ascii_isxdigit(text[i]);
    if (!good)
        return usage(error, "mac '%s' is not six bytes such as 52:54:00:12:34:56", text);
    if (g_ascii_xdigit_value(text[1]) & 1)
        return usage(error, "mac '%s' is a multicast address: its first byte must be even", text);
    g_free(config->mac);
    config->mac = g_ascii_strdown(text, -1);
    return TRUE;
}

gboolean vm_disk_set(VmDisk *disk, const char *key, const char *value, GError **error)
{
    static const char *const flags[] = { "false", "true", NULL };
    static const char *const keys[] = { "path", "format", "readonly", "size", NULL };
    int found = choice_from_word(keys, key);
    if (found < 0) {
        const char *near = suggest_word(key, keys);
        return usage(error, "unknown disk option '%s'; did you mean '%s'?", key,
                     near != NULL ? near : "format");
    }
    if (found == 2)
        return choose(key, value, flags, &disk->readonly, error);
    if (found == 3)
        return vm_size_parse(value, &disk->create_bytes, error);
    if (*value == '\0')
        return usage(error, "disk: %s is empty", key);
    char **member = found == 0 ? &disk->path : &disk->format;
    g_free(*member);
    *member = g_strdup(value);
    return TRUE;
}

/* Splits at commas; a doubled comma is one of the text, as in QEMU's options. */
static GStrv split_options(const char *text)
{
    g_autoptr(GStrvBuilder) parts = g_strv_builder_new();
    g_autoptr(GString) part = g_string_new(NULL);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != ',' || *++c == ',') {
            g_string_append_c(part, *c);
            continue;
        }
        g_strv_builder_add(parts, part->str);
        g_string_truncate(part, 0);
        c--;
    }
    g_strv_builder_add(parts, part->str);
    return g_strv_builder_end(parts);
}

gboolean vm_config_add_disk(VmConfig *config, const char *text, GError **error)
{
    g_auto(GStrv) parts = split_options(text);
    VmDisk *disk = record_new(&vm_disk_type);
    gboolean good = vm_disk_set(disk, "path", parts[0], error);
    for (guint i = 1; good && parts[i] != NULL; i++) {
        char *equals = strchr(parts[i], '=');
        if (equals != NULL)
            *equals = '\0';
        good = vm_disk_set(disk, parts[i], equals != NULL ? equals + 1 : "true", error);
    }
    if (!good) {
        g_prefix_error(error, "disk '%s': ", text);
        record_free(&vm_disk_type, disk);
        return FALSE;
    }
    g_ptr_array_add(config->disks, disk);
    return TRUE;
}

gboolean vm_name_check(const char *name, GError **error)
{
    gsize length = strlen(name);
    gboolean good = length > 0 && length <= NAME_LONGEST && strchr(".-", name[0]) == NULL;
    for (const char *c = name; good && *c != '\0'; c++)
        good = g_ascii_isalnum(*c) || strchr("._-", *c) != NULL;
    if (good)
        return TRUE;
    g_autofree char *shown = g_strescape(name, NULL);
    return usage(error,
                 "VM name '%s': 1 to %d letters, digits, '.', '_' or '-', the first a letter, "
                 "digit or '_'",
                 shown, NAME_LONGEST);
}
