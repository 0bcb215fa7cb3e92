/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The address regions of a PCI device, as the kernel assigned them and as the device decodes them.
 */
#pragma once

#include "host/facts-pci.h"
#include "host/pci-library.h"

/*
 * PciRegions of the device: @resource is the text of its sysfs attribute `resource` (one line a
 * region: start, end, flags), @config its configuration header. Regions that do not exist are left
 * out. Owned array.
 */
GPtrArray *pci_regions_parse(const char *resource, const PciConfig *config);

/* What @region of @gpu is for, from the drivers and the device models; NULL when not known. */
const char *pci_region_purpose(const Gpu *gpu, const PciRegion *region);
