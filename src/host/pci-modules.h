/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernel modules claim a device, from depmod's modules.alias. */
#pragma once

#include "base/root.h"

/*
 * Modules of the running kernel whose alias matches @modalias ("pci:v00008086d...", the device's
 * sysfs attribute), in the order of the file, each once. Empty where the kernel has no module
 * directory. Owned.
 */
GStrv pci_modules_claiming(const Root *root, const char *modalias);
