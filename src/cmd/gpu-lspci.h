/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GPU in the notation of lspci -nnvv, which people know and compare with. Pure. */
#pragma once

#include "host/facts-pci.h"

/*
 * The block lspci prints for the device, each line indented by a tab but the first. Capabilities
 * have their names and not their registers; where they are denied a line behind says what root
 * would see. Owned.
 */
char *gpu_lspci_text(const Gpu *gpu);

/* "00:02.0"; with the domain in front where that is not 0. Borrowed from @gpu. */
const char *gpu_short_address(const Gpu *gpu);
