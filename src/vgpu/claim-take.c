/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/suggest.h"
#include "base/uuid.h"
#include "host/facts-mdev.h"
#include "rules/type-name.h"
#include "vgpu/claim-base.h"

static gboolean any_dead(const Root *root, const char *parent)
{
    g_autoptr(GPtrArray) claims = claims_list(root);
    for (guint i = 0; i < claims->len; i++) {
        const Claim *claim = claims->pdata[i];
        if (g_strcmp0(claim->parent, parent) == 0 && claim_is_dead(root, claim))
            return TRUE;
    }
    return FALSE;
}

/* Sees at a glance that there is nothing to get: a crowd then need not queue for the lock. */
static gboolean is_hopeless(const Root *root, const ClaimRequest *request, const MdevParent *parent,
                            const char *type)
{
    return !request->pool && claim_count_left(root, parent->name, type) == 0 &&
           !any_dead(root, parent->name);
}

static const char *nearest_type(const MdevFacts *facts, const char *wrong)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (guint i = 0; i < facts->parents->len; i++) {
        const MdevParent *parent = facts->parents->pdata[i];
        for (guint j = 0; j < parent->types->len; j++) {
            const MdevType *type = parent->types->pdata[j];
            g_ptr_array_add(words, type->id);
            g_ptr_array_add(words, (gpointer)type_short_name(type->id));
        }
    }
    g_ptr_array_add(words, NULL);
    return suggest_word(wrong, (const char *const *)words->pdata);
}

static void set_no_place_error(const MdevFacts *facts, const char *type, const char *parent,
                               GError **error)
{
    if (facts->parents->len == 0) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "No GPU of this machine offers vGPUs; 'vgpuctl types' says why");
        return;
    }
    if (parent != NULL && mdev_find_parent(facts, parent) == NULL) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "%s offers no vGPUs; 'vgpuctl types' lists the GPUs that do", parent);
        return;
    }
    const char *near = nearest_type(facts, type);
    g_autofree char *hint = near != NULL ? g_strdup_printf("did you mean %s?", near)
                                         : g_strdup("'vgpuctl types' lists those there are");
    if (parent != NULL)
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "%s has no vGPU type '%s'; %s", parent, type,
                  hint);
    else
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "No GPU has a vGPU type '%s'; %s", type, hint);
}

GArray *claim_places(const MdevFacts *facts, const char *type, const char *parent, GError **error)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(ClaimPlace));
    for (guint i = 0; i < facts->parents->len; i++) {
        ClaimPlace place = { .parent = facts->parents->pdata[i] };
        if (parent != NULL && !g_str_equal(place.parent->name, parent))
            continue;
        place.type = mdev_match_type(place.parent, type);
        if (place.type != NULL)
            g_array_append_val(places, place);
    }
    if (places->len > 0)
        return places;
    g_array_unref(places);
    set_no_place_error(facts, type, parent, error);
    return NULL;
}

void claim_set_none_left_error(const Root *root, const GArray *places, const char *type,
                               GError **error)
{
    g_autoptr(GString) parents = g_string_new(NULL);
    g_autoptr(GString) taken = g_string_new(NULL);
    for (guint i = 0; i < places->len; i++) {
        const ClaimPlace *place = &g_array_index(places, ClaimPlace, i);
        g_string_append_printf(parents, "%s%s", i > 0 ? ", " : "", place->parent->name);
        g_autofree char *lines = claims_describe(root, place->parent->name);
        g_string_append(taken, lines);
    }
    g_auto(GStrv) lines = g_strsplit(g_strchomp(taken->str), "\n", -1);
    g_autofree char *list = g_strjoinv("; ", lines);
    if (*list == '\0')
        error_set(error, VGPUCTL_ERROR_BUSY,
                  "No %s is left on %s, and nobody has a vGPU there; 'vgpuctl types' says why",
                  type, parents->str);
    else
        error_set(error, VGPUCTL_ERROR_BUSY, "No %s is left on %s: %s", type, parents->str, list);
}

gboolean claim_check_root(const Root *root, GError **error)
{
    return !root_is_system(root) || geteuid() == 0 ||
           error_set(error, VGPUCTL_ERROR_ACCESS, "Only root can make, give and remove vGPUs");
}

static gboolean check_request(const Root *root, const ClaimRequest *request, GError **error)
{
    if (request->uuid != NULL) {
        g_autofree char *uuid = uuid_parse(request->uuid, error);
        if (uuid == NULL) {
            g_prefix_error(error, "'%s' is no UUID: ", request->uuid);
            return FALSE;
        }
    }
    return claim_check_root(root, error);
}

/* *@ret_again: there was none left, the next parent may have one. */
static Claim *try_place(const Root *root, const ClaimRequest *request, const ClaimPlace *place,
                        int *ret_fd, gboolean *ret_again, GError **error)
{
    *ret_again = is_hopeless(root, request, place->parent, place->type->id);
    if (*ret_again)
        return NULL;
    g_autoptr(GError) reason = NULL;
    Claim *claim =
        claim_take_on(root, request, place->parent->name, place->type->id, ret_fd, &reason);
    if (claim != NULL)
        return claim;
    *ret_again = g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY);
    if (!*ret_again)
        g_propagate_error(error, g_steal_pointer(&reason));
    return NULL;
}

static Claim *try_places(const Root *root, const ClaimRequest *request, const GArray *places,
                         int *ret_fd, GError **error)
{
    for (guint i = 0; i < places->len; i++) {
        gboolean again = FALSE;
        Claim *claim =
            try_place(root, request, &g_array_index(places, ClaimPlace, i), ret_fd, &again, error);
        if (claim != NULL || !again)
            return claim;
    }
    claim_set_none_left_error(root, places, request->type, error);
    return NULL;
}

Claim *claim_take(const Root *root, const ClaimRequest *request, int *ret_fd, GError **error)
{
    if (ret_fd != NULL)
        *ret_fd = -1;
    if (!check_request(root, request, error))
        return NULL;
    MdevFacts *facts = mdev_facts_read(root);
    g_autoptr(GArray) places = claim_places(facts, request->type, request->parent, error);
    Claim *claim = places != NULL ? try_places(root, request, places, ret_fd, error) : NULL;
    record_free(&mdev_facts_type, facts);
    return claim;
}
