/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/provider.h"

#include "base/error.h"
#include "base/suggest.h"
#include "base/uuid.h"

const VgpuProvider *const vgpu_providers[] = { &provider_mdev, &provider_virtio, NULL };

void vgpu_candidate_free(VgpuCandidate *candidate)
{
    if (candidate == NULL)
        return;
    vgpu_device_free(candidate->device);
    g_free(candidate->obstacle);
    g_free(candidate->drawback);
    g_free(candidate);
}

static gboolean is_auto(const VgpuWish *wish)
{
    return wish->type == NULL || g_str_equal(wish->type, "auto");
}

static gboolean means(const VgpuProvider *provider, const HostFacts *facts,
                      const VgpuDevice *device, const VgpuWish *wish)
{
    if (is_auto(wish))
        return TRUE;
    return provider->means != NULL ? provider->means(facts, device, wish)
                                   : g_str_equal(device->type, wish->type);
}

/* The candidates of all providers, in order. */
static GPtrArray *all_candidates(const HostFacts *facts, const VgpuWish *wish)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)vgpu_candidate_free);
    for (gsize i = 0; vgpu_providers[i] != NULL; i++) {
        GPtrArray *candidates = vgpu_providers[i]->candidates(facts, wish);
        for (guint j = 0; j < candidates->len; j++) {
            VgpuCandidate *candidate = candidates->pdata[j];
            candidate->wanted = means(vgpu_providers[i], facts, candidate->device, wish);
        }
        g_ptr_array_extend_and_steal(all, candidates);
    }
    return all;
}

static gboolean matches(const VgpuCandidate *candidate, const VgpuWish *wish)
{
    if (wish->parent != NULL && g_strcmp0(candidate->device->parent, wish->parent) != 0)
        return FALSE;
    return candidate->wanted;
}

/* Why @candidate is not taken; NULL when it is. */
static const char *passed_by(const VgpuCandidate *candidate, const VgpuWish *wish)
{
    if (candidate->obstacle != NULL)
        return candidate->obstacle;
    return is_auto(wish) ? candidate->drawback : NULL;
}

static gboolean is_known(const GPtrArray *candidates)
{
    for (guint i = 0; i < candidates->len; i++)
        if (((VgpuCandidate *)candidates->pdata[i])->wanted)
            return TRUE;
    return FALSE;
}

static gboolean refuse_type(const GPtrArray *candidates, const char *type, GError **error)
{
    g_autofree char *uuid = uuid_parse(type, NULL);
    if (uuid != NULL)
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "--vgpu %s: no vGPU of that uuid lives on this host; 'vgpuctl list' shows "
                         "those that do",
                         uuid);
    g_autoptr(GPtrArray) types = g_ptr_array_new();
    g_ptr_array_add(types, (gpointer) "auto");
    g_ptr_array_add(types, (gpointer) "none");
    for (guint i = 0; i < candidates->len; i++) {
        const char *known = ((VgpuCandidate *)candidates->pdata[i])->device->type;
        if (!g_ptr_array_find_with_equal_func(types, known, g_str_equal, NULL))
            g_ptr_array_add(types, (gpointer)known);
    }
    g_ptr_array_add(types, NULL);
    const char *near = suggest_word(type, (const char *const *)types->pdata);
    g_autofree char *list = g_strjoinv(", ", (char **)types->pdata);
    return error_set(error, VGPUCTL_ERROR_USAGE, "--vgpu %s: there is no such type; %s%s%s%s", type,
                     near != NULL ? "did you mean '" : "this host knows ",
                     near != NULL ? near : list, near != NULL ? "'?" : "", "");
}

/* The refusal of the candidate that was wanted, and the first that `auto` would take. */
static gboolean refuse(const GPtrArray *candidates, const VgpuCandidate *wanted,
                       const VgpuWish *wish, GError **error)
{
    const char *type = is_auto(wish) ? "auto" : wish->type;
    if (wanted == NULL)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "--vgpu %s --parent %s: that GPU serves no such vGPU; vgpuctl gpus lists "
                         "what each could",
                         type, wish->parent);
    for (guint i = 0; i < candidates->len; i++) {
        const VgpuCandidate *other = candidates->pdata[i];
        if (other->obstacle != NULL || other->drawback != NULL)
            continue;
        gboolean elsewhere =
            wish->parent != NULL && g_strcmp0(other->device->parent, wish->parent) != 0;
        return error_set(error, VGPUCTL_ERROR_REFUSED, "--vgpu %s: %s; %s--vgpu %s works here",
                         type, passed_by(wanted, wish), elsewhere ? "without --parent, " : "",
                         other->device->type);
    }
    return error_set(error, VGPUCTL_ERROR_REFUSED, "--vgpu %s: %s; without a vGPU: --vgpu none",
                     type, passed_by(wanted, wish));
}

/* Says what would have been better: the nearest, because that is what the user can change. */
static void add_reason(VgpuDevice *device, const VgpuCandidate *better, const VgpuWish *wish)
{
    if (better == NULL)
        return;
    g_autofree char *own = device->reason;
    const char *type = better->device->type;
    device->reason = g_strdup_printf(
        "%s; not %s, because %s%s%s%s", own, type, passed_by(better, wish),
        better->obstacle == NULL ? "; --vgpu " : "", better->obstacle == NULL ? type : "",
        better->obstacle == NULL ? " takes it all the same" : "");
}

VgpuDevice *vgpu_choose(const HostFacts *facts, const VgpuWish *wish, GError **error)
{
    g_autoptr(GPtrArray) candidates = all_candidates(facts, wish);
    if (!is_known(candidates)) {
        refuse_type(candidates, wish->type, error);
        return NULL;
    }
    const VgpuCandidate *better = NULL;
    for (guint i = 0; i < candidates->len; i++) {
        VgpuCandidate *candidate = candidates->pdata[i];
        if (!matches(candidate, wish))
            continue;
        if (passed_by(candidate, wish) == NULL) {
            add_reason(candidate->device, better, wish);
            return g_steal_pointer(&candidate->device);
        }
        better = candidate;
    }
    refuse(candidates, better, wish, error);
    return NULL;
}
