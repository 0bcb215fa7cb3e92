/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/lender.h"

#include <unistd.h>

#include "base/user.h"

static gboolean has_parents(const Root *root)
{
    g_auto(GStrv) parents = root_list(root, "/sys/class/mdev_bus");
    return parents[0] != NULL;
}

gboolean lender_leave_sudo(const Root *root, gboolean lends, Broker *ret_broker, GError **error)
{
    *ret_broker = (Broker){ .root = root, .fd = -1 };
    int uid = user_behind_sudo();
    if (lends && uid >= 0 && has_parents(root)) {
        pid_t pid;
        int pidfd = -1;
        if (!broker_start((uid_t)uid, &ret_broker->fd, &pid, &pidfd, error))
            return FALSE;
        close(pidfd); /* it ends when its socket closes, and we are gone by then */
    }
    return user_leave_sudo(error);
}
