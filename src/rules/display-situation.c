/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/display-situation.h"

#include <string.h>

#include "base/error.h"
#include "rules/render-node.h"

/* The platform of the session's screen, borrowed. */
static const GlPlatform *find_platform(const GlFacts *gl, int kind)
{
    for (guint i = 0; gl != NULL && gl->platforms != NULL && i < gl->platforms->len; i++) {
        const GlPlatform *platform = gl->platforms->pdata[i];
        if (platform->kind == kind)
            return platform;
    }
    return NULL;
}

/*
 * How windows come to OpenGL: GTK by EGL on X11 (ui/gtk-egl.c) and through GDK on Wayland
 * (ui/gtk-gl-area.c); SDL by GLX on X11 or EGL on Wayland, whichever of the two servers it finds.
 */
static void find_window(DisplaySituation *situation)
{
    static const struct {
        int display, screen, platform;
    } ways[] = {
        { DISPLAY_GTK, SCREEN_X11, GL_PLATFORM_X11 },
        { DISPLAY_GTK, SCREEN_X11_FORWARDED, GL_PLATFORM_X11 },
        { DISPLAY_GTK, SCREEN_WAYLAND, GL_PLATFORM_WAYLAND },
        { DISPLAY_SDL, SCREEN_X11, GL_PLATFORM_GLX },
        { DISPLAY_SDL, SCREEN_X11_FORWARDED, GL_PLATFORM_GLX },
        { DISPLAY_SDL, SCREEN_WAYLAND, GL_PLATFORM_WAYLAND },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (ways[i].display != situation->display || ways[i].screen != situation->screen->kind)
            continue;
        const GlPlatform *platform =
            find_platform(situation->question->facts->gl, ways[i].platform);
        if (platform != NULL && platform->works)
            situation->window = platform;
        else
            situation->window_why = g_strdup_printf("%s: %s", gl_platform_words[ways[i].platform],
                                                    platform == NULL            ? "not tried"
                                                    : platform->failure != NULL ? platform->failure
                                                                                : "no context");
    }
}

static gboolean read_address(DisplaySituation *situation, GError **error)
{
    const char *text = situation->question->address;
    if (text == NULL || !display_takes_address(situation->display))
        return TRUE;
    if (!display_address_parse(text, display_address_kind(situation->display), &situation->address,
                               error))
        return FALSE;
    situation->tcp = situation->address.path == NULL;
    return TRUE;
}

/*
 * Where OpenGL without a window renders. Without a node of its own a texture can be drawn by the
 * processor; a dma-buf cannot, since nothing imports it there, nor what was asked of one GPU.
 */
static void find_node(DisplaySituation *situation)
{
    const HostFacts *facts = situation->question->facts;
    const VgpuDevice *vgpu = situation->question->vgpu;
    const char *parent = vgpu != NULL ? vgpu->parent : NULL;
    situation->node = display_render_node(facts, parent, &situation->node_why);
    if (situation->node != NULL) {
        situation->node_gl = gl_facts_node(facts->gl, situation->node->path);
        return;
    }
    if (situation->console != CONSOLE_TEXTURE || parent != NULL ||
        gl_facts_node(facts->gl, GL_NO_DEVICE) == NULL)
        return;
    g_autofree char *why = NULL;
    situation->node_gl = render_without_node(facts, &why);
    situation->no_device = situation->node_gl != NULL;
    if (situation->no_device)
        return;
    g_autofree char *own = situation->node_why;
    situation->node_why = g_strdup_printf("%s; nor can it be done without: %s", own, why);
}

gboolean display_situation_init(DisplaySituation *situation, const DisplayQuestion *question,
                                int display, GError **error)
{
    static const ScreenFacts nowhere = { .kind = SCREEN_NONE };
    const HostFacts *facts = question->facts;
    *situation = (DisplaySituation){
        .question = question,
        .display = display,
        .console = question->vgpu != NULL ? question->vgpu->console : CONSOLE_NONE,
        .qemu = facts->qemu,
        .screen = facts->screen != NULL ? facts->screen : &nowhere,
    };
    if (!read_address(situation, error))
        return FALSE;
    find_window(situation);
    find_node(situation);
    return TRUE;
}

void display_situation_clear(DisplaySituation *situation)
{
    g_clear_pointer(&situation->node_why, g_free);
    g_clear_pointer(&situation->window_why, g_free);
    display_address_clear(&situation->address);
}

/* What the binary lacks for this display of QEMU's, and what brings it. Owned. */
static char *missing(const DisplaySituation *situation, const char *display)
{
    const GPtrArray *all = situation->qemu->missing;
    g_autofree char *wanted = g_strconcat("display ", display, NULL);
    for (guint i = 0; all != NULL && i < all->len; i++) {
        const QemuMissing *item = all->pdata[i];
        if (!g_str_equal(item->what, wanted) && !g_str_equal(item->what, display))
            continue;
        return item->package != NULL
                   ? g_strdup_printf("%s; apt install %s", item->why, item->package)
                   : g_strdup(item->why);
    }
    return g_strdup("not compiled in, or its module is not installed");
}

