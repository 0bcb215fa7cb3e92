/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The display matrix: which display, ours or QEMU's, works with which kind of vGPU, on which QEMU,
 * with which screen and render node; and when one does not, what does. Pure: it reads facts that
 * were handed to it, and answers with options and reasons or with a refusal. It never starts a QEMU
 * known to exit, to hang or to stay black.
 */
#pragma once

#include "host/facts.h"
#include "rules/display-address.h"
#include "rules/plan.h"
#include "rules/vgpu-device.h"

typedef enum {
    DISPLAY_AUTO,
    DISPLAY_NONE,
    DISPLAY_GTK,
    DISPLAY_SDL,
    DISPLAY_SPICE,
    DISPLAY_SPICE_APP,
    DISPLAY_VNC,      /* our own server */
    DISPLAY_WEB,      /* our own server, in a browser */
    DISPLAY_QEMU_VNC, /* QEMU's VNC server, where it is known to be fine */
} DisplayKind;
extern const char *const display_words[]; /* "auto", "none", "gtk", "sdl", "spice", "spice-app",
                                             "vnc", "web", "qemu-vnc" */

/* Whether an address may stand behind this kind, and how it is read. */
gboolean display_takes_address(int display);
DisplayAddressKind display_address_kind(int display);

typedef struct {
    int display;            /* DisplayKind the user asked for */
    const char *address;    /* behind "vnc:", "spice:"; NULL: a unix socket in the run directory */
    const VgpuDevice *vgpu; /* NULL: none, there is no screen */
    const HostFacts *facts; /* qemu, gl, drm_nodes, gpus and screen are read */
    gboolean usb_redir;     /* the viewer must be able to pass USB devices on */
} DisplayQuestion;

typedef struct {
    gboolean works;
    int display;               /* DisplayKind chosen (resolves auto) */
    GPtrArray *options;        /* PlanOption: -display, -vnc, -spice */
    PlanServer *server;        /* our display server; NULL: none */
    gboolean needs_credential; /* a password must be made: file "display-secret" */
    char *render_node;         /* by-path link of the node in use, or GL_NO_DEVICE; NULL: none */
    int screenshot;            /* ScreenshotWay */
    char *name;                /* for people: "gtk window with OpenGL" */
    char *reason;              /* why it is shown so */
    char *watch;   /* command line that shows it, with @run@; NULL when it shows itself */
    char *note;    /* what the user should know beside it; NULL: nothing */
    char *refusal; /* works == FALSE: why, one sentence */
    char *instead; /* and what works here, as options of vgpuctl run */
} DisplayAnswer;

DisplayAnswer *display_matrix_ask(const DisplayQuestion *question);
void display_answer_free(DisplayAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DisplayAnswer, display_answer_free)

/*
 * The node a GL display must render on: a usable node of the vGPU's parent; for a software vGPU the
 * first usable one on which EGL works on GBM, hardware before software. NULL when there is none;
 * then *@ret_why says why, owned.
 */
const DrmNode *display_render_node(const HostFacts *facts, const char *parent, char **ret_why);
