/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The formats are those of pciutils 3.9: lspci.c:show_terse, show_verbose, show_bases, show_rom and
 * ls-kernel.c:show_kernel; names are joined as lib/names.c:format_name_pair does. */
#include "cmd/gpu-lspci.h"

#include <pci/pci.h>
#include <string.h>

#include "base/table.h"

const char *gpu_short_address(const Gpu *gpu)
{
    return g_str_has_prefix(gpu->bdf, "0000:") ? gpu->bdf + strlen("0000:") : gpu->bdf;
}

static void append_printable(GString *text, const char *words)
{
    g_autofree char *printable = text_printable(words);
    g_string_append(text, printable);
}

static void append_pair(GString *text, const char *vendor, const char *device, int vendor_id,
                        int device_id)
{
    if (vendor != NULL) {
        append_printable(text, vendor);
        g_string_append_c(text, ' ');
    }
    append_printable(text, vendor != NULL && device != NULL ? device : "Device");
    g_string_append_printf(text, " [%04x:%04x]", (guint)vendor_id, (guint)device_id);
}

static void append_head(GString *text, const Gpu *gpu)
{
    g_string_append_printf(text, "%s ", gpu_short_address(gpu));
    append_printable(text, gpu->class_name != NULL ? gpu->class_name : "Class");
    g_string_append_printf(text, " [%04x]: ", (guint)gpu->class_id);
    append_pair(text, gpu->vendor_name, gpu->device_name, gpu->vendor_id, gpu->device_id);
    if (gpu->revision != 0)
        g_string_append_printf(text, " (rev %02x)", (guint)gpu->revision);
    if (gpu->prog_if_name != NULL)
        g_string_append_printf(text, " (prog-if %02x [%s])", (guint)gpu->prog_if,
                               gpu->prog_if_name);
    else if (gpu->prog_if != 0)
        g_string_append_printf(text, " (prog-if %02x)", (guint)gpu->prog_if);
    g_string_append_c(text, '\n');
}

static void append_board(GString *text, const Gpu *gpu)
{
    if (gpu->label != NULL) {
        g_string_append(text, "\tDeviceName: ");
        append_printable(text, gpu->label);
        g_string_append_c(text, '\n');
    }
    if (gpu->subvendor_id != 0 && gpu->subvendor_id != 0xffff) {
        g_string_append(text, "\tSubsystem: ");
        append_pair(text, gpu->subvendor_name, gpu->subsystem_name, gpu->subvendor_id,
                    gpu->subdevice_id);
        g_string_append_c(text, '\n');
    }
    if (gpu->physical_slot != NULL) {
        g_string_append(text, "\tPhysical Slot: ");
        append_printable(text, gpu->physical_slot);
        g_string_append_c(text, '\n');
    }
}

typedef struct {
    const char *name;
    int bit;
} Flag;

static void append_flags(GString *text, int word, const Flag *flags, gsize length)
{
    for (gsize i = 0; i < length; i++)
        g_string_append_printf(text, " %s%c", flags[i].name, word & flags[i].bit ? '+' : '-');
}

static void append_control(GString *text, int command)
{
    static const Flag flags[] = {
        { "I/O", PCI_COMMAND_IO },
        { "Mem", PCI_COMMAND_MEMORY },
        { "BusMaster", PCI_COMMAND_MASTER },
        { "SpecCycle", PCI_COMMAND_SPECIAL },
        { "MemWINV", PCI_COMMAND_INVALIDATE },
        { "VGASnoop", PCI_COMMAND_VGA_PALETTE },
        { "ParErr", PCI_COMMAND_PARITY },
        { "Stepping", PCI_COMMAND_WAIT },
        { "SERR", PCI_COMMAND_SERR },
        { "FastB2B", PCI_COMMAND_FAST_BACK },
        { "DisINTx", PCI_COMMAND_DISABLE_INTx },
    };
    g_string_append(text, "\tControl:");
    append_flags(text, command, flags, G_N_ELEMENTS(flags));
    g_string_append_c(text, '\n');
}

