/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-library.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "host/pci-capabilities.h"
#include "host/pci-ids.h"
#include "host/pci-load.h"

struct PciLibrary {
    const Root *root;        /* borrowed */
    const PciFunctions *pci; /* NULL without libpci: then there is no access either */
    struct pci_access *access;
    char *sysfs; /* owned; libpci keeps the pointer */
};

/* Where on_fatal() goes: the attempt() in progress. */
static _Thread_local jmp_buf *way_out;

static G_NORETURN void on_fatal(char *message, ...)
{
    longjmp(*way_out, 1);
}

static void on_message(char *message, ...)
{
}

/* Runs @step; FALSE when libpci gave up in it. What it held then stays its own until pci_cleanup().
 * A step holds nothing of ours. */
static gboolean attempt(void (*step)(gpointer), gpointer data)
{
    jmp_buf here;
    way_out = &here;
    gboolean done = FALSE;
    if (setjmp(here) == 0) {
        step(data);
        done = TRUE;
    }
    way_out = NULL;
    return done;
}

static void init_step(gpointer data)
{
    PciLibrary *library = data;
    library->pci->init(library->access);
}

PciLibrary *pci_library_new(const Root *root)
{
    PciLibrary *library = g_new0(PciLibrary, 1);
    library->root = root;
    library->sysfs = root_host_path(root, "/sys/bus/pci");
    library->pci = pci_load();
    if (library->pci == NULL)
        return library;
    library->access = library->pci->alloc();
    library->access->method = PCI_ACCESS_SYS_BUS_PCI;
    library->access->id_lookup_mode = 0; /* the default consults ~/.pciids-cache */
    library->access->error = on_fatal;
    library->access->warning = on_message;
    library->access->debug = on_message;
    library->pci->set_param(library->access, (char *)"sysfs.path", library->sysfs);
    attempt(init_step, library);
    return library;
}

void pci_library_free(PciLibrary *library)
{
    if (library == NULL)
        return;
    if (library->pci != NULL)
        library->pci->cleanup(library->access);
    g_free(library->sysfs);
    g_free(library);
}

typedef struct {
    PciLibrary *library;
    const PciIds *ids;
    char vendor[256], device[256], subvendor[256], subdevice[256], class_name[256], prog_if[256];
} Lookup;

static void lookup_step(gpointer data)
{
    Lookup *l = data;
    const PciIds *ids = l->ids;
    const PciFunctions *pci = l->library->pci;
    struct pci_access *access = l->library->access;
    int flags = PCI_LOOKUP_NO_NUMBERS;
    if (!root_is_system(l->library->root))
        flags |= PCI_LOOKUP_NO_HWDB;

    /* each writes into the buffer it is given, and not when there is no name */
    pci->lookup_name(access, l->vendor, sizeof l->vendor, flags | PCI_LOOKUP_VENDOR, ids->vendor);
    pci->lookup_name(access, l->device, sizeof l->device, flags | PCI_LOOKUP_DEVICE, ids->vendor,
                     ids->device);
    pci->lookup_name(access, l->class_name, sizeof l->class_name, flags | PCI_LOOKUP_CLASS,
                     ids->class_id);
    pci->lookup_name(access, l->prog_if, sizeof l->prog_if, flags | PCI_LOOKUP_PROGIF,
                     ids->class_id, ids->prog_if);
    if (ids->subvendor <= 0)
        return;
    pci->lookup_name(access, l->subvendor, sizeof l->subvendor,
                     flags | PCI_LOOKUP_SUBSYSTEM | PCI_LOOKUP_VENDOR, ids->subvendor);
    pci->lookup_name(access, l->subdevice, sizeof l->subdevice,
                     flags | PCI_LOOKUP_SUBSYSTEM | PCI_LOOKUP_DEVICE, ids->vendor, ids->device,
                     ids->subvendor, ids->subdevice);
}

static char *name_or_null(const char *name)
{
    return *name != '\0' ? g_strdup(name) : NULL;
}

/* For an unknown subclass libpci answers with the base class and the number: "Bridge [06ff]". */
static void cut_number(char *class_name, int class_id)
{
    char number[16];
    snprintf(number, sizeof number, " [%04x]", (guint)class_id & 0xffff);
    if (g_str_has_suffix(class_name, number))
        class_name[strlen(class_name) - strlen(number)] = '\0';
}

