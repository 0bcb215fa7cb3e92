/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the stand-ins share: the i915 of this directory tells its kvmgt whether it was loaded with
 * enable_gvt=1. In the kernel kvmgt learns it through intel_gvt_set_ops().
 */
#pragma once

#include <linux/pci.h>
#include <linux/types.h>

#define I915_GPU_DEVFN PCI_DEVFN(2, 0)
#define I915_APERTURE_BAR 2
/* GMCH_CTRL: bits 7:6 are the size of the GTT in MB as a power of two, 0 for none */
#define I915_GMCH_CTRL 0x50
#define I915_GMCH_GGMS_SHIFT 6

bool i915_gvt_enabled(void);
