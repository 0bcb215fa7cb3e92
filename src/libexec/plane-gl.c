/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/plane-gl.h"

#include <epoxy/egl.h>
#include <epoxy/gl.h>
#include <errno.h>
#include <fcntl.h>
#include <gbm.h>

#include "base/cleanup.h"
#include "base/error.h"

#define MODIFIER_INVALID G_GUINT64_CONSTANT(0x00ffffffffffffff) /* drm_fourcc.h */

typedef struct {
    int fd;
    struct gbm_device *gbm;
    EGLDisplay display;
    EGLContext context;
} Egl;

static gboolean fail(const char *node, const char *what, GError **error)
{
    return error_set(error, VGPUCTL_ERROR_FAILED, "OpenGL on %s: %s failed (EGL error 0x%x)", node,
                     what, (guint)eglGetError());
}

static void egl_clear(Egl *egl)
{
    if (egl->display != EGL_NO_DISPLAY) {
        eglMakeCurrent(egl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        eglTerminate(egl->display);
    }
    if (egl->gbm != NULL)
        gbm_device_destroy(egl->gbm);
    if (egl->fd >= 0)
        close(egl->fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Egl, egl_clear)

static gboolean open_node(Egl *egl, const char *node, GError **error)
{
    egl->fd = open(node, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (egl->fd < 0)
        return error_set_errno(error, errno, "Opening %s", node);
    egl->gbm = gbm_create_device(egl->fd);
    if (egl->gbm == NULL)
        return error_set_errno(error, errno, "Opening %s by GBM", node);
    if (!epoxy_has_egl() || !epoxy_has_egl_extension(EGL_NO_DISPLAY, "EGL_MESA_platform_gbm"))
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "EGL of this host cannot draw on DRM nodes; install libegl1 and "
                         "libgl1-mesa-dri");
    return TRUE;
}

/* Surfaceless, without a configuration: nothing is ever shown. */
static gboolean make_context(Egl *egl, const char *node, GError **error)
{
    egl->display = eglGetPlatformDisplayEXT(EGL_PLATFORM_GBM_MESA, egl->gbm, NULL);
    if (egl->display == EGL_NO_DISPLAY || !eglInitialize(egl->display, NULL, NULL))
        return fail(node, "eglInitialize", error);
    if (!epoxy_has_egl_extension(egl->display, "EGL_EXT_image_dma_buf_import"))
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "OpenGL on %s cannot import dma-bufs (no EGL_EXT_image_dma_buf_import)",
                         node);
    static const EGLint version[] = { EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE };
    if (!eglBindAPI(EGL_OPENGL_ES_API))
        return fail(node, "eglBindAPI", error);
    egl->context = eglCreateContext(egl->display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, version);
    if (egl->context == EGL_NO_CONTEXT)
        return fail(node, "eglCreateContext", error);
    if (!eglMakeCurrent(egl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, egl->context))
        return fail(node, "eglMakeCurrent", error);
    return TRUE;
}

static EGLImageKHR import(const Egl *egl, const VfioFrame *frame)
{
    EGLint attributes[17] = { EGL_WIDTH,
                              (EGLint)frame->width,
                              EGL_HEIGHT,
                              (EGLint)frame->height,
                              EGL_LINUX_DRM_FOURCC_EXT,
                              (EGLint)frame->format,
                              EGL_DMA_BUF_PLANE0_FD_EXT,
                              frame->fd,
                              EGL_DMA_BUF_PLANE0_OFFSET_EXT,
                              0,
                              EGL_DMA_BUF_PLANE0_PITCH_EXT,
                              (EGLint)frame->stride,
                              EGL_NONE };
    gboolean modifiers =
        epoxy_has_egl_extension(egl->display, "EGL_EXT_image_dma_buf_import_modifiers");
    if (modifiers && frame->modifier != MODIFIER_INVALID) {
        attributes[12] = EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT;
        attributes[13] = (EGLint)(frame->modifier & 0xffffffff);
        attributes[14] = EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT;
        attributes[15] = (EGLint)(frame->modifier >> 32);
        attributes[16] = EGL_NONE;
    }
    return eglCreateImageKHR(egl->display, EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT, NULL, attributes);
}

/* @bytes: RGBA as OpenGL gives them, rows without padding. */
static void reorder(const guint8 *bytes, Frame *image)
{
    for (int y = 0; y < image->height; y++) {
        guint32 *row = frame_row(image, y);
        for (int x = 0; x < image->width; x++, bytes += 4)
            row[x] = (guint32)bytes[0] << 16 | (guint32)bytes[1] << 8 | bytes[2];
    }
}

/* The texture as what is drawn into, so that it can be read. */
static gboolean read_back(EGLImageKHR picture, const char *node, Frame *image, GError **error)
{
    GLuint texture, target;
    glGenTextures(1, &texture);
    glBindTexture(GL_TEXTURE_2D, texture);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glEGLImageTargetTexture2DOES(GL_TEXTURE_2D, picture);
    glGenFramebuffers(1, &target);
    glBindFramebuffer(GL_FRAMEBUFFER, target);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
    if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "OpenGL on %s cannot read a picture of this format back", node);
    while (glGetError() != GL_NO_ERROR)
        ;
    g_autofree guint8 *bytes = g_malloc((gsize)image->width * (gsize)image->height * 4);
    glReadPixels(0, 0, image->width, image->height, GL_RGBA, GL_UNSIGNED_BYTE, bytes);
    GLenum failure = glGetError();
    if (failure != GL_NO_ERROR) /* vgem's render node says GL_OUT_OF_MEMORY */
        return error_set(error, VGPUCTL_ERROR_FAILED,
                         "OpenGL on %s: reading the picture back failed (GL error 0x%x)", node,
                         failure);
    reorder(bytes, image);
    return TRUE;
}

Frame *plane_gl_read(const VfioFrame *frame, const char *node, GError **error)
{
    g_auto(Egl) egl = { .fd = -1 };
    if (!open_node(&egl, node, error) || !make_context(&egl, node, error))
        return NULL;
    g_autoptr(Frame) image = frame_new((int)frame->width, (int)frame->height, error);
    if (image == NULL)
        return NULL;
    EGLImageKHR picture = import(&egl, frame);
    if (picture == EGL_NO_IMAGE_KHR) {
        fail(node, "importing the vGPU's dma-buf", error);
        return NULL;
    }
    gboolean done = read_back(picture, node, image, error);
    eglDestroyImageKHR(egl.display, picture);
    return done ? g_steal_pointer(&image) : NULL;
}
