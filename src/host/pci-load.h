/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libpci, loaded when a verb asks for it: with zlib and libudev, which it needs, it is a quarter of
 * what it costs to start vgpuctl, and most verbs name no PCI device. The types are those of
 * <pci/pci.h>; Debian's package depends on libpci3 by name, as no tool finds it out.
 */
#pragma once

#include <pci/pci.h>

#define PCI_LOAD_NAME "libpci.so.3"

/* The functions in use, as pci_NAME() of libpci. */
#define PCI_FUNCTIONS(_)                                                                           \
    _(alloc)                                                                                       \
    _(init)                                                                                        \
    _(cleanup)                                                                                     \
    _(set_param)                                                                                   \
    _(set_name_list_path)                                                                          \
    _(free_name_list)                                                                              \
    _(lookup_name)                                                                                 \
    _(get_dev)                                                                                     \
    _(free_dev)                                                                                    \
    _(fill_info)                                                                                   \
    _(read_block)                                                                                  \
    _(read_word)

typedef struct {
#define PCI_DECLARE(name) __typeof__(pci_##name) *(name);
    PCI_FUNCTIONS(PCI_DECLARE)
#undef PCI_DECLARE
} PciFunctions;

/* Loads them at the first call; NULL where libpci is not installed. */
const PciFunctions *pci_load(void);
