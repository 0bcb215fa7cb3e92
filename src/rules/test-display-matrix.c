/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The display matrix three times over: rows of the known facts written by hand, every case against
 * a golden file, and properties that hold in every case.
 */
#include "rules/display-matrix.h"

#include <string.h>

#include "tests/lib/display-ask.h"
#include "tests/lib/golden.h"

#define DISPLAYS 9
#define CONSOLES 5

typedef struct {
    int display, console, qemu, screen, nodes;
    const char *options; /* the whole command line; NULL: refused */
    const char *refusal; /* a part of it */
    int screenshot;
} Case;

#define NODE "/dev/dri/by-path/pci-0000:00:02.0-render"
#define HEADLESS "-display egl-headless,rendernode=" NODE
#define NO_DEVICE "-display egl-headless,rendernode=/dev/null"
#define SHARED ",share=force-shared"
#define PRIVATE " -vnc unix:@run@/qemu-vnc.sock" SHARED
#define DBUS "-display dbus,p2p=yes"
#define DBUS_GL DBUS ",gl=on,rendernode=" NODE
#define UNIX_SPICE "-spice unix=on,addr=@run@/spice.sock,disable-ticketing=on"
#define SPICE_GL "-display none " UNIX_SPICE ",gl=on,rendernode=" NODE

enum { Q7 = SAMPLE_QEMU_7_2, Q9 = SAMPLE_QEMU_9_0, Q10 = SAMPLE_QEMU_10_0, Q11 = SAMPLE_QEMU_11 };
enum {
    HW = SAMPLE_NODES_HARDWARE,
    NO = SAMPLE_NODES_NONE,
    VGEM = SAMPLE_NODES_VGEM,
    TWO = SAMPLE_NODES_TWO,
    ND = SAMPLE_NODES_NO_DEVICE
};
enum { X = SCREEN_X11, FX = SCREEN_X11_FORWARDED, WL = SCREEN_WAYLAND, NS = SCREEN_NONE };
enum { D2 = CONSOLE_2D, TX = CONSOLE_TEXTURE, DB = CONSOLE_DMABUF, RG = CONSOLE_REGION };
enum {
    DUMP = SCREENSHOT_SCREENDUMP,
    SVNC = SCREENSHOT_VNC,
    QVNC = SCREENSHOT_QEMU_VNC,
    WIN = SCREENSHOT_WINDOW,
    PLANE = SCREENSHOT_PLANE,
    SHOTLESS = SCREENSHOT_NONE
};

