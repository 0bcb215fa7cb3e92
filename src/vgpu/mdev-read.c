/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-read.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"

char *mdev_read_text(const Root *root, const char *path, GError **error)
{
    char text[4097]; /* an attribute of sysfs is a page at most */
    autofd int fd = root_open_file(root, path, O_RDONLY | O_NONBLOCK, NULL);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (n < 0) {
        mdev_error_set_errno(error, errno, "%s", "");
        return NULL;
    }
    text[n] = '\0';
    if (!g_utf8_validate(text, -1, NULL)) {
        mdev_error_set(error, MDEV_ERROR_CONTENT, MDEV_NO_UTF8);
        return NULL;
    }
    return g_strdup(g_strstrip(text));
}

gboolean mdev_read_int(const Root *root, const char *path, int *ret_value, GError **error)
{
    g_autofree char *text = mdev_read_text(root, path, error);
    if (text == NULL)
        return FALSE;
    if (*text == '\0')
        return mdev_error_set(error, MDEV_ERROR_CONTENT, "cannot parse integer from empty string");
    const char *digits = text + (*text == '+' || *text == '-');
    gint64 value = g_ascii_strtoll(text, NULL, 10);
    for (const char *c = digits; *c != '\0' || c == digits; c++)
        if (!g_ascii_isdigit(*c))
            return mdev_error_set(error, MDEV_ERROR_CONTENT, "invalid digit found in string");
    if (value > G_MAXINT || value < G_MININT)
        return mdev_error_set(error, MDEV_ERROR_CONTENT, "number too %s to fit in target type",
                              value > 0 ? "large" : "small");
    *ret_value = (int)value;
    return TRUE;
}
