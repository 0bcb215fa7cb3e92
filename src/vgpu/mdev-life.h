/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What mdevctl does with a device, each with callouts and notifiers around it. Errors are of
 * MDEV_ERROR, in mdevctl's words.
 */
#pragma once

#include "vgpu/mdev.h"

/* What a caller says about the device to define or start; NULL: nothing. */
typedef struct {
    const char *uuid, *parent, *type;
    const char *jsonfile; /* a definition to read instead of @type; any path, also /dev/stdin */
    gboolean autostart;   /* to define only; the file says it otherwise */
    gboolean force;       /* also when a callout script says no */
} MdevWish;

/*
 * Writes the definition of a new device, or of one that lives (with its attributes, as far as a
 * script tells them). *@ret_uuid, owned, is the UUID: of the wish, or a random one.
 */
gboolean mdev_define(const MdevHost *host, const MdevWish *wish, char **ret_uuid, GError **error);

/* Removes the definitions of that UUID, for @parent (NULL: all). What lives goes on living. */
gboolean mdev_undefine(const MdevHost *host, const char *uuid, const char *parent, gboolean force,
                       GError **error);

/* What to change in a definition. */
typedef struct {
    const char *uuid, *parent; /* @parent may be NULL when the UUID is defined only once */
    const char *type;          /* NULL: as it is */
    int autostart;             /* -1: as it is */
    const char *add_attr;      /* name of an attribute to add, with @value; or NULL */
    const char *value;
    gboolean delete_attr;
    gint64 index;         /* of the attribute to add or delete; -1: at the end */
    const char *jsonfile; /* replaces the definition: needs @parent */
    gboolean live;        /* changes the device that lives, by its script; needs @jsonfile */
    gboolean defined;     /* with @live: the definition, too */
    gboolean force;
} MdevChange;

/* Keys that we do not know are kept. */
gboolean mdev_modify(const MdevHost *host, const MdevChange *change, GError **error);

/*
 * Makes the device: a defined one, or one of the wish's parent and type. If one of its attributes
 * cannot be written, it is removed again.
 */
gboolean mdev_start(const MdevHost *host, const MdevWish *wish, char **ret_uuid, GError **error);

/* Removes the device, unless somebody holds it open (MDEV_ERROR_HELD). */
gboolean mdev_stop(const MdevHost *host, const char *uuid, gboolean force, GError **error);

/* Starts all devices defined for @parent to be started with it, and tells of each: @reason is NULL
 * when it was, and borrowed. */
typedef void (*MdevStarted)(const Mdev *dev, const GError *reason, gpointer data);
gboolean mdev_start_parent(const MdevHost *host, const char *parent, MdevStarted started,
                           gpointer data, GError **error);

/* Reads a file with a definition, as text. Owned. */
char *mdev_read_jsonfile(const char *path, gsize *ret_length, GError **error);