static char *server_options(const DisplaySituation *situation, gboolean vnc)
{
    const DisplayAddress *address = &situation->address;
    if (situation->tcp) {
        g_autofree char *host = plan_quote(address->host);
        const char *open = strchr(host, ':') != NULL ? "[" : "";
        const char *close = strchr(host, ':') != NULL ? "]" : "";
        if (vnc)
            return g_strdup_printf("%s%s%s:%d,password-secret=display-secret", open, host, close,
                                   address->port - 5900);
        return g_strdup_printf("%s%s%sport=%d,password-secret=display-secret",
                               *host != '\0' ? "addr=" : "", host, *host != '\0' ? "," : "",
                               address->port);
    }
    g_autofree char *path = address->path != NULL ? plan_quote(address->path) : NULL;
    if (vnc)
        return g_strdup_printf("unix:%s", path != NULL ? path : "@run@/qemu-vnc.sock");
    return g_strdup_printf("unix=on,addr=%s,disable-ticketing=on",
                           path != NULL ? path : "@run@/spice.sock");
}

/* What a viewer on this machine is given. Owned. */
static char *watch_address(const DisplaySituation *situation)
{
    const DisplayAddress *address = &situation->address;
    gboolean vnc = situation->display != DISPLAY_SPICE;
    if (situation->tcp) {
        DisplayAddress named = *address;
        if (*address->host == '\0' || g_str_equal(address->host, "0.0.0.0"))
            named.host = (char *)"localhost";
        g_autofree char *text = display_address_to_text(&named);
        g_autofree char *escaped = plan_escape(text);
        return g_strconcat(vnc ? "" : "spice://", escaped, NULL);
    }
    g_autofree char *given = address->path != NULL ? plan_escape(address->path) : NULL;
    const char *own = !vnc                                     ? "@run@/spice.sock"
                      : situation->display == DISPLAY_QEMU_VNC ? "@run@/qemu-vnc.sock"
                                                               : "@run@/vnc.sock";
    return g_strconcat(vnc ? "" : "spice+unix://", given != NULL ? given : own, NULL);
}

/* What our server is called, or how it is reached. Owned. */
static char *our_server(const DisplaySituation *situation, gboolean name)
{
    if (situation->display == DISPLAY_WEB)
        return g_strdup(name ? "page for browsers" : "in browsers of this machine");
    if (situation->tcp)
        return g_strdup(name ? "VNC on TCP" : "over TCP, with TLS and a password");
    return g_strdup(name ? "VNC on a unix socket" : "on a socket that only you can open");
}

static const char *node_name(const DisplaySituation *situation)
{
    const DrmNode *node = situation->node;
    if (node == NULL)
        return situation->no_device ? GL_NO_DEVICE : "";
    return node->by_path != NULL ? node->by_path : node->path;
}

/* The text for one word between braces, owned; NULL when it is none. */
static char *word(const DisplaySituation *situation, const char *name)
{
    const ScreenFacts *screen = situation->screen;
    if (g_str_equal(name, "display"))
        return g_strdup(display_words[situation->display]);
    if (g_str_equal(name, "node"))
        return g_strdup(node_name(situation));
    if (g_str_equal(name, "node-option"))
        return plan_quote(node_name(situation));
    if (g_str_equal(name, "on-node"))
        return situation->no_device
                   ? g_strdup("by the processor (" GL_NO_DEVICE " stands for no device)")
                   : g_strconcat("on ", node_name(situation), NULL);
    if (g_str_equal(name, "node-why"))
        return g_strdup(situation->node_why);
    if (g_str_equal(name, "screen"))
        return g_strdup(screen->kind == SCREEN_WAYLAND ? screen->wayland_display : screen->display);
    if (g_str_equal(name, "screen-why"))
        return g_strdup(screen->why != NULL ? screen->why : "no DISPLAY, no WAYLAND_DISPLAY");
    if (g_str_equal(name, "window-why"))
        return g_strdup(situation->window_why);
    if (g_str_equal(name, "missing"))
        return missing(situation, display_words[situation->display]);
    if (g_str_equal(name, "dbus-missing"))
        return missing(situation, "dbus");
    if (g_str_equal(name, "firmware-why"))
        return display_row_forwards_not(situation);
    if (g_str_equal(name, "ours") || g_str_equal(name, "reached"))
        return our_server(situation, *name == 'o');
    if (g_str_equal(name, "watch"))
        return watch_address(situation);
    if (g_str_equal(name, "vnc") || g_str_equal(name, "spice"))
        return server_options(situation, *name == 'v');
    return NULL;
}

char *display_situation_expand(const DisplaySituation *situation, const char *template)
{
    if (template == NULL)
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    for (const char *c = template; *c != '\0'; c++) {
        const char *close = *c == '{' ? strchr(c, '}') : NULL;
        if (close == NULL) {
            g_string_append_c(text, *c);
            continue;
        }
        g_autofree char *name = g_strndup(c + 1, (gsize)(close - c) - 1);
        g_autofree char *value = word(situation, name);
        g_string_append(text, value != NULL ? value : "");
        c = close;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
