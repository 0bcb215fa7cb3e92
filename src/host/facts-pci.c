/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-pci.h"

#include <fcntl.h>
#include <pci/pci.h>
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "host/drm-sysfs.h"
#include "host/pci-library.h"
#include "host/pci-modules.h"
#include "host/pci-regions.h"

#define DEVICES "/sys/bus/pci/devices"

static const char *const region_kinds[] = { "memory", "io", "rom", NULL };

static const Field pci_region_fields[] = {
    FIELD_INT_(PciRegion, index, "number of the base address register; 6 is the expansion ROM"),
    FIELD_CHOICE_(PciRegion, kind, region_kinds, "address space"),
    FIELD_U64_(PciRegion, start, "address the kernel assigned"),
    FIELD_U64_(PciRegion, size_bytes, "length"),
    FIELD_FLAG_(PciRegion, wide, "64-bit address"),
    FIELD_FLAG_(PciRegion, prefetchable, "reading has no side effect"),
    FIELD_FLAG_(PciRegion, disabled, "the device does not decode it now"),
    FIELD_U64_(PciRegion, bar, "content of the base address register, flag bits included"),
    FIELD_FLAG_(PciRegion, rom_enabled, "enable bit of the expansion ROM"),
    FIELD_FLAG_(PciRegion, virtual_rom, "the firmware's copy in memory, not the device's own"),
    FIELD_TEXT_(PciRegion, purpose, "what it is for"),
    FIELD_END,
};
const RecordType pci_region_type = { "pci-region", sizeof(PciRegion), pci_region_fields };

static const Field drm_connector_fields[] = {
    FIELD_TEXT_(DrmConnector, name, "name of the socket"),
    FIELD_TEXT_(DrmConnector, status, "connected, disconnected or unknown"),
    FIELD_TEXT_(DrmConnector, monitor, "name the monitor gives itself"),
    FIELD_TEXT_(DrmConnector, mode, "the monitor's first mode"),
    FIELD_END,
};
const RecordType drm_connector_type = { "drm-connector", sizeof(DrmConnector),
                                        drm_connector_fields };

static const Field unread_fields[] = {
    FIELD_TEXT_(Unread, path, "file that could not be read, or not whole"),
    FIELD_TEXT_(Unread, reason, "why"),
    FIELD_END,
};
const RecordType unread_type = { "unread", sizeof(Unread), unread_fields };

