/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/qemu-text.h"

#include "base/table.h"

static void add_line(GString *text, const char *heading, const char *value)
{
    g_autofree char *printable = text_printable(value);
    g_string_append_printf(text, "  %-18s %s\n", heading, printable);
}

G_GNUC_PRINTF(3, 4)
static void add_formatted(GString *text, const char *heading, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *value = g_strdup_vprintf(format, args);
    va_end(args);
    add_line(text, heading, value);
}

static void add_list(GString *text, const char *heading, char *const *words, const char *when_empty)
{
    g_autofree char *joined =
        words != NULL && *words != NULL ? g_strjoinv(" ", (char **)words) : g_strdup(when_empty);
    add_line(text, heading, joined);
}

/* "yes", "yes, <more>" or "no" */
static void add_flag(GString *text, const char *heading, gboolean flag, const char *more)
{
    add_formatted(text, heading, "%s%s%s", flag ? "yes" : "no", flag && more != NULL ? ", " : "",
                  flag && more != NULL ? more : "");
}

GStrv qemu_working_accelerators(const QemuFacts *qemu, const KvmFacts *kvm)
{
    g_autoptr(GStrvBuilder) working = g_strv_builder_new();
    if (qemu_has(qemu->accelerators, "kvm") && kvm != NULL && kvm->executes == TRUTH_YES)
        g_strv_builder_add(working, "kvm");
    if (qemu_has(qemu->accelerators, "tcg"))
        g_strv_builder_add(working, "tcg");
    return g_strv_builder_end(working);
}

static void add_accelerators(GString *text, const QemuFacts *qemu, const KvmFacts *kvm)
{
    g_auto(GStrv) working = qemu_working_accelerators(qemu, kvm);
    add_list(text, "accelerators", working, "none that works");
    if (qemu_has(qemu->accelerators, "kvm") && kvm != NULL && kvm->executes != TRUTH_YES)
        add_formatted(text, "", "not kvm: %s",
                      kvm->detail != NULL ? kvm->detail : "it was not tried");
}

static void add_displays(GString *text, const QemuFacts *qemu)
{
    add_list(text, "displays", qemu->displays, "none");
    add_flag(text, "OpenGL", qemu->opengl, NULL);
    add_flag(text, "D-Bus", qemu->dbus, NULL);
    add_flag(text, "SPICE", qemu->spice,
             qemu->spice_gl_remote ? "an OpenGL screen also over TCP"
                                   : "an OpenGL screen by unix socket only");
    add_flag(text, "VNC", qemu->vnc,
             qemu->vnc_binds_console ? "but not for the screen of a vGPU: QEMU would exit" : NULL);
    add_flag(text, "screenshots", qemu->fdset_png, "as PNG");
}

/* "display OpRegion": the properties that are there */
static char *property_words(const char *const *words, const gboolean *there)
{
    g_autoptr(GStrvBuilder) found = g_strv_builder_new();
    for (guint i = 0; words[i] != NULL; i++)
        if (there[i])
            g_strv_builder_add(found, words[i]);
    g_auto(GStrv) list = g_strv_builder_end(found);
    return *list != NULL ? g_strjoinv(", ", list) : g_strdup("yes");
}

static void add_device(GString *text, const QemuFacts *qemu, const char *device,
                       const char *const *words, const gboolean *there)
{
    g_autofree char *properties = property_words(words, there);
    add_line(text, device, qemu_has(qemu->devices, device) ? properties : "no");
}

static void add_devices(GString *text, const QemuFacts *qemu)
{
    static const char *const vfio[] = { "display", "OpRegion", "fd", NULL };
    static const char *const nohotplug[] = { "ramfb", NULL };
    static const char *const gl[] = { "blob", "hostmem", "venus", NULL };
    static const char *const none[] = { NULL };
    g_string_append(text, "\nGraphics devices\n");
    add_device(text, qemu, "vfio-pci", vfio,
               (gboolean[]){ qemu->vfio_display, qemu->vfio_opregion, qemu->vfio_fd });
    add_device(text, qemu, "vfio-pci-nohotplug", nohotplug, &qemu->vfio_ramfb);
    add_device(text, qemu, "virtio-vga-gl", gl,
               (gboolean[]){ qemu->blob, qemu->hostmem, qemu->venus });
    add_device(text, qemu, "virtio-vga", none, NULL);
    add_device(text, qemu, "ramfb", none, NULL);
}

static void add_bridge(GString *text, const QemuFacts *qemu)
{
    g_string_append(text, "\nNetwork\n");
    add_list(text, "back ends", qemu->netdevs, "none");
    if (qemu->bridge_helper == NULL) {
        add_line(text, "bridge helper", "not installed");
        return;
    }
    add_formatted(text, "bridge helper", "%s, %s", qemu->bridge_helper,
                  qemu->bridge_helper_privileged
                      ? "privileged"
                      : "works for root only; for users: chmod u+s on it, as root");
    if (qemu->bridge_acl == NULL)
        return;
    g_autofree char *allowed = g_strjoinv(" ", qemu->bridges_allowed);
    add_formatted(text, "bridge ACL", "%s %s%s", qemu->bridge_acl,
                  *allowed != '\0' ? "allows " : "allows no bridge", allowed);
    if (qemu->bridges_denied != NULL && *qemu->bridges_denied != NULL)
        add_list(text, "  denies", qemu->bridges_denied, "");
}

static void add_missing(GString *text, const QemuFacts *qemu)
{
    static const char *const headings[] = { "MISSING", "WHY", "PACKAGE", "SOURCE BUILD", NULL };
    g_autoptr(Table) table = table_new(headings);
    for (guint i = 0; qemu->missing != NULL && i < qemu->missing->len; i++) {
        const QemuMissing *missing = qemu->missing->pdata[i];
        table_add(table, missing->what, missing->why,
                  missing->package != NULL ? missing->package : "-",
                  missing->configure != NULL ? missing->configure : "-", NULL);
    }
    g_autofree char *rows = table_to_text(table);
    if (*rows != '\0')
        g_string_append_printf(text, "\n%s", rows);
}

char *qemu_facts_text(const QemuFacts *qemu, const KvmFacts *kvm)
{
    GString *text = g_string_new(NULL);
    g_autofree char *package = qemu->package != NULL ? text_printable(qemu->package) : NULL;
    g_string_append_printf(text, "QEMU %d.%d.%d%s%s%s\n", qemu->major, qemu->minor, qemu->micro,
                           package != NULL ? " (" : "", package != NULL ? package : "",
                           package != NULL ? ")" : "");
    add_line(text, "binary", qemu->binary);
    add_line(text, "modules", qemu->module_dir != NULL ? qemu->module_dir : "none found");
    add_list(text, "firmware", qemu->firmware_dirs, "none");
    add_accelerators(text, qemu, kvm);
    add_displays(text, qemu);
    add_flag(text, "USB redirection", qemu->usb_redir, NULL);
    add_flag(text, "user networking", qemu_has(qemu->netdevs, "user"), NULL);
    add_flag(text, "sandbox", qemu->sandbox, NULL);
    add_devices(text, qemu);
    add_bridge(text, qemu);
    add_missing(text, qemu);
    return g_string_free(text, FALSE);
}
