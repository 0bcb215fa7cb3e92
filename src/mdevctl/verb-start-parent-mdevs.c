/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/host.h"
#include "mdevctl/verbs.h"
#include "vgpu/mdev-life.h"

int mdevctl_start_parent_mdevs(const Root *root, const MdevctlRequest *request)
{
    const MdevHost host = mdevctl_host(root);
    g_autoptr(GError) error = NULL;
    return mdev_start_parent(&host, request->parent, &error) ? 0 : mdevctl_fail_error(error);
}
