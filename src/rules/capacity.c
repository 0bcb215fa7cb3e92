/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/capacity.h"

#include "rules/gvt-platforms.h"
#include "rules/gvt-words.h"

#define VENDOR_INTEL 0x8086
#define APERTURE_REGION 2

static const Field capacity_type_fields[] = {
    FIELD_TEXT_(CapacityType, type, "type of mediated devices"),
    FIELD_TEXT_(CapacityType, name, "what the driver calls it"),
    FIELD_TEXT_(CapacityType, description, "what the driver says of it"),
    FIELD_TEXT_(CapacityType, device_api, "what its devices are: vfio-pci, ..."),
    FIELD_FLAG_(CapacityType, listed, "the parent offers it"),
    FIELD_INT_(CapacityType, available, "what the driver says is left, -1 when it does not"),
    FIELD_INT_(CapacityType, creatable, "how many can be made now"),
    FIELD_INT_(CapacityType, live, "devices of it"),
    FIELD_INT_(CapacityType, total, "how many an empty parent has"),
    FIELD_FLAG_(CapacityType, estimate, "the total is at least that: types share what there is"),
    FIELD_TEXT_(CapacityType, limit, "what ends first: aperture, hidden or fences"),
    FIELD_TEXT_(CapacityType, why, "why none can be made, and the way out"),
    FIELD_END,
};
const RecordType capacity_type_type = { "capacity-type", sizeof(CapacityType),
                                        capacity_type_fields };

static const Field capacity_parent_fields[] = {
    FIELD_TEXT_(CapacityParent, parent, "device that offers the types"),
    FIELD_TEXT_(CapacityParent, driver, "its driver"),
    FIELD_FLAG_(CapacityParent, gvt, "calculated by the arithmetic of GVT-g"),
    FIELD_INT_(CapacityParent, aperture_mb, "size of the aperture, -1 when not known"),
    FIELD_INT_(CapacityParent, gtt_mb, "size of the GTT, -1 when not known"),
    FIELD_FLAG_(CapacityParent, gtt_inferred, "the GTT was not read but fits the driver's counts"),
    FIELD_TEXT_(CapacityParent, usage, "what of the budgets of GVT-g is used"),
    FIELD_RECORDS_(CapacityParent, types, &capacity_type_type, "its types"),
    FIELD_END,
};
const RecordType capacity_parent_type = { "capacity-parent", sizeof(CapacityParent),
                                          capacity_parent_fields };

static void parent_free(gpointer parent)
{
    record_free(&capacity_parent_type, parent);
}

static const Gpu *gvt_gpu(const HostFacts *facts, const char *address)
{
    for (guint i = 0; facts->gpus != NULL && i < facts->gpus->len; i++) {
        const Gpu *gpu = facts->gpus->pdata[i];
        if (g_strcmp0(gpu->bdf, address) == 0 && gpu->vendor_id == VENDOR_INTEL &&
            gvt_generation(gpu->device_id) != NULL)
            return gpu;
    }
    return NULL;
}

static guint aperture_mb(const Gpu *gpu)
{
    const PciRegion *aperture = gpu_find_region(gpu, APERTURE_REGION);
    return aperture != NULL ? (guint)MIN(aperture->size_bytes >> 20, 1u << 20) : 0;
}

static void take_live(GvtBudget *budget, const HostFacts *facts, const MdevParent *parent)
{
    for (guint i = 0; facts->mdev->devices != NULL && i < facts->mdev->devices->len; i++) {
        const MdevDevice *device = facts->mdev->devices->pdata[i];
        const MdevType *type = g_strcmp0(device->parent, parent->name) == 0 && device->type != NULL
                                   ? mdev_find_type(parent, device->type)
                                   : NULL;
        GvtNeed need;
        if (type != NULL && gvt_need_of(type->id, type->description, &need))
            gvt_budget_take(budget, &need, 1);
    }
}

/* Whether the driver would say what it says, were this the budget. */
static gboolean explains(const GvtBudget *budget, const MdevParent *parent)
{
    for (guint i = 0; parent->types != NULL && i < parent->types->len; i++) {
        const MdevType *type = parent->types->pdata[i];
        GvtNeed need;
        if (type->available >= 0 && gvt_need_of(type->id, type->description, &need) &&
            gvt_budget_available(budget, &need) != (guint)type->available)
            return FALSE;
    }
    return TRUE;
}