void pci_library_names(PciLibrary *library, const PciIds *ids, PciNames *ret_names)
{
    *ret_names = (PciNames){ 0 };
    if (library->pci == NULL)
        return;
    g_autoptr(PciIdsExcerpt) excerpt = pci_ids_excerpt(library->root, ids);
    g_autofree char *whole = root_host_path(library->root, "/usr/share/misc/pci.ids.gz");
    library->pci->free_name_list(library->access);
    library->pci->set_name_list_path(
        library->access, excerpt != NULL ? (char *)pci_ids_excerpt_path(excerpt) : whole, 0);

    g_autofree Lookup *lookup = g_new0(Lookup, 1);
    lookup->library = library;
    lookup->ids = ids;
    attempt(lookup_step, lookup);
    library->pci->set_name_list_path(library->access, NULL, 0);

    cut_number(lookup->class_name, ids->class_id);
    ret_names->vendor = name_or_null(lookup->vendor);
    ret_names->device = name_or_null(lookup->device);
    ret_names->subvendor = name_or_null(lookup->subvendor);
    ret_names->subdevice = name_or_null(lookup->subdevice);
    ret_names->class_name = name_or_null(lookup->class_name);
    ret_names->prog_if = name_or_null(lookup->prog_if);
}

typedef struct {
    const PciFunctions *pci;
    struct pci_dev *device;
    PciConfig *config;
} ConfigRead;

static void config_step(gpointer data)
{
    ConfigRead *request = data;
    const PciFunctions *pci = request->pci;
    PciConfig *config = request->config;
    guint8 behind[4];
    config->header_read =
        pci->read_block(request->device, 0, config->header, sizeof config->header);
    config->rest_read =
        config->header_read && pci->read_block(request->device, PCI_CONFIG_HEADER, behind, 4);
    if (!config->rest_read)
        return;
    config->gmch_control = pci->read_word(request->device, 0x50);
    pci->fill_info(request->device, PCI_FILL_CAPS | PCI_FILL_EXT_CAPS);
}

static char *describe_capability(const struct pci_cap *cap)
{
    gboolean extended = cap->type == PCI_CAP_EXTENDED;
    const char *name = pci_capability_name(cap->id, extended);
    int digits = extended ? 3 : 2;
    if (name != NULL)
        return g_strdup_printf("[%0*x] %s", digits, cap->addr, name);
    return g_strdup_printf("[%0*x] %s %#02x", digits, cap->addr,
                           extended ? "Extended Capability ID" : "Capability ID", cap->id);
}

static GStrv describe_capabilities(const struct pci_dev *device)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    for (const struct pci_cap *cap = device->first_cap; cap != NULL; cap = cap->next)
        g_ptr_array_add(texts, describe_capability(cap));
    g_ptr_array_add(texts, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}

void pci_library_config(PciLibrary *library, const char *bdf, PciConfig *ret_config)
{
    *ret_config = (PciConfig){ .gmch_control = -1 };
    const PciFunctions *pci = library->pci;
    guint domain, bus, slot, function;
    if (pci == NULL || sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
        return;
    struct pci_dev *device =
        pci->get_dev(library->access, (int)domain, (int)bus, (int)slot, (int)function);
    ConfigRead request = { .pci = pci, .device = device, .config = ret_config };
    attempt(config_step, &request);
    ret_config->capabilities = describe_capabilities(device);
    pci->free_dev(device);
}

void pci_config_clear(PciConfig *config)
{
    g_clear_pointer(&config->capabilities, g_strfreev);
}

int pci_config_byte(const PciConfig *config, guint offset)
{
    return config->header_read ? config->header[offset] : -1;
}

int pci_config_word(const PciConfig *config, guint offset)
{
    return config->header_read ? config->header[offset] | config->header[offset + 1] << 8 : -1;
}

guint32 pci_config_long(const PciConfig *config, guint offset)
{
    if (!config->header_read)
        return 0;
    return (guint32)pci_config_word(config, offset) | (guint32)pci_config_word(config, offset + 2)
                                                          << 16;
}
