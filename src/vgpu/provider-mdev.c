/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mediated devices: a slice of a GPU that its own driver cuts (GVT-g, NVIDIA vGPU, the kernel's
 * samples). Candidates are devices of a pool that are free and this user's to open, then those that
 * could be made.
 */
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "rules/capacity.h"
#include "rules/display-matrix.h"
#include "rules/kvm-obstacle.h"
#include "rules/type-name.h"
#include "vgpu/provider.h"

/* What drivers of parents are known to do. */
static const struct {
    const char *driver;
    int console;
    gboolean needs_kvm; /* opening a device without is ESRCH (i915/gvt/kvmgt.c, and NVIDIA's) */
} drivers[] = {
    { "i915", CONSOLE_DMABUF, TRUE },    { "nvidia", CONSOLE_REGION, TRUE },
    { "mbochs", CONSOLE_DMABUF, FALSE }, { "mdpy", CONSOLE_REGION, FALSE },
    { "mtty", CONSOLE_NONE, FALSE },
};

/* A type of a parent, and how it serves the wish. */
typedef struct {
    const CapacityParent *parent;
    const CapacityType *type;
    int width, height; /* the largest picture it shows; 0: it does not say */
    gboolean fits;     /* the wished mode is in that */
} Offer;

/* The mode that a type is to show where none is wished for. */
#define USUAL_WIDTH 1920
#define USUAL_HEIGHT 1080

static gsize driver_row(const char *driver)
{
    gsize row = 0;
    while (row < G_N_ELEMENTS(drivers) && g_strcmp0(drivers[row].driver, driver) != 0)
        row++;
    return row;
}

/* NVIDIA's types end with a letter for their use; C is for computing ("GRID T4-8C"). */
static gboolean computes_only(const CapacityType *type)
{
    const char *name = type->name != NULL ? type->name : type->type;
    return *name != '\0' && name[strlen(name) - 1] == 'C';
}

static int console_of(const Offer *offer)
{
    gsize row = driver_row(offer->parent->driver);
    if (row == G_N_ELEMENTS(drivers))
        return CONSOLE_NONE;
    if (g_str_equal(drivers[row].driver, "nvidia") && computes_only(offer->type))
        return CONSOLE_NONE;
    return drivers[row].console;
}

/* The first "WxH" of the driver's words: "resolution: 1024x768", "max_resolution=4096x2160",
 * "virtual display, 640x480 framebuffer". */
static void read_resolution(const char *text, Offer *offer)
{
    while (text != NULL && *text != '\0') {
        gsize digits = strspn(text, "0123456789");
        if (digits > 0 && sscanf(text, "%5dx%5d", &offer->width, &offer->height) == 2)
            return;
        text += MAX(digits, 1);
    }
    offer->width = offer->height = 0;
}

/* What a type of GVT-g shows, whatever the driver says or does not. */
static const char *gvt_resolution(const char *id)
{
    const char *size = g_str_has_prefix(id, "i915-GVTg_") ? strrchr(id, '_') + 1 : "";
    for (guint i = 0; i < GVT_SIZES; i++)
        if (g_str_equal(gvt_sizes[i].size, size))
            return gvt_sizes[i].resolution;
    return NULL;
}

static Offer offer_of(const CapacityParent *parent, const CapacityType *type, const VgpuWish *wish)
{
    Offer offer = { .parent = parent, .type = type };
    read_resolution(type->description, &offer);
    if (offer.width == 0)
        read_resolution(gvt_resolution(type->type), &offer);
    offer.fits = offer.width >= (wish->width > 0 ? wish->width : USUAL_WIDTH) &&
                 offer.height >= (wish->height > 0 ? wish->height : USUAL_HEIGHT);
    return offer;
}

/*
 * The best fitting first: of those that show the mode the one that takes least of the GPU, which is
 * the one it has most of; of those that do not, the one that shows most. What is left before what
 * is not.
 */
