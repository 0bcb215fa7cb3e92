/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/viewer-choice.h"

#include <string.h>

/* @userdata: the programs that are installed, NULL-terminated. */
static gboolean has(const char *program, gpointer userdata)
{
    return g_strv_contains(userdata, program);
}

static void test_choice(void)
{
    /* clang-format off */
    static const struct {
        int protocol;
        gboolean x11, wayland, ours;
        const char *installed[4];
        const char *command, *why; /* the one or the other */
    } cases[] = {
        { VIEWER_VNC, TRUE, FALSE, FALSE, { "gvncviewer", "vncviewer" },
          "vncviewer -Shared /a b", NULL },
        { VIEWER_VNC, TRUE, TRUE, FALSE, { "vncviewer", "xtigervncviewer" },
          "xtigervncviewer -Shared /a b", NULL },
        { VIEWER_VNC, FALSE, TRUE, FALSE, { "vncviewer", "gvncviewer" }, "gvncviewer /a b", NULL },
        { VIEWER_VNC, TRUE, FALSE, TRUE, { "remote-viewer" }, NULL,
          "no viewer for it is installed; apt install tigervnc-viewer or gvncviewer" },
        { VIEWER_VNC, FALSE, TRUE, FALSE, { "vncviewer" }, NULL,
          "no viewer for it is installed; apt install gvncviewer" },
        { VIEWER_VNC, FALSE, TRUE, TRUE, { "vncviewer", "xdg-open" }, "vgpuctl serve --open vm",
          NULL },
        { VIEWER_VNC, TRUE, FALSE, TRUE, { "xdg-open", "gvncviewer" }, "gvncviewer /a b", NULL },
        { VIEWER_VNC, FALSE, TRUE, FALSE, { "xdg-open" }, NULL,
          "no viewer for it is installed; apt install gvncviewer" },
        { VIEWER_SPICE, FALSE, TRUE, FALSE, { "vncviewer", "remote-viewer" },
          "remote-viewer spice+unix:///a b", NULL },
        { VIEWER_SPICE, TRUE, FALSE, FALSE, { NULL }, NULL,
          "no viewer for it is installed; apt install virt-viewer" },
        { VIEWER_VNC, FALSE, FALSE, TRUE, { "vncviewer", "xdg-open" }, NULL,
          "there is no screen here to open a viewer on" },
    };
    /* clang-format on */
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const ViewerQuestion question = { .protocol = cases[i].protocol,
                                          .x11 = cases[i].x11,
                                          .wayland = cases[i].wayland,
                                          .ours = cases[i].ours,
                                          .has = has,
                                          .userdata = (gpointer)cases[i].installed };
        g_autofree char *why = NULL;
        const ViewerRow *row = viewer_choose(&question, &why);
        g_assert_cmpstr(why, ==, cases[i].why);
        g_assert_true((row != NULL) == (cases[i].command != NULL));
        if (row == NULL)
            continue;
        g_auto(GStrv) argv = viewer_argv(row, "/a b", "vm");
        g_autofree char *command = g_strjoinv(" ", argv);
        g_assert_cmpstr(command, ==, cases[i].command);
        g_assert_true(*row->reason != '\0' && *row->package != '\0');
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/viewer-choice/choice", test_choice);
    return g_test_run();
}
