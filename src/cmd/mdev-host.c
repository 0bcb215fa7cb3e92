/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/mdev-host.h"

#include <stdio.h>

#include "base/table.h"
#include "cmd/mdev-way-out.h"

static void take_note(MdevNoteKind kind, const char *text, gpointer data)
{
    CmdMdevHost *host = data;
    g_autofree char *printable = g_strchomp(text_printable(text));
    switch (kind) {
    case MDEV_NOTE_SCAN:
    case MDEV_NOTE_DEVICE:
    case MDEV_NOTE_CALLOUT:
        fprintf(stderr, "vgpuctl: %s\n", printable);
        break;
    case MDEV_NOTE_SCRIPT:
        fputs(text, stderr);
        break;
    case MDEV_NOTE_PLACE:
        g_free(host->place);
        host->place = g_steal_pointer(&printable);
        break;
    }
}

void cmd_mdev_host_init(CmdMdevHost *host, const Root *root)
{
    *host = (CmdMdevHost){ .host = { .root = root, .note = take_note, .note_data = host } };
}

void cmd_mdev_host_clear(CmdMdevHost *host)
{
    g_clear_pointer(&host->place, g_free);
}

void cmd_mdev_host_explain(const CmdMdevHost *host, GError **error)
{
    mdev_add_way_out(error);
    if (error != NULL && *error != NULL && host->place != NULL)
        g_prefix_error(error, "%s: ", host->place);
}
