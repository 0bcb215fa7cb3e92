/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan is data: the options QEMU will get, each with the reason for it, and what must be known
 * beside the command line. It can be printed, compared with a golden file and carried out.
 */
#pragma once

#include "base/record.h"

typedef struct {
    char *name;   /* "-device" */
    char *value;  /* "virtio-vga,xres=1280", NULL for an option without a value */
    char *reason; /* one sentence */
} PlanOption;
extern const RecordType plan_option_type;

/* How the VM's picture can be read while it runs. */
typedef enum {
    SCREENSHOT_NONE,
    SCREENSHOT_SCREENDUMP, /* QMP screendump: any surface QEMU holds itself */
    SCREENSHOT_VNC,        /* what viewers of our display server see */
    SCREENSHOT_QEMU_VNC,   /* GL consoles without it: "no surface" for screendump, so QEMU's VNC
                              server, whose copy egl-headless fills, on a private socket */
    SCREENSHOT_WINDOW,     /* GL in a local X11 window: read the window */
    SCREENSHOT_PLANE,      /* a vGPU's own picture, asked of the device beside QEMU */
} ScreenshotWay;
extern const char *const screenshot_words[]; /* "none", "screendump", "vnc", "qemu-vnc", "window",
                                                "plane" */

/* Where our display server takes the picture from: display/source-*.c. */
typedef enum {
    SERVER_NONE,
    SERVER_DBUS, /* QEMU's D-Bus display */
    SERVER_VFIO, /* the vGPU itself; QEMU shows nothing */
    SERVER_AUTO, /* both: QEMU what is drawn before the guest's driver, the vGPU the rest */
    SERVER_RFB,  /* QEMU's VNC server */
} ServerSource;
extern const char *const server_words[]; /* "none", "dbus", "vfio", "auto", "rfb" */

/* Our display server beside QEMU: libexec/display. It always listens on @run@/vnc.sock. */
typedef struct {
    int source;   /* ServerSource */
    char *node;   /* DRM node that reads the pictures where the processor cannot; NULL: none */
    char *socket; /* a further unix socket, as the user wrote it, escaped; NULL: none */
    char *host;   /* TCP, "" for all addresses; NULL: none */
    int port;     /* TCP */
    gboolean web; /* and a page for browsers */
} PlanServer;
extern const RecordType plan_server_type;

/*
 * File descriptors QEMU inherits are named in option values by "@fd:NAME@" until the session knows
 * their numbers; paths in the run directory by "@run@/file". See plan_argv(). An "@" that is meant
 * as such is written "@@" in option values and in watch: plan_escape() or plan_quote() for what
 * comes from the user. The names of options are taken as they are.
 */
typedef struct {
    char *binary;
    GPtrArray *options;   /* PlanOption */
    GStrv notes;          /* lines for the user: what is slower or less than it could be, and why */
    GStrv environment;    /* "NAME=value" for QEMU */
    int screenshot;       /* ScreenshotWay */
    char *display;        /* what to tell the user: "vnc unix socket", "gtk window" */
    char *watch;          /* how to look at it: a command line, with @run@ and @@ */
    char *vgpu;           /* "virtio-gpu virgl on 0000:00:02.0", "none" */
    char *render_node;    /* where OpenGL can draw the vGPU's own picture; NULL: nowhere */
    char *vgpu_reason;    /* why it and not a better one; NULL for none */
    char *display_reason; /* why the screen is shown so */
    PlanServer *server;   /* NULL: no display server of ours */
    char *fallback_type;  /* provider type to retry with when GL does not start; NULL: none */
    gboolean needs_credential; /* @run@/display-secret must hold a password before QEMU starts */
} Plan;
extern const RecordType plan_type;

Plan *plan_new(void);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/* Appends an option; all text is copied, @value may be NULL. */
void plan_add(Plan *plan, const char *name, const char *value, const char *reason);
void plan_add_format(Plan *plan, const char *name, const char *reason, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
void plan_note(Plan *plan, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The first option @name, borrowed; NULL when absent. */
const PlanOption *plan_find(const Plan *plan, const char *name);

/* Appends "NAME=value" to the environment. */
void plan_set_environment(Plan *plan, const char *name, const char *value);

/*
 * argv with every placeholder replaced: "@run@" by @run_directory with its commas doubled,
 * "@fd:NAME@" by the number that @fds maps NAME to (char * -> GINT_TO_POINTER), "@@" by "@". NULL
 * with @error set when a name is unknown.
 */
GStrv plan_argv(const Plan *plan, const char *run_directory, GHashTable *fds, GError **error);

/* @text with "@run@" replaced by @run_directory and "@@" by "@"; NULL for NULL. Owned. */
char *plan_place(const char *text, const char *run_directory);

/* The file in the run directory with the display's password; see Plan.needs_credential. */
#define PLAN_SECRET_FILE "display-secret"

/* @text so that plan_argv() and plan_place() give it back as it is. Owned. */
char *plan_escape(const char *text);

/* The same within QEMU's comma-separated options: commas doubled as well (QemuOpts). Owned. */
char *plan_quote(const char *text);

/* What --dry-run prints: one option a line, its reason behind it, notes first as comments. Owned.
 */
char *plan_to_text(const Plan *plan);
