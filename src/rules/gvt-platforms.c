/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/gvt-platforms.h"

/* include/drm/intel/i915_pciids.h of Linux 6.12 (INTEL_BDW_IDS and the others) */
static const guint16 broadwell[] = {
    0x1602, 0x1606, 0x160a, 0x160b, 0x160d, 0x160e, 0x1612, 0x1616, 0x161a, 0x161b, 0x161d, 0x161e,
    0x1622, 0x1626, 0x162a, 0x162b, 0x162d, 0x162e, 0x1632, 0x1636, 0x163a, 0x163b, 0x163d, 0x163e,
};
static const guint16 skylake[] = {
    0x1902, 0x1906, 0x190a, 0x190b, 0x190e, 0x1912, 0x1913, 0x1915, 0x1916,
    0x1917, 0x191a, 0x191b, 0x191d, 0x191e, 0x1921, 0x1923, 0x1926, 0x1927,
    0x192a, 0x192b, 0x192d, 0x1932, 0x193a, 0x193b, 0x193d,
};
static const guint16 broxton[] = { 0x0a84, 0x1a84, 0x1a85, 0x5a84, 0x5a85 };
/* with Amber Lake */
static const guint16 kaby_lake[] = {
    0x5902, 0x5906, 0x5908, 0x590a, 0x590b, 0x590e, 0x5912, 0x5913, 0x5915, 0x5916, 0x5917,
    0x591a, 0x591b, 0x591d, 0x591e, 0x5921, 0x5923, 0x5926, 0x5927, 0x593b, 0x591c, 0x87c0,
};
/* with Whiskey Lake and Amber Lake */
static const guint16 coffee_lake[] = {
    0x3e90, 0x3e91, 0x3e92, 0x3e93, 0x3e94, 0x3e96, 0x3e98, 0x3e99, 0x3e9a, 0x3e9b, 0x3e9c,
    0x3ea5, 0x3ea6, 0x3ea7, 0x3ea8, 0x3ea9, 0x87ca, 0x3ea0, 0x3ea1, 0x3ea2, 0x3ea3, 0x3ea4,
};
static const guint16 comet_lake[] = {
    0x9ba2, 0x9ba4, 0x9ba5, 0x9ba8, 0x9b21, 0x9baa, 0x9bac, 0x9bc2, 0x9bc4,
    0x9bc5, 0x9bc6, 0x9bc8, 0x9be6, 0x9bf6, 0x9b41, 0x9bca, 0x9bcc,
};

static const struct {
    const char *name;
    const guint16 *ids;
    gsize length;
} generations[] = {
    { "Broadwell", broadwell, G_N_ELEMENTS(broadwell) },
    { "Skylake", skylake, G_N_ELEMENTS(skylake) },
    { "Broxton", broxton, G_N_ELEMENTS(broxton) },
    { "Kaby Lake", kaby_lake, G_N_ELEMENTS(kaby_lake) },
    { "Coffee Lake", coffee_lake, G_N_ELEMENTS(coffee_lake) },
    { "Comet Lake", comet_lake, G_N_ELEMENTS(comet_lake) },
};

const char *gvt_generation(int device_id)
{
    for (gsize i = 0; i < G_N_ELEMENTS(generations); i++)
        for (gsize k = 0; k < generations[i].length; k++)
            if (generations[i].ids[k] == device_id)
                return generations[i].name;
    return NULL;
}

guint64 gvt_gtt_bytes(int gmch_control)
{
    guint size = gmch_control < 0 ? 0 : ((guint)gmch_control >> 6) & 3;
    return size == 0 ? 0 : (G_GUINT64_CONSTANT(1) << size) << 20;
}
