/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service manager that a unit is started by: the connection to it, and one job of it.
 */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "libexec/unit-properties.h"

typedef enum {
    UNIT_SCOPE_USER,   /* the calling user's manager, systemd --user */
    UNIT_SCOPE_SYSTEM, /* PID 1 */
} UnitScope;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus, sd_bus_flush_close_unref)

/*
 * Connects as systemctl does (bus_connect_user_systemd() in systemd's bus-util.c): by the manager's
 * private socket, which needs no bus daemon, else by the bus. NULL with VGPUCTL_ERROR_NOT_FOUND
 * when neither answers. To be freed with sd_bus_flush_close_unref().
 */
sd_bus *unit_manager_connect(UnitScope scope, GError **error);

/*
 * Starts the unit and waits for the end of its job, @limit_ms at most; first for the end of a unit
 * of that name which is being stopped. FALSE with @error set:
 *   VGPUCTL_ERROR_NOT_FOUND  there is a bus but no manager on it
 *   VGPUCTL_ERROR_EXISTS     a unit of that name is loaded
 *   VGPUCTL_ERROR_TIMEOUT    the limit has passed; a job that was accepted is asked to stop
 *   VGPUCTL_ERROR_FAILED     all else
 */
gboolean unit_manager_start(sd_bus *bus, UnitScope scope, const UnitRequest *request, int limit_ms,
                            GError **error);