static int compare_offers(gconstpointer left, gconstpointer right)
{
    const Offer *a = left, *b = right;
    if ((a->type->creatable > 0) != (b->type->creatable > 0))
        return (b->type->creatable > 0) - (a->type->creatable > 0);
    if (a->fits != b->fits)
        return b->fits - a->fits;
    if (!a->fits && a->width != b->width)
        return b->width - a->width;
    return b->type->total - a->type->total;
}

static VgpuCandidate *new_candidate(const Offer *offer, const char *uuid, const VgpuWish *wish)
{
    VgpuCandidate *candidate = g_new0(VgpuCandidate, 1);
    VgpuDevice *device = candidate->device = record_new(&vgpu_device_type);
    device->provider = g_strdup(provider_mdev.name);
    device->type = g_strdup(offer->type->type);
    device->console = console_of(offer);
    device->parent = g_strdup(offer->parent->parent);
    device->uuid = g_strdup(uuid);
    device->sysfs = g_strconcat("/sys/bus/mdev/devices/", uuid, NULL);
    device->width = wish->width;
    device->height = wish->height;
    return candidate;
}

/* Why no VM of this host could have it, whoever made it. Owned, or NULL. */
static char *unusable_why(const Offer *offer, const HostFacts *facts, const VgpuWish *wish)
{
    const char *api = offer->type->device_api;
    if (api != NULL && !g_str_equal(api, "vfio-pci"))
        return g_strdup_printf("it is no PCI device but of %s", api);
    if (facts->qemu == NULL || !qemu_has(facts->qemu->devices, "vfio-pci"))
        return g_strdup("this QEMU has no vfio-pci");
    gsize row = driver_row(offer->parent->driver);
    if (row == G_N_ELEMENTS(drivers) || !drivers[row].needs_kvm)
        return NULL;
    g_autofree char *why =
        wish->without_kvm ? g_strdup("--accel tcg was asked for") : kvm_obstacle(facts);
    return why != NULL
               ? g_strdup_printf("a vGPU of %s needs KVM, and %s", offer->parent->driver, why)
               : NULL;
}

/* Completes a candidate that can be had from what the display it is for says. */
static void judge_display(VgpuCandidate *candidate, const HostFacts *facts, const VgpuWish *wish)
{
    DisplayQuestion question = { .display = wish->display,
                                 .address = wish->address,
                                 .vgpu = candidate->device,
                                 .facts = facts,
                                 .usb_redir = wish->usb_redir };
    g_autoptr(DisplayAnswer) answer = display_matrix_ask(&question);
    if (!answer->works)
        candidate->obstacle = g_strdup(answer->refusal);
    else if (candidate->device->console == CONSOLE_NONE)
        candidate->drawback = g_strdup("it has no display");
    else if (answer->display == DISPLAY_NONE && wish->display == DISPLAY_AUTO)
        candidate->drawback = g_strdup("nothing here could show its screen, screenshots excepted");
    else if (answer->server != NULL && answer->server->source == SERVER_VFIO)
        candidate->drawback = g_strdup("its screen is shown only where its driver lets the "
                                       "processor read it, and without firmware");
}

/* Who has the devices of @parent, or of those that this user may open. Owned; "" for none. */
static char *describe_use(const MdevFacts *facts, const MdevUse *use, const char *parent,
                          gboolean own)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; facts->devices != NULL && i < facts->devices->len; i++) {
        const MdevDevice *device = facts->devices->pdata[i];
        const MdevUseDevice *known = mdev_use_find(use, device->uuid);
        if (g_strcmp0(device->parent, parent) != 0 ||
            (own && (known == NULL || known->open_errno != 0)))
            continue;
        const char *holder = known != NULL ? known->holder : NULL;
        g_string_append_printf(text, "%s%s %s: %s", text->len > 0 ? ", " : "",
                               device->type != NULL ? type_short_name(device->type) : "?",
                               device->uuid, holder != NULL ? holder : "nobody that is seen");
    }
    return g_string_free(text, FALSE);
}

