/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/collect.h"

#include <unistd.h>

#include "base/user.h"
#include "vgpu/broker-client.h"
#include "vgpu/claim.h"
#include "vm/rundir-list.h"

/* Whether a claim for this user has ended with its owner: who may not write can see that. */
static gboolean have_dead_claims(const Root *root)
{
    g_autoptr(GPtrArray) claims = claims_list(root);
    for (guint i = 0; i < claims->len; i++) {
        const Claim *claim = claims->pdata[i];
        if (claim->uid == (int)geteuid() && claim_is_dead(root, claim))
            return TRUE;
    }
    return FALSE;
}

static gboolean collect_vgpus(const Root *root, GError **error)
{
    if (user_is_root())
        return claims_collect(root, /* dry_run= */ FALSE, /* ret_collected= */ NULL, error);
    const Broker broker = { .root = root, .fd = -1 };
    /* without one, what root made under sudo is root's to take back: the next sudo does */
    if (!have_dead_claims(root) || !broker_available(root, NULL))
        return TRUE;
    return broker_collect(&broker, /* ret_collected= */ NULL, error);
}

static void add_line(char ***lines, const char *line)
{
    guint length = *lines != NULL ? g_strv_length(*lines) : 0;
    *lines = g_renew(char *, *lines, length + 2);
    (*lines)[length] = g_strdup(line);
    (*lines)[length + 1] = NULL;
}

gboolean session_collect(const Root *root, char ***ret_left, GError **error)
{
    *ret_left = NULL;
    if (!rundir_collect(root, /* ret_removed= */ NULL, ret_left, error))
        return FALSE;
    g_autoptr(GError) reason = NULL;
    if (!collect_vgpus(root, &reason))
        add_line(ret_left, reason->message);
    return TRUE;
}