static const Field gpu_fields[] = {
    FIELD_TEXT_(Gpu, bdf, "address"),
    FIELD_INT_(Gpu, vendor_id, "vendor"),
    FIELD_INT_(Gpu, device_id, "device"),
    FIELD_INT_(Gpu, subvendor_id, "vendor of the board"),
    FIELD_INT_(Gpu, subdevice_id, "board"),
    FIELD_INT_(Gpu, revision, "revision"),
    FIELD_INT_(Gpu, class_id, "base class and subclass"),
    FIELD_INT_(Gpu, prog_if, "programming interface"),
    FIELD_TEXT_(Gpu, vendor_name, "name of the vendor"),
    FIELD_TEXT_(Gpu, device_name, "name of the device"),
    FIELD_TEXT_(Gpu, subvendor_name, "name of the board's vendor"),
    FIELD_TEXT_(Gpu, subsystem_name, "name of the board"),
    FIELD_TEXT_(Gpu, class_name, "name of the class"),
    FIELD_TEXT_(Gpu, prog_if_name, "name of the programming interface"),
    FIELD_TEXT_(Gpu, label, "the firmware's name of the device"),
    FIELD_TEXT_(Gpu, physical_slot, "the firmware's number of the slot"),
    FIELD_INT_(Gpu, command, "command register, -1 when not read"),
    FIELD_INT_(Gpu, status, "status register, -1 when not read"),
    FIELD_INT_(Gpu, latency, "latency timer in bus clocks, -1 when not read"),
    FIELD_INT_(Gpu, cache_line_bytes, "cache line size, -1 when not read"),
    FIELD_INT_(Gpu, min_grant, "shortest burst in quarters of a microsecond, -1 when not read"),
    FIELD_INT_(Gpu, max_latency, "longest wait in quarters of a microsecond, -1 when not read"),
    FIELD_INT_(Gpu, interrupt_pin, "0 none, 1 is A; -1 when not read"),
    FIELD_INT_(Gpu, irq, "interrupt the kernel assigned"),
    FIELD_TEXT_(Gpu, iommu_group, "IOMMU group; null without an IOMMU"),
    FIELD_FLAG_(Gpu, boot_vga, "the firmware's display"),
    FIELD_FLAG_(Gpu, capabilities_readable, "all of the configuration space could be read"),
    FIELD_INT_(Gpu, gmch_control, "Intel: configuration word 0x50, -1 when not read"),
    FIELD_TEXTS_(Gpu, capabilities, "PCI capabilities with their place"),
    FIELD_TEXT_(Gpu, driver, "kernel driver in use"),
    FIELD_TEXTS_(Gpu, modules, "kernel modules that claim it"),
    FIELD_TEXT_(Gpu, link_speed, "PCIe speed now"),
    FIELD_TEXT_(Gpu, link_speed_max, "PCIe speed at most"),
    FIELD_INT_(Gpu, link_width, "PCIe lanes now"),
    FIELD_INT_(Gpu, link_width_max, "PCIe lanes at most"),
    FIELD_INT_(Gpu, numa_node, "NUMA node, -1 for none"),
    FIELD_INT_(Gpu, sriov_total, "virtual functions it can have, -1 without SR-IOV"),
    FIELD_INT_(Gpu, sriov_enabled, "virtual functions it has, -1 without SR-IOV"),
    FIELD_TEXT_(Gpu, physical_function, "device of which this is a virtual function"),
    FIELD_FLAG_(Gpu, mdev_parent, "its driver offers mediated devices"),
    FIELD_TEXTS_(Gpu, mdev_types, "types of mediated devices it offers"),
    FIELD_TEXT_(Gpu, primary_node, "DRM node for mode setting"),
    FIELD_TEXT_(Gpu, render_node, "DRM node for rendering"),
    FIELD_TEXT_(Gpu, render_path, "link to it that survives a reboot"),
    FIELD_RECORDS_(Gpu, regions, &pci_region_type, "address regions"),
    FIELD_RECORDS_(Gpu, connectors, &drm_connector_type, "sockets for monitors"),
    FIELD_RECORDS_(Gpu, unread, &unread_type, "what could not be read"),
    FIELD_END,
};
const RecordType gpu_type = { "gpu", sizeof(Gpu), gpu_fields };

/* One device being read. */
typedef struct {
    const Root *root;
    char *directory; /* owned, "/sys/bus/pci/devices/0000:00:02.0" */
    Gpu *gpu;
} Reader;

static void note_unread(Reader *reader, const char *path, const char *reason)
{
    Unread *unread = record_new(&unread_type);
    unread->path = g_strdup(path);
    unread->reason = g_strdup(reason);
    g_ptr_array_add(reader->gpu->unread, unread);
}

/* An attribute's text, NULL when it does not exist or cannot be read (which is noted). */
static char *read_text(Reader *reader, const char *name)
{
    g_autofree char *path = g_build_filename(reader->directory, name, NULL);
    g_autoptr(GError) reason = NULL;
    char *text = root_read_attr(reader->root, path, &reason);
    if (text == NULL && !g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND)) {
        /* error_set_errno() ends with the text of the errno */
        const char *colon = g_strrstr(reason->message, ": ");
        note_unread(reader, path, colon != NULL ? colon + 2 : reason->message);
    }
    return text;
}

/* As read_text(), for a text that the firmware or a driver may have left empty. */
static char *read_word(Reader *reader, const char *name)
{
    g_autofree char *text = read_text(reader, name);
    return text != NULL && *text != '\0' ? g_steal_pointer(&text) : NULL;
}

static int read_number(Reader *reader, const char *name, int fallback)
{
    g_autofree char *text = read_text(reader, name);
    if (text == NULL)
        return fallback;
    gboolean hex = g_str_has_prefix(text, "0x");
    char *end = NULL;
    gint64 value = g_ascii_strtoll(hex ? text + 2 : text, &end, hex ? 16 : 10);
    return *end == '\0' && value >= G_MININT && value <= G_MAXINT ? (int)value : fallback;
}

static char *link_in(const Reader *reader, const char *name)
{
    g_autofree char *path = g_build_filename(reader->directory, name, NULL);
    return root_link_name(reader->root, path);
}