static char *none_left(const Offer *offer, const HostFacts *facts, const VgpuWish *wish)
{
    const char *parent = offer->parent->parent, *why = offer->type->why;
    g_autofree char *holders = describe_use(facts->mdev, wish->use, parent, /* own= */ FALSE);
    g_autofree char *left = g_strdup_printf("none is left on %s", parent);
    return g_strdup_printf("%s%s%s", why != NULL ? why : left,
                           *holders != '\0' ? "; who has what: " : "", holders);
}

/* Who has those of this user, and the administrator's command with the type in its place. Owned. */
static char *may_not_make(const Offer *offer, const HostFacts *facts, const VgpuWish *wish)
{
    g_autofree char *own =
        describe_use(facts->mdev, wish->use, offer->parent->parent, /* own= */ TRUE);
    g_autofree char *word = g_strdup_printf(" %s ", offer->type->type);
    GString *text = g_string_new(NULL);
    if (*own != '\0')
        g_string_append_printf(text, "those that you may open are taken (%s); ", own);
    g_string_append(text, wish->use->make_obstacle);
    g_string_replace(text, " TYPE ", word, 1);
    return g_string_free(text, FALSE);
}

/* "a share of 0000:00:02.0 for this VM alone, with screens up to 1024x768". Owned. */
static char *describe_share(const Offer *offer)
{
    g_autofree char *mode = offer->width > 0 ? g_strdup_printf(", with screens up to %dx%d",
                                                               offer->width, offer->height)
                                             : g_strdup("");
    return g_strdup_printf("a share of %s for this VM alone%s", offer->parent->parent, mode);
}

/* One that would be made for this VM. */
static VgpuCandidate *candidate_new(const Offer *offer, const HostFacts *facts,
                                    const VgpuWish *wish)
{
    g_autofree char *uuid = g_uuid_string_random();
    VgpuCandidate *candidate = new_candidate(offer, uuid, wish);
    candidate->device->make = TRUE;
    candidate->device->reason = describe_share(offer);
    candidate->obstacle = unusable_why(offer, facts, wish);
    if (candidate->obstacle == NULL && offer->type->creatable <= 0)
        candidate->obstacle = none_left(offer, facts, wish);
    if (candidate->obstacle == NULL && wish->use != NULL && wish->use->make_obstacle != NULL)
        candidate->obstacle = may_not_make(offer, facts, wish);
    if (candidate->obstacle == NULL)
        judge_display(candidate, facts, wish);
    return candidate;
}

/* Why the device that lives cannot be taken. Owned, or NULL. */
static char *taken_why(const MdevDevice *device, const MdevUseDevice *use)
{
    if (use != NULL && use->holder != NULL)
        return g_strdup_printf("%s is in use: %s", device->uuid, use->holder);
    if (use != NULL && use->open_errno != 0)
        return g_strdup_printf("%s is not yours to open (/dev/vfio/%d: %s)", device->uuid,
                               device->iommu_group, g_strerror(use->open_errno));
    return NULL;
}

/* One that lives: of a pool, or named by the user. */
static VgpuCandidate *candidate_living(const MdevDevice *device, const Offer *offer,
                                       const HostFacts *facts, const VgpuWish *wish)
{
    VgpuCandidate *candidate = new_candidate(offer, device->uuid, wish);
    g_autofree char *share = describe_share(offer);
    candidate->device->reason = g_strdup_printf("%s; it was there already, and free", share);
    candidate->obstacle = unusable_why(offer, facts, wish);
    if (candidate->obstacle == NULL)
        candidate->obstacle = taken_why(device, mdev_use_find(wish->use, device->uuid));
    if (candidate->obstacle == NULL)
        judge_display(candidate, facts, wish);
    return candidate;
}

