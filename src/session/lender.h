/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Under sudo QEMU runs as the user, and so do we; the one thing that needs root until the end, to
 * make a vGPU and to remove it, is left to a broker of our own that stays root
 * (vgpu/broker-client.h).
 */
#pragma once

#include "vgpu/broker-client.h"

/*
 * Becomes the user who called sudo (user_leave_sudo()); on a host with mediated devices a broker
 * for that user is started before, with @lends. @ret_broker: whom to ask from now on. Otherwise,
 * without sudo, it is the host's.
 */
gboolean lender_leave_sudo(const Root *root, gboolean lends, Broker *ret_broker, GError **error);
