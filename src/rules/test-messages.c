/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/messages.h"

#include <string.h>

/* A real line for every row, as QEMU 7.2 to 11 or its helper prints it. */
static const struct {
    const char *id, *line;
} cases[] = {
    { "disk-locked",
      "qemu-system-x86_64: -device virtio-blk-pci,drive=d: Failed to get \"write\" lock" },
    { "disk-missing", "qemu-system-x86_64: -blockdev driver=file: Could not open '/a b': No such "
                      "file or directory" },
    { "disk-permission",
      "qemu-system-x86_64: -blockdev driver=file: Could not open '/root/x': Permission denied" },
    { "disk-not-format",
      "qemu-system-x86_64: -blockdev driver=qcow2: Image is not in qcow2 format" },
    { "disk-corrupt",
      "qemu-system-x86_64: -blockdev x: qcow2: Image is corrupt; cannot be opened read/write" },
    { "disk-size", "qemu-system-x86_64: -drive x: Cannot grow device files" },
    { "kvm-permission", "Could not access KVM kernel module: Permission denied" },
    { "kvm-missing", "Could not access KVM kernel module: No such file or directory" },
    { "kvm-failed", "qemu-system-x86_64: failed to initialize kvm: Invalid argument" },
    { "memory", "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory" },
    { "gl-no-render-node", "qemu-system-x86_64: egl: no drm render node available" },
    { "gl-no-export", "qemu-system-x86_64: egl: EGL_MESA_image_dma_buf_export not supported" },
    { "gl-virtio", "qemu-system-x86_64: -device virtio-vga-gl: opengl is not available" },
    { "gl-display", "qemu-system-x86_64: OpenGL is not supported by the display" },
    { "gl-vfio", "qemu-system-x86_64: vfio-display-dmabuf: opengl not available" },
    { "gl-virglrenderer", "qemu-system-x86_64: virgl could not be initialized: -1" },
    { "gl-context", "eglCreateContext failed" },
    { "gl-dmabuf-console",
      "qemu-system-x86_64: -vnc unix:S: The console requires display DMABUF support." },
    { "gl-gtk-area", "qemu-system-x86_64: GtkGLArea console lacks DMABUF support." },
    { "gl-import", "eglCreateImageKHR failed" },
    { "display-gl-option", "qemu-system-x86_64: -vnc :0,gl=on: Invalid parameter 'gl'" },
    { "gtk-init", "gtk initialization failed" },
    { "sdl-init", "Could not initialize SDL(x11 not available) - exiting" },
    { "spice-app", "qemu-system-x86_64: You need a capable Spice client, such as virt-viewer 8.0" },
    { "spice-gl-remote", "qemu-system-x86_64: SPICE GL support is local-only for now and "
                         "incompatible with -spice port/tls-port" },
    { "dbus-session", "qemu-system-x86_64: failed to connect to DBus: Cannot autolaunch D-Bus "
                      "without X11 $DISPLAY" },
    { "display-module", "qemu-system-x86_64: Display 'gtk' is not available." },
    { "spice-module", "qemu-system-x86_64: -spice: invalid option" },
    { "vnc-address", "qemu-system-x86_64: -vnc :0: Failed to bind socket: Address already in use" },
    { "device-unknown",
      "qemu-system-x86_64: -device vfio-pci: 'vfio-pci' is not a valid device model name" },
    { "property-unknown", "qemu-system-x86_64: -device virtio-gpu-gl-pci,venus=on: Property "
                          "'virtio-gpu-gl-pci.venus' not found" },
    { "udmabuf", "qemu-system-x86_64: cannot enable blob resources without udmabuf" },
    { "machine-unknown", "qemu-system-x86_64: unsupported machine type: \"q36\"" },
    { "bridge-acl-missing", "failed to parse default acl file `/etc/qemu/bridge.conf'" },
    { "bridge-acl-denied", "access denied by acl file" },
    { "bridge-privilege", "failed to create tun device: Operation not permitted" },
    { "bridge-missing", "failed to get mtu of bridge `br0': No such device" },
    { "slirp-missing", "qemu-system-x86_64: -netdev user,id=n: network backend 'user' is not "
                       "compiled into this binary" },
    { "vfio-permission",
      "qemu-system-x86_64: vfio 1-2: failed to open /dev/vfio/13: Permission denied" },
    { "vfio-busy",
      "qemu-system-x86_64: vfio 1-2: failed to open /dev/vfio/0: Device or resource busy" },
    { "vfio-no-kvm",
      "qemu-system-x86_64: vfio U: error getting device from group 0: No such process" },
    { "vfio-second", "qemu-system-x86_64: vfio U: error getting device from group 3: File exists" },
    { "vfio-no-iommu-model", "qemu-system-x86_64: vfio U: failed to setup container for group 0: "
                             "No available IOMMU models" },
    { "vfio-no-device", "qemu-system-x86_64: vfio /sys/bus/mdev/devices/U: no such host device: No "
                        "such file or directory" },
    { "vfio-memlock", "qemu-system-x86_64: VFIO_MAP_DMA failed: Cannot allocate memory" },
    { "vfio-not-viable", "qemu-system-x86_64: -device vfio-pci,host=00:02.0: vfio 0000:00:02.0: "
                         "group 0 is not viable" },
    { "vfio-no-group", "qemu-system-x86_64: -device vfio-pci,sysfsdev=/sys/x: vfio x: no "
                       "iommu_group found: No such file or directory" },
    { "vfio-refused",
      "qemu-system-x86_64: vfio U: error getting device from group 0: Input/output error" },
    { "vfio-attached", "qemu-system-x86_64: -device vfio-pci,sysfsdev=/sys/bus/mdev/devices/U: "
                       "vfio U: device is already attached" },
    { "vfio-no-display", "qemu-system-x86_64: -device vfio-pci,display=on: vfio: device doesn't "
                         "support any (known) display method" },
    { "vfio-display-off", "qemu-system-x86_64: -device vfio-pci-nohotplug,ramfb=on: vfio U: "
                          "ramfb=on requires display=on" },
    { "vfio-opregion-hotplug", "qemu-system-x86_64: vfio U: IGD device detected, but OpRegion is "
                               "not supported on hotplugged device." },
    { "vfio-opregion", "qemu-system-x86_64: vfio U: does not support requested IGD OpRegion "
                       "feature: No such device" },
    { "kernel-missing", "qemu: could not open kernel file '/x': No such file or directory" },
    { "kernel-no-pvh", "Error loading uncompressed kernel without PVH ELF Note" },
    { "sandbox-death", "QEMU was killed by SIGSYS while it was starting" },
    { "sandbox",
      "qemu-system-x86_64: -sandbox on: failed to install seccomp syscall filter in the kernel" },
    { "disk-full", "qemu-system-x86_64: write failed: No space left on device" },
};