static void read_identity(Reader *reader)
{
    Gpu *gpu = reader->gpu;
    int class_code = read_number(reader, "class", 0);
    gpu->class_id = class_code >> 8;
    gpu->prog_if = class_code & 0xff;
    gpu->vendor_id = read_number(reader, "vendor", 0);
    gpu->device_id = read_number(reader, "device", 0);
    gpu->subvendor_id = read_number(reader, "subsystem_vendor", 0);
    gpu->subdevice_id = read_number(reader, "subsystem_device", 0);
    gpu->revision = read_number(reader, "revision", 0);
    gpu->irq = read_number(reader, "irq", 0);
    gpu->numa_node = read_number(reader, "numa_node", -1);
    gpu->boot_vga = read_number(reader, "boot_vga", 0) == 1;
    gpu->label = read_word(reader, "label");
}

static void read_names(Reader *reader, PciLibrary *library)
{
    Gpu *gpu = reader->gpu;
    const PciIds ids = {
        .vendor = gpu->vendor_id,
        .device = gpu->device_id,
        .subvendor = gpu->subvendor_id,
        .subdevice = gpu->subdevice_id,
        .class_id = gpu->class_id,
        .prog_if = gpu->prog_if,
    };
    PciNames names;
    pci_library_names(library, &ids, &names);
    gpu->vendor_name = names.vendor;
    gpu->device_name = names.device;
    gpu->subvendor_name = names.subvendor;
    gpu->subsystem_name = names.subdevice;
    gpu->class_name = names.class_name;
    gpu->prog_if_name = names.prog_if;
}

static void read_kernel_view(Reader *reader)
{
    Gpu *gpu = reader->gpu;
    gpu->driver = link_in(reader, "driver");
    gpu->iommu_group = link_in(reader, "iommu_group");
    gpu->physical_function = link_in(reader, "physfn");
    gpu->sriov_total = read_number(reader, "sriov_totalvfs", -1);
    gpu->sriov_enabled = read_number(reader, "sriov_numvfs", -1);

    g_autofree char *modalias = read_word(reader, "modalias");
    if (modalias != NULL)
        gpu->modules = pci_modules_claiming(reader->root, modalias);

    g_autofree char *types = g_build_filename(reader->directory, "mdev_supported_types", NULL);
    gpu->mdev_parent = root_exists(reader->root, types);
    gpu->mdev_types = root_list(reader->root, types);
}

/* Root complex integrated devices say "Unknown" and width 0; some fail the read with EINVAL, which
 * is no secret but the absence of a link (drivers/pci/pci-sysfs.c:current_link_speed_show). */
static char *read_speed(Reader *reader, const char *name)
{
    g_autofree char *path = g_build_filename(reader->directory, name, NULL);
    g_autofree char *text = root_read_attr(reader->root, path, NULL);
    if (text == NULL || *text == '\0' || g_str_has_prefix(text, "Unknown"))
        return NULL;
    return g_steal_pointer(&text);
}

static void read_link(Reader *reader)
{
    Gpu *gpu = reader->gpu;
    gpu->link_speed = read_speed(reader, "current_link_speed");
    gpu->link_speed_max = read_speed(reader, "max_link_speed");
    if (gpu->link_speed != NULL)
        gpu->link_width = read_number(reader, "current_link_width", 0);
    if (gpu->link_speed_max != NULL)
        gpu->link_width_max = read_number(reader, "max_link_width", 0);
}

/* /sys/bus/pci/slots/N/address is "0000:01:00": all functions of a device are in one slot. */
static char *find_slot(const Root *root, const char *bdf)
{
    g_auto(GStrv) slots = root_list(root, "/sys/bus/pci/slots");
    for (char **slot = slots; *slot != NULL; slot++) {
        g_autofree char *path = g_build_filename("/sys/bus/pci/slots", *slot, "address", NULL);
        g_autofree char *address = root_read_attr(root, path, NULL);
        if (address != NULL && strlen(address) >= strlen("0000:01:00") &&
            g_str_has_prefix(bdf, address))
            return g_strdup(*slot);
    }
    return NULL;
}

