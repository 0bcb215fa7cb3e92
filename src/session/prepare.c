/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/prepare.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "vgpu/provider.h"
#include "vm/definitions.h"
#include "vm/disk.h"
#include "vm/qemu-args.h"

#define VM_FILE_LIMIT (1u << 20)

void prepared_free(Prepared *prepared)
{
    if (prepared == NULL)
        return;
    host_facts_free(prepared->facts);
    for (guint i = 0; prepared->disks != NULL && i < prepared->disks->len; i++)
        record_free(&disk_info_type, prepared->disks->pdata[i]);
    g_clear_pointer(&prepared->disks, g_ptr_array_unref);
    record_free(&firmware_type, prepared->firmware);
    vgpu_device_free(prepared->vgpu);
    plan_free(prepared->plan);
    g_free(prepared);
}

/* A valid name from a file name: "Debian 12 (new).qcow2" gives "Debian-12-new"; "vm" when nothing
 * of it can be used. */
static char *name_from_path(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    char *dot = strrchr(base, '.');
    if (dot != NULL && dot != base)
        *dot = '\0';
    GString *name = g_string_new(NULL);
    for (const char *p = base; *p != '\0' && name->len < 48; p++) {
        gboolean good = g_ascii_isalnum(*p) || *p == '_' || *p == '.';
        if (good && !(*p == '.' && name->len == 0))
            g_string_append_c(name, *p);
        else if (name->len > 0 && name->str[name->len - 1] != '-')
            g_string_append_c(name, '-');
    }
    while (name->len > 0 && name->str[name->len - 1] == '-')
        g_string_truncate(name, name->len - 1);
    if (!vm_name_check(name->str, NULL))
        g_string_assign(name, "vm");
    return g_string_free(name, FALSE);
}

static VmConfig *config_from_file(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    g_autoptr(GError) reason = NULL;
    if (!g_file_get_contents(path, &text, &length, &reason) || length > VM_FILE_LIMIT) {
        error_set(error, VGPUCTL_ERROR_FAILED, "Reading VM definition %s: %s", path,
                  reason != NULL ? reason->message : "it is larger than 1 MiB");
        return NULL;
    }
    VmConfig *config = vm_config_from_text(text, length, path, error);
    if (config == NULL)
        return NULL;
    g_autofree char *full = g_canonicalize_filename(path, NULL);
    g_autofree char *directory = g_path_get_dirname(full);
    vm_config_resolve_paths(config, directory);
    if (config->name == NULL)
        config->name = name_from_path(path);
    return config;
}

static VmConfig *config_from_image(const char *path, GError **error)
{
    DiskInfo *info = disk_probe(path, /* format= */ NULL, error);
    if (info == NULL)
        return NULL;
    VmConfig *config = vm_config_new();
    if (info->iso) {
        config->cdrom = g_strdup(info->path);
    } else {
        VmDisk *disk = record_new(&vm_disk_type);
        disk->path = g_strdup(info->path);
        config->disks = g_ptr_array_new();
        g_ptr_array_add(config->disks, disk);
    }
    record_free(&disk_info_type, info);
    return config;
}

VmConfig *session_config_from_operand(const Root *root, const char *operand, GError **error)
{
    gboolean is_path = strchr(operand, '/') != NULL;
    if (!is_path && vm_name_check(operand, NULL)) {
        g_autoptr(GError) reason = NULL;
        g_autoptr(Definition) definition = definition_find(root, operand, &reason);
        if (definition != NULL)
            return definition_load(definition, error);
        if (!g_file_test(operand, G_FILE_TEST_EXISTS)) {
            if (strchr(operand, '.') != NULL)
                error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                          "There is no file '%s'; correct the name, or make a disk: --disk "
                          "FILE,size=20G",
                          operand);
            else
                g_propagate_error(error, g_steal_pointer(&reason));
            return NULL;
        }
    }
    if (g_str_has_suffix(operand, ".vm"))
        return config_from_file(operand, error);
    return config_from_image(operand, error);
}

void session_complete_name(VmConfig *config)
{
    if (config->name != NULL)
        return;
    const VmDisk *first =
        config->disks != NULL && config->disks->len > 0 ? config->disks->pdata[0] : NULL;
    const char *source = first != NULL            ? first->path
                         : config->cdrom != NULL  ? config->cdrom
                         : config->kernel != NULL ? config->kernel
                                                  : "vm";
    config->name = name_from_path(source);
}

