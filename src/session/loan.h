/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The vGPU of a session as something lent: of one that lives and is of a pool (vgpu/pool.h) the
 * lock is held; one that is yet to be made is made by us as root, or by the broker
 * (vgpu/broker-client.h) for a user.
 */
#pragma once

#include "rules/vgpu-device.h"
#include "vgpu/broker-client.h"

typedef struct {
    char *uuid;         /* what is to be given back; NULL: nothing */
    gboolean by_broker; /* to the broker; else we are root and do it */
    int lock;           /* of a pool's; -1: none */
} Loan;

#define LOAN_INIT                                                                                  \
    {                                                                                              \
        NULL, FALSE, -1                                                                            \
    }

/*
 * Takes @device for VM @vm; nothing for a @device that is no mediated one. VGPUCTL_ERROR_BUSY:
 * others took what was left since the plan was made, and who. What was taken before a failure is in
 * @ret_loan all the same.
 */
gboolean loan_take(Loan *ret_loan, const Root *root, const Broker *broker, const VgpuDevice *device,
                   const char *vm, GError **error);

/*
 * Gives it back, once whoever holds it open and is about to end has ended. What cannot be given
 * back has a claim of a dead owner soon, which the next command takes back.
 */
void loan_return(Loan *loan, const Root *root, const Broker *broker);