/* Each line states what was seen or read of QEMU, not what the table says. */
static const Case cases[] = {
    /* none */
    { DISPLAY_NONE, D2, Q7, NS, NO, "-display none", NULL, DUMP },
    { DISPLAY_NONE, RG, Q11, NS, NO, "-display none", NULL, DUMP },
    { DISPLAY_NONE, TX, Q7, NS, NO, NULL, "no DRM render node", 0 },
    { DISPLAY_NONE, TX, Q10, NS, HW, HEADLESS PRIVATE, NULL, QVNC },
    { DISPLAY_NONE, TX, Q7, NS, ND, NO_DEVICE PRIVATE, NULL, QVNC },
    { DISPLAY_NONE, TX, Q11, NS, ND, NULL, "EGL_EXT_image_dma_buf_import_modifiers", 0 },
    /* with display=off the device itself is asked for its picture */
    { DISPLAY_NONE, DB, Q7, NS, ND, "-display none", NULL, PLANE },
    { DISPLAY_NONE, DB, Q7, NS, HW, "-display none", NULL, PLANE },
    { DISPLAY_NONE, DB, Q9, NS, NO, "-display none", NULL, PLANE },
    /* gtk */
    { DISPLAY_GTK, D2, Q7, X, NO, "-display gtk,gl=off", NULL, DUMP },
    { DISPLAY_GTK, D2, Q7, NS, NO, NULL, "no screen here", 0 },
    { DISPLAY_GTK, RG, Q10, WL, HW, "-display gtk,gl=off", NULL, DUMP },
    { DISPLAY_GTK, TX, Q7, X, NO, "-display gtk,gl=on", NULL, WIN },
    { DISPLAY_GTK, TX, Q7, FX, NO, "-display gtk,gl=on", NULL, WIN },
    { DISPLAY_GTK, TX, Q11, WL, HW, "-display gtk,gl=on", NULL, SHOTLESS },
    { DISPLAY_GTK, DB, Q7, X, HW, "-display gtk,gl=on", NULL, WIN },
    { DISPLAY_GTK, DB, Q11, X, HW, "-display gtk,gl=on", NULL, WIN },
    { DISPLAY_GTK, DB, Q11, WL, HW, "-display gtk,gl=on", NULL, PLANE },
    { DISPLAY_GTK, DB, Q7, FX, HW, NULL, "localhost:10.0 is forwarded", 0 },
    { DISPLAY_GTK, DB, Q7, X, NO, NULL, "cannot import", 0 }, /* Xvfb: no DRI3 */
    /* sdl: no dpy_gl_scanout_dmabuf anywhere */
    { DISPLAY_SDL, D2, Q11, X, HW, "-display sdl,gl=off", NULL, DUMP },
    { DISPLAY_SDL, TX, Q7, X, NO, "-display sdl,gl=on", NULL, WIN },
    { DISPLAY_SDL, DB, Q7, X, HW, NULL, "in any release", 0 },
    { DISPLAY_SDL, DB, Q11, WL, TWO, NULL, "in any release", 0 },
    { DISPLAY_SDL, D2, Q7, NS, HW, NULL, "no screen here", 0 },
    /* our server: from QEMU by D-Bus, by VNC where no texture can be exported, or from the vGPU */
    { DISPLAY_VNC, D2, Q7, NS, NO, DBUS, NULL, DUMP },
    { DISPLAY_VNC, RG, Q11, X, HW, DBUS, NULL, DUMP },
    { DISPLAY_VNC, D2, Q7, NS, ND, DBUS, NULL, DUMP },
    { DISPLAY_VNC, TX, Q7, NS, NO, NULL, "no DRM render node", 0 },
    { DISPLAY_VNC, TX, Q7, NS, HW, DBUS_GL, NULL, SVNC },
    { DISPLAY_VNC, TX, Q11, NS, HW, DBUS_GL, NULL, SVNC },
    { DISPLAY_VNC, TX, Q7, NS, VGEM, "-display egl-headless,rendernode=/dev/dri/card0" PRIVATE,
      NULL, SVNC },
    { DISPLAY_VNC, TX, Q7, NS, ND, NO_DEVICE PRIVATE, NULL, SVNC },
    { DISPLAY_VNC, TX, Q10, NS, ND, NO_DEVICE PRIVATE, NULL, SVNC },
    { DISPLAY_VNC, TX, Q11, NS, ND, NULL, "EGL_EXT_image_dma_buf_import_modifiers", 0 },
    { DISPLAY_VNC, DB, Q7, NS, HW, DBUS_GL, NULL, SVNC },
    { DISPLAY_VNC, DB, Q9, NS, HW, DBUS_GL, NULL, SVNC },
    { DISPLAY_VNC, DB, Q10, X, HW, DBUS_GL, NULL, SVNC },
    { DISPLAY_VNC, DB, Q11, NS, TWO, DBUS_GL, NULL, SVNC },
    { DISPLAY_VNC, DB, Q7, NS, VGEM, "-display none", NULL, PLANE },
    { DISPLAY_VNC, DB, Q7, NS, NO, "-display none", NULL, PLANE },
    { DISPLAY_VNC, DB, Q11, NS, ND, "-display none", NULL, PLANE },
    { DISPLAY_WEB, D2, Q7, NS, NO, DBUS, NULL, DUMP },
    { DISPLAY_WEB, DB, Q11, X, HW, DBUS_GL, NULL, SVNC },
    { DISPLAY_WEB, DB, Q9, NS, NO, "-display none", NULL, PLANE },
    /* QEMU's own VNC server, alone and with egl-headless */
    { DISPLAY_QEMU_VNC, D2, Q7, NS, NO, "-display none" PRIVATE, NULL, DUMP },
    { DISPLAY_QEMU_VNC, RG, Q11, X, HW, "-display none" PRIVATE, NULL, DUMP },
    { DISPLAY_QEMU_VNC, TX, Q7, NS, NO, NULL, "no DRM render node", 0 },
    { DISPLAY_QEMU_VNC, TX, Q7, NS, HW, HEADLESS PRIVATE, NULL, QVNC },
    { DISPLAY_QEMU_VNC, TX, Q11, NS, HW, HEADLESS PRIVATE, NULL, QVNC },
    { DISPLAY_QEMU_VNC, TX, Q7, NS, VGEM, "-display egl-headless,rendernode=/dev/dri/card0" PRIVATE,
      NULL, QVNC },
    { DISPLAY_QEMU_VNC, D2, Q7, NS, ND, "-display none" PRIVATE, NULL, DUMP },
    { DISPLAY_QEMU_VNC, TX, Q7, NS, ND, NO_DEVICE PRIVATE, NULL, QVNC },
    { DISPLAY_QEMU_VNC, TX, Q11, NS, ND, NULL, "EGL_EXT_image_dma_buf_import_modifiers", 0 },
    { DISPLAY_QEMU_VNC, DB, Q7, NS, HW, NULL, "was not made for a vGPU's dma-bufs", 0 },
    { DISPLAY_QEMU_VNC, DB, Q9, NS, HW, NULL, "binds to the vGPU's console", 0 },
    { DISPLAY_QEMU_VNC, DB, Q10, X, HW, NULL, "binds to the vGPU's console", 0 },
    { DISPLAY_QEMU_VNC, DB, Q11, NS, HW, NULL, "binds to the vGPU's console", 0 },
    { DISPLAY_QEMU_VNC, DB, Q7, NS, VGEM, NULL, "was not made for a vGPU's dma-bufs", 0 },
    /* spice */
    { DISPLAY_SPICE, D2, Q7, NS, NO, "-display none " UNIX_SPICE, NULL, DUMP },
    { DISPLAY_SPICE, TX, Q7, NS, NO, NULL, "no DRM render node", 0 },
    { DISPLAY_SPICE, TX, Q7, NS, HW, SPICE_GL, NULL, SHOTLESS },
    { DISPLAY_SPICE, TX, Q7, NS, VGEM, /* llvmpipe exports no texture: gl=on would stay dark */
      "-display egl-headless,rendernode=/dev/dri/card0 " UNIX_SPICE PRIVATE, NULL, QVNC },
    { DISPLAY_SPICE, TX, Q7, NS, ND, NO_DEVICE " " UNIX_SPICE PRIVATE, NULL, QVNC },
    { DISPLAY_SPICE, DB, Q7, NS, ND, NULL, "no DRM render node", 0 },
    { DISPLAY_SPICE, DB, Q7, NS, HW, SPICE_GL, NULL, PLANE },
    { DISPLAY_SPICE, DB, Q11, NS, HW, SPICE_GL, NULL, PLANE },
    { DISPLAY_SPICE, DB, Q10, NS, NO, NULL, "no DRM render node", 0 },
    /* spice-app */
    { DISPLAY_SPICE_APP, D2, Q7, X, NO, "-display spice-app", NULL, DUMP },
    { DISPLAY_SPICE_APP, D2, Q7, NS, HW, NULL, "no screen here", 0 },
    { DISPLAY_SPICE_APP, DB, Q10, X, HW, "-display spice-app,gl=on", NULL, PLANE },
    { DISPLAY_SPICE_APP, TX, Q7, X, NO, NULL, "no DRM render node", 0 },
    { DISPLAY_SPICE_APP, TX, Q7, X, ND, NULL, "cannot be told to render on /dev/null", 0 },
    { DISPLAY_SPICE_APP, TX, Q7, X, VGEM, NULL, "the viewer would stay black", 0 },
    { DISPLAY_SPICE_APP, TX, Q7, X, TWO, NULL, "which of this host's GPUs", 0 },
    /* auto */
    { DISPLAY_AUTO, D2, Q7, X, NO, "-display gtk,gl=off", NULL, DUMP },
    { DISPLAY_AUTO, TX, Q7, X, NO, "-display gtk,gl=on", NULL, WIN },
    { DISPLAY_AUTO, D2, Q7, NS, NO, DBUS, NULL, DUMP },
    { DISPLAY_AUTO, D2, Q7, FX, NO, DBUS, NULL, DUMP },
    { DISPLAY_AUTO, TX, Q10, NS, HW, DBUS_GL, NULL, SVNC },
    { DISPLAY_AUTO, TX, Q10, NS, NO, NULL, "no DRM render node", 0 },
    { DISPLAY_AUTO, TX, Q10, NS, ND, NO_DEVICE PRIVATE, NULL, SVNC },
    { DISPLAY_AUTO, TX, Q7, X, ND, "-display gtk,gl=on", NULL, WIN },
    { DISPLAY_AUTO, DB, Q7, NS, HW, DBUS_GL, NULL, SVNC },
    { DISPLAY_AUTO, DB, Q10, NS, HW, DBUS_GL, NULL, SVNC },
    { DISPLAY_AUTO, DB, Q7, NS, NO, "-display none", NULL, PLANE },
    { DISPLAY_AUTO, DB, Q10, X, TWO, "-display gtk,gl=on", NULL, WIN },
};

