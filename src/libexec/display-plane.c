/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-plane.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "display/input-dbus.h"
#include "display/source-auto.h"
#include "display/vfio-door.h"
#include "libexec/display-attach.h"
#include "libexec/display-input.h"

#define DOOR_LIMIT_MS 10000
#define QEMU_LIMIT_MS 10000

static VfioDevice *open_device(const DisplayPlace *place, GError **error)
{
    if (place->options->door != NULL)
        return vfio_door_open(place->options->door, DOOR_LIMIT_MS, error);
    error_set(error, VGPUCTL_ERROR_USAGE, "--source %s needs --door", place->options->source);
    return NULL;
}

/* Viewers go on looking at the last picture; why there is no newer one stands in the VM's log. */
static void on_state(VfioPlaneState state, const GError *reason, gpointer userdata)
{
    if (state == VFIO_PLANE_UNREADABLE)
        fprintf(stderr, "%s\n", reason->message);
}

void display_plane_unreadable(const GError *reason, gpointer unused)
{
    fprintf(stderr, "A picture cannot be shown, viewers keep the last one: %s\n", reason->message);
}

static gboolean add_input(const DisplayPlace *place, Input **ret_input, GError **error)
{
    if (place->options->input == NULL)
        return TRUE;
    *ret_input = display_input_new(place->options->input, error);
    return *ret_input != NULL;
}

static VfioSourceSpec spec_of(const DisplayPlace *place)
{
    return (VfioSourceSpec){ .screen = place->screen,
                             .node = place->options->node,
                             .ended = place->ended,
                             .state = on_state,
                             .userdata = place->userdata };
}

Source *display_plane_vfio(const DisplayPlace *place, Input **ret_input, GError **error)
{
    VfioDevice *device = open_device(place, error);
    if (device == NULL)
        return NULL;
    if (!add_input(place, ret_input, error)) {
        vfio_device_free(device);
        return NULL;
    }
    VfioSourceSpec spec = spec_of(place);
    return vfio_source_new(device, &spec);
}

static void say_without(const char *reason)
{
    fprintf(stderr, "The firmware's picture will not be seen: %s\n", reason);
}

gboolean display_plane_attach(const DisplayOptions *options, int *ret_console, GError **error)
{
    g_autoptr(GError) reason = NULL;
    *ret_console = options->qmp != NULL ? display_attach(options->qmp, QEMU_LIMIT_MS, &reason) : -1;
    if (*ret_console < 0)
        say_without(reason != NULL ? reason->message : "no --qmp was given");
    return TRUE;
}

Source *display_plane_auto(const DisplayPlace *place, Input **ret_input, GError **error)
{
    autofd int fd = place->console;
    VfioDevice *device = open_device(place, error);
    if (device == NULL)
        return NULL;
    VfioSourceSpec spec = spec_of(place);
    g_autoptr(Source) source = auto_source_new(device, &spec);
    g_autoptr(GError) reason = NULL;
    g_autoptr(DbusConsole) console =
        fd >= 0 ? dbus_console_new(steal_fd(&fd), QEMU_LIMIT_MS, &reason) : NULL;
    if (console != NULL &&
        auto_source_add_dbus(source, console, display_plane_unreadable, NULL, &reason)) {
        *ret_input = input_new(&input_dbus_class, input_dbus_new(console, place->clipboard));
        return g_steal_pointer(&source);
    }
    if (reason != NULL)
        say_without(reason->message);
    return add_input(place, ret_input, error) ? g_steal_pointer(&source) : NULL;
}
