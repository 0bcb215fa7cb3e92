/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The platforms without a screen: GBM on a DRM node, and none at all. */
#include <errno.h>
#include <fcntl.h>
#include <gbm.h>
#include <string.h>

#include "probe-gl.h"

/* What QEMU's egl-headless, dbus and spice do with a node (ui/egl-helpers.c:egl_rendernode_init).
 */
void probe_gbm(GlPlatform *platform, const char *node)
{
    platform->kind = GL_PLATFORM_GBM;
    platform->node = g_strdup(node);
    int fd = open(node, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        probe_fail(platform, "open: %s", strerror(errno));
        return;
    }
    struct gbm_device *device = gbm_create_device(fd);
    if (device == NULL) {
        probe_fail(platform, "gbm_create_device: %s", strerror(errno));
        return;
    }
    EglProbe egl = { .surface_bit = EGL_WINDOW_BIT };
    if (probe_egl_open(platform, &egl, EGL_PLATFORM_GBM_MESA, "EGL_MESA_platform_gbm", device))
        probe_egl_context(platform, &egl, EGL_NO_SURFACE);
}

void probe_surfaceless(GlPlatform *platform)
{
    platform->kind = GL_PLATFORM_SURFACELESS;
    EglProbe egl = { .surface_bit = EGL_PBUFFER_BIT };
    if (probe_egl_open(platform, &egl, EGL_PLATFORM_SURFACELESS_MESA,
                       "EGL_MESA_platform_surfaceless", (void *)EGL_DEFAULT_DISPLAY))
        probe_egl_context(platform, &egl, EGL_NO_SURFACE);
}