static void note_unread_config(Reader *reader, const PciConfig *config)
{
    g_autofree char *path = g_build_filename(reader->directory, "config", NULL);
    if (!config->header_read) {
        int reason = root_try_open(reader->root, path, O_RDONLY);
        note_unread(reader, path, reason != 0 ? g_strerror(reason) : "shorter than its header");
    } else if (!config->rest_read) {
        note_unread(reader, path, "only the first 64 bytes; the rest is for root");
    }
}

static void read_config(Reader *reader, const PciConfig *config)
{
    Gpu *gpu = reader->gpu;
    int cache_line = pci_config_byte(config, PCI_CACHE_LINE_SIZE);
    gpu->command = pci_config_word(config, PCI_COMMAND);
    gpu->status = pci_config_word(config, PCI_STATUS);
    gpu->latency = pci_config_byte(config, PCI_LATENCY_TIMER);
    gpu->cache_line_bytes = cache_line < 0 ? -1 : cache_line * 4;
    gpu->min_grant = pci_config_byte(config, PCI_MIN_GNT);
    gpu->max_latency = pci_config_byte(config, PCI_MAX_LAT);
    gpu->interrupt_pin = pci_config_byte(config, PCI_INTERRUPT_PIN);
    gpu->capabilities_readable = config->rest_read;
    gpu->capabilities = g_strdupv(config->capabilities);
    gpu->gmch_control = gpu->vendor_id == 0x8086 ? config->gmch_control : -1;
}

static void read_regions(Reader *reader, const PciConfig *config)
{
    Gpu *gpu = reader->gpu;
    g_autofree char *resource = read_text(reader, "resource");
    gpu->regions = pci_regions_parse(resource != NULL ? resource : "", config);
    for (guint i = 0; i < gpu->regions->len; i++) {
        PciRegion *region = gpu->regions->pdata[i];
        region->purpose = g_strdup(pci_region_purpose(gpu, region));
    }
}

static Gpu *read_gpu(const Root *root, PciLibrary *library, const char *bdf)
{
    g_autofree char *directory = g_build_filename(DEVICES, bdf, NULL);
    Gpu *gpu = record_new(&gpu_type);
    Reader reader = { .root = root, .directory = directory, .gpu = gpu };
    gpu->bdf = g_strdup(bdf);
    gpu->unread = g_ptr_array_new();
    read_identity(&reader);
    read_names(&reader, library);
    read_kernel_view(&reader);
    read_link(&reader);
    gpu->physical_slot = find_slot(root, bdf);

    PciConfig config;
    pci_library_config(library, bdf, &config);
    note_unread_config(&reader, &config);
    read_config(&reader, &config);
    read_regions(&reader, &config);
    pci_config_clear(&config);

    drm_sysfs_nodes(root, directory, &gpu->primary_node, &gpu->render_node);
    gpu->render_path = drm_sysfs_by_path(root, gpu->render_node);
    gpu->connectors = drm_sysfs_connectors(root, directory);
    return gpu;
}

/* Base class 03. A class that cannot be read is none of ours: everybody may read it. */
static gboolean is_display(const Root *root, const char *bdf)
{
    g_autofree char *path = g_build_filename(DEVICES, bdf, "class", NULL);
    guint64 class_code;
    return root_read_u64(root, path, &class_code, NULL) && class_code >> 16 == 0x03;
}

GPtrArray *gpus_read(const Root *root, GError **error)
{
    GPtrArray *gpus = g_ptr_array_new();
    g_autoptr(PciLibrary) library = NULL;
    g_auto(GStrv) addresses = root_list(root, DEVICES);
    for (char **bdf = addresses; *bdf != NULL; bdf++) {
        if (!is_display(root, *bdf))
            continue;
        if (library == NULL)
            library = pci_library_new(root);
        g_ptr_array_add(gpus, read_gpu(root, library, *bdf));
    }
    return gpus;
}

void gpus_free(GPtrArray *gpus)
{
    if (gpus == NULL)
        return;
    for (guint i = 0; i < gpus->len; i++)
        record_free(&gpu_type, gpus->pdata[i]);
    g_ptr_array_free(gpus, TRUE);
}

const PciRegion *gpu_find_region(const Gpu *gpu, int index)
{
    for (guint i = 0; gpu->regions != NULL && i < gpu->regions->len; i++) {
        const PciRegion *region = gpu->regions->pdata[i];
        if (region->index == index)
            return region;
    }
    return NULL;
}
