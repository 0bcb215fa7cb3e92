/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-error.h"

G_DEFINE_QUARK(mdev - error - quark, mdev_error)

gboolean mdev_error_set(GError **error, MdevError code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, MDEV_ERROR, (int)code, text);
    return FALSE;
}

char *mdev_errno_text(int errno_value)
{
    return g_strdup_printf("%s (os error %d)", g_strerror(errno_value), errno_value);
}

gboolean mdev_error_set_errno(GError **error, int errno_value, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *reason = mdev_errno_text(errno_value);
    g_set_error(error, MDEV_ERROR, MDEV_ERROR_SYSTEM, "%s%s%s", text, *text != '\0' ? "\n" : "",
                reason);
    return FALSE;
}

char *mdev_quote_path(const char *path)
{
    char beyond_ascii[129];
    for (int i = 0; i < 128; i++)
        beyond_ascii[i] = (char)(128 + i);
    beyond_ascii[128] = '\0';
    g_autofree char *escaped = g_strescape(path, beyond_ascii);
    return g_strdup_printf("\"%s\"", escaped);
}