static void test_facts(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_auto(Sample) sample;
        sample_init(&sample, (SampleQemu)c->qemu, c->screen, (SampleNodes)c->nodes);
        g_autoptr(DisplayAnswer) answer = ask(&sample, c->display, c->console, NULL);
        g_test_message("%s %s on QEMU %s, screen %s, nodes %s: %s", display_words[c->display],
                       console_words[c->console], sample_qemu_words[c->qemu],
                       screen_words[c->screen], sample_nodes_words[c->nodes],
                       answer->works ? answer->name : answer->refusal);
        g_assert_cmpint(answer->works, ==, c->options != NULL);
        g_autofree char *options = options_text(answer);
        if (c->options != NULL) {
            g_assert_cmpstr(options, ==, c->options);
            g_assert_cmpint(answer->screenshot, ==, c->screenshot);
        } else {
            g_assert_nonnull(strstr(answer->refusal, c->refusal));
        }
    }
}

static void write_case(GString *text, const Sample *sample, int display, int console)
{
    g_autoptr(DisplayAnswer) answer = ask(sample, display, console, NULL);
    g_autofree char *options = options_text(answer);
    if (answer->works)
        g_string_append_printf(text, "%s | server %s | screenshot %s", options,
                               server_words[answer->server != NULL ? answer->server->source : 0],
                               screenshot_words[answer->screenshot]);
    else
        g_string_append_printf(text, "REFUSED %s | instead %s", answer->refusal,
                               answer->instead != NULL ? answer->instead : "nothing");
}