/* each row is found by its real text and by no row before it */
static void test_rows(void)
{
    guint rows = 0;
    for (const Message *message = messages; message->id != NULL; message++, rows++) {
        gboolean has_case = FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
            has_case |= g_str_equal(cases[i].id, message->id);
        if (!has_case)
            g_test_message("row %s has no case", message->id);
        g_assert_true(has_case);
    }
    g_assert_cmpuint(rows, ==, G_N_ELEMENTS(cases));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *output =
            g_strdup_printf("qemu-system-x86_64: warning: something else\n%s\n", cases[i].line);
        const Message *message = message_match(output);
        g_assert_nonnull(message);
        g_assert_cmpstr(message->id, ==, cases[i].id);
    }
}

static void test_explain(void)
{
    g_autofree char *text =
        message_explain("vfio 1: failed to open /dev/vfio/13: Permission denied\n");
    g_assert_cmpstr(text, ==,
                    "you may not use /dev/vfio/13; as root, give it to your user: setfacl -m "
                    "u:USER:rw /dev/vfio/13");
    g_assert_null(message_explain("all is well\n"));
    g_assert_null(message_explain(""));
}

static void test_last_line(void)
{
    g_autofree char *line = message_last_line("first\nqemu-system-x86_64: -m 1: bad \033[2J\n\n");
    g_assert_cmpstr(line, ==, "-m 1: bad \\x1b[2J");
    g_assert_null(message_last_line("\n \n"));
    g_assert_null(message_last_line(""));
    g_autofree char *killed = message_last_line("qemu-system-x86_64: all of it\nqemu-system-x8");
    g_assert_cmpstr(killed, ==, "all of it");
    g_autofree char *only = message_last_line("qemu-system-x86_64: half");
    g_assert_cmpstr(only, ==, "half");
    g_autofree char *flood = g_strnfill(100000, 'x');
    g_autofree char *cut = message_last_line(flood);
    g_assert_cmpuint(strlen(cut), ==, 400);
    g_assert_true(g_str_has_suffix(cut, "..."));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/messages/rows", test_rows);
    g_test_add_func("/messages/explain", test_explain);
    g_test_add_func("/messages/last-line", test_last_line);
    return g_test_run();
}
