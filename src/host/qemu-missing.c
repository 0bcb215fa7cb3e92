/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/qemu-missing.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Debian 12 and older; Debian 13 and newer. */
enum { PACKAGE_OLD, PACKAGE_NEW, PACKAGE_ERAS };

typedef enum { WANT_ACCELERATOR, WANT_DISPLAY, WANT_DEVICE, WANT_NETDEV, WANT_FLAG } WantKind;

typedef struct {
    const char *what;
    WantKind kind;
    const char *word; /* to be found in that list; a flag's field otherwise */
    gsize flag;       /* WANT_FLAG: offset of the gboolean */
    const char *module;
    const char *packages[PACKAGE_ERAS]; /* NULL: a package cannot bring it */
    const char *configure;              /* for a source build, with Debian's library package */
} Want;

#define FLAG(member) WANT_FLAG, NULL, G_STRUCT_OFFSET(QemuFacts, member)

/* Packages as `dpkg -S` says on Debian 12 (7.2), 13 (10.0) and sid (11.1). */
static const Want wants[] = {
    { "accelerator kvm", WANT_ACCELERATOR, "kvm", 0, NULL, { NULL, NULL }, "--enable-kvm" },
    { "display gtk",
      WANT_DISPLAY,
      "gtk",
      0,
      "ui-gtk.so",
      { "qemu-system-gui", "qemu-system-gui" },
      "--enable-gtk (libgtk-3-dev)" },
    { "display sdl",
      WANT_DISPLAY,
      "sdl",
      0,
      "ui-sdl.so",
      { "qemu-system-gui", "qemu-system-gui" },
      "--enable-sdl (libsdl2-dev)" },
    { "OpenGL (egl-headless, virtio-gpu-gl, vGPU screens)",
      FLAG(opengl),
      "ui-opengl.so",
      { "qemu-system-common", "qemu-system-modules-opengl" },
      "--enable-opengl (libepoxy-dev libgbm-dev)" },
    { "display egl-headless",
      WANT_DISPLAY,
      "egl-headless",
      0,
      "ui-egl-headless.so",
      { "qemu-system-common", "qemu-system-modules-opengl" },
      "--enable-opengl (libepoxy-dev libgbm-dev)" },
    { "display dbus",
      WANT_DISPLAY,
      "dbus",
      0,
      "ui-dbus.so",
      { "qemu-system-common", "qemu-system-modules-opengl" },
      "--enable-dbus-display --enable-opengl (libglib2.0-dev libepoxy-dev libgbm-dev)" },
    { "display spice-app",
      WANT_DISPLAY,
      "spice-app",
      0,
      "ui-spice-app.so",
      { "qemu-system-common", "qemu-system-modules-spice" },
      "--enable-spice (libspice-server-dev libspice-protocol-dev)" },
    { "SPICE server",
      FLAG(spice),
      "ui-spice-core.so",
      { "qemu-system-common", "qemu-system-modules-spice" },
      "--enable-spice (libspice-server-dev libspice-protocol-dev)" },
    { "VNC server", FLAG(vnc), NULL, { NULL, NULL }, "--enable-vnc" },
    { "USB redirection",
      FLAG(usb_redir),
      "hw-usb-redirect.so",
      { "qemu-system-common", "qemu-system-common" },
      "--enable-usb-redir (libusbredirparser-dev)" },
    { "user networking (slirp)",
      WANT_NETDEV,
      "user",
      0,
      NULL,
      { NULL, NULL },
      "--enable-slirp (libslirp-dev)" },
    { "virtio-vga-gl",
      WANT_DEVICE,
      "virtio-vga-gl",
      0,
      "hw-display-virtio-vga-gl.so",
      { "qemu-system-common", "qemu-system-modules-opengl" },
      "--enable-virglrenderer --enable-opengl (libvirglrenderer-dev libepoxy-dev libgbm-dev)" },
    { "venus (Vulkan in the guest)",
      FLAG(venus),
      NULL,
      { NULL, NULL },
      "QEMU 9.2 or newer with libvirglrenderer 1.0 or newer (libvirglrenderer-dev)" },
    { "vfio-pci", WANT_DEVICE, "vfio-pci", 0, NULL, { NULL, NULL }, "a Linux host, and PCI" },
    { "sandbox", FLAG(sandbox), NULL, { NULL, NULL }, "--enable-seccomp (libseccomp-dev)" },
    { "PNG screenshots", FLAG(fdset_png), NULL, { NULL, NULL }, "--enable-png (libpng-dev)" },
};