static void append_status(GString *text, int status)
{
    static const Flag before[] = {
        { "Cap", PCI_STATUS_CAP_LIST },  { "66MHz", PCI_STATUS_66MHZ },
        { "UDF", PCI_STATUS_UDF },       { "FastB2B", PCI_STATUS_FAST_BACK },
        { "ParErr", PCI_STATUS_PARITY },
    };
    static const Flag behind[] = {
        { ">TAbort", PCI_STATUS_SIG_TARGET_ABORT }, { "<TAbort", PCI_STATUS_REC_TARGET_ABORT },
        { "<MAbort", PCI_STATUS_REC_MASTER_ABORT }, { ">SERR", PCI_STATUS_SIG_SYSTEM_ERROR },
        { "<PERR", PCI_STATUS_DETECTED_PARITY },    { "INTx", PCI_STATUS_INTx },
    };
    static const char *const speeds[] = { "fast", "medium", "slow", "??" };
    g_string_append(text, "\tStatus:");
    append_flags(text, status, before, G_N_ELEMENTS(before));
    g_string_append_printf(text, " DEVSEL=%s", speeds[(status & PCI_STATUS_DEVSEL_MASK) >> 9]);
    append_flags(text, status, behind, G_N_ELEMENTS(behind));
    g_string_append_c(text, '\n');
}

/* min_grant and max_latency count quarters of a microsecond */
static void append_latency(GString *text, const Gpu *gpu)
{
    g_string_append_printf(text, "\tLatency: %d", gpu->latency);
    if (gpu->min_grant > 0 && gpu->max_latency > 0)
        g_string_append_printf(text, " (%dns min, %dns max)", gpu->min_grant * 250,
                               gpu->max_latency * 250);
    else if (gpu->min_grant > 0)
        g_string_append_printf(text, " (%dns min)", gpu->min_grant * 250);
    else if (gpu->max_latency > 0)
        g_string_append_printf(text, " (%dns max)", gpu->max_latency * 250);
    if (gpu->cache_line_bytes > 0)
        g_string_append_printf(text, ", Cache Line Size: %d bytes", gpu->cache_line_bytes);
    g_string_append_c(text, '\n');
}

static void append_registers(GString *text, const Gpu *gpu)
{
    if (gpu->command < 0) {
        g_string_append(text, "\tControl: <access denied>\n\tStatus: <access denied>\n");
        return;
    }
    append_control(text, gpu->command);
    append_status(text, gpu->status);
    if (gpu->command & PCI_COMMAND_MASTER)
        append_latency(text, gpu);
}

static void append_routing(GString *text, const Gpu *gpu)
{
    if (gpu->interrupt_pin > 0 || gpu->irq != 0)
        g_string_append_printf(text, "\tInterrupt: pin %c routed to IRQ %d\n",
                               gpu->interrupt_pin > 0 ? 'A' + gpu->interrupt_pin - 1 : '?',
                               gpu->irq);
    if (gpu->numa_node != -1)
        g_string_append_printf(text, "\tNUMA node: %d\n", gpu->numa_node);
    if (gpu->iommu_group != NULL)
        g_string_append_printf(text, "\tIOMMU group: %s\n", gpu->iommu_group);
}

static void append_size(GString *text, guint64 size)
{
    static const char *const suffixes[] = { "", "K", "M", "G", "T" };
    guint i = 0;
    if (size == 0)
        return;
    for (; i < G_N_ELEMENTS(suffixes) - 1 && size % 1024 == 0; i++)
        size /= 1024;
    g_string_append_printf(text, " [size=%u%s]", (guint)size, suffixes[i]);
}

static void append_memory(GString *text, const PciRegion *region)
{
    g_string_append(text, "Memory at ");
    if (region->start != 0)
        g_string_append_printf(text, "%08" G_GINT64_MODIFIER "x", region->start);
    else
        g_string_append(text, region->bar != 0 ? "<ignored>" : "<unassigned>");
    g_string_append_printf(text, " (%s, %sprefetchable)", region->wide ? "64-bit" : "32-bit",
                           region->prefetchable ? "" : "non-");
}

