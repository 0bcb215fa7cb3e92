/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of the PCI ID database that names one device. libpci reads the whole database before it
 * can name anything, 37,000 lines in some 10 ms, which is more than all else that `vgpuctl gpus`
 * does; handed only the lines that matter it is done at once. The format stays libpci's business.
 */
#pragma once

#include "host/pci-library.h"

typedef struct PciIdsExcerpt PciIdsExcerpt;

/* NULL when the root has no uncompressed /usr/share/misc/pci.ids: then libpci must look itself. */
PciIdsExcerpt *pci_ids_excerpt(const Root *root, const PciIds *ids);
void pci_ids_excerpt_free(PciIdsExcerpt *excerpt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PciIdsExcerpt, pci_ids_excerpt_free)

/* A file name that opens it, borrowed. */
const char *pci_ids_excerpt_path(const PciIdsExcerpt *excerpt);

/* The lines themselves, from the @length bytes of a database. Owned. */
char *pci_ids_select(const char *database, gsize length, const PciIds *ids);
