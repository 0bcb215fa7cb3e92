/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/mdev-way-out.h"

#include "base/error.h"
#include "vgpu/mdev-error.h"

typedef struct {
    VgpuctlError code;
    const char *way_out; /* NULL: the text says it */
} Row;

static const Row rows[] = {
    [MDEV_ERROR_SYSTEM] = { VGPUCTL_ERROR_FAILED, NULL },
    [MDEV_ERROR_JSON] = { VGPUCTL_ERROR_INVALID, "vgpuctl-define(1) shows what a definition is" },
    [MDEV_ERROR_CONTENT] = { VGPUCTL_ERROR_INVALID,
                             "vgpuctl-define(1) shows what a definition is" },
    [MDEV_ERROR_PARENT_MISSING] = { VGPUCTL_ERROR_USAGE, "name the device with --parent" },
    [MDEV_ERROR_TYPE_MISSING] = { VGPUCTL_ERROR_USAGE,
                                  "name it with --type; vgpuctl types lists them" },
    [MDEV_ERROR_INSUFFICIENT] = { VGPUCTL_ERROR_USAGE,
                                  "give --parent and --type, or define it first (vgpuctl define)" },
    [MDEV_ERROR_BAD_NAME] = { VGPUCTL_ERROR_USAGE, "vgpuctl types lists those there are" },
    [MDEV_ERROR_DEFINED] = { VGPUCTL_ERROR_EXISTS,
                             "vgpuctl modify changes it, vgpuctl undefine removes it" },
    [MDEV_ERROR_NOT_DEFINED] = { VGPUCTL_ERROR_NOT_FOUND,
                                 "vgpuctl list --defined shows those that are" },
    [MDEV_ERROR_SEVERAL] = { VGPUCTL_ERROR_USAGE, "say which with --parent" },
    [MDEV_ERROR_OTHER_TYPE] = { VGPUCTL_ERROR_EXISTS, "vgpuctl list shows it" },
    [MDEV_ERROR_OTHER_PARENT] = { VGPUCTL_ERROR_EXISTS, "vgpuctl list shows it" },
    [MDEV_ERROR_ACTIVE] = { VGPUCTL_ERROR_EXISTS, "vgpuctl list shows it" },
    [MDEV_ERROR_NOT_ACTIVE] = { VGPUCTL_ERROR_NOT_FOUND, "vgpuctl list shows those that are" },
    [MDEV_ERROR_NO_PARENT] = { VGPUCTL_ERROR_NOT_FOUND,
                               "vgpuctl types lists those there are, and why others are missing" },
    [MDEV_ERROR_NOT_REGISTERED] = { VGPUCTL_ERROR_NOT_FOUND, "vgpuctl types says why" },
    [MDEV_ERROR_NO_TYPE] = { VGPUCTL_ERROR_NOT_FOUND, "vgpuctl types lists those it has" },
    [MDEV_ERROR_NO_INSTANCE] = { VGPUCTL_ERROR_BUSY, "vgpuctl types says what is in the way" },
    [MDEV_ERROR_HELD] = { VGPUCTL_ERROR_BUSY, NULL },
    [MDEV_ERROR_ATTRIBUTE] = { VGPUCTL_ERROR_INVALID, "the device has none of that name; vgpuctl "
                                                      "modify --delattr takes it "
                                                      "from a definition" },
    [MDEV_ERROR_INDEX] = { VGPUCTL_ERROR_USAGE,
                           "vgpuctl list --defined --attributes shows them, the first is 0" },
    [MDEV_ERROR_CALLOUT] = { VGPUCTL_ERROR_REFUSED, "--force goes on all the same" },
    [MDEV_ERROR_LOCKED] = { VGPUCTL_ERROR_BUSY, "try it again" },
    [MDEV_ERROR_UNDEFINE] = { VGPUCTL_ERROR_FAILED, NULL },
};

/* Takes the numbers of errnos away that mdevctl prints. TRUE: rights are missing. */
static gboolean clean_up(char **message)
{
    g_autoptr(GRegex) number = g_regex_new(" \\(os error (1|13)\\)", 0, 0, NULL);
    gboolean is_access = g_regex_match(number, *message, 0, NULL);
    g_autoptr(GRegex) any = g_regex_new(" \\(os error [0-9]+\\)|\\n", 0, 0, NULL);
    g_auto(GStrv) causes = g_strsplit(*message, "\n", -1);
    g_autofree char *line = g_strjoinv(": ", causes);
    g_free(*message);
    *message = g_regex_replace_literal(any, line, -1, 0, "", 0, NULL);
    return is_access;
}

void mdev_add_way_out(GError **error)
{
    if (error == NULL || *error == NULL || (*error)->domain != MDEV_ERROR)
        return;
    const Row *row = &rows[(*error)->code];
    g_autofree char *message = g_strdup((*error)->message);
    VgpuctlError code = clean_up(&message) ? VGPUCTL_ERROR_ACCESS : row->code;
    g_clear_error(error);
    error_set(error, code, "%s%s%s", message, row->way_out != NULL ? "; " : "",
              row->way_out != NULL ? row->way_out : "");
}
