/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The platforms whose libraries were missing when this was built. */
#include "probe-gl.h"

#ifndef HAVE_X11
void probe_x11(GlPlatform *platform)
{
    platform->kind = GL_PLATFORM_X11;
    probe_fail(platform, "this probe-gl was built without X11");
}

void probe_glx(GlPlatform *platform)
{
    platform->kind = GL_PLATFORM_GLX;
    probe_fail(platform, "this probe-gl was built without X11");
}
#endif

#ifndef HAVE_WAYLAND
void probe_wayland(GlPlatform *platform)
{
    platform->kind = GL_PLATFORM_WAYLAND;
    probe_fail(platform, "this probe-gl was built without Wayland");
}
#endif
