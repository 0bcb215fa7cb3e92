/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Intel GPUs that i915 can mediate with GVT-g. */
#pragma once

#include <glib.h>

/*
 * The generation of a device of vendor 8086 that drivers/gpu/drm/i915/intel_gvt.c accepts
 * (is_supported_device(): "Coffee Lake"), or NULL. The same six from Linux 4.10 to 6.18; there will
 * be no more.
 */
const char *gvt_generation(int device_id);

/* Memory of the GTT by word 0x50 of the GPU's configuration space (GMCH control, gen8 and later:
 * BDW_GMCH_GGMS); 0 when the word is negative (not read) or says none. */
guint64 gvt_gtt_bytes(int gmch_control);

/* An aperture up to this leaves no room for any type beside what the host keeps for itself:
 * HOST_LOW_GM_SIZE 128 MB and the smallest type's 64 MB (gvt/vgpu.c). */
#define GVT_APERTURE_LEAST (G_GUINT64_CONSTANT(192) << 20)
