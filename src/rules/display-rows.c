/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The display matrix as a table, read from top to bottom: the first row that holds decides.
 *
 * It rests on ui/console.c:console_compatible_with, the same in QEMU 7.2 to 11: a console that
 * needs OpenGL or dma-bufs makes QEMU exit when a display without them registers, and a display
 * that owns the GL context (gtk, sdl, spice with gl=on) bears no other listener beside it - except
 * egl-headless, which copies the picture back for any.
 */
#include "rules/display-rows.h"

#include "rules/display-situation.h"
#include "rules/render-node.h"

enum {
    NONE = 1 << DISPLAY_NONE,
    GTK = 1 << DISPLAY_GTK,
    SDL = 1 << DISPLAY_SDL,
    SPICE = 1 << DISPLAY_SPICE,
    SPICE_APP = 1 << DISPLAY_SPICE_APP,
    VNC = 1 << DISPLAY_VNC,
    WEB = 1 << DISPLAY_WEB,
    QEMU_VNC = 1 << DISPLAY_QEMU_VNC,
    OURS = VNC | WEB,
    ANY = NONE | GTK | SDL | SPICE | SPICE_APP | OURS | QEMU_VNC,
    WINDOW = GTK | SDL | SPICE_APP,
    SERVED = NONE | SPICE | SPICE_APP | OURS | QEMU_VNC, /* OpenGL needs a node */
};

enum {
    EMPTY = 1 << CONSOLE_NONE,
    FLAT = 1 << CONSOLE_2D | 1 << CONSOLE_REGION,
    TEXTURE = 1 << CONSOLE_TEXTURE,
    DMABUF = 1 << CONSOLE_DMABUF,
    GL = TEXTURE | DMABUF,
    ALL = EMPTY | FLAT | GL,
};

static gboolean redirection_without_spice(const DisplaySituation *s)
{
    return s->question->usb_redir;
}

static gboolean no_redirection(const DisplaySituation *s)
{
    return s->question->usb_redir && !s->qemu->usb_redir;
}

static gboolean module_absent(const DisplaySituation *s)
{
    if (s->display == DISPLAY_QEMU_VNC)
        return !s->qemu->vnc;
    if (s->display == DISPLAY_SPICE)
        return !s->qemu->spice;
    return !qemu_has(s->qemu->displays, display_words[s->display]);
}

static gboolean no_dbus(const DisplaySituation *s)
{
    return !qemu_has(s->qemu->displays, "dbus");
}

static gboolean no_headless(const DisplaySituation *s)
{
    return !qemu_has(s->qemu->displays, "egl-headless");
}

static gboolean no_opengl(const DisplaySituation *s)
{
    return !s->qemu->opengl;
}

static gboolean no_screen(const DisplaySituation *s)
{
    return s->screen->kind == SCREEN_NONE;
}

static gboolean forwarded(const DisplaySituation *s)
{
    return s->screen->kind == SCREEN_X11_FORWARDED;
}

static gboolean wayland(const DisplaySituation *s)
{
    return s->screen->kind == SCREEN_WAYLAND;
}

static gboolean window_without_gl(const DisplaySituation *s)
{
    return s->window == NULL;
}

static gboolean window_without_import(const DisplaySituation *s)
{
    return !s->window->dmabuf_import;
}

static gboolean tcp(const DisplaySituation *s)
{
    return s->tcp;
}

static gboolean at_address(const DisplaySituation *s)
{
    return s->question->address != NULL;
}

static gboolean tcp_without_secret(const DisplaySituation *s)
{
    return s->tcp && !s->qemu->vnc_password_secret;
}

static gboolean tcp_without_remote_gl(const DisplaySituation *s)
{
    return s->tcp && !s->qemu->spice_gl_remote;
}

static gboolean vnc_binds_console(const DisplaySituation *s)
{
    return s->qemu->vnc_binds_console;
}

static gboolean no_vnc(const DisplaySituation *s)
{
    return !s->qemu->vnc;
}

static gboolean no_node(const DisplaySituation *s)
{
    return s->node == NULL && !s->no_device;
}

static gboolean no_device(const DisplaySituation *s)
{
    return s->no_device;
}

/*
 * A dma-buf of the pointer is not handed on but drawn by QEMU (ui/dbus-listener.c:
 * dbus_cursor_dmabuf), so the node must import it. vgem says that it can: but
 * drm_gem_dumb_map_offset() refuses imported buffers, and Mesa's software renderer reads through
 * that mapping. QEMU dies by SIGSEGV.
 */
