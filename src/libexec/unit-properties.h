/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a transient service is made of, and its form on the bus: the properties of
 * org.freedesktop.systemd1.Manager.StartTransientUnit(). Their names and types are those of
 * org.freedesktop.systemd1(5) and systemd's src/core/dbus-{service,execute,kill,unit}.c, in the
 * release 252 of Debian 12; none is younger than 240 (Type=exec).
 */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

typedef struct {
    const char *name;        /* NAME.service; borrowed */
    const char *description; /* one line for people; borrowed */
    int stop_timeout_s;      /* from SIGTERM to SIGKILL; 0: the manager's default */
    const char *directory;   /* working directory; borrowed */
    GStrv program;           /* the service; borrowed; [0] is an absolute path */
    GStrv stop_post;         /* run when the service is down, however it went; NULL: none */
    GStrv environment;       /* NAME=VALUE on top of the manager's own; NULL: none */
    int out;                 /* its stdout; borrowed */
} UnitRequest;

/*
 * Whether the manager takes @name for a service: systemd.unit(5), "String escaping" and the
 * paragraphs before it. Letters, digits and ":-_.\" and at most 255 bytes, ".service" included;
 * instances ("a@b.service") are refused. A VM name is a subset, so that vgpuctl-<name>.service
 * needs no escaping.
 */
gboolean unit_name_is_valid(const char *name);

/*
 * FALSE with VGPUCTL_ERROR_REFUSED when a word of @request is not UTF-8: a file name may hold any
 * byte, a D-Bus string may not (D-Bus specification, "Basic types").
 */
gboolean unit_request_is_text(const UnitRequest *request, GError **error);

/*
 * A word as the manager has to get it: "$" is doubled, because it replaces variables in the words
 * of a command also when they come by D-Bus (systemd.service(5), "Command lines": "To pass a
 * literal dollar sign, use "$$"."). Owned.
 */
char *unit_word_escape(const char *word);

/* Appends the array of properties to @message. Returns 0 or a negative errno, as sd-bus does. */
int unit_append_properties(sd_bus_message *message, const UnitRequest *request);
