/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tap on a bridge for an unprivileged QEMU. The helper that QEMU ships (qemu-bridge-helper) makes
 * it; we run the helper ourselves and hand the descriptor over, because a QEMU under
 * `-sandbox spawn=deny` dies when it runs the helper.
 */
#pragma once

#include "host/facts-qemu.h"

/*
 * A tap device on @bridge by the helper of @qemu: its descriptor, owned. The device goes away when
 * the descriptor is closed. -1 with @error set: no helper, not privileged, bridge missing or not
 * allowed, each with the way out.
 */
int tap_open(const QemuFacts *qemu, const char *bridge, GError **error);
