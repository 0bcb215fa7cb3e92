/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/number.h"

gboolean rust_parse_u32(const char *text, guint32 *ret_number, GError **error)
{
    if (*text == '\0')
        return error_set(error, VGPUCTL_ERROR_INVALID, "cannot parse integer from empty string");
    const char *digit = *text == '+' && text[1] != '\0' ? text + 1 : text;
    guint64 number = 0;
    for (; *digit != '\0'; digit++) {
        if (!g_ascii_isdigit(*digit))
            return error_set(error, VGPUCTL_ERROR_INVALID, "invalid digit found in string");
        number = number * 10 + (guint64)g_ascii_digit_value(*digit);
        if (number > G_MAXUINT32)
            return error_set(error, VGPUCTL_ERROR_INVALID,
                             "number too large to fit in target type");
    }
    *ret_number = (guint32)number;
    return TRUE;
}
