/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/host.h"
#include "mdevctl/verbs.h"
#include "vgpu/mdev-life.h"

int mdevctl_stop(const Root *root, const MdevctlRequest *request)
{
    const MdevHost host = mdevctl_host(root);
    g_autoptr(GError) error = NULL;
    return mdev_stop(&host, request->uuid, request->force, &error) ? 0 : mdevctl_fail_error(error);
}
