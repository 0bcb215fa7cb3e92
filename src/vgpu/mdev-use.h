/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of the mediated devices is whose, now: who holds each of those that live, and whether this
 * user could open it or have another made. It is beside the facts, as it is true of one user at one
 * moment.
 */
#pragma once

#include "host/facts-mdev.h"
#include "vgpu/broker-client.h"

typedef struct {
    char *uuid;
    char *name;     /* ours; NULL: none */
    char *holder;   /* who has claimed it or has it open; NULL: nobody that we may see */
    int open_errno; /* 0: this user may open its node */
} MdevUseDevice;
extern const RecordType mdev_use_device_type;

typedef struct {
    gboolean pooled;     /* devices that this user may open are theirs to take: not for root, whose
                            all are */
    char *make_obstacle; /* why this user cannot have one made, with "TYPE" in the administrator's
                            command; NULL: they can */
    GPtrArray *devices;  /* MdevUseDevice, one for each of the facts */
} MdevUse;
extern const RecordType mdev_use_type;

/* @broker: whom a user asks. Never fails. Free with mdev_use_free(). */
MdevUse *mdev_use_read(const Root *root, const MdevFacts *facts, const Broker *broker);
void mdev_use_free(MdevUse *use);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdevUse, mdev_use_free)

/* Borrowed, or NULL. */
const MdevUseDevice *mdev_use_find(const MdevUse *use, const char *uuid);
