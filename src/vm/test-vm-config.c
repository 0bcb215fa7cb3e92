/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/vm-config.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "rules/display-matrix.h"

static const char *full = "[vm]\n"
                          "name=win\n"
                          "memory=2G\n"
                          "cpus=2\n"
                          "firmware=uefi\n"
                          "accel=tcg\n"
                          "kernel=/boot/vmlinuz\n"
                          "initrd=/boot/initrd\n"
                          "append=console=ttyS0 quiet\n"
                          "snapshot=true\n"
                          "serial=/tmp/serial.log\n"
                          "[disk]\n"
                          "path=/var/a b.qcow2\n"
                          "format=qcow2\n"
                          "size=10G\n"
                          "[disk.1]\n"
                          "path=/var/b.raw\n"
                          "readonly=true\n"
                          "[cdrom]\n"
                          "path=/iso/debian.iso\n"
                          "[vgpu]\n"
                          "type=virgl\n"
                          "parent=0000:00:02.0\n"
                          "mode=1280x800\n"
                          "[display]\n"
                          "address=127.0.0.1:5901\n"
                          "kind=vnc\n"
                          "[network]\n"
                          "mode=bridge=virbr0\n"
                          "mac=52:54:00:AB:cd:01\n"
                          "[usb]\n"
                          "redirect=true\n"
                          "[qemu]\n"
                          "args=-device;pci-testdev;-foo\\;bar\n"
                          "binary=/opt/qemu/bin/qemu-system-x86_64\n";

static VmConfig *read_text(const char *text, GError **error)
{
    return vm_config_from_text(text, strlen(text), "a.vm", error);
}

static void test_full(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VmConfig) config = read_text(full, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(config->name, ==, "win");
    g_assert_cmpuint(config->memory_bytes, ==, (guint64)2 << 30);
    g_assert_cmpint(config->firmware, ==, FIRMWARE_UEFI);
    g_assert_cmpuint(config->disks->len, ==, 2);
    const VmDisk *disk = config->disks->pdata[0];
    g_assert_cmpstr(disk->path, ==, "/var/a b.qcow2");
    g_assert_cmpuint(disk->create_bytes, ==, (guint64)10 << 30);
    g_assert_true(((const VmDisk *)config->disks->pdata[1])->readonly);
    g_assert_cmpint(config->height, ==, 800);
    g_assert_cmpint(config->display, ==, DISPLAY_VNC);
    g_assert_cmpstr(config->display_address, ==, "127.0.0.1:5901");
    g_assert_cmpint(config->network, ==, NETWORK_BRIDGE);
    g_assert_cmpstr(config->bridge, ==, "virbr0");
    g_assert_cmpstr(config->mac, ==, "52:54:00:ab:cd:01");
    g_assert_cmpuint(g_strv_length(config->qemu_args), ==, 3);
    g_assert_cmpstr(config->qemu_args[2], ==, "-foo;bar");
}

static void assert_round_trip(const VmConfig *config)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = vm_config_to_text(config);
    g_autoptr(VmConfig) again = read_text(text, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) before = record_to_json(&vm_config_type, config);
    g_autoptr(json_t) after = record_to_json(&vm_config_type, again);
    g_autofree char *before_text = json_to_text(before);
    g_autofree char *after_text = json_to_text(after);
    g_assert_cmpstr(before_text, ==, after_text);
}

static void test_round_trip(void)
{
    g_autoptr(VmConfig) config = read_text(full, NULL);
    assert_round_trip(config);
    g_autoptr(VmConfig) empty = read_text("", NULL);
    g_assert_nonnull(empty);
    assert_round_trip(empty);
    g_free(config->append);
    config->append = g_strdup(" leading\ttab \\ backslash\nand line, [x]=# ");
    assert_round_trip(config);
}

static void test_crlf(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VmConfig) config = read_text("[vm]\r\nname=a\r\n\r\n[disk]\r\npath=/x\r\n", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(config->name, ==, "a");
    g_assert_cmpstr(((const VmDisk *)config->disks->pdata[0])->path, ==, "/x");
}

