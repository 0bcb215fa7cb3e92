/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scripts that vendors and administrators hang into the life of devices: the callouts and notifiers
 * of mdevctl (mdevctl(8), "Callout scripts"), from /usr/lib/mdevctl/scripts.d (1.3) and
 * /etc/mdevctl.d/scripts.d (1.1, 1.2), each directory in lexical order.
 *
 *     SCRIPT -t TYPE -e EVENT -a ACTION -s STATE -u UUID -p PARENT
 *
 * with the configuration as JSON on stdin (nothing for the event "get"). Exit status 2 says "not my
 * type": the next script is asked. The first that takes the device is the one that counts; if it
 * fails before the action (event "pre"), nothing is done. Afterwards it is told what became of it
 * (event "post"), and then all notifiers are; these answers count for nothing.
 *
 * A script that does not end in time is killed with what it started. Before the action that is a
 * failure, so that nothing is done behind the back of a vendor's script.
 */
#pragma once

#include "vgpu/mdev.h"

typedef enum {
    CALLOUT_START,
    CALLOUT_STOP,
    CALLOUT_DEFINE,
    CALLOUT_UNDEFINE,
    CALLOUT_MODIFY,
} CalloutAction;

typedef gboolean (*CalloutAct)(const MdevHost *host, Mdev *dev, gpointer data, GError **error);

/*
 * Does @act between the scripts. @force: also when the one before it says no (a note tells).
 * Returns what @act returned, or FALSE with MDEV_ERROR_CALLOUT.
 */
gboolean callout_around(const MdevHost *host, Mdev *dev, CalloutAction action, gboolean force,
                        CalloutAct act, gpointer data, GError **error);

/*
 * Appends the attributes of a live device, which only a script can know, to @dev. TRUE when no
 * script knows it.
 */
gboolean callout_load_attrs(const MdevHost *host, Mdev *dev, GError **error);

/* Appends attributes as a script prints them; "" and "[{}]" are none. */
gboolean callout_parse_attrs(Mdev *dev, const char *printed, gsize length, GError **error);

/* Whether there is any callout script, to be asked once before many devices. */
gboolean callout_any(const MdevHost *host);

/*
 * Changes a live device to what @dev says (mdevctl 1.3). Only a script can do it, one that says by
 * its answer to "get capabilities" that it knows the event "live".
 */
gboolean callout_modify_live(const MdevHost *host, Mdev *dev, GError **error);
