/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a QEMU lacks of that which a VM with a vGPU can use, and what would bring it: the package
 * for the distribution's own QEMU, the configure option and library for one built from source.
 */
#pragma once

#include "host/facts-qemu.h"

/*
 * Fills @facts->missing from the other facts. @root says which release of the distribution this is
 * (/etc/os-release): Debian moved QEMU's modules to other packages after release 12.
 */
void qemu_find_missing(QemuFacts *facts, const Root *root);