/* The releases that answer alike share a line. */
static void write_releases(GString *text, int display, int console, int screen, int nodes)
{
    g_autoptr(GString) before = g_string_new(NULL);
    g_autoptr(GString) releases = g_string_new(NULL);
    for (int qemu = 0; qemu <= SAMPLE_QEMUS; qemu++) {
        g_autoptr(GString) now = g_string_new(NULL);
        if (qemu < SAMPLE_QEMUS) {
            g_auto(Sample) sample;
            sample_init(&sample, (SampleQemu)qemu, screen, (SampleNodes)nodes);
            write_case(now, &sample, display, console);
        }
        if (qemu > 0 && !g_string_equal(before, now)) {
            g_string_append_printf(text, "%s %s, screen %s, nodes %s, QEMU %s: %s\n",
                                   display_words[display], console_words[console],
                                   screen_words[screen], sample_nodes_words[nodes], releases->str,
                                   before->str);
            g_string_truncate(releases, 0);
        }
        g_string_append_printf(releases, "%s%s", releases->len > 0 ? " " : "",
                               qemu < SAMPLE_QEMUS ? sample_qemu_words[qemu] : "");
        g_string_assign(before, now->str);
    }
}

static void test_golden(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int display = 0; display < DISPLAYS; display++)
        for (int console = 0; console < CONSOLES; console++)
            for (int screen = 0; screen < SAMPLE_SCREENS; screen++)
                for (int nodes = 0; nodes < SAMPLE_NODE_SETS; nodes++)
                    write_releases(text, display, console, screen, nodes);
    golden_check("display-matrix.txt", text->str);
}

