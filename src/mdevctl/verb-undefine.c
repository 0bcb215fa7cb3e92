/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/host.h"
#include "mdevctl/verbs.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-life.h"

/* mdevctl says nothing of a definition that is there and cannot be removed, or may not be. */
int mdevctl_undefine(const Root *root, const MdevctlRequest *request)
{
    const MdevHost host = mdevctl_host(root);
    g_autoptr(GError) error = NULL;
    if (mdev_undefine(&host, request->uuid, request->parent, request->force, &error))
        return 0;
    if (g_error_matches(error, MDEV_ERROR, MDEV_ERROR_CALLOUT) ||
        g_error_matches(error, MDEV_ERROR, MDEV_ERROR_UNDEFINE))
        return 0;
    return mdevctl_fail_error(error);
}
