/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <epoxy/gl.h>
#include <unistd.h>

#include "probe-gl.h"

#define TEXTURE_SIZE 64

/* The name of the last EGL error of this thread, as EGL 1.5 section 3.1 lists them. */
static const char *egl_error(void)
{
    static const char *const names[] = {
        "EGL_SUCCESS",       "EGL_NOT_INITIALIZED",     "EGL_BAD_ACCESS",
        "EGL_BAD_ALLOC",     "EGL_BAD_ATTRIBUTE",       "EGL_BAD_CONFIG",
        "EGL_BAD_CONTEXT",   "EGL_BAD_CURRENT_SURFACE", "EGL_BAD_DISPLAY",
        "EGL_BAD_MATCH",     "EGL_BAD_NATIVE_PIXMAP",   "EGL_BAD_NATIVE_WINDOW",
        "EGL_BAD_PARAMETER", "EGL_BAD_SURFACE",         "EGL_CONTEXT_LOST",
    };
    EGLint code = eglGetError();
    gsize index = (gsize)(code - EGL_SUCCESS);
    return index < G_N_ELEMENTS(names) ? names[index] : "an unknown EGL error";
}

static gboolean choose_config(const EglProbe *egl, EGLint renderable, EGLConfig *ret_config)
{
    const EGLint wanted[] = { EGL_SURFACE_TYPE,
                              egl->surface_bit,
                              EGL_RENDERABLE_TYPE,
                              renderable,
                              EGL_RED_SIZE,
                              5,
                              EGL_GREEN_SIZE,
                              5,
                              EGL_BLUE_SIZE,
                              5,
                              EGL_ALPHA_SIZE,
                              0,
                              EGL_NONE };
    EGLint count = 0;
    return eglChooseConfig(egl->display, wanted, ret_config, 1, &count) && count == 1;
}

gboolean probe_egl_open(GlPlatform *platform, EglProbe *egl, EGLenum egl_platform,
                        const char *extension, void *native)
{
    if (!epoxy_has_egl())
        probe_fail(platform, "libEGL.so.1 cannot be loaded");
    else if (!epoxy_has_egl_extension(EGL_NO_DISPLAY, "EGL_EXT_platform_base"))
        probe_fail(platform, "EGL_EXT_platform_base is not offered");
    else if (!epoxy_has_egl_extension(EGL_NO_DISPLAY, extension))
        probe_fail(platform, "%s is not offered", extension);
    if (platform->failure != NULL)
        return FALSE;

    egl->display = eglGetPlatformDisplayEXT(egl_platform, native, NULL);
    if (egl->display == EGL_NO_DISPLAY)
        probe_fail(platform, "eglGetPlatformDisplay: %s", egl_error());
    else if (!eglInitialize(egl->display, NULL, NULL))
        probe_fail(platform, "eglInitialize: %s", egl_error());
    else if (!eglBindAPI(EGL_OPENGL_API))
        probe_fail(platform, "eglBindAPI(EGL_OPENGL_API): %s", egl_error());
    else if (!choose_config(egl, EGL_OPENGL_BIT, &egl->config))
        probe_fail(platform, "eglChooseConfig: no configuration for OpenGL");
    return platform->failure == NULL;
}

static gboolean is_software(const char *renderer)
{
    static const char *const names[] = { "llvmpipe", "softpipe", "swrast", "software rasterizer" };
    g_autofree char *lower = g_ascii_strdown(renderer, -1);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strstr(lower, names[i]) != NULL)
            return TRUE;
    return FALSE;
}

void probe_read_strings(GlPlatform *platform)
{
    platform->vendor = g_strdup((const char *)glGetString(GL_VENDOR));
    platform->renderer = g_strdup((const char *)glGetString(GL_RENDERER));
    platform->version = g_strdup((const char *)glGetString(GL_VERSION));
    platform->software = platform->renderer != NULL && is_software(platform->renderer);
}

/*
 * QEMU's own way to give a texture to others (ui/egl-helpers.c:egl_get_fd_for_texture). An
 * extension that is offered does not prove it: on vgem the export says success and yields fd -1.
 */
static gboolean export_works(const EglProbe *egl)
{
    GLuint texture = 0;
    glGenTextures(1, &texture);
    glBindTexture(GL_TEXTURE_2D, texture);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, TEXTURE_SIZE, TEXTURE_SIZE, 0, GL_BGRA,
                 GL_UNSIGNED_BYTE, NULL);

    EGLImageKHR image =
        eglCreateImageKHR(egl->display, eglGetCurrentContext(), EGL_GL_TEXTURE_2D_KHR,
                          (EGLClientBuffer)(uintptr_t)texture, NULL);
    int fourcc = 0, planes = 0, fd = -1;
    EGLint stride = 0;
    if (image == EGL_NO_IMAGE_KHR ||
        !eglExportDMABUFImageQueryMESA(egl->display, image, &fourcc, &planes, NULL) ||
        planes != 1 || !eglExportDMABUFImageMESA(egl->display, image, &fd, &stride, NULL))
        return FALSE;
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void read_extensions(GlPlatform *platform, const EglProbe *egl)
{
    EGLDisplay display = egl->display;
    platform->surfaceless_context = epoxy_has_egl_extension(display, "EGL_KHR_surfaceless_context");
    platform->dmabuf_export = epoxy_has_egl_extension(display, "EGL_MESA_image_dma_buf_export");
    platform->dmabuf_import = epoxy_has_egl_extension(display, "EGL_EXT_image_dma_buf_import");
    platform->dmabuf_import_modifiers =
        epoxy_has_egl_extension(display, "EGL_EXT_image_dma_buf_import_modifiers");
}

static gboolean core_works(GlPlatform *platform, const EglProbe *egl, EGLSurface surface)
{
    static const EGLint core[] = { EGL_CONTEXT_OPENGL_PROFILE_MASK,
                                   EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE };
    EGLContext context = eglCreateContext(egl->display, egl->config, EGL_NO_CONTEXT, core);
    if (context == EGL_NO_CONTEXT)
        probe_fail(platform, "eglCreateContext: %s", egl_error());
    else if (!eglMakeCurrent(egl->display, surface, surface, context))
        probe_fail(platform, "eglMakeCurrent: %s", egl_error());
    return platform->failure == NULL;
}

static gboolean es_works(const EglProbe *egl)
{
    static const EGLint es2[] = { EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE };
    EGLConfig config;
    return eglBindAPI(EGL_OPENGL_ES_API) && choose_config(egl, EGL_OPENGL_ES2_BIT, &config) &&
           eglCreateContext(egl->display, config, EGL_NO_CONTEXT, es2) != EGL_NO_CONTEXT;
}

void probe_egl_context(GlPlatform *platform, const EglProbe *egl, EGLSurface surface)
{
    read_extensions(platform, egl);
    platform->works = core_works(platform, egl, surface);
    if (platform->works) {
        probe_read_strings(platform);
        platform->dmabuf_export_works =
            platform->dmabuf_export &&
            epoxy_has_egl_extension(egl->display, "EGL_KHR_gl_texture_2D_image") &&
            export_works(egl);
    }
    platform->es = es_works(egl);
}
