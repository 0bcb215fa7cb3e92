/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/qemu-ask.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/process.h"

static const char script[] =
    "{'execute': 'qmp_capabilities'}\n"
    "{'execute': 'query-version', 'id': 'version'}\n"
    "{'execute': 'human-monitor-command', 'id': 'netdevs',"
    " 'arguments': {'command-line': 'netdev_add help'}}\n"
    "{'execute': 'qom-list-types', 'id': 'types'}\n"
    "{'execute': 'query-command-line-options', 'id': 'options'}\n"
    "{'execute': 'device-list-properties', 'id': 'vfio', 'arguments': {'typename': 'vfio-pci'}}\n"
    "{'execute': 'device-list-properties', 'id': 'vfio-nohotplug',"
    " 'arguments': {'typename': 'vfio-pci-nohotplug'}}\n"
    "{'execute': 'device-list-properties', 'id': 'virtio-gpu-gl',"
    " 'arguments': {'typename': 'virtio-gpu-gl-pci'}}\n"
    "{'execute': 'query-qmp-schema', 'id': 'schema'}\n"
    "{'execute': 'quit'}\n";

/* the schema alone is 200 KB, and grows */
#define ANSWER_LIMIT (16u << 20)

static const char *const devices_of_interest[] = {
    "VGA",
    "bochs-display",
    "e1000",
    "intel-hda",
    "ich9-usb-ehci1",
    "qemu-xhci",
    "qxl-vga",
    "ramfb",
    "usb-kbd",
    "usb-redir",
    "usb-host",
    "usb-tablet",
    "vfio-pci",
    "vfio-pci-nohotplug",
    "vhost-user-gpu-pci",
    "virtio-balloon-pci",
    "virtio-blk-pci",
    "virtio-gpu-gl-pci",
    "virtio-gpu-pci",
    "virtio-gpu-rutabga-pci",
    "virtio-keyboard-pci",
    "virtio-net-pci",
    "virtio-rng-pci",
    "virtio-scsi-pci",
    "virtio-serial-pci",
    "virtio-tablet-pci",
    "virtio-vga",
    "virtio-vga-gl",
    "chardev-qemu-vdagent",
    "chardev-spicevmc",
    "iommufd",
    "memory-backend-memfd",
    "pvpanic",
};

/* Whether one of an array of objects has @key equal to @text. */
static const json_t *find_object(const json_t *array, const char *key, const char *text)
{
    size_t index;
    const json_t *item;
    json_array_foreach(array, index, item)
    {
        const char *value = json_get_text(item, key);
        if (value != NULL && g_str_equal(value, text))
            return item;
    }
    return NULL;
}

static gboolean has_named(const json_t *array, const char *name)
{
    return find_object(array, "name", name) != NULL;
}

static gboolean array_has_text(const json_t *array, const char *text)
{
    size_t index;
    const json_t *item;
    json_array_foreach(array, index, item)
    {
        if (json_is_string(item) && g_str_equal(json_string_value(item), text))
            return TRUE;
    }
    return FALSE;
}

static void take_version(QemuFacts *facts, const json_t *version)
{
    const json_t *numbers = json_object_get(version, "qemu");
    facts->major = (int)json_get_int(numbers, "major", 0);
    facts->minor = (int)json_get_int(numbers, "minor", 0);
    facts->micro = (int)json_get_int(numbers, "micro", 0);
    const char *package = json_get_text(version, "package");
    facts->package = package != NULL && *package != '\0' ? g_strdup(package) : NULL;
    facts->vnc_binds_console = facts->major >= 9;
}

static void take_types(QemuFacts *facts, const json_t *types)
{
    g_autoptr(GStrvBuilder) devices = g_strv_builder_new();
    for (gsize i = 0; i < G_N_ELEMENTS(devices_of_interest); i++)
        if (has_named(types, devices_of_interest[i]))
            g_strv_builder_add(devices, devices_of_interest[i]);
    facts->devices = g_strv_builder_end(devices);
    facts->usb_redir = qemu_has(facts->devices, "usb-redir");

    g_autoptr(GStrvBuilder) accelerators = g_strv_builder_new();
    static const char *const known[] = { "kvm", "xen", "tcg" };
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autofree char *type = g_strconcat(known[i], "-accel", NULL);
        if (has_named(types, type))
            g_strv_builder_add(accelerators, known[i]);
    }
    facts->accelerators = g_strv_builder_end(accelerators);
}

