/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/gpu-text.h"

#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"
#include "cmd/gpu-lspci.h"

#include "rules/gvt-platforms.h"
#include "rules/provider-choice.h"

static void append_line(GString *text, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* One line of a section; names from the system cannot move the cursor. */
static void append_line(GString *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *printable = text_printable(line);
    g_string_append_printf(text, "\t%s\n", printable);
}

static char *size_words(guint64 bytes)
{
    static const char *const units[] = { "bytes", "KB", "MB" };
    guint i = 0;
    for (; i < G_N_ELEMENTS(units) - 1 && bytes >= 1024 && bytes % 1024 == 0; i++)
        bytes /= 1024;
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s", bytes, units[i]);
}

static void append_purposes(GString *text, const Gpu *gpu)
{
    if (gpu->regions == NULL || gpu->regions->len == 0)
        return;
    g_string_append(text, "\nWhat the regions are for:\n");
    for (guint i = 0; i < gpu->regions->len; i++) {
        const PciRegion *region = gpu->regions->pdata[i];
        g_autofree char *size = size_words(region->size_bytes);
        g_autofree char *name = region->kind == PCI_REGION_ROM
                                    ? g_strdup("Expansion ROM")
                                    : g_strdup_printf("Region %d", region->index);
        append_line(text, "%s: %s, %s", name,
                    region->purpose != NULL ? region->purpose : "not known", size);
    }
}

static void append_connectors(GString *text, const Gpu *gpu)
{
    for (guint i = 0; gpu->connectors != NULL && i < gpu->connectors->len; i++) {
        const DrmConnector *connector = gpu->connectors->pdata[i];
        append_line(text, "Connector %s: %s%s%s%s%s", connector->name,
                    connector->status != NULL ? connector->status : "unknown",
                    connector->monitor != NULL ? ", " : "",
                    connector->monitor != NULL ? connector->monitor : "",
                    connector->mode != NULL ? ", " : "",
                    connector->mode != NULL ? connector->mode : "");
    }
}

static void append_display(GString *text, const Gpu *gpu)
{
    g_string_append(text, "\nDisplay and rendering:\n");
    append_line(text, "Firmware's display: %s", gpu->boot_vga ? "yes" : "no");
    append_line(text, "Primary node: %s", gpu->primary_node != NULL ? gpu->primary_node : "none");
    append_line(text, "Render node: %s", gpu->render_node != NULL ? gpu->render_node : "none");
    if (gpu->render_path != NULL)
        append_line(text, "Render node by path: %s", gpu->render_path);
    append_connectors(text, gpu);
}

static void append_bus(GString *text, const Gpu *gpu)
{
    g_string_append(text, "\nBus:\n");
    if (gpu->link_speed != NULL)
        append_line(text, "PCIe link: %s x%d, at most %s x%d", gpu->link_speed, gpu->link_width,
                    gpu->link_speed_max != NULL ? gpu->link_speed_max : "?", gpu->link_width_max);
    else
        append_line(text, "PCIe link: none");
    if (gpu->sriov_total > 0)
        append_line(text, "Virtual functions: %d, %d of them enabled", gpu->sriov_total,
                    gpu->sriov_enabled);
    else
        append_line(text, "Virtual functions: none");
    if (gpu->physical_function != NULL)
        append_line(text, "Virtual function of: %s", gpu->physical_function);
}

/* The two sizes that bound the vGPUs of GVT-g. */
static void append_graphics_memory(GString *text, const Gpu *gpu)
{
    const PciRegion *aperture = gpu_find_region(gpu, 2);
    if (gpu->vendor_id != 0x8086 || gvt_generation(gpu->device_id) == NULL)
        return;
    if (aperture != NULL)
        append_line(text, "Aperture: %" G_GUINT64_FORMAT " MB", aperture->size_bytes >> 20);
    if (gpu->gmch_control >= 0)
        append_line(text, "GTT: %" G_GUINT64_FORMAT " MB", gvt_gtt_bytes(gpu->gmch_control) >> 20);
    else
        append_line(text, "GTT: only root can read its size");
}

static const char *verdict_words(const ProviderChoice *choice)
{
    if (choice->verdict == PROVIDER_POSSIBLE)
        return choice->ready ? "ready" : "possible, to be set up";
    return provider_verdict_words[choice->verdict];
}

static void append_providers(GString *text, const Gpu *gpu)
{
    g_string_append(text, "\nvGPUs:\n");
    append_graphics_memory(text, gpu);
    if (gpu->mdev_types != NULL && gpu->mdev_types[0] != NULL) {
        g_autofree char *types = g_strjoinv(", ", gpu->mdev_types);
        append_line(text, "Mediated device types: %s", types);
    }
    GPtrArray *choices = provider_choices(gpu);
    for (guint i = 0; i < choices->len; i++) {
        const ProviderChoice *choice = choices->pdata[i];
        append_line(text, "%s: %s; %s", choice->provider, verdict_words(choice), choice->reason);
    }
    provider_choices_free(choices);
}

static void append_unread(GString *text, const Gpu *gpu)
{
    if (gpu->unread == NULL || gpu->unread->len == 0)
        return;
    g_string_append(text, "\nNot read:\n");
    for (guint i = 0; i < gpu->unread->len; i++) {
        const Unread *unread = gpu->unread->pdata[i];
        append_line(text, "%s: %s", unread->path, unread->reason);
    }
}

char *gpu_text(const Gpu *gpu)
{
    g_autofree char *block = gpu_lspci_text(gpu);
    GString *text = g_string_new(block);
    append_purposes(text, gpu);
    append_display(text, gpu);
    append_bus(text, gpu);
    append_providers(text, gpu);
    append_unread(text, gpu);
    return g_string_free(text, FALSE);
}

static char *device_words(const Gpu *gpu)
{
    if (gpu->vendor_name != NULL && gpu->device_name != NULL)
        return g_strdup_printf("%s %s", gpu->vendor_name, gpu->device_name);
    return g_strdup_printf("%s [%04x:%04x]", gpu->vendor_name != NULL ? gpu->vendor_name : "Device",
                           (guint)gpu->vendor_id, (guint)gpu->device_id);
}

/* "HDMI-A-1 (DELL P2417H), DP-1"; NULL when nothing is connected. */
static char *monitor_words(const Gpu *gpu)
{
    GString *words = g_string_new(NULL);
    for (guint i = 0; gpu->connectors != NULL && i < gpu->connectors->len; i++) {
        const DrmConnector *connector = gpu->connectors->pdata[i];
        if (g_strcmp0(connector->status, "connected") != 0)
            continue;
        g_string_append_printf(words, "%s%s", words->len > 0 ? ", " : "", connector->name);
        if (connector->monitor != NULL)
            g_string_append_printf(words, " (%s)", connector->monitor);
    }
    return g_string_free(words, words->len == 0);
}

/* "mdev (to be set up), virtio-gpu"; NULL when none could serve. */
static char *provider_words(const Gpu *gpu)
{
    GString *words = g_string_new(NULL);
    GPtrArray *choices = provider_choices(gpu);
    for (guint i = 0; i < choices->len; i++) {
        const ProviderChoice *choice = choices->pdata[i];
        if (choice->verdict == PROVIDER_POSSIBLE)
            g_string_append_printf(words, "%s%s%s", words->len > 0 ? ", " : "", choice->provider,
                                   choice->ready ? "" : " (to be set up)");
    }
    provider_choices_free(choices);
    return g_string_free(words, words->len == 0);
}

char *gpus_text(const GPtrArray *gpus)
{
    static const char *const headings[] = { "ADDRESS",  "DEVICE", "DRIVER", "RENDER NODE",
                                            "MONITORS", "VGPUS",  NULL };
    if (gpus->len == 0)
        return g_strdup("There is no PCI display device; vgpuctl run gives its guests a virtio-gpu "
                        "that draws on the processor.\n");
    g_autoptr(Table) table = table_new(headings);
    for (guint i = 0; i < gpus->len; i++) {
        const Gpu *gpu = gpus->pdata[i];
        g_autofree char *device = device_words(gpu);
        g_autofree char *monitors = monitor_words(gpu);
        g_autofree char *providers = provider_words(gpu);
        table_add(table, gpu->bdf, device, gpu->driver, gpu->render_node, monitors, providers,
                  NULL);
    }
    return table_to_text(table);
}

static void explain_unknown(const GPtrArray *gpus, const char *address, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (guint i = 0; i < gpus->len; i++)
        g_ptr_array_add(known, ((const Gpu *)gpus->pdata[i])->bdf);
    g_ptr_array_add(known, NULL);
    const char *near = suggest_word(address, (const char *const *)known->pdata);
    if (gpus->len == 0) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "No GPU %s: this machine has no PCI display device", address);
    } else if (near != NULL) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "No GPU %s; did you mean %s?", address, near);
    } else {
        g_autofree char *list = g_strjoinv(", ", (char **)known->pdata);
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "No GPU %s; there is %s", address, list);
    }
}

const Gpu *gpus_find(const GPtrArray *gpus, const char *address, GError **error)
{
    for (guint i = 0; i < gpus->len; i++) {
        const Gpu *gpu = gpus->pdata[i];
        if (g_ascii_strcasecmp(gpu->bdf, address) == 0 ||
            g_ascii_strcasecmp(gpu_short_address(gpu), address) == 0)
            return gpu;
    }
    explain_unknown(gpus, address, error);
    return NULL;
}
