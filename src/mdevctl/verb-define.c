/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "mdevctl/host.h"
#include "mdevctl/verbs.h"
#include "vgpu/mdev-life.h"

int mdevctl_define(const Root *root, const MdevctlRequest *request)
{
    const MdevHost host = mdevctl_host(root);
    const MdevWish wish = { .uuid = request->uuid,
                            .parent = request->parent,
                            .type = request->type,
                            .jsonfile = request->jsonfile,
                            .autostart = request->auto_start,
                            .force = request->force };
    g_autofree char *uuid = NULL;
    g_autoptr(GError) error = NULL;
    if (!mdev_define(&host, &wish, &uuid, &error))
        return mdevctl_fail_error(error);
    if (request->uuid == NULL)
        printf("%s\n", uuid);
    return 0;
}
