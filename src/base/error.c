/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"

#include <errno.h>

G_DEFINE_QUARK(vgpuctl - error - quark, vgpuctl_error)

static VgpuctlError code_from_errno(int errno_value)
{
    switch (errno_value) {
    case ENOENT:
        return VGPUCTL_ERROR_NOT_FOUND;
    case EEXIST:
        return VGPUCTL_ERROR_EXISTS;
    case EBUSY:
        return VGPUCTL_ERROR_BUSY;
    case EACCES:
    case EPERM:
        return VGPUCTL_ERROR_ACCESS;
    default:
        return VGPUCTL_ERROR_FAILED;
    }
}

gboolean error_set_errno(GError **error, int errno_value, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, VGPUCTL_ERROR, code_from_errno(errno_value), "%s: %s", text,
                g_strerror(errno_value));
    errno = errno_value;
    return FALSE;
}

gboolean error_set(GError **error, VgpuctlError code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, VGPUCTL_ERROR, (int)code, text);
    return FALSE;
}
