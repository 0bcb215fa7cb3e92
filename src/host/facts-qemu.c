/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-qemu.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "host/qemu-ask.h"
#include "host/qemu-missing.h"
#include "host/qemu-paths.h"

/* Raised when the meaning of a cached field changes. */
#define CACHE_FORMAT 1

static const Field qemu_missing_fields[] = {
    FIELD_TEXT_(QemuMissing, what, "capability"),
    FIELD_TEXT_(QemuMissing, why, "why it is absent"),
    FIELD_TEXT_(QemuMissing, package, "distribution package that brings it"),
    FIELD_TEXT_(QemuMissing, configure, "what a source build needs for it"),
    FIELD_END,
};
const RecordType qemu_missing_type = { "qemu-missing", sizeof(QemuMissing), qemu_missing_fields };

static const Field qemu_facts_fields[] = {
    FIELD_TEXT_(QemuFacts, binary, "the emulator, links resolved"),
    FIELD_INT_(QemuFacts, major, "version, first number"),
    FIELD_INT_(QemuFacts, minor, "version, second number"),
    FIELD_INT_(QemuFacts, micro, "version, third number"),
    FIELD_TEXT_(QemuFacts, package, "what its packager calls it"),
    FIELD_TEXT_(QemuFacts, module_dir, "where its modules lie"),
    FIELD_TEXTS_(QemuFacts, accelerators, "accelerators that are compiled in"),
    FIELD_TEXTS_(QemuFacts, displays, "displays whose modules can be loaded"),
    FIELD_TEXTS_(QemuFacts, devices, "devices and objects of interest that it has"),
    FIELD_TEXTS_(QemuFacts, netdevs, "network back ends"),
    FIELD_FLAG_(QemuFacts, opengl, "displays can use OpenGL"),
    FIELD_FLAG_(QemuFacts, vnc, "it has a VNC server"),
    FIELD_FLAG_(QemuFacts, spice, "it has a SPICE server"),
    FIELD_FLAG_(QemuFacts, dbus, "it has the D-Bus display"),
    FIELD_FLAG_(QemuFacts, usb_redir, "USB devices can be redirected"),
    FIELD_FLAG_(QemuFacts, sandbox, "it can confine itself (seccomp)"),
    FIELD_FLAG_(QemuFacts, fdset_png, "screendump writes PNG"),
    FIELD_FLAG_(QemuFacts, vnc_password_secret, "-vnc takes its password from a secret object"),
    FIELD_FLAG_(QemuFacts, venus, "virtio-gpu-gl has Vulkan (venus)"),
    FIELD_FLAG_(QemuFacts, hostmem, "virtio-gpu-gl has a host memory window"),
    FIELD_FLAG_(QemuFacts, blob, "virtio-gpu-gl has blob resources"),
    FIELD_FLAG_(QemuFacts, vfio_display, "vfio-pci has a display"),
    FIELD_FLAG_(QemuFacts, vfio_ramfb, "vfio-pci-nohotplug has a boot display (ramfb)"),
    FIELD_FLAG_(QemuFacts, vfio_fd, "vfio-pci takes an open device (fd)"),
    FIELD_FLAG_(QemuFacts, vfio_opregion, "vfio-pci can pass the Intel OpRegion"),
    FIELD_FLAG_(QemuFacts, run_with, "it has -run-with"),
    FIELD_FLAG_(QemuFacts, vnc_binds_console, "its VNC server exits on a dmabuf console"),
    FIELD_FLAG_(QemuFacts, spice_gl_remote, "SPICE can encode an OpenGL screen for TCP"),
    FIELD_TEXT_(QemuFacts, bridge_helper, "the bridge helper it runs"),
    FIELD_FLAG_(QemuFacts, bridge_helper_privileged, "the helper may make network devices"),
    FIELD_TEXT_(QemuFacts, bridge_acl, "the file that says which bridges users may join"),
    FIELD_TEXTS_(QemuFacts, bridges_allowed, "bridges that file allows"),
    FIELD_TEXTS_(QemuFacts, bridges_denied, "bridges that file denies"),
    FIELD_TEXTS_(QemuFacts, firmware_dirs, "where it searches firmware"),
    FIELD_RECORDS_(QemuFacts, missing, &qemu_missing_type, "what it lacks"),
    FIELD_END,
};
const RecordType qemu_facts_type = { "qemu-facts", sizeof(QemuFacts), qemu_facts_fields };

void qemu_facts_free(QemuFacts *facts)
{
    record_free(&qemu_facts_type, facts);
}

gboolean qemu_has(char *const *list, const char *word)
{
    return list != NULL && g_strv_contains((const char *const *)list, word);
}