typedef void (*Property)(const Sample *sample, int display, int console,
                         const DisplayAnswer *answer);

static void for_every_case(const char *address, Property property)
{
    for (int qemu = 0; qemu < SAMPLE_QEMUS; qemu++)
        for (int screen = 0; screen < SAMPLE_SCREENS; screen++)
            for (int nodes = 0; nodes < SAMPLE_NODE_SETS; nodes++) {
                g_auto(Sample) sample;
                sample_init(&sample, (SampleQemu)qemu, screen, (SampleNodes)nodes);
                for (int display = 0; display < DISPLAYS; display++)
                    for (int console = 0; console < CONSOLES; console++) {
                        g_autoptr(DisplayAnswer) answer = ask(&sample, display, console, address);
                        property(&sample, display, console, answer);
                    }
            }
}

/* what is offered instead of a refused wish must work itself */
static void instead_works(const Sample *sample, int display, int console,
                          const DisplayAnswer *answer)
{
    if (answer->works)
        return;
    g_assert_nonnull(answer->refusal);
    g_assert_nonnull(answer->instead);
    const char *option = strstr(answer->instead, "--display ");
    g_assert_nonnull(option);
    int other = choice_from_word(display_words, option + strlen("--display "));
    gboolean plain = g_str_has_prefix(answer->instead, "--vgpu 2d ");
    g_autoptr(DisplayAnswer) again = ask(sample, other, plain ? CONSOLE_2D : console, NULL);
    g_assert_true(again->works);
}

static void test_instead(void)
{
    for_every_case(NULL, instead_works);
}

/* known deaths and dark screens, looked for in every command line */
static void nothing_deadly(const Sample *sample, int display, int console,
                           const DisplayAnswer *answer)
{
    g_autofree char *options = options_text(answer);
    gboolean vnc = strstr(options, "-vnc ") != NULL;
    gboolean headless = strstr(options, "egl-headless") != NULL;
    gboolean gl = strstr(options, "gl=on") != NULL || headless;
    if (!answer->works) {
        g_assert_cmpstr(options, ==, "");
        return;
    }
    /* QEMU shows nothing: the vGPU is asked itself */
    gboolean unseen = console == CONSOLE_DMABUF &&
                      (answer->display == DISPLAY_NONE ||
                       (answer->server != NULL && answer->server->source == SERVER_VFIO));
    g_assert_true(gl == (console == CONSOLE_TEXTURE || (console == CONSOLE_DMABUF && !unseen)));
    g_assert_false(vnc && strstr(options, "gl=on") != NULL); /* dark */
    g_assert_false(vnc && console == CONSOLE_DMABUF);
    g_assert_false(strstr(options, "sdl") != NULL && console == CONSOLE_DMABUF);
    gboolean no_device = strstr(options, "rendernode=" GL_NO_DEVICE) != NULL;
    g_assert_false(headless && !no_device && sample->facts.drm_nodes->len == 0);
    g_assert_false(no_device && console != CONSOLE_TEXTURE); /* nothing is imported there */
    if (no_device)
        g_assert_nonnull(strstr(answer->note, "OpenGL is drawn by the processor"));
    g_assert_true((answer->render_node != NULL) == (strstr(options, "rendernode=") != NULL));
    g_assert_false(strstr(options, "{") != NULL); /* a word left over */
    g_assert_cmpint(answer->display, !=, DISPLAY_AUTO);
    if (answer->screenshot == SCREENSHOT_QEMU_VNC)
        g_assert_nonnull(strstr(options, "-vnc unix:@run@/qemu-vnc.sock"));
    if (answer->screenshot == SCREENSHOT_VNC)
        g_assert_nonnull(answer->server);
    if (answer->screenshot == SCREENSHOT_SCREENDUMP)
        g_assert_false(gl);
    if (answer->screenshot == SCREENSHOT_PLANE)
        g_assert_cmpint(console, ==, CONSOLE_DMABUF);
}