gboolean capacity_gvt_budget(const HostFacts *facts, const MdevParent *parent,
                             GvtBudget *ret_budget, gboolean *ret_inferred)
{
    const Gpu *gpu = g_strcmp0(parent->driver, "i915") == 0 ? gvt_gpu(facts, parent->name) : NULL;
    guint aperture = gpu != NULL ? aperture_mb(gpu) : 0;
    guint known = gpu != NULL ? (guint)(gvt_gtt_bytes(gpu->gmch_control) >> 20) : 0;
    *ret_inferred = known == 0;
    for (guint gtt = 8; aperture > 0 && gtt >= 2; gtt /= 2) {
        if (known != 0 && known != gtt)
            continue;
        *ret_budget = gvt_budget(aperture, gtt);
        take_live(ret_budget, facts, parent);
        if (known != 0 || explains(ret_budget, parent))
            return TRUE;
    }
    return FALSE;
}

static CapacityType *new_type(const HostFacts *facts, const MdevParent *parent,
                              const MdevType *type)
{
    CapacityType *row = record_new(&capacity_type_type);
    row->type = g_strdup(type->id);
    row->name = g_strdup(type->name);
    row->description = g_strdup(type->description);
    row->device_api = g_strdup(type->device_api);
    row->listed = TRUE;
    row->available = type->available;
    row->live = (int)mdev_count_devices(facts->mdev, parent->name, type->id);
    return row;
}

static char *used_up_words(const CapacityType *row, const CapacityParent *parent, guint others)
{
    if (row->available < 0)
        return g_strdup_printf("the driver (%s) does not say how many are left",
                               parent->driver != NULL ? parent->driver : "unknown");
    if (row->live == 0 && others == 0)
        return g_strdup("the driver offers none, though no device of it lives; its messages in the "
                        "kernel log (dmesg) may say why");
    return g_strdup_printf("all are used: %d of this type and %u of others live; remove one",
                           row->live, others);
}

/* What a driver that we do not know says of itself. */
static void count_type(CapacityType *row, const CapacityParent *parent, guint all_live,
                       gboolean shares)
{
    row->creatable = MAX(row->available, 0);
    row->total = row->live + row->creatable;
    row->estimate = shares;
    if (row->creatable == 0)
        row->why = used_up_words(row, parent, all_live - (guint)row->live);
}

/* The desktop, too, has its pictures in the aperture, and what the driver says counts it, too. */
static void calculate_type(CapacityType *row, const CapacityParent *parent, const GvtBudget *budget,
                           const GvtNeed *need, guint all_live)
{
    GvtBudget empty = gvt_budget(budget->aperture_mb, budget->gtt_mb);
    guint creatable = gvt_budget_creatable(budget, need);
    row->limit = g_strdup(gvt_limit_words[gvt_budget_limit(budget, need)]);
    row->total = (int)gvt_budget_creatable(&empty, need);
    row->creatable = row->available < 0 ? (int)creatable : MIN((int)creatable, row->available);
    if (row->creatable > 0)
        return;
    row->why = gvt_shortage(budget, need, row->available);
    if (row->why == NULL)
        row->why = used_up_words(row, parent, all_live - (guint)row->live);
}

static CapacityType *unlisted_type(const GvtBudget *budget, const char *generation,
                                   const GvtSize *size)
{
    CapacityType *row = record_new(&capacity_type_type);
    row->type = gvt_type_id(generation, size);
    row->available = -1;
    row->limit = g_strdup(gvt_limit_words[gvt_budget_limit(budget, &size->need)]);
    row->why = gvt_shortage(budget, &size->need, -1);
    if (row->why == NULL)
        row->why = g_strdup("the driver does not list it, though there is room; its messages in "
                            "the kernel log (dmesg) may say why");
    return row;
}

const CapacityType *capacity_find(const CapacityParent *parent, const char *type)
{
    for (guint i = 0; i < parent->types->len; i++) {
        const CapacityType *row = parent->types->pdata[i];
        if (g_strcmp0(row->type, type) == 0)
            return row;
    }
    return NULL;
}