/* QEMU's name for this machine: its targets are named otherwise than the kernel's in these. */
static const char *qemu_architecture(const char *machine)
{
    static const struct {
        const char *machine, *target;
    } names[] = {
        { "i386", "x86_64" }, { "i486", "x86_64" }, { "i586", "x86_64" },   { "i686", "x86_64" },
        { "armv7l", "arm" },  { "armv8l", "arm" },  { "ppc64le", "ppc64" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(names[i].machine, machine))
            return names[i].target;
    return machine;
}

char *qemu_find_binary(const Root *root, GError **error)
{
    const char *named = g_getenv("VGPUCTL_QEMU");
    if (named != NULL && *named != '\0')
        return g_strdup(named);
    struct utsname name;
    if (uname(&name) < 0) {
        error_set_errno(error, errno, "Asking for this machine's architecture");
        return NULL;
    }
    const char *architecture = qemu_architecture(name.machine);
    g_autofree char *program = g_strconcat("qemu-system-", architecture, NULL);
    char *found = g_find_program_in_path(program);
    if (found == NULL && g_file_test("/usr/libexec/qemu-kvm", G_FILE_TEST_IS_EXECUTABLE))
        found = g_strdup("/usr/libexec/qemu-kvm"); /* Red Hat's: not on PATH */
    if (found == NULL)
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "%s is not installed; install it (Debian: apt install qemu-system-%s), or name "
                  "one with VGPUCTL_QEMU",
                  program, g_str_equal(architecture, "x86_64") ? "x86" : architecture);
    return found;
}

/* The file that @name means, as for a shell, without links. NULL with @error set. */
static char *resolve(const char *name, GError **error)
{
    g_autofree char *on_path = strchr(name, '/') == NULL ? g_find_program_in_path(name) : NULL;
    const char *path = on_path != NULL ? on_path : name;
    char *resolved = realpath(path, NULL);
    if (resolved == NULL) {
        error_set_errno(error, errno, "QEMU %s", path);
        return NULL;
    }
    char *copy = g_strdup(resolved);
    free(resolved);
    return copy;
}

/*
 * The binary alone says whether the stored answer may be for it; the module directory's state is
 * stored with the answer, because only the answer says where it is.
 */
static json_t *binary_key(const char *binary)
{
    json_t *key = cache_file_key(binary);
    if (key != NULL) {
        json_object_set_new(key, "format", json_integer(CACHE_FORMAT));
        json_object_set_new(key, "module_dir_override", json_text(g_getenv("QEMU_MODULE_DIR")));
    }
    return key;
}

static json_t *modules_key(const QemuFacts *facts)
{
    json_t *key = facts->module_dir != NULL ? cache_file_key(facts->module_dir) : NULL;
    return key != NULL ? key : json_null();
}

static QemuFacts *load(const char *name, const json_t *key)
{
    g_autoptr(json_t) value = cache_load(name, key);
    if (value == NULL)
        return NULL;
    g_autoptr(QemuFacts) facts =
        record_from_json(&qemu_facts_type, json_object_get(value, "facts"), NULL);
    if (facts == NULL || facts->binary == NULL)
        return NULL;
    g_autoptr(json_t) modules = modules_key(facts);
    if (!json_equal(modules, json_object_get(value, "modules")))
        return NULL;
    return g_steal_pointer(&facts);
}

static void store(const char *name, const json_t *key, const QemuFacts *facts)
{
    g_autoptr(json_t) value = json_object();
    json_object_set_new(value, "modules", modules_key(facts));
    json_object_set_new(value, "facts", record_to_json(&qemu_facts_type, facts));
    cache_store(name, key, value);
}

/* What depends on the binary and its modules alone. */
static QemuFacts *read_binary(const char *binary, gboolean refresh, GError **error)
{
    g_autoptr(json_t) key = binary_key(binary);
    g_autofree char *name = cache_name_for("qemu", binary);
    QemuFacts *cached = refresh ? NULL : load(name, key);
    if (cached != NULL)
        return cached;

    g_autoptr(QemuFacts) facts = record_new(&qemu_facts_type);
    facts->binary = g_strdup(binary);
    if (!qemu_ask(facts, QEMU_ASK_LIMIT_MS, error))
        return NULL;
    qemu_read_compiled_paths(facts);
    store(name, key, facts);
    return g_steal_pointer(&facts);
}

QemuFacts *qemu_facts_read(const Root *root, const char *binary, gboolean refresh, GError **error)
{
    g_autofree char *named = binary != NULL ? g_strdup(binary) : qemu_find_binary(root, error);
    g_autofree char *resolved = named != NULL ? resolve(named, error) : NULL;
    QemuFacts *facts = resolved != NULL ? read_binary(resolved, refresh, error) : NULL;
    if (facts != NULL) {
        qemu_read_bridge(facts, root);
        qemu_find_missing(facts, root);
    }
    return facts;
}
