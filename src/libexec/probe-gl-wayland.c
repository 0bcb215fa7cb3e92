/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <wayland-client-core.h>

#include "probe-gl.h"

/* Without a surface, as GDK makes its contexts (gdk/wayland: EGL_KHR_surfaceless_context). */
void probe_wayland(GlPlatform *platform)
{
    platform->kind = GL_PLATFORM_WAYLAND;
    platform->node = g_strdup(g_getenv("WAYLAND_DISPLAY"));
    struct wl_display *display = wl_display_connect(NULL);
    if (display == NULL) {
        probe_fail(platform, "wl_display_connect: %s", strerror(errno));
        return;
    }
    EglProbe egl = { .surface_bit = EGL_WINDOW_BIT };
    if (probe_egl_open(platform, &egl, EGL_PLATFORM_WAYLAND_EXT, "EGL_EXT_platform_wayland",
                       display))
        probe_egl_context(platform, &egl, EGL_NO_SURFACE);
}
