/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel says when devices come, go and change (NETLINK_KOBJECT_UEVENT; Linux,
 * lib/kobject_uevent.c). From the kernel itself and so also where no udevd runs; libudev offers the
 * same and would be one more library to start with.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *action;    /* "add", "remove", "change", "bind", ... */
    char *path;      /* below /sys: "/devices/pci0000:00/0000:00:02.0/UUID" */
    char *subsystem; /* "mdev", "pci"; NULL: not said */
    GStrv variables; /* "KEY=value", all of them */
} Uevent;

void uevent_free(Uevent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Uevent, uevent_free)

/* A socket that gets all events from now on; everybody may have one. -1 with @error set. */
int uevent_open(GError **error);

/*
 * Waits for the next event. NULL with @error: VGPUCTL_ERROR_BUSY, events were lost as they came
 * faster than they were read (what is there has to be looked at again).
 */
Uevent *uevent_next(int fd, GError **error);

/* One message of the kernel; NULL when it is none. */
Uevent *uevent_parse(const char *message, gsize length);

/* The value of the variable @key, borrowed, or NULL. */
const char *uevent_get(const Uevent *event, const char *key);
