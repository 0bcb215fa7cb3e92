/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mediated device as mdevctl means it: what is defined, what lives, or both. Its definition is
 *
 *     {
 *       "mdev_type": "i915-GVTg_V5_4",
 *       "start": "manual",
 *       "attrs": [
 *         {
 *           "assign_adapter": "5"
 *         }
 *       ]
 *     }
 *
 * with attributes written to the device in this order when it is started. The same name may stand
 * there several times. All text we write is that of mdevctl to the byte: two spaces, keys in this
 * order, no newline at the end.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/root.h"
#include "base/uuid.h"

typedef struct {
    char *name, *value;
} MdevAttr;

typedef struct {
    char uuid[UUID_LENGTH + 1]; /* lower case, with hyphens */
    const char *parent;         /* NULL: not known yet; so is the type */
    const char *type;
    gboolean autostart;
    gboolean active;  /* it lives, on this parent and of this type */
    gboolean defined; /* /etc/mdevctl.d/PARENT/UUID is there */
    GPtrArray *attrs; /* MdevAttr, owned; NULL: none */
    json_t *source;   /* what the definition was read from, for the keys we do not know; or NULL */
} Mdev;

/* @uuid is in the form above. */
Mdev *mdev_new(const char *uuid);
void mdev_free(Mdev *dev);
/* NULL: as it was. A thousand devices share the text of their parent and their type. */
void mdev_set_parent(Mdev *dev, const char *parent);
void mdev_set_type(Mdev *dev, const char *type);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mdev, mdev_free)

/* How an operation tells what is odd and yet no failure of its own. */
typedef enum {
    MDEV_NOTE_SCAN,    /* a warning about what was found on the way */
    MDEV_NOTE_DEVICE,  /* a warning about one device */
    MDEV_NOTE_CALLOUT, /* a warning about a script */
    MDEV_NOTE_SCRIPT,  /* what a script wrote to its stderr, "NAME: TEXT", final newline included */
    MDEV_NOTE_PLACE,   /* the file that the error which follows is about */
} MdevNoteKind;
typedef void (*MdevNote)(MdevNoteKind kind, const char *text, gpointer data);

/* The machine and the manners of a caller: the first argument of all operations. */
typedef struct {
    const Root *root;
    MdevNote note; /* or NULL */
    gpointer note_data;
    guint script_limit_ms; /* after this long a callout script is ended; 0: 60 s */
} MdevHost;

void mdev_note(const MdevHost *host, MdevNoteKind kind, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/*
 * Reads a definition into @dev, for @parent. What @dev knew and the definition says otherwise is
 * overwritten, with a note. FALSE with @error, MDEV_ERROR_CONTENT; what was read so far stays.
 */
gboolean mdev_load_json(const MdevHost *host, Mdev *dev, const char *parent, json_t *value,
                        GError **error);

/* Appends attributes of [{"name":"value"}, ...]; NULL and null are none. As above. */
gboolean mdev_load_attrs(Mdev *dev, const json_t *attrs, GError **error);

/* Puts one in front of that with @index; -1: at the end. MDEV_ERROR_INDEX. */
gboolean mdev_insert_attr(Mdev *dev, gint64 index, const char *name, const char *value,
                          GError **error);

/* Takes that with @index away; -1: the last one, if there is any. MDEV_ERROR_INDEX. */
gboolean mdev_delete_attr(Mdev *dev, gint64 index, GError **error);