char *display_row_forwards_not(const DisplaySituation *s)
{
    if (!s->qemu->opengl || no_dbus(s))
        return display_situation_expand(s, s->qemu->opengl
                                               ? "this QEMU has no D-Bus display ({dbus-missing})"
                                               : "this QEMU has no OpenGL");
    if (s->node == NULL)
        return g_strdup(s->node_why);
    if (s->node_gl->software && g_strcmp0(s->node->driver, "vgem") == 0)
        return display_situation_expand(s, "{node} is vgem, where QEMU crashes when it draws a "
                                           "dma-buf of another device");
    if (!s->node_gl->dmabuf_import)
        return display_situation_expand(s, "OpenGL on {node} cannot import dma-bufs (no "
                                           "EGL_EXT_image_dma_buf_import)");
    return NULL;
}

static gboolean forwards(const DisplaySituation *s)
{
    g_autofree char *why = display_row_forwards_not(s);
    return why == NULL;
}

static gboolean forwards_but_exports_nothing(const DisplaySituation *s)
{
    return forwards(s) && !s->node_gl->dmabuf_export_works;
}

static gboolean exports_textures(const DisplaySituation *s)
{
    return s->node != NULL && s->node_gl->dmabuf_export_works && !tcp_without_remote_gl(s);
}

static gboolean exports_to_dbus(const DisplaySituation *s)
{
    return s->node != NULL && s->node_gl->dmabuf_export_works && !no_dbus(s);
}

static gboolean exports_nothing(const DisplaySituation *s)
{
    return !s->node_gl->dmabuf_export_works;
}

/* -display spice-app takes no rendernode=, and QEMU then opens the first one it finds */
static gboolean node_is_chance(const DisplaySituation *s)
{
    const GPtrArray *nodes = s->question->facts->drm_nodes;
    guint usable = 0;
    for (guint i = 0; i < nodes->len; i++) {
        const DrmNode *node = nodes->pdata[i];
        usable += node->render && node->usable;
    }
    return usable > 1;
}

#define HEADLESS "-display", "egl-headless,rendernode={node-option}"
#define NO_WINDOW "-display", "none"
#define DBUS "-display", "dbus,p2p=yes"
#define DBUS_GL "-display", "dbus,p2p=yes,gl=on,rendernode={node-option}"
#define PRIVATE_VNC "-vnc", "unix:@run@/qemu-vnc.sock,share=force-shared"
#define USER_VNC "-vnc", "{vnc},share=force-shared"
#define USER_SPICE "-spice", "{spice}"
#define USER_SPICE_GL "-spice", "{spice},gl=on,rendernode={node-option}"
#define WATCH_VNC "vncviewer {watch}"
#define WATCH_SPICE "remote-viewer {watch}"

/* the device answers for itself, which QEMU does not see; what ramfb shows before is not in it */
#define PLANE_ONLY                                                                                 \
    "the picture is read from the vGPU itself: there is none before the guest's driver has set a " \
    "mode"

#define UNREADABLE "its picture cannot be read for screenshots: only its window holds it"

