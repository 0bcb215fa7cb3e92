/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A GBM surface on the same card: EGL draws into its buffers, mode setting shows them. A buffer is
 * locked from the swap until the buffer after it is on the screen.
 */
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES2/gl2.h>
#include <gbm.h>
#include <libdrm/virtgpu_drm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gl-scene.h"
#include "surface.h"

typedef struct {
    Surface surface;
    Kms *kms; /* borrowed */
    struct gbm_device *device;
    struct gbm_surface *buffers;
    struct gbm_bo *shown, *drawn; /* locked; NULL: none */
    EGLDisplay display;
    EGLContext context;
    EGLSurface window;
    GlScene *scene;
} GlSurface;

static GlSurface *self_of(Surface *surface)
{
    return (GlSurface *)(void *)surface;
}

/*
 * Whether asking Mesa is worth it: without 3D it would bring up a renderer on this processor, which
 * takes seconds and is thrown away.
 */
static const char *why_no_3d(const Kms *kms)
{
    int has_3d = 0;
    struct drm_virtgpu_getparam query = { .param = VIRTGPU_PARAM_3D_FEATURES,
                                          .value = (uint64_t)(uintptr_t)&has_3d };
    char *node = drmGetRenderDeviceNameFromFd(kms->fd);
    bool has_node = node != NULL;
    free(node);
    if (!has_node)
        return "the card has no render node";
    if (strcmp(kms->driver, "virtio_gpu") != 0)
        return NULL;
    if (drmIoctl(kms->fd, DRM_IOCTL_VIRTGPU_GETPARAM, &query) != 0 || !has_3d)
        return "the virtio GPU has no 3D";
    return NULL;
}