static void take_options(QemuFacts *facts, const json_t *options)
{
    const json_t *vnc = find_object(options, "option", "vnc");
    const json_t *spice = find_object(options, "option", "spice");
    facts->vnc = vnc != NULL;
    facts->vnc_password_secret = has_named(json_object_get(vnc, "parameters"), "password-secret");
    facts->spice = spice != NULL;
    facts->spice_gl_remote = has_named(json_object_get(spice, "parameters"), "video-codec");
    facts->sandbox = find_object(options, "option", "sandbox") != NULL;
    facts->run_with = find_object(options, "option", "run-with") != NULL;
}

static void take_properties(QemuFacts *facts, GHashTable *answers)
{
    const json_t *vfio = g_hash_table_lookup(answers, "vfio");
    const json_t *nohotplug = g_hash_table_lookup(answers, "vfio-nohotplug");
    const json_t *gl = g_hash_table_lookup(answers, "virtio-gpu-gl");
    facts->vfio_display = has_named(vfio, "display");
    facts->vfio_opregion = has_named(vfio, "x-igd-opregion");
    facts->vfio_fd = has_named(vfio, "fd");
    facts->vfio_ramfb = has_named(nohotplug, "ramfb");
    facts->venus = has_named(gl, "venus");
    facts->hostmem = has_named(gl, "hostmem");
    facts->blob = has_named(gl, "blob");
}

/* Whether the build has PNG is seen in the format argument of screendump: its type is an enum whose
 * "png" exists only with CONFIG_PNG (qapi/ui.json). */
static gboolean schema_has_png(const json_t *schema)
{
    const json_t *command = find_object(schema, "name", "screendump");
    const char *argument_type = command != NULL ? json_get_text(command, "arg-type") : NULL;
    if (argument_type == NULL)
        return FALSE;
    const json_t *arguments = find_object(schema, "name", argument_type);
    const json_t *format = find_object(json_object_get(arguments, "members"), "name", "format");
    const char *format_type = format != NULL ? json_get_text(format, "type") : NULL;
    if (format_type == NULL)
        return FALSE;
    const json_t *words = find_object(schema, "name", format_type);
    return array_has_text(json_object_get(words, "values"), "png");
}

/* The words of a list whose lines have one word each, behind a heading and up to an empty line. */
static GStrv listed_words(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    for (guint i = *lines != NULL; lines[i] != NULL; i++) {
        g_strstrip(lines[i]);
        if (*lines[i] == '\0')
            break;
        if (strpbrk(lines[i], " \t:") == NULL)
            g_strv_builder_add(words, lines[i]);
    }
    return g_strv_builder_end(words);
}

GStrv qemu_parse_displays(const char *text)
{
    return listed_words(text);
}

GStrv qemu_parse_directories(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GStrvBuilder) directories = g_strv_builder_new();
    for (char **line = lines; *line != NULL; line++) {
        if (!g_path_is_absolute(g_strstrip(*line)))
            continue;
        g_autofree char *plain = g_canonicalize_filename(*line, NULL);
        g_strv_builder_add(directories, plain);
    }
    return g_strv_builder_end(directories);
}

/*
 * One line of QMP. Default values of properties go up to 2^64-1, which jansson refuses as integers:
 * such a line is read with its numbers as reals; nothing we take from it is a number.
 */
static json_t *parse_line(const char *line)
{
    json_error_t where;
    json_t *message = json_loads(line, 0, &where);
    if (message == NULL && json_error_code(&where) == json_error_numeric_overflow)
        message = json_loads(line, JSON_DECODE_INT_AS_REAL, &where);
    return message;
}

/* The "return" of each answer by its id; what QEMU refused (no such device) has none. */
static GHashTable *collect_answers(const char *text)
{
    GHashTable *answers =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_autoptr(json_t) message = parse_line(*line);
        const char *id = json_get_text(message, "id");
        json_t *value = json_object_get(message, "return");
        if (id != NULL && value != NULL)
            g_hash_table_insert(answers, g_strdup(id), json_incref(value));
    }
    return answers;
}

