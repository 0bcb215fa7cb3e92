/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/lasting.h"

#include "base/error.h"
#include "vgpu/mdev-definition.h"
#include "vgpu/mdev-life.h"

/* Those texts are mdevctl's and may have several lines. */
static gboolean set_error(const char *what, const Claim *claim, const GError *reason,
                          GError **error)
{
    g_auto(GStrv) lines = g_strsplit(reason->message, "\n", -1);
    g_autofree char *line = g_strjoinv(": ", lines);
    return error_set(error, VGPUCTL_ERROR_FAILED, "%s vGPU %s: %s", what, claim->uuid, line);
}

gboolean lasting_define(const Root *root, const Claim *claim, GError **error)
{
    const MdevHost host = { .root = root };
    const MdevWish wish = { .uuid = claim->uuid,
                            .parent = claim->parent,
                            .type = claim->type,
                            .autostart = TRUE,
                            .force = FALSE };
    g_autofree char *uuid = NULL;
    g_autoptr(GError) reason = NULL;
    return mdev_definition_exists(&host, claim->parent, claim->uuid) ||
           mdev_define(&host, &wish, &uuid, &reason) || set_error("Defining", claim, reason, error);
}

gboolean lasting_undefine(const Root *root, const Claim *claim, GError **error)
{
    const MdevHost host = { .root = root };
    g_autoptr(GError) reason = NULL;
    return !mdev_definition_exists(&host, claim->parent, claim->uuid) ||
           mdev_undefine(&host, claim->uuid, claim->parent, /* force= */ TRUE, &reason) ||
           set_error("Undefining", claim, reason, error);
}