static bool is_software(const char *renderer)
{
    static const char *const names[] = { "llvmpipe", "softpipe", "swrast", "Software Rasterizer" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncasecmp(renderer, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* The EGL config whose pixels are those of the GBM surface. */
static bool choose_config(EGLDisplay display, EGLConfig *config)
{
    static const EGLint wanted[] = { EGL_SURFACE_TYPE, EGL_WINDOW_BIT, EGL_RENDERABLE_TYPE,
                                     EGL_OPENGL_ES2_BIT, EGL_NONE };
    EGLConfig configs[128];
    EGLint count = 0, visual;
    eglChooseConfig(display, wanted, configs, 128, &count);
    for (EGLint i = 0; i < count; i++) {
        *config = configs[i];
        if (eglGetConfigAttrib(display, *config, EGL_NATIVE_VISUAL_ID, &visual) &&
            visual == (EGLint)GBM_FORMAT_XRGB8888)
            return true;
    }
    return false;
}

static const char *start_egl(GlSurface *self)
{
    static const EGLint version[] = { EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE };
    EGLConfig config;
    self->display = eglGetPlatformDisplay(EGL_PLATFORM_GBM_KHR, self->device, NULL);
    if (self->display == EGL_NO_DISPLAY || !eglInitialize(self->display, NULL, NULL))
        return "EGL does not start on this card";
    if (!eglBindAPI(EGL_OPENGL_ES_API) || !choose_config(self->display, &config))
        return "EGL has no config for XRGB8888";
    self->context = eglCreateContext(self->display, config, EGL_NO_CONTEXT, version);
    self->window = eglCreatePlatformWindowSurface(self->display, config, self->buffers, NULL);
    if (self->context == EGL_NO_CONTEXT || self->window == EGL_NO_SURFACE ||
        !eglMakeCurrent(self->display, self->window, self->window, self->context))
        return "no context of GLES 2";
    return NULL;
}

static const char *start(GlSurface *self)
{
    const int width = self->kms->mode.hdisplay, height = self->kms->mode.vdisplay;
    const char *reason = why_no_3d(self->kms);
    if (reason != NULL)
        return reason;
    self->device = gbm_create_device(self->kms->fd);
    if (self->device == NULL)
        return "GBM does not know this card";
    self->buffers =
        gbm_surface_create(self->device, (uint32_t)width, (uint32_t)height, GBM_FORMAT_XRGB8888,
                           GBM_BO_USE_SCANOUT | GBM_BO_USE_RENDERING);
    if (self->buffers == NULL)
        return "no GBM surface for the screen";
    reason = start_egl(self);
    if (reason != NULL)
        return reason;
    snprintf(self->surface.renderer, sizeof self->surface.renderer, "%s",
             (const char *)glGetString(GL_RENDERER));
    if (is_software(self->surface.renderer))
        return "GL is computed by the processor of the guest";
    self->scene = gl_scene_new(width, height, self->surface.renderer);
    return self->scene == NULL ? "the scene cannot be made" : NULL;
}

typedef struct {
    int fd;
    uint32_t fb;
} Framebuffer;

static void framebuffer_free(struct gbm_bo *bo, void *data)
{
    Framebuffer *framebuffer = data;
    drmModeRmFB(framebuffer->fd, framebuffer->fb);
    free(framebuffer);
}

/* The framebuffer of a buffer, made when it is first seen and kept with it. */
static uint32_t framebuffer_of(struct gbm_bo *bo, int fd)
{
    Framebuffer *framebuffer = gbm_bo_get_user_data(bo);
    if (framebuffer != NULL)
        return framebuffer->fb;
    framebuffer = calloc(1, sizeof *framebuffer);
    if (framebuffer == NULL)
        return 0;
    framebuffer->fd = fd;
    if (drmModeAddFB(fd, gbm_bo_get_width(bo), gbm_bo_get_height(bo), 24, 32, gbm_bo_get_stride(bo),
                     gbm_bo_get_handle(bo).u32, &framebuffer->fb) != 0) {
        free(framebuffer);
        return 0;
    }
    gbm_bo_set_user_data(bo, framebuffer, framebuffer_free);
    return framebuffer->fb;
}

static uint32_t gl_draw(Surface *surface, const PictureState *state)
{
    GlSurface *self = self_of(surface);
    gl_scene_draw(self->scene, state);
    if (!eglSwapBuffers(self->display, self->window))
        return 0;
    self->drawn = gbm_surface_lock_front_buffer(self->buffers);
    return self->drawn != NULL ? framebuffer_of(self->drawn, self->kms->fd) : 0;
}

static void gl_shown(Surface *surface)
{
    GlSurface *self = self_of(surface);
    if (self->shown != NULL)
        gbm_surface_release_buffer(self->buffers, self->shown);
    self->shown = self->drawn;
    self->drawn = NULL;
}

static void gl_free(Surface *surface)
{
    GlSurface *self = self_of(surface);
    if (self->scene != NULL)
        gl_scene_free(self->scene);
    if (self->drawn != NULL)
        gbm_surface_release_buffer(self->buffers, self->drawn);
    if (self->shown != NULL)
        gbm_surface_release_buffer(self->buffers, self->shown);
    if (self->display != EGL_NO_DISPLAY) {
        eglMakeCurrent(self->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        eglTerminate(self->display);
    }
    if (self->buffers != NULL)
        gbm_surface_destroy(self->buffers);
    if (self->device != NULL)
        gbm_device_destroy(self->device);
    free(self);
}

Surface *surface_gl_new(Kms *kms, const Options *options)
{
    GlSurface *self = options->mode->is_scene ? calloc(1, sizeof *self) : NULL;
    if (self == NULL)
        return NULL;
    self->kms = kms;
    self->display = EGL_NO_DISPLAY;
    self->surface = (Surface){ .draw = gl_draw, .shown = gl_shown, .free = gl_free };
    const char *reason = start(self);
    if (reason == NULL)
        return &self->surface;
    fprintf(stderr, "vgpuctl-guest: drawing without GL on %s: %s%s%s\n", kms->driver, reason,
            self->surface.renderer[0] != '\0' ? ": " : "", self->surface.renderer);
    gl_free(&self->surface);
    return NULL;
}