gboolean qemu_parse_answers(QemuFacts *facts, const char *text, GError **error)
{
    g_autoptr(GHashTable) answers = collect_answers(text);
    const json_t *version = g_hash_table_lookup(answers, "version");
    const json_t *types = g_hash_table_lookup(answers, "types");
    if (version == NULL)
        return error_set(error, VGPUCTL_ERROR_INVALID, "it gave no QMP answer");
    if (types == NULL)
        return error_set(error, VGPUCTL_ERROR_FAILED, "it did not list its devices");
    take_version(facts, version);
    take_types(facts, types);
    take_options(facts, g_hash_table_lookup(answers, "options"));
    take_properties(facts, answers);
    facts->fdset_png = schema_has_png(g_hash_table_lookup(answers, "schema"));
    const char *netdevs = json_string_value(g_hash_table_lookup(answers, "netdevs"));
    facts->netdevs = listed_words(netdevs != NULL ? netdevs : "");
    return TRUE;
}

static gboolean start(const QemuFacts *facts, const char *const *arguments, const char *input,
                      guint limit_ms, ProcessResult *result, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, facts->binary);
    for (; *arguments != NULL; arguments++)
        g_ptr_array_add(argv, (gpointer)*arguments);
    g_ptr_array_add(argv, NULL);
    ProcessRequest request = { .argv = (const char *const *)argv->pdata,
                               .environment = (const char *[]){ "LC_ALL=C", NULL },
                               .input = input,
                               .limit_ms = limit_ms,
                               .output_limit = ANSWER_LIMIT };
    return process_run(&request, result, error);
}

/* The last line a program printed on stderr, for an error message; "" when it printed nothing. */
static char *last_words(const ProcessResult *result)
{
    g_autofree char *text = g_strdup(result->err);
    g_strchomp(text);
    const char *line = strrchr(text, '\n');
    line = line != NULL ? line + 1 : text;
    return *line != '\0' ? g_strdup_printf(": %.200s", line) : g_strdup("");
}

static gboolean ask_monitor(QemuFacts *facts, guint limit_ms, GError **error)
{
    static const char *const arguments[] = { "-M",       "none", "-nodefaults", "-no-user-config",
                                             "-display", "none", "-qmp",        "stdio",
                                             NULL };
    g_auto(ProcessResult) result = { 0 };
    if (!start(facts, arguments, script, limit_ms, &result, error))
        return FALSE;
    g_autofree char *end = process_describe(&result);
    g_autofree char *words = last_words(&result);
    if (result.timed_out)
        return error_set(error, VGPUCTL_ERROR_TIMEOUT,
                         "Asking %s what it can do: it %s after %u ms%s; name another QEMU with "
                         "--binary or VGPUCTL_QEMU",
                         facts->binary, end, limit_ms, words);
    g_autoptr(GError) reason = NULL;
    if (qemu_parse_answers(facts, result.out, &reason))
        return TRUE;
    const char *way_out = g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID)
                              ? "this is no QEMU system emulator; name one with --binary or "
                                "VGPUCTL_QEMU"
                              : "its modules may be of another build; reinstall QEMU";
    return error_set(error, (VgpuctlError)reason->code, "Asking %s what it can do: %s and %s%s; %s",
                     facts->binary, reason->message, end, words, way_out);
}

gboolean qemu_ask(QemuFacts *facts, guint limit_ms, GError **error)
{
    if (!ask_monitor(facts, limit_ms, error))
        return FALSE;

    /* stdout only: each module that is not there is noise on stderr, also with status 0 */
    g_auto(ProcessResult) displays = { 0 };
    static const char *const display_help[] = { "-display", "help", NULL };
    if (!start(facts, display_help, NULL, limit_ms, &displays, error))
        return FALSE;
    facts->displays = qemu_parse_displays(displays.out);
    facts->dbus = qemu_has(facts->displays, "dbus");
    /* both are built from the same parts: egl-headless where GBM is too */
    facts->opengl =
        qemu_has(facts->displays, "egl-headless") || qemu_has(facts->devices, "virtio-gpu-gl-pci");

    g_auto(ProcessResult) directories = { 0 };
    static const char *const data_help[] = { "-L", "help", NULL };
    if (!start(facts, data_help, NULL, limit_ms, &directories, error))
        return FALSE;
    facts->firmware_dirs = qemu_parse_directories(directories.out);
    return TRUE;
}
