/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What single rows of the display matrix say: addresses, servers beside others, what is missing. */
#include "rules/display-rows.h"

#include <string.h>

#include "tests/lib/display-ask.h"

#define NODE "/dev/dri/by-path/pci-0000:00:02.0-render"
#define HEADLESS "-display egl-headless,rendernode=" NODE
#define SHARED ",share=force-shared"
#define PRIVATE " -vnc unix:@run@/qemu-vnc.sock" SHARED
#define DBUS "-display dbus,p2p=yes"
#define UNIX_SPICE "-spice unix=on,addr=@run@/spice.sock,disable-ticketing=on"

static void test_addresses(void)
{
    static const struct {
        int display;
        const char *address, *options, *watch;
    } addresses[] = {
        { DISPLAY_VNC, ":1", DBUS, "vncviewer localhost:5901" },
        { DISPLAY_VNC, "localhost:443", DBUS, "vncviewer localhost:443" },
        { DISPLAY_VNC, "unix:/tmp/a,b.sock", DBUS, "vncviewer /tmp/a,b.sock" },
        { DISPLAY_VNC, NULL, DBUS, "vncviewer @run@/vnc.sock" },
        { DISPLAY_QEMU_VNC, NULL, "-display none" PRIVATE, "vncviewer @run@/qemu-vnc.sock" },
        { DISPLAY_QEMU_VNC, ":1", "-display none -vnc :1,password-secret=display-secret" SHARED,
          "vncviewer localhost:5901" },
        { DISPLAY_QEMU_VNC, "[::1]:5907",
          "-display none -vnc [::1]:7,password-secret=display-secret" SHARED,
          "vncviewer [::1]:5907" },
        { DISPLAY_QEMU_VNC, "unix:/tmp/a,b.sock", "-display none -vnc unix:/tmp/a,,b.sock" SHARED,
          "vncviewer /tmp/a,b.sock" },
        { DISPLAY_SPICE, "10.0.0.1:5930",
          "-display none -spice addr=10.0.0.1,port=5930,password-secret=display-secret",
          "remote-viewer spice://10.0.0.1:5930" },
        { DISPLAY_SPICE, NULL, "-display none " UNIX_SPICE,
          "remote-viewer spice+unix://@run@/spice.sock" },
    };
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_10_0, SCREEN_NONE, SAMPLE_NODES_NONE);
    for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_autoptr(DisplayAnswer) answer =
            ask(&sample, addresses[i].display, CONSOLE_2D, addresses[i].address);
        g_autofree char *options = options_text(answer);
        g_assert_cmpstr(options, ==, addresses[i].options);
        g_assert_cmpstr(answer->watch, ==, addresses[i].watch);
    }
}

/* a screenshot of a GL console needs its own private server beside one elsewhere */
static void test_private_server(void)
{
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_10_0, SCREEN_NONE, SAMPLE_NODES_HARDWARE);
    g_autoptr(DisplayAnswer) answer =
        ask(&sample, DISPLAY_QEMU_VNC, CONSOLE_TEXTURE, "127.0.0.1:5901");
    g_autofree char *options = options_text(answer);
    g_assert_cmpstr(options, ==,
                    HEADLESS " -vnc 127.0.0.1:1,password-secret=display-secret" SHARED PRIVATE);
    g_autoptr(DisplayAnswer) named = ask(&sample, DISPLAY_QEMU_VNC, CONSOLE_TEXTURE, "unix:/tmp/x");
    g_autofree char *named_options = options_text(named);
    g_assert_cmpstr(named_options, ==, HEADLESS " -vnc unix:/tmp/x" SHARED PRIVATE);
}

static void test_usb_redirection(void)
{
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_NONE);
    VgpuDevice vgpu = { .console = CONSOLE_2D };
    DisplayQuestion question = {
        .display = DISPLAY_GTK, .vgpu = &vgpu, .facts = &sample.facts, .usb_redir = TRUE
    };
    g_autoptr(DisplayAnswer) gtk = display_matrix_ask(&question);
    g_assert_false(gtk->works);
    g_assert_cmpstr(gtk->instead, ==, "--display spice");
    question.display = DISPLAY_AUTO;
    g_autoptr(DisplayAnswer) automatic = display_matrix_ask(&question);
    g_assert_true(automatic->works);
    g_assert_cmpint(automatic->display, ==, DISPLAY_SPICE);
    sample.qemu->usb_redir = FALSE;
    g_autoptr(DisplayAnswer) none = display_matrix_ask(&question);
    g_assert_false(none->works);
}

static void test_missing_parts(void)
{
    static QemuMissing dbus = { .what = (char *)"display dbus",
                                .why = (char *)"its module ui-dbus.so is not installed",
                                .package = (char *)"qemu-system-common" };
    static QemuMissing gtk = { .what = (char *)"display gtk",
                               .why = (char *)"module ui-gtk.so is not installed",
                               .package = (char *)"qemu-system-gui" };
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_HARDWARE);
    g_strfreev(sample.qemu->displays);
    sample.qemu->displays = g_strsplit("none", ",", -1);
    g_ptr_array_add(sample.qemu->missing, record_copy(&qemu_missing_type, &gtk));
    g_ptr_array_add(sample.qemu->missing, record_copy(&qemu_missing_type, &dbus));
    g_autoptr(DisplayAnswer) answer = ask(&sample, DISPLAY_GTK, CONSOLE_2D, NULL);
    g_assert_cmpstr(answer->refusal, ==,
                    "this QEMU has no gtk: module ui-gtk.so is not installed; apt install "
                    "qemu-system-gui");
    g_assert_cmpstr(answer->instead, ==, "--display qemu-vnc");
    g_autoptr(DisplayAnswer) ours = ask(&sample, DISPLAY_VNC, CONSOLE_2D, NULL);
    g_assert_cmpstr(ours->refusal, ==,
                    "our server takes the picture from QEMU's D-Bus display, which this QEMU has "
                    "not: its module ui-dbus.so is not installed; apt install qemu-system-common");
    g_autoptr(DisplayAnswer) headless = ask(&sample, DISPLAY_VNC, CONSOLE_TEXTURE, NULL);
    g_assert_nonnull(strstr(headless->refusal, "egl-headless"));
    sample.qemu->opengl = FALSE;
    g_autoptr(DisplayAnswer) opengl = ask(&sample, DISPLAY_VNC, CONSOLE_TEXTURE, NULL);
    g_assert_nonnull(strstr(opengl->refusal, "ui-opengl"));

    sample.facts.qemu = NULL;
    sample.facts.qemu_failure = (char *)"no QEMU is installed; apt install qemu-system-x86";
    g_autoptr(DisplayAnswer) none = ask(&sample, DISPLAY_AUTO, CONSOLE_2D, NULL);
    g_assert_cmpstr(none->refusal, ==, sample.facts.qemu_failure);
    g_assert_null(none->instead);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display-rows/addresses", test_addresses);
    g_test_add_func("/display-rows/private-server", test_private_server);
    g_test_add_func("/display-rows/usb-redirection", test_usb_redirection);
    g_test_add_func("/display-rows/missing-parts", test_missing_parts);
    return g_test_run();
}
