/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which mediated devices live, quickly: two readlink(2) a device, relative to one directory. The
 * links of /sys/bus/mdev/devices are the kernel's own and have no links on their way
 * (../../../devices/.../PARENT/UUID), so their text says it all.
 */
#pragma once

#include "vgpu/mdev.h"

/* A descriptor of the directory of all devices, or -1: none ever lived. */
int mdev_scan_open(const MdevHost *host);

/*
 * Looks whether @dev lives. If it does and agrees with the parent and the type that @dev has, these
 * are filled in and dev->active is set. FALSE with @error when it goes away meanwhile.
 */
gboolean mdev_scan_look(int devices_fd, Mdev *dev, GError **error);

/* The same for one device, when there is no descriptor at hand. */
gboolean mdev_scan_look_once(const MdevHost *host, Mdev *dev, GError **error);

/*
 * All that live (on @parent, with @uuid; NULL: any), as Mdev by parent and UUID, owned. What their
 * definitions say is in them, too; a definition that cannot be read counts as there and empty.
 */
GPtrArray *mdev_scan(const MdevHost *host, const char *uuid, const char *parent);

/* Sorts Mdev by parent, then by UUID. */
void mdev_sort(GPtrArray *devices);