/* A disk that `size=` will make: what it will be. */
static DiskInfo *disk_to_create(const VmDisk *disk)
{
    DiskInfo *info = record_new(&disk_info_type);
    info->path = g_canonicalize_filename(disk->path, NULL);
    info->format = g_strdup("qcow2");
    info->writable = TRUE;
    info->virtual_bytes = disk->create_bytes;
    return info;
}

static gboolean probe_disks(const VmConfig *config, Prepared *prepared, GError **error)
{
    prepared->disks = g_ptr_array_new();
    for (guint i = 0; config->disks != NULL && i < config->disks->len; i++) {
        const VmDisk *disk = config->disks->pdata[i];
        gboolean missing = !g_file_test(disk->path, G_FILE_TEST_EXISTS);
        DiskInfo *info = missing && disk->create_bytes > 0
                             ? disk_to_create(disk)
                             : disk_probe(disk->path, disk->format, error);
        if (info == NULL)
            return FALSE;
        g_ptr_array_add(prepared->disks, info);
    }
    if (config->cdrom == NULL)
        return TRUE;
    DiskInfo *info = disk_probe(config->cdrom, "raw", error);
    if (info != NULL)
        g_ptr_array_add(prepared->disks, info);
    return info != NULL;
}

static gboolean check_boot_files(const VmConfig *config, GError **error)
{
    const char *const paths[] = { config->kernel, config->initrd };
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
        if (paths[i] != NULL && access(paths[i], R_OK) < 0)
            return error_set_errno(error, errno, "Opening %s %s", i == 0 ? "--kernel" : "--initrd",
                                   paths[i]);
    if (config->kernel == NULL && (config->initrd != NULL || config->append != NULL))
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "--initrd and --append are for a --kernel; give one");
    return TRUE;
}

static FactsParts needed_parts(const VmConfig *config)
{
    FactsParts parts =
        FACTS_PCI | FACTS_DRM | FACTS_SCREEN | FACTS_GL | FACTS_QEMU | FACTS_LIMITS | FACTS_MDEV;
    return config->accel == ACCEL_TCG ? parts : parts | FACTS_KVM;
}

/* NULL for a document: it does not say who has what, now. Owned. */
static MdevUse *read_use(const Root *root, const PrepareRequest *request, const HostFacts *facts)
{
    const Broker hosts = { .root = root, .fd = -1 };
    if (request->facts_path != NULL)
        return NULL;
    return mdev_use_read(root, facts->mdev, request->broker != NULL ? request->broker : &hosts);
}

Prepared *session_prepare(const Root *root, const PrepareRequest *request, GError **error)
{
    g_autoptr(Prepared) prepared = g_new0(Prepared, 1);
    VmConfig *config = request->config;
    session_complete_name(config);
    if (!vm_name_check(config->name, error) || !check_boot_files(config, error) ||
        !probe_disks(config, prepared, error))
        return NULL;

    FactsRequest facts = { .parts = needed_parts(config),
                           .qemu_binary = config->qemu_binary,
                           .refresh = request->refresh };
    prepared->facts = host_facts_read(root, request->facts_path, &facts, error);
    if (prepared->facts == NULL)
        return NULL;
    if (prepared->facts->qemu == NULL) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "%s", prepared->facts->qemu_failure);
        return NULL;
    }
    if (config->firmware == FIRMWARE_UEFI) {
        prepared->firmware = firmware_find(root, error);
        if (prepared->firmware == NULL)
            return NULL;
    }
    if (g_strcmp0(config->vgpu, "none") != 0) {
        g_autoptr(MdevUse) use = read_use(root, request, prepared->facts);
        VgpuWish wish = { .type = request->vgpu != NULL ? request->vgpu : config->vgpu,
                          .parent = config->vgpu_parent,
                          .display = config->display,
                          .address = config->display_address,
                          .usb_redir = config->usb_redir,
                          .width = config->width,
                          .height = config->height,
                          .without_kvm = config->accel == ACCEL_TCG,
                          .use = use };
        prepared->vgpu = vgpu_choose(prepared->facts, &wish, error);
        if (prepared->vgpu == NULL)
            return NULL;
    }
    PlanRequest plan = { .config = config,
                         .facts = prepared->facts,
                         .vgpu = prepared->vgpu,
                         .disks = prepared->disks,
                         .firmware = prepared->firmware };
    prepared->plan = qemu_plan(&plan, error);
    return prepared->plan != NULL ? g_steal_pointer(&prepared) : NULL;
}
