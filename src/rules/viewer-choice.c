/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/viewer-choice.h"

/*
 * Best first, as each was seen to behave. Not here: remote-viewer and vinagre for VNC, which take a
 * host and nothing else (vnc_display_open_host()); xtightvncviewer, likewise.
 */
/* clang-format off */
static const ViewerRow rows[] = {
    { VIEWER_VNC, "xtigervncviewer", "-Shared", "", TRUE, "tigervnc-viewer",
      "TigerVNC resizes the guest's screen with its window and adapts to the line" },
    { VIEWER_VNC, "vncviewer", "-Shared", "", TRUE, "tigervnc-viewer",
      "TigerVNC resizes the guest's screen with its window and adapts to the line" },
    { VIEWER_VNC, "gvncviewer", NULL, "", FALSE, "gvncviewer",
      "the viewer of GTK-VNC shows the screen as it is" },
    { VIEWER_VNC, "xdg-open", NULL, NULL, FALSE, "xdg-utils",
      "the browser of this desktop shows it where no viewer is installed" },
    { VIEWER_SPICE, "remote-viewer", NULL, "spice+unix://", FALSE, "virt-viewer",
      "the viewer of SPICE" },
};
/* clang-format on */

static gboolean fits(const ViewerRow *row, const ViewerQuestion *question)
{
    return row->protocol == question->protocol && (question->x11 || !row->needs_x11) &&
           (question->ours || row->scheme != NULL);
}

/* "tigervnc-viewer or gvncviewer". Owned. */
static char *packages(const ViewerQuestion *question)
{
    GString *text = g_string_new(NULL);
    const char *last = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!fits(&rows[i], question) || rows[i].scheme == NULL ||
            g_strcmp0(rows[i].package, last) == 0)
            continue;
        last = rows[i].package;
        g_string_append_printf(text, "%s%s", text->len > 0 ? " or " : "", last);
    }
    return g_string_free(text, FALSE);
}

const ViewerRow *viewer_choose(const ViewerQuestion *question, char **ret_why)
{
    if (!question->x11 && !question->wayland) {
        *ret_why = g_strdup("there is no screen here to open a viewer on");
        return NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (fits(&rows[i], question) && question->has(rows[i].program, question->userdata))
            return &rows[i];
    g_autofree char *all = packages(question);
    *ret_why = g_strdup_printf("no viewer for it is installed; apt install %s", all);
    return NULL;
}

GStrv viewer_argv(const ViewerRow *row, const char *socket, const char *name)
{
    if (row->scheme == NULL) {
        const char *const serve[] = { "vgpuctl", "serve", "--open", name, NULL };
        return g_strdupv((char **)serve);
    }
    g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
    g_autofree char *address = g_strconcat(row->scheme, socket, NULL);
    g_strv_builder_add(argv, row->program);
    if (row->option != NULL)
        g_strv_builder_add(argv, row->option);
    g_strv_builder_add(argv, address);
    return g_strv_builder_end(argv);
}