static gboolean is_there(const QemuFacts *facts, const Want *want)
{
    switch (want->kind) {
    case WANT_ACCELERATOR:
        return qemu_has(facts->accelerators, want->word);
    case WANT_DISPLAY:
        return qemu_has(facts->displays, want->word);
    case WANT_DEVICE:
        return qemu_has(facts->devices, want->word);
    case WANT_NETDEV:
        return qemu_has(facts->netdevs, want->word);
    case WANT_FLAG:
        return G_STRUCT_MEMBER(gboolean, facts, want->flag);
    default:
        g_assert_not_reached();
    }
}

/* A value of os-release(5), without its quotes. Owned, NULL when absent. */
static char *os_release_value(const char *text, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gsize length = strlen(key);
    for (char **line = lines; *line != NULL; line++) {
        if (!g_str_has_prefix(*line, key) || (*line)[length] != '=')
            continue;
        const char *value = *line + length + 1;
        return *value == '"' ? g_strndup(value + 1, strcspn(value + 1, "\"")) : g_strdup(value);
    }
    return NULL;
}

/* Unstable has no VERSION_ID: it is newer than every release. Ubuntu 24.04 took the new packages.
 */
static int package_era(const Root *root)
{
    g_autofree char *text = root_read(root, "/etc/os-release", NULL, NULL);
    g_autofree char *id = text != NULL ? os_release_value(text, "ID") : NULL;
    g_autofree char *version = text != NULL ? os_release_value(text, "VERSION_ID") : NULL;
    if (id == NULL || version == NULL)
        return PACKAGE_NEW;
    int first_new = g_str_equal(id, "ubuntu") ? 24 : 13;
    return atoi(version) < first_new ? PACKAGE_OLD : PACKAGE_NEW;
}

/* Whether apt brought it: only then does a package help. Ubuntu's says "Debian" as well. */
static gboolean is_packaged(const QemuFacts *facts)
{
    return facts->package != NULL && g_str_has_prefix(facts->package, "Debian") &&
           g_str_has_prefix(facts->binary, "/usr/bin/");
}

static char *reason(const QemuFacts *facts, const Want *want)
{
    if (want->module == NULL || facts->module_dir == NULL)
        return g_strdup("not in this build");
    g_autofree char *path = g_build_filename(facts->module_dir, want->module, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return g_strdup_printf("its module %s is there but cannot be loaded", want->module);
    return g_strdup_printf("its module %s is not installed", want->module);
}

static void add(QemuFacts *facts, const char *what, char *why, const char *package,
                const char *configure)
{
    QemuMissing *missing = record_new(&qemu_missing_type);
    missing->what = g_strdup(what);
    missing->why = why;
    missing->package = g_strdup(package);
    missing->configure = g_strdup(configure);
    g_ptr_array_add(facts->missing, missing);
}

void qemu_find_missing(QemuFacts *facts, const Root *root)
{
    int era = package_era(root);
    gboolean packaged = is_packaged(facts);
    if (facts->missing == NULL)
        facts->missing = g_ptr_array_new();
    for (gsize i = 0; i < G_N_ELEMENTS(wants); i++) {
        const Want *want = &wants[i];
        if (!is_there(facts, want))
            add(facts, want->what, reason(facts, want), packaged ? want->packages[era] : NULL,
                want->configure);
    }
    if (facts->bridge_helper == NULL)
        add(facts, "bridge helper", g_strdup("it is not installed where this build looks for it"),
            packaged ? "qemu-system-common" : NULL, "--enable-tools (libcap-ng-dev)");
}