static void add_unlisted(CapacityParent *row, const GvtBudget *budget, const char *generation)
{
    for (gsize i = 0; i < GVT_SIZES; i++) {
        g_autofree char *id = gvt_type_id(generation, &gvt_sizes[i]);
        if (capacity_find(row, id) == NULL)
            g_ptr_array_add(row->types, unlisted_type(budget, generation, &gvt_sizes[i]));
    }
}

static CapacityParent *new_parent(const char *name, const char *driver)
{
    CapacityParent *row = record_new(&capacity_parent_type);
    row->parent = g_strdup(name);
    row->driver = g_strdup(driver);
    row->aperture_mb = row->gtt_mb = -1;
    row->types = g_ptr_array_new();
    return row;
}

static void set_budget(CapacityParent *row, const GvtBudget *budget, gboolean inferred)
{
    row->gvt = TRUE;
    row->aperture_mb = (int)budget->aperture_mb;
    row->gtt_mb = (int)budget->gtt_mb;
    row->gtt_inferred = inferred;
    row->usage = gvt_usage(budget);
}

static CapacityParent *describe_parent(const HostFacts *facts, const MdevParent *parent)
{
    CapacityParent *row = new_parent(parent->name, parent->driver);
    guint all_live = mdev_count_devices(facts->mdev, parent->name, NULL);
    GvtBudget budget;
    gboolean inferred, gvt = capacity_gvt_budget(facts, parent, &budget, &inferred);
    if (gvt)
        set_budget(row, &budget, inferred);
    for (guint i = 0; parent->types != NULL && i < parent->types->len; i++) {
        const MdevType *type = parent->types->pdata[i];
        CapacityType *added = new_type(facts, parent, type);
        GvtNeed need;
        if (gvt && gvt_need_of(type->id, type->description, &need))
            calculate_type(added, row, &budget, &need, all_live);
        else
            count_type(added, row, all_live, parent->types->len > 1);
        g_ptr_array_add(row->types, added);
    }
    if (gvt)
        add_unlisted(row, &budget, gvt_generation(gvt_gpu(facts, parent->name)->device_id));
    return row;
}

GPtrArray *capacity_of(const HostFacts *facts)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func(parent_free);
    for (guint i = 0; facts->mdev->parents != NULL && i < facts->mdev->parents->len; i++)
        g_ptr_array_add(rows, describe_parent(facts, facts->mdev->parents->pdata[i]));
    return rows;
}

static CapacityType *predicted_type(const GvtBudget *budget, const char *generation,
                                    const GvtSize *size)
{
    CapacityType *row = unlisted_type(budget, generation, size);
    if (!gvt_budget_lists(budget, &size->need))
        return row;
    g_clear_pointer(&row->why, g_free);
    row->listed = TRUE;
    row->available = (int)gvt_budget_available(budget, &size->need);
    row->creatable = row->total = (int)gvt_budget_creatable(budget, &size->need);
    row->why = gvt_shortage(budget, &size->need, row->available);
    return row;
}

GPtrArray *capacity_what_if(const HostFacts *facts, guint aperture, guint gtt)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func(parent_free);
    for (guint i = 0; facts->gpus != NULL && i < facts->gpus->len; i++) {
        const Gpu *gpu = facts->gpus->pdata[i];
        if (gvt_gpu(facts, gpu->bdf) == NULL)
            continue;
        guint known = (guint)(gvt_gtt_bytes(gpu->gmch_control) >> 20);
        GvtBudget budget =
            gvt_budget(aperture != 0 ? aperture : aperture_mb(gpu), gtt != 0     ? gtt
                                                                    : known != 0 ? known
                                                                                 : 8);
        CapacityParent *row = new_parent(gpu->bdf, gpu->driver);
        set_budget(row, &budget, gtt == 0 && known == 0);
        for (gsize k = 0; k < GVT_SIZES; k++)
            g_ptr_array_add(row->types,
                            predicted_type(&budget, gvt_generation(gpu->device_id), &gvt_sizes[k]));
        g_ptr_array_add(rows, row);
    }
    return rows;
}

char *capacity_why_none(const HostFacts *facts, const char *parent, const char *type)
{
    const MdevParent *device = mdev_find_parent(facts->mdev, parent);
    if (device == NULL)
        return NULL;
    CapacityParent *row = describe_parent(facts, device);
    const CapacityType *found = capacity_find(row, type);
    char *why = found != NULL ? g_strdup(found->why) : NULL;
    parent_free(row);
    return why;
}
