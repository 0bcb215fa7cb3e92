/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of PCI capabilities. libpci finds them in a device but has no words for them. */
#pragma once

#include <glib.h>

/*
 * The name lspci begins the line of a capability with, or NULL for an id we do not know. @extended
 * for those behind byte 256 (PCIe).
 */
const char *pci_capability_name(guint id, gboolean extended);