static void append_io(GString *text, const PciRegion *region)
{
    g_string_append(text, "I/O ports at ");
    if (region->start != 0 || !region->disabled)
        g_string_append_printf(text, "%04" G_GINT64_MODIFIER "x", region->start);
    else
        g_string_append(text, region->bar != 0 ? "<ignored>" : "<unassigned>");
}

/* @known: configuration space could be read, so an empty register means something */
static void append_bar(GString *text, const PciRegion *region, gboolean known)
{
    g_string_append_printf(text, "\tRegion %d: ", region->index);
    if (region->kind == PCI_REGION_IO)
        append_io(text, region);
    else
        append_memory(text, region);
    if (known && region->kind == PCI_REGION_MEMORY && region->start != 0 && region->bar == 0)
        g_string_append(text, " [virtual]");
    else if (region->disabled)
        g_string_append(text, " [disabled]");
    append_size(text, region->size_bytes);
    g_string_append_c(text, '\n');
}

static void append_rom(GString *text, const PciRegion *region)
{
    guint64 start = region->start & PCI_ROM_ADDRESS_MASK;
    g_string_append(text, "\tExpansion ROM at ");
    if (start != 0)
        g_string_append_printf(text, "%08" G_GINT64_MODIFIER "x", start);
    else
        g_string_append(text, region->bar & PCI_ROM_ADDRESS_MASK ? "<ignored>" : "<unassigned>");
    if (region->virtual_rom)
        g_string_append(text, " [virtual]");
    if (!region->rom_enabled)
        g_string_append(text, " [disabled]");
    else if (region->disabled)
        g_string_append(text, " [disabled by cmd]");
    append_size(text, region->size_bytes);
    g_string_append_c(text, '\n');
}

static void append_regions(GString *text, const Gpu *gpu)
{
    for (guint i = 0; gpu->regions != NULL && i < gpu->regions->len; i++) {
        const PciRegion *region = gpu->regions->pdata[i];
        if (region->kind == PCI_REGION_ROM)
            append_rom(text, region);
        else
            append_bar(text, region, gpu->command >= 0);
    }
}

static void append_capabilities(GString *text, const Gpu *gpu)
{
    if (gpu->status < 0 || !(gpu->status & PCI_STATUS_CAP_LIST))
        return;
    if (!gpu->capabilities_readable) {
        g_string_append_printf(
            text,
            "\tCapabilities: <access denied>\n"
            "\t\tRoot would see the list: power management, MSI, PCI Express, SR-IOV, ...%s\n",
            gpu->vendor_id == 0x8086 ? "; and the size of the GTT, which bounds the vGPUs" : "");
        return;
    }
    for (char **name = gpu->capabilities; name != NULL && *name != NULL; name++)
        g_string_append_printf(text, "\tCapabilities: %s\n", *name);
}

static void append_kernel(GString *text, const Gpu *gpu)
{
    if (gpu->driver != NULL) {
        g_string_append(text, "\tKernel driver in use: ");
        append_printable(text, gpu->driver);
        g_string_append_c(text, '\n');
    }
    if (gpu->modules != NULL && gpu->modules[0] != NULL) {
        g_autofree char *modules = g_strjoinv(", ", gpu->modules);
        g_string_append(text, "\tKernel modules: ");
        append_printable(text, modules);
        g_string_append_c(text, '\n');
    }
}

char *gpu_lspci_text(const Gpu *gpu)
{
    GString *text = g_string_new(NULL);
    append_head(text, gpu);
    append_board(text, gpu);
    append_registers(text, gpu);
    append_routing(text, gpu);
    append_regions(text, gpu);
    append_capabilities(text, gpu);
    append_kernel(text, gpu);
    return g_string_free(text, FALSE);
}