/* our server runs for its kinds alone, and what it reads from is there */
static void server_fits(const Sample *sample, int display, int console, const DisplayAnswer *answer)
{
    gboolean ours = answer->display == DISPLAY_VNC || answer->display == DISPLAY_WEB;
    if (!answer->works)
        return;
    g_autofree char *options = options_text(answer);
    g_assert_true((answer->server != NULL) == ours);
    if (!ours)
        return;
    int source = answer->server->source;
    gboolean dbus = strstr(options, "-display dbus,p2p=yes") != NULL;
    g_assert_true(dbus == (source == SERVER_DBUS || source == SERVER_AUTO));
    g_assert_true((strstr(options, "-vnc unix:@run@/qemu-vnc.sock") != NULL) ==
                  (source == SERVER_RFB));
    if (source == SERVER_VFIO || source == SERVER_AUTO)
        g_assert_cmpint(console, ==, CONSOLE_DMABUF);
    g_assert_true((answer->server->node != NULL) == (dbus && strstr(options, "gl=on") != NULL));
    g_assert_true(answer->server->web == (answer->display == DISPLAY_WEB));
    g_assert_true((answer->watch != NULL) == (answer->display == DISPLAY_VNC));
}

static void test_server(void)
{
    for_every_case(NULL, server_fits);
}

static void test_nothing_deadly(void)
{
    for_every_case(NULL, nothing_deadly);
}

/* a server that listens on TCP always asks for a password, one on a socket never */
static void credentials(const Sample *sample, int display, int console, const DisplayAnswer *answer)
{
    if (!answer->works)
        return;
    g_autofree char *options = options_text(answer);
    g_assert_cmpint(answer->needs_credential, ==, display_takes_address(display));
    gboolean qemus = display == DISPLAY_QEMU_VNC || display == DISPLAY_SPICE;
    g_assert_cmpint(strstr(options, "password-secret=display-secret") != NULL, ==, qemus);
    if (display == DISPLAY_VNC) {
        g_assert_cmpstr(answer->server->host, ==, "127.0.0.1");
        g_assert_cmpint(answer->server->port, ==, 5901);
    }
    if (console == CONSOLE_DMABUF && display == DISPLAY_SPICE)
        g_assert_true(sample->qemu->spice_gl_remote);
}

static void test_credentials(void)
{
    for_every_case("127.0.0.1:5901", credentials);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display-matrix/facts", test_facts);
    g_test_add_func("/display-matrix/golden", test_golden);
    g_test_add_func("/display-matrix/instead", test_instead);
    g_test_add_func("/display-matrix/nothing-deadly", test_nothing_deadly);
    g_test_add_func("/display-matrix/server", test_server);
    g_test_add_func("/display-matrix/credentials", test_credentials);
    return g_test_run();
}
