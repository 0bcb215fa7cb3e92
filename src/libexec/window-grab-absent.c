/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In place of window-grab.c where the X11 libraries were missing when this was built. */
#include "base/error.h"
#include "libexec/window-grab.h"

Frame *window_grab(pid_t pid, gboolean *ret_whole, GError **error)
{
    error_set(error, VGPUCTL_ERROR_REFUSED,
              "This vgpuctl was built without X11 and cannot read windows");
    return NULL;
}