static gboolean offer_of_device(const GPtrArray *capacity, const MdevDevice *device,
                                const VgpuWish *wish, Offer *ret_offer)
{
    for (guint i = 0; device->type != NULL && i < capacity->len; i++) {
        const CapacityParent *parent = capacity->pdata[i];
        const CapacityType *type = g_strcmp0(parent->parent, device->parent) == 0
                                       ? capacity_find(parent, device->type)
                                       : NULL;
        if (type == NULL)
            continue;
        *ret_offer = offer_of(parent, type, wish);
        return TRUE;
    }
    return FALSE;
}

/* The device that the wish names by its uuid or name; NULL: it names none. Borrowed. */
static const MdevDevice *find_named(const MdevFacts *facts, const VgpuWish *wish)
{
    if (wish->type == NULL)
        return NULL;
    g_autofree char *uuid = uuid_parse(wish->type, NULL);
    for (guint i = 0; facts->devices != NULL && i < facts->devices->len; i++) {
        const MdevDevice *device = facts->devices->pdata[i];
        const MdevUseDevice *use = mdev_use_find(wish->use, device->uuid);
        if (g_strcmp0(device->uuid, uuid) == 0 ||
            (use != NULL && g_strcmp0(use->name, wish->type) == 0))
            return device;
    }
    return NULL;
}

/* Those that live and are this user's to take; those of root's are not, as all are. */
static void add_living(GPtrArray *list, const GPtrArray *capacity, const HostFacts *facts,
                       const VgpuWish *wish)
{
    const GPtrArray *devices = facts->mdev->devices;
    if (wish->use == NULL || !wish->use->pooled)
        return;
    for (guint i = 0; devices != NULL && i < devices->len; i++) {
        const MdevDevice *device = devices->pdata[i];
        const MdevUseDevice *use = mdev_use_find(wish->use, device->uuid);
        Offer offer;
        if (use != NULL && use->open_errno == 0 && use->holder == NULL &&
            offer_of_device(capacity, device, wish, &offer))
            g_ptr_array_add(list, candidate_living(device, &offer, facts, wish));
    }
}

static void add_new(GPtrArray *list, const GPtrArray *capacity, const HostFacts *facts,
                    const VgpuWish *wish)
{
    g_autoptr(GArray) offers = g_array_new(FALSE, FALSE, sizeof(Offer));
    for (guint i = 0; i < capacity->len; i++) {
        const CapacityParent *parent = capacity->pdata[i];
        for (guint j = 0; j < parent->types->len; j++) {
            Offer offer = offer_of(parent, parent->types->pdata[j], wish);
            g_array_append_val(offers, offer);
        }
    }
    g_array_sort(offers, compare_offers);
    for (guint i = 0; i < offers->len; i++)
        g_ptr_array_add(list, candidate_new(&g_array_index(offers, Offer, i), facts, wish));
}

static GPtrArray *candidates(const HostFacts *facts, const VgpuWish *wish)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)vgpu_candidate_free);
    if (facts->mdev == NULL)
        return list;
    g_autoptr(GPtrArray) capacity = capacity_of(facts);
    const MdevDevice *named = find_named(facts->mdev, wish);
    Offer offer;
    if (named != NULL && offer_of_device(capacity, named, wish, &offer)) {
        g_ptr_array_add(list, candidate_living(named, &offer, facts, wish));
        return list;
    }
    add_living(list, capacity, facts, wish);
    add_new(list, capacity, facts, wish);
    return list;
}

/* A device that lives is meant by its own names; one of a pool by its type, too. */
static gboolean means(const HostFacts *facts, const VgpuDevice *device, const VgpuWish *wish)
{
    const MdevDevice *named = find_named(facts->mdev, wish);
    if (named != NULL)
        return g_str_equal(named->uuid, device->uuid);
    const MdevParent *parent = mdev_find_parent(facts->mdev, device->parent);
    const MdevType *type = parent != NULL ? mdev_find_type(parent, device->type) : NULL;
    return type != NULL ? mdev_type_matches(type, wish->type)
                        : type_matches(device->type, wish->type);
}

const VgpuProvider provider_mdev = { "mdev", candidates, means };
