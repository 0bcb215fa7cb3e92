/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/host.h"
#include "mdevctl/verbs.h"
#include "vgpu/mdev-life.h"

int mdevctl_modify(const Root *root, const MdevctlRequest *request)
{
    const MdevHost host = mdevctl_host(root);
    const MdevChange change = { .uuid = request->uuid,
                                .parent = request->parent,
                                .type = request->type,
                                .autostart = request->auto_start ? 1
                                             : request->manual   ? 0
                                                                 : -1,
                                .add_attr = request->addattr,
                                .value = request->value,
                                .delete_attr = request->delattr,
                                .index = request->has_index ? (gint64)request->index : -1,
                                .jsonfile = request->jsonfile,
                                .live = request->live,
                                .defined = request->defined,
                                .force = request->force };
    g_autoptr(GError) error = NULL;
    return mdev_modify(&host, &change, &error) ? 0 : mdevctl_fail_error(error);
}
