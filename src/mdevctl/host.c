/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/host.h"

#include <stdio.h>

#include "mdevctl/report.h"

static void print_note(MdevNoteKind kind, const char *text, gpointer data)
{
    switch (kind) {
    case MDEV_NOTE_SCAN:
        mdevctl_warn("%s", text);
        break;
    case MDEV_NOTE_DEVICE:
        mdevctl_log(MDEVCTL_LOG_WARN, "mdevctl::mdev", "%s", text);
        break;
    case MDEV_NOTE_CALLOUT:
        mdevctl_log(MDEVCTL_LOG_WARN, "mdevctl::callouts", "%s", text);
        break;
    case MDEV_NOTE_SCRIPT:
        fputs(text, stderr);
        break;
    case MDEV_NOTE_PLACE: /* mdevctl does not tell */
        break;
    }
}

MdevHost mdevctl_host(const Root *root)
{
    return (MdevHost){ .root = root, .note = print_note };
}

int mdevctl_fail_error(const GError *error)
{
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", 3);
    const char *cause = lines[1];
    return mdevctl_fail(lines[0], cause, cause != NULL ? lines[2] : NULL, NULL);
}

void mdevctl_flush(GString *text, gsize limit)
{
    if (text->len < limit)
        return;
    fwrite(text->str, 1, text->len, stdout);
    g_string_truncate(text, 0);
}
