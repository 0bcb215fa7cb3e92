/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of the display matrix and what they are judged by. Internal to the matrix.
 *
 * Texts of a row may hold these words, replaced from the situation:
 *     {display} {node} {node-option} {on-node} {node-why} {screen} {screen-why} {window-why}
 *     {missing} {vnc} {spice} {watch} {ours} {reached} {dbus-missing} {firmware-why}
 */
#pragma once

#include "rules/display-address.h"
#include "rules/display-matrix.h"

/* Everything that rows ask about one question, worked out once. Pointers are borrowed from the
 * question unless said otherwise. */
typedef struct {
    const DisplayQuestion *question;
    int display;               /* the kind under test; never auto */
    int console;               /* ConsoleKind */
    const QemuFacts *qemu;     /* never NULL */
    const ScreenFacts *screen; /* never NULL */
    gboolean tcp;              /* the address is not a unix socket */
    DisplayAddress address;    /* owned; empty: a socket in the run directory */
    const DrmNode *node;       /* where OpenGL will render; NULL */
    char *node_why;            /* owned: why there is none */
    gboolean no_device;        /* it will render on GL_NO_DEVICE instead: textures only */
    const GlPlatform *node_gl; /* of @node, or of GL_NO_DEVICE */
    const GlPlatform *window;  /* how a window of this kind would draw by OpenGL; NULL: not */
    char *window_why;          /* owned: why not */
} DisplaySituation;

typedef gboolean (*DisplayCondition)(const DisplaySituation *situation);

typedef struct {
    guint displays;         /* bits 1 << DisplayKind */
    guint consoles;         /* bits 1 << ConsoleKind */
    DisplayCondition when;  /* NULL: always */
    const char *reason;     /* why it is so, or why it is refused */
    const char *name;       /* what to call it; NULL: the row refuses */
    int screenshot;         /* ScreenshotWay */
    const char *options[6]; /* name, value, name, value, ... */
    const char *watch;
    const char *note;
    int server; /* ServerSource of our server */
} DisplayRow;

/*
 * What keeps QEMU from handing a vGPU's dma-bufs to our server, so that it must read the vGPU
 * itself. Owned; NULL: nothing does.
 */
char *display_row_forwards_not(const DisplaySituation *situation);

/* The first row that decides; there always is one. */
const DisplayRow *display_row_find(const DisplaySituation *situation);
