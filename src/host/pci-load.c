/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-load.h"

#include <dlfcn.h>
#include <glib.h>

/* The number in PCI_LOAD_NAME is that of the headers. */
G_STATIC_ASSERT(PCI_LIB_VERSION >> 16 == 3);

static gboolean find_functions(void *library, PciFunctions *functions)
{
#define PCI_FIND(name)                                                                             \
    if ((*(void **)&functions->name = dlsym(library, "pci_" #name)) == NULL)                       \
        return FALSE;
    PCI_FUNCTIONS(PCI_FIND)
#undef PCI_FIND
    return TRUE;
}

const PciFunctions *pci_load(void)
{
    static PciFunctions functions;
    static gsize state; /* 0: not tried, 1: loaded, 2: not to be had */
    if (g_once_init_enter(&state)) {
        void *library = dlopen(PCI_LOAD_NAME, RTLD_LAZY | RTLD_LOCAL);
        gboolean found = library != NULL && find_functions(library, &functions);
        g_once_init_leave(&state, found ? 1 : 2);
    }
    return state == 1 ? &functions : NULL;
}
