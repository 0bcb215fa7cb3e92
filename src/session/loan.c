/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/loan.h"

#include <poll.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/pid.h"
#include "base/user.h"
#include "vgpu/access.h"
#include "vgpu/claim.h"
#include "vgpu/holder.h"
#include "vgpu/pool.h"

/* How long QEMU's memory may take to be given back to the kernel, which pins it for the device. */
#define END_LIMIT_MS 10000

/* How long a program that reads the picture may take to see that QEMU has ended. */
#define READER_LIMIT_MS 2000

static gboolean claim_as_root(Loan *loan, const Root *root, const VgpuDevice *device,
                              const char *vm, GError **error)
{
    g_autoptr(Owner) owner = owner_self();
    ClaimRequest request = { .type = device->type,
                             .parent = device->parent,
                             .uuid = device->uuid,
                             .vm = vm,
                             .owner = owner,
                             .uid = -1 };
    int lock = -1;
    g_autoptr(Claim) claim = claim_take(root, &request, &lock, error);
    if (claim != NULL)
        loan->uuid = g_strdup(claim->uuid);
    return claim != NULL;
}

static gboolean claim_from_broker(Loan *loan, const Broker *broker, const VgpuDevice *device,
                                  const char *vm, GError **error)
{
    BrokerRequest request = {
        .type = device->type, .parent = device->parent, .uuid = device->uuid, .vm = (char *)vm
    };
    g_autoptr(BrokerReply) reply = broker_claim(broker, &request, error);
    if (reply == NULL)
        return FALSE;
    loan->uuid = g_strdup(reply->uuid);
    loan->by_broker = TRUE;
    if (g_strcmp0(reply->uuid, device->uuid) == 0)
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_INVALID, "The broker made vGPU %s instead of %s",
                     reply->uuid, device->uuid);
}

/* One that lives: QEMU's opening it is what keeps others out; of those of a pool the lock says so
 * before, and who. */
static gboolean hold(Loan *loan, const Root *root, const VgpuDevice *device, GError **error)
{
    g_autoptr(GError) reason = NULL;
    loan->lock = pool_lock(root, device->uuid, &reason);
    if (loan->lock >= 0 || !g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

gboolean loan_take(Loan *ret_loan, const Root *root, const Broker *broker, const VgpuDevice *device,
                   const char *vm, GError **error)
{
    *ret_loan = (Loan)LOAN_INIT;
    if (device == NULL || device->uuid == NULL)
        return TRUE;
    if (!device->make && !hold(ret_loan, root, device, error))
        return FALSE;
    if (device->make && !(user_is_root() ? claim_as_root(ret_loan, root, device, vm, error)
                                         : claim_from_broker(ret_loan, broker, device, vm, error)))
        return FALSE;
    int failure = access_check(root, device->uuid);
    return failure == 0 ||
           error_set_errno(error, failure, "Opening vGPU %s, which was free a moment ago",
                           device->uuid);
}

/* Those who read the picture let go when QEMU ends: a moment later than that. */
static void await_readers(const Root *root, const char *uuid)
{
    g_autoptr(GPtrArray) holders = mdev_holders(root, uuid);
    for (guint i = 0; i < holders->len; i++) {
        const Holder *holder = holders->pdata[i];
        autofd int pidfd = pid_open_same(holder->pid, holder->started_ticks);
        struct pollfd ended = { .fd = pidfd, .events = POLLIN };
        if (pidfd >= 0)
            poll(&ended, 1, READER_LIMIT_MS);
    }
}

void loan_return(Loan *loan, const Root *root, const Broker *broker)
{
    autofd int lock = steal_fd(&loan->lock);
    if (loan->uuid == NULL)
        return;
    if (!mdev_wait_ending_holders(root, loan->uuid, END_LIMIT_MS))
        await_readers(root, loan->uuid);
    if (loan->by_broker)
        broker_release(broker, loan->uuid, NULL);
    else
        claim_release(root, loan->uuid, NULL);
    g_clear_pointer(&loan->uuid, g_free);
}
