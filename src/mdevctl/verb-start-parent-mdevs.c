/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/host.h"
#include "mdevctl/report.h"
#include "mdevctl/verbs.h"
#include "vgpu/mdev-life.h"

/* That one cannot be started is no failure, and each of its causes is a warning. */
static void warn(const Mdev *dev, const GError *reason, gpointer data)
{
    g_auto(GStrv) causes = reason != NULL ? g_strsplit(reason->message, "\n", -1) : NULL;
    for (guint i = 0; causes != NULL && causes[i] != NULL; i++)
        mdevctl_warn("%s", causes[i]);
}

int mdevctl_start_parent_mdevs(const Root *root, const MdevctlRequest *request)
{
    const MdevHost host = mdevctl_host(root);
    g_autoptr(GError) error = NULL;
    gboolean good = mdev_start_parent(&host, request->parent, warn, NULL, &error);
    return good ? 0 : mdevctl_fail_error(error);
}
