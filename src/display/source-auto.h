/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vGPU's picture with what was there before it: firmware and installers draw on QEMU's ramfb,
 * which the device knows nothing of, and QEMU's D-Bus display shows. So there are two sources on
 * one screen, of which one is muted at any time: the plane is what is seen as long as it is on.
 */
#pragma once

#include "display/source-dbus.h"
#include "display/source-vfio.h"

typedef enum { AUTO_SIDE_VFIO, AUTO_SIDE_DBUS } AutoSide;

/* Who is to be seen. @dbus: it is there and goes on. Pure. */
AutoSide auto_side(VfioPlaneState plane, gboolean dbus);

/* @device and @spec as in vfio_source_new(); spec->state is told after the sides have changed. */
Source *auto_source_new(VfioDevice *device, const VfioSourceSpec *spec);

/*
 * Adds the other one. FALSE with @error set: then there is nothing to be seen while the plane is
 * off. @unreadable, or NULL, is told with @userdata of pictures it
 * cannot show. When it ends by itself the plane goes on alone. Resizing goes through it, as QEMU
 * owns the EDID then. Main context.
 */
gboolean auto_source_add_dbus(Source *source, DbusConsole *console, DbusUnreadable unreadable,
                              gpointer userdata, GError **error);