/* a table is read by its columns */
/* clang-format off */
static const DisplayRow rows[] = {
    /* what no display can change */
    { NONE | GTK | SDL | OURS | QEMU_VNC, ALL, redirection_without_spice,
      "USB devices are redirected by SPICE viewers only" },
    { SPICE | SPICE_APP, ALL, no_redirection,
      "this QEMU cannot redirect USB devices: its usb-redir is not installed" },
    { NONE, EMPTY, NULL, "the VM has no screen",
      "no screen", SCREENSHOT_NONE, { NO_WINDOW } },
    { ANY, EMPTY, NULL, "this vGPU has no screen that {display} could show" },
    { NONE, DMABUF, NULL, "no screen is shown, and QEMU needs no OpenGL for that",
      "no display", SCREENSHOT_PLANE, { NO_WINDOW }, NULL, PLANE_ONLY },

    /* our server, where OpenGL is not QEMU's to do */
    { OURS, DMABUF, forwards_but_exports_nothing,
      "QEMU hands the vGPU's dma-bufs to our server, which shows them {reached}",
      "{ours}", SCREENSHOT_VNC, { DBUS_GL }, WATCH_VNC,
      "firmware and boot menu are not shown: what QEMU draws cannot leave {node} as a dma-buf",
      SERVER_AUTO },
    { OURS, DMABUF, forwards,
      "QEMU hands the vGPU's dma-bufs to our server, which shows them {reached}",
      "{ours}", SCREENSHOT_VNC, { DBUS_GL }, WATCH_VNC, NULL, SERVER_AUTO },
    { OURS, DMABUF, NULL,
      "our server reads the picture from the vGPU itself, and shows it {reached}",
      "{ours}", SCREENSHOT_PLANE, { NO_WINDOW }, WATCH_VNC,
      "firmware and boot menu are not shown: {firmware-why}; the rest is where the vGPU's driver "
      "lets the processor read it, which that of GVT-g does not", SERVER_VFIO },
    { OURS, FLAT, no_dbus,
      "our server takes the picture from QEMU's D-Bus display, which this QEMU has not: "
      "{dbus-missing}" },
    { OURS, FLAT, NULL, "our server takes the picture from QEMU, and shows it {reached}",
      "{ours}", SCREENSHOT_SCREENDUMP, { DBUS }, WATCH_VNC, NULL, SERVER_DBUS },

    /* what this QEMU or this session lacks */
    { WINDOW | SPICE | QEMU_VNC, ALL, module_absent, "this QEMU has no {display}: {missing}" },
    { WINDOW, ALL, no_screen, "there is no screen here to open a window on ({screen-why})" },
    { QEMU_VNC, ALL, tcp_without_secret,
      "this QEMU's VNC server takes no password from a file, and TCP without one is open to all" },
    { ANY, GL, no_opengl, "this QEMU has no OpenGL: its module ui-opengl is not installed" },

    /* pairs that make every QEMU, or this one, exit */
    { SDL, DMABUF, NULL, "QEMU's sdl display cannot show a vGPU's dma-bufs, in any release" },
    { QEMU_VNC, DMABUF, vnc_binds_console,
      "this QEMU's VNC server binds to the vGPU's console, which needs dma-bufs, and exits "
      "(since 9.0)" },
    { QEMU_VNC, DMABUF, NULL,
      "QEMU's VNC server was not made for a vGPU's dma-bufs: what releases before 9.0 show is a "
      "copy, after the guest's first change of mode, and later ones exit" },
    { GTK, DMABUF, forwarded,
      "the X display {screen} is forwarded: its OpenGL cannot import a vGPU's dma-bufs" },

    /* windows */
    { GTK | SDL, FLAT, NULL, "a local window; the picture needs no OpenGL",
      "{display} window", SCREENSHOT_SCREENDUMP, { "-display", "{display},gl=off" } },
    { GTK | SDL, GL, window_without_gl, "OpenGL does not work on {screen} ({window-why})" },
    { GTK, DMABUF, window_without_import,
      "OpenGL on {screen} cannot import a vGPU's dma-bufs (no EGL_EXT_image_dma_buf_import)" },
    { GTK, DMABUF, wayland, "a local window that draws the vGPU's dma-bufs",
      "gtk window with OpenGL", SCREENSHOT_PLANE, { "-display", "gtk,gl=on" }, NULL,
      "on Wayland GTK does not draw the guest's hardware cursor" },
    { GTK, DMABUF, NULL, "a local window that draws the vGPU's dma-bufs",
      "gtk window with OpenGL", SCREENSHOT_WINDOW, { "-display", "gtk,gl=on" } },
    { GTK | SDL, TEXTURE, wayland, "a local window, which brings the vGPU its OpenGL",
      "{display} window with OpenGL", SCREENSHOT_NONE, { "-display", "{display},gl=on" }, NULL,
      UNREADABLE },
    { GTK | SDL, TEXTURE, NULL, "a local window, which brings the vGPU its OpenGL",
      "{display} window with OpenGL", SCREENSHOT_WINDOW, { "-display", "{display},gl=on" } },

    /* pictures that QEMU holds itself */
    { NONE, FLAT, NULL, "no screen is shown",
      "no display", SCREENSHOT_SCREENDUMP, { NO_WINDOW } },
    { QEMU_VNC, FLAT, tcp, "reached over TCP, with a password",
      "QEMU's VNC on TCP", SCREENSHOT_SCREENDUMP, { NO_WINDOW, USER_VNC }, WATCH_VNC },
    { QEMU_VNC, FLAT, NULL, "a socket that only you can open",
      "QEMU's VNC on a unix socket", SCREENSHOT_SCREENDUMP, { NO_WINDOW, USER_VNC }, WATCH_VNC },
    { SPICE, FLAT, tcp, "reached over TCP, with a password",
      "SPICE on TCP", SCREENSHOT_SCREENDUMP, { NO_WINDOW, USER_SPICE }, WATCH_SPICE },
    { SPICE, FLAT, NULL, "a socket that only you can open",
      "SPICE on a unix socket", SCREENSHOT_SCREENDUMP, { NO_WINDOW, USER_SPICE }, WATCH_SPICE },
    /* not gl=off: ui/spice-app.c looks only whether gl= is there */
    { SPICE_APP, FLAT, NULL, "QEMU starts the SPICE viewer of this desktop",
      "SPICE viewer", SCREENSHOT_SCREENDUMP, { "-display", "spice-app" } },

    /* OpenGL without a window: on a DRM node */
    { SERVED, GL, no_node, "OpenGL without a window needs a DRM node, and {node-why}" },
    { SPICE_APP, TEXTURE, no_device,
      "spice-app cannot be told to render on {node}, and {node-why}" },
    { SPICE_APP, GL, node_is_chance,
      "spice-app cannot be told which of this host's GPUs to render on" },
    { SPICE_APP, TEXTURE, exports_nothing,
      "textures cannot leave {node} as dma-bufs: the viewer would stay black" },
    { SPICE_APP, DMABUF, NULL,
      "QEMU starts the SPICE viewer of this desktop and hands it the vGPU's dma-bufs",
      "SPICE viewer with OpenGL", SCREENSHOT_PLANE, { "-display", "spice-app,gl=on" } },
    { SPICE_APP, TEXTURE, NULL,
      "QEMU starts the SPICE viewer of this desktop and hands it dma-bufs",
      "SPICE viewer with OpenGL", SCREENSHOT_NONE, { "-display", "spice-app,gl=on" }, NULL,
      UNREADABLE },
    { SPICE, DMABUF, tcp_without_remote_gl,
      "this QEMU's SPICE passes dma-bufs over a unix socket only" },
    { SPICE, DMABUF, NULL, "SPICE hands the vGPU's dma-bufs to the viewer",
      "SPICE with OpenGL", SCREENSHOT_PLANE, { NO_WINDOW, USER_SPICE_GL }, WATCH_SPICE },
    { SPICE, TEXTURE, exports_textures, "SPICE hands the textures to the viewer as dma-bufs",
      "SPICE with OpenGL", SCREENSHOT_NONE, { NO_WINDOW, USER_SPICE_GL }, WATCH_SPICE,
      UNREADABLE },
    { OURS, TEXTURE, exports_to_dbus,
      "QEMU draws {on-node} and hands it to our server, which shows it {reached}",
      "{ours}", SCREENSHOT_VNC, { DBUS_GL }, WATCH_VNC, NULL, SERVER_DBUS },
    { NONE | OURS | QEMU_VNC | SPICE, GL, no_headless,
      "OpenGL without a window needs egl-headless, and this QEMU has not: its module is not "
      "installed" },
    { SPICE, TEXTURE, no_vnc, "OpenGL {on-node}, copied back for SPICE",
      "SPICE, drawn off screen", SCREENSHOT_NONE, { HEADLESS, USER_SPICE }, WATCH_SPICE,
      UNREADABLE },
    { SPICE, TEXTURE, NULL, "OpenGL {on-node}, copied back for SPICE",
      "SPICE, drawn off screen", SCREENSHOT_QEMU_VNC, { HEADLESS, USER_SPICE, PRIVATE_VNC },
      WATCH_SPICE },
    { OURS, TEXTURE, no_vnc,
      "what OpenGL draws {on-node} comes to our server by way of QEMU's VNC server, which this "
      "QEMU has not" },
    { OURS, TEXTURE, NULL,
      "OpenGL {on-node}, copied back for our server, which shows it {reached}",
      "{ours}, drawn off screen", SCREENSHOT_VNC, { HEADLESS, PRIVATE_VNC }, WATCH_VNC, NULL,
      SERVER_RFB },
    { QEMU_VNC, TEXTURE, at_address, "OpenGL {on-node}, copied back for VNC",
      "QEMU's VNC at the given address, drawn off screen", SCREENSHOT_QEMU_VNC,
      { HEADLESS, USER_VNC, PRIVATE_VNC }, WATCH_VNC },
    { QEMU_VNC, TEXTURE, NULL, "OpenGL {on-node}, copied back for VNC",
      "QEMU's VNC on a unix socket, drawn off screen", SCREENSHOT_QEMU_VNC,
      { HEADLESS, USER_VNC }, WATCH_VNC },
    { NONE, TEXTURE, no_vnc, "OpenGL {on-node}; no screen is shown",
      "no display, drawn off screen", SCREENSHOT_NONE, { HEADLESS } },
    { NONE, TEXTURE, NULL, "OpenGL {on-node}; no screen is shown",
      "no display, drawn off screen", SCREENSHOT_QEMU_VNC, { HEADLESS, PRIVATE_VNC } },
};
/* clang-format on */

const DisplayRow *display_row_find(const DisplaySituation *situation)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const DisplayRow *row = &rows[i];
        if ((row->displays & (1u << situation->display)) != 0 &&
            (row->consoles & (1u << situation->console)) != 0 &&
            (row->when == NULL || row->when(situation)))
            return row;
    }
    g_assert_not_reached(); /* the table ends with rows without a condition for every pair */
}