static void test_errors(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "[vm]\nmemroy=2G\n", "a.vm:2: unknown key 'memroy' in [vm]; did you mean 'memory'?" },
        { "[vm]\n\n[dsik]\npath=x\n", "a.vm:3: unknown group [dsik]; did you mean 'disk'?" },
        { "[usb]\nzebra=1\n", "a.vm:2: unknown key 'zebra' in [usb]; known are redirect" },
        { "[disk.one]\npath=x\n", NULL },
        { "[disk]\npaht=x\n", "a.vm:2: unknown key 'paht' in [disk]; did you mean 'path'?" },
        { "[disk]\npath=x\n[disk.1]\nformat=raw\n", "a.vm:3: [disk.1] has no path=" },
        { "[vm]\ncpus=0\n", "a.vm:2: cpus '0' is not a number from 1 to 1024" },
        { "[vm]\nname=a/b\n", NULL },
        { "[vm]\nname=\n", "a.vm:2: name= has no value" },
        { "[vm]\nname=a\nname=b\n", "a.vm:3: name= given twice, first in line 2" },
        { "[vm]\nname[de]=a\n", NULL },
        { "[vm]\nsnapshot=maybe\n", "a.vm:2: snapshot 'maybe' is neither true nor false" },
        { "[display]\nkind=gtk\naddress=:1\n",
          "a.vm:3: display 'gtk' takes no address: only vnc, qemu-vnc and spice do" },
        { "[display]\naddress=:1\n",
          "a.vm: [display] has address= without kind=vnc, kind=qemu-vnc or kind=spice" },
        { "[vm]\nappend=\\x\n", NULL },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(read_text(cases[i].text, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
        g_assert_true(g_str_has_prefix(error->message, "a.vm:"));
        if (cases[i].message != NULL)
            g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void test_binary(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(vm_config_from_text("\x7f"
                                      "ELF\0\1",
                                      6, "a.vm", &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
}

typedef gboolean (*Setter)(VmConfig *config, const char *text, GError **error);

static void test_setters(void)
{
    static const struct {
        Setter set;
        const char *text;
        gboolean good;
    } cases[] = {
        { vm_config_set_memory, "1024M", TRUE },
        { vm_config_set_memory, "4GiB", TRUE },
        { vm_config_set_memory, "1073741824", TRUE },
        { vm_config_set_memory, "2048", FALSE }, /* surely MiB were meant */
        { vm_config_set_memory, "-1G", FALSE },
        { vm_config_set_memory, "99999999999999T", FALSE },
        { vm_config_set_memory, "G", FALSE },
        { vm_config_set_memory, "1.5G", FALSE },
        { vm_config_set_memory, "", FALSE },
        { vm_config_set_cpus, "4", TRUE },
        { vm_config_set_cpus, "1025", FALSE },
        { vm_config_set_cpus, "two", FALSE },
        { vm_config_set_display, "vnc", TRUE },
        { vm_config_set_display, "vnc::1", TRUE },
        { vm_config_set_display, "spice:0.0.0.0:5930", TRUE },
        { vm_config_set_display, "gtk:x", FALSE },
        { vm_config_set_display, "vnc:", FALSE },
        { vm_config_set_display, "gtj", FALSE },
        { vm_config_set_network, "none", TRUE },
        { vm_config_set_network, "bridge=br0", TRUE },
        { vm_config_set_network, "bridge", FALSE },
        { vm_config_set_network, "bridge=", FALSE },
        { vm_config_set_network, "bridge=a-name-too-long-for-linux", FALSE },
        { vm_config_set_network, "bridge=a/b", FALSE },
        { vm_config_set_firmware, "uefi", TRUE },
        { vm_config_set_firmware, "ovmf", FALSE },
        { vm_config_set_accel, "kvm", TRUE },
        { vm_config_set_accel, "hvf", FALSE },
        { vm_config_set_mode, "1920x1080", TRUE },
        { vm_config_set_mode, "1920", FALSE },
        { vm_config_set_mode, "0x600", FALSE },
        { vm_config_set_mode, "1x2x3", FALSE },
        { vm_config_set_mac, "52:54:00:00:00:01", TRUE },
        { vm_config_set_mac, "01:54:00:00:00:01", FALSE },
        { vm_config_set_mac, "52-54-00-00-00-01", FALSE },
        { vm_config_add_disk, "/x", TRUE },
        { vm_config_add_disk, "/x,format=raw,readonly", TRUE },
        { vm_config_add_disk, "/x,size=1G", TRUE },
        { vm_config_add_disk, "", FALSE },
        { vm_config_add_disk, "/x,", FALSE },
        { vm_config_add_disk, "/x,fromat=raw", FALSE },
        { vm_config_add_disk, "/x,readonly=maybe", FALSE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VmConfig) config = vm_config_new();
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(cases[i].set(config, cases[i].text, &error), ==, cases[i].good);
        g_assert_cmpint(error == NULL, ==, cases[i].good);
    }
}

static void test_disk_comma(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VmConfig) config = vm_config_new();
    vm_config_add_disk(config, "/a,,b.img,format=raw", &error);
    g_assert_no_error(error);
    const VmDisk *disk = config->disks->pdata[0];
    g_assert_cmpstr(disk->path, ==, "/a,b.img");
    g_assert_cmpstr(disk->format, ==, "raw");
}

static void test_names(void)
{
    static const char *const good[] = { "a", "win-11", "x.y_z", "_", "9" };
    static const char *const bad[] = { "",
                                       ".",
                                       "..",
                                       "-x",
                                       ".x",
                                       "a/b",
                                       "a b",
                                       "a\n",
                                       "\033[2J",
                                       "ä",
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                       "aaaaaaaa" };
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(vm_name_check(good[i], NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(vm_name_check(bad[i], &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
        g_assert_null(strchr(error->message, '\n'));
        g_assert_null(strchr(error->message, '\033'));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vm-config/full", test_full);
    g_test_add_func("/vm-config/round-trip", test_round_trip);
    g_test_add_func("/vm-config/crlf", test_crlf);
    g_test_add_func("/vm-config/errors", test_errors);
    g_test_add_func("/vm-config/binary", test_binary);
    g_test_add_func("/vm-config/setters", test_setters);
    g_test_add_func("/vm-config/disk-comma", test_disk_comma);
    g_test_add_func("/vm-config/names", test_names);
    return g_test_run();
}
