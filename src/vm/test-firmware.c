/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/firmware.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"

static char *directory;

static void put(const char *path, const char *text)
{
    g_autofree char *full = g_strconcat(directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_true(file_write_atomic(full, text, strlen(text), 0644, NULL));
}

static void put_descriptor(const char *path, const char *image, const char *machine,
                           const char *features)
{
    g_autofree char *text = g_strdup_printf(
        "{\"interface-types\": [\"uefi\"], \"mapping\": {\"device\": \"flash\","
        " \"executable\": {\"filename\": \"/fw/%s.code\", \"format\": \"raw\"},"
        " \"nvram-template\": {\"filename\": \"/fw/%s.vars\", \"format\": \"raw\"}},"
        " \"targets\": [{\"architecture\": \"x86_64\", \"machines\": [\"%s\"]}],"
        " \"features\": [%s]}",
        image, image, machine, features);
    put(path, text);
    g_autofree char *code = g_strdup_printf("/fw/%s.code", image);
    g_autofree char *vars = g_strdup_printf("/fw/%s.vars", image);
    put(code, "");
    put(vars, "");
}

static void start_root(void)
{
    file_remove_tree(directory, NULL);
    g_assert_true(file_make_directory(directory, 0755, NULL));
}

static void assert_found(const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Root) root = root_open(directory, NULL);
    Firmware *firmware = firmware_find(root, &error);
    if (expected == NULL) {
        g_assert_null(firmware);
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpstr(firmware->code, ==, expected);
    record_free(&firmware_type, firmware);
}

/* Debian's three: enrolled keys and SMM are passed over, the plain one is taken */
static void test_debian(void)
{
    start_root();
    put_descriptor("/usr/share/qemu/firmware/40.json", "ms", "pc-q35-*",
                   "\"enrolled-keys\", \"requires-smm\", \"secure-boot\"");
    put_descriptor("/usr/share/qemu/firmware/50.json", "smm", "pc-q35-*",
                   "\"requires-smm\", \"secure-boot\"");
    put_descriptor("/usr/share/qemu/firmware/60.json", "plain", "pc-q35-*", "\"acpi-s3\"");
    assert_found("/fw/plain.code");
}

/* by name, not by directory; /etc stands for a vendor's file of the same name, empty masks it */
static void test_order(void)
{
    start_root();
    put_descriptor("/usr/share/qemu/firmware/60.json", "vendor", "pc-q35-*", "");
    put_descriptor("/etc/qemu/firmware/70.json", "late", "pc-q35-*", "");
    assert_found("/fw/vendor.code");
    put_descriptor("/etc/qemu/firmware/60.json", "ours", "pc-q35-*", "");
    assert_found("/fw/ours.code");
    put("/etc/qemu/firmware/60.json", "");
    assert_found("/fw/late.code");
}

static void test_unusable(void)
{
    start_root();
    assert_found(NULL);
    put("/usr/share/qemu/firmware/10.json", "{ broken");
    put("/usr/share/qemu/firmware/11.json", "[]");
    put_descriptor("/usr/share/qemu/firmware/12.json", "other", "virt-*", "");
    put_descriptor("/usr/share/qemu/firmware/13.json", "gone", "pc-q35-*", "");
    g_autofree char *gone = g_strconcat(directory, "/fw/gone.vars", NULL);
    g_assert_cmpint(remove(gone), ==, 0);
    assert_found(NULL);
}

/* what this machine has installed */
static void test_installed(void)
{
    g_autoptr(Root) root = root_open("/", NULL);
    if (!root_exists(root, "/usr/share/OVMF/OVMF_CODE_4M.fd")) {
        g_test_skip("ovmf is not installed");
        return;
    }
    g_autoptr(GError) error = NULL;
    Firmware *firmware = firmware_find(root, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(firmware->code, ==, "/usr/share/OVMF/OVMF_CODE_4M.fd");
    g_assert_cmpstr(firmware->vars_template, ==, "/usr/share/OVMF/OVMF_VARS_4M.fd");
    g_assert_false(firmware->secure_boot);
    record_free(&firmware_type, firmware);
}

int main(int argc, char **argv)
{
    g_setenv("XDG_CONFIG_HOME", "/no/such/config", TRUE);
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("vgpuctl-firmware-XXXXXX", NULL);
    g_test_add_func("/firmware/debian", test_debian);
    g_test_add_func("/firmware/order", test_order);
    g_test_add_func("/firmware/unusable", test_unusable);
    g_test_add_func("/firmware/installed", test_installed);
    int result = g_test_run();
    file_remove_tree(directory, NULL);
    g_free(directory);
    return result;
}
