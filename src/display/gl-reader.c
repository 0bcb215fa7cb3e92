/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/gl-reader.h"

#include <epoxy/egl.h>
#include <epoxy/gl.h>
#include <errno.h>
#include <fcntl.h>
#include <gbm.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define MODIFIER_INVALID G_GUINT64_CONSTANT(0x00ffffffffffffff) /* drm_fourcc.h */

struct GlReader {
    char *node;
    int fd;
    struct gbm_device *gbm;
    EGLDisplay display;
    EGLContext context;
    GLenum order; /* in which pixels are read: GL_BGRA_EXT is a Frame's own on little-endian */
};

struct GlPicture {
    GlReader *reader;
    Dmabuf buffer;
    EGLImageKHR image;
    GLuint texture, target;
};

static gboolean fail(const GlReader *reader, const char *what, GError **error)
{
    return error_set(error, VGPUCTL_ERROR_FAILED, "OpenGL on %s: %s failed (EGL error 0x%x)",
                     reader->node, what, (guint)eglGetError());
}

static gboolean open_node(GlReader *reader, GError **error)
{
    reader->fd = open(reader->node, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (reader->fd < 0)
        return error_set_errno(error, errno, "Opening %s", reader->node);
    reader->gbm = gbm_create_device(reader->fd);
    if (reader->gbm == NULL)
        return error_set_errno(error, errno, "Opening %s by GBM", reader->node);
    if (!epoxy_has_egl() || !epoxy_has_egl_extension(EGL_NO_DISPLAY, "EGL_MESA_platform_gbm"))
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "EGL of this host cannot draw on DRM nodes; install libegl1 and "
                         "libgl1-mesa-dri");
    return TRUE;
}

/* Surfaceless, without a configuration: nothing is ever shown. */
static gboolean make_context(GlReader *reader, GError **error)
{
    reader->display = eglGetPlatformDisplayEXT(EGL_PLATFORM_GBM_MESA, reader->gbm, NULL);
    if (reader->display == EGL_NO_DISPLAY || !eglInitialize(reader->display, NULL, NULL))
        return fail(reader, "eglInitialize", error);
    if (!epoxy_has_egl_extension(reader->display, "EGL_EXT_image_dma_buf_import"))
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "OpenGL on %s cannot import dma-bufs (no EGL_EXT_image_dma_buf_import)",
                         reader->node);
    /* version 3 reads into rows of any length (GL_PACK_ROW_LENGTH) */
    static const EGLint version[] = { EGL_CONTEXT_CLIENT_VERSION, 3, EGL_NONE };
    if (!eglBindAPI(EGL_OPENGL_ES_API))
        return fail(reader, "eglBindAPI", error);
    reader->context = eglCreateContext(reader->display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, version);
    if (reader->context == EGL_NO_CONTEXT)
        return fail(reader, "eglCreateContext", error);
    if (!eglMakeCurrent(reader->display, EGL_NO_SURFACE, EGL_NO_SURFACE, reader->context))
        return fail(reader, "eglMakeCurrent", error);
    gboolean native =
        G_BYTE_ORDER == G_LITTLE_ENDIAN && epoxy_has_gl_extension("GL_EXT_read_format_bgra");
    reader->order = native ? GL_BGRA_EXT : GL_RGBA;
    return TRUE;
}

GlReader *gl_reader_new(const char *node, GError **error)
{
    g_autoptr(GlReader) reader = g_new0(GlReader, 1);
    *reader = (GlReader){ .node = g_strdup(node), .fd = -1 };
    if (!open_node(reader, error) || !make_context(reader, error))
        return NULL;
    return g_steal_pointer(&reader);
}

void gl_reader_free(GlReader *reader)
{
    if (reader == NULL)
        return;
    if (reader->display != EGL_NO_DISPLAY) {
        eglMakeCurrent(reader->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        eglTerminate(reader->display);
    }
    if (reader->gbm != NULL)
        gbm_device_destroy(reader->gbm);
    if (reader->fd >= 0)
        close(reader->fd);
    g_free(reader->node);
    g_free(reader);
}

static EGLImageKHR import(const GlReader *reader, const Dmabuf *buffer)
{
    guint32 width = buffer->buffer_width, height = buffer->buffer_height;
    EGLint attributes[17] = { EGL_WIDTH,
                              (EGLint)(width != 0 ? width : buffer->width),
                              EGL_HEIGHT,
                              (EGLint)(height != 0 ? height : buffer->height),
                              EGL_LINUX_DRM_FOURCC_EXT,
                              (EGLint)buffer->format,
                              EGL_DMA_BUF_PLANE0_FD_EXT,
                              buffer->fd,
                              EGL_DMA_BUF_PLANE0_OFFSET_EXT,
                              (EGLint)buffer->offset,
                              EGL_DMA_BUF_PLANE0_PITCH_EXT,
                              (EGLint)buffer->stride,
                              EGL_NONE };
    gboolean modifiers =
        epoxy_has_egl_extension(reader->display, "EGL_EXT_image_dma_buf_import_modifiers");
    if (modifiers && buffer->modifier != MODIFIER_INVALID) {
        attributes[12] = EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT;
        attributes[13] = (EGLint)(buffer->modifier & 0xffffffff);
        attributes[14] = EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT;
        attributes[15] = (EGLint)(buffer->modifier >> 32);
        attributes[16] = EGL_NONE;
    }
    return eglCreateImageKHR(reader->display, EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT, NULL,
                             attributes);
}

/* The texture as what is drawn into, so that it can be read. */
static gboolean make_target(GlPicture *picture, GError **error)
{
    glGenTextures(1, &picture->texture);
    glBindTexture(GL_TEXTURE_2D, picture->texture);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glEGLImageTargetTexture2DOES(GL_TEXTURE_2D, picture->image);
    glGenFramebuffers(1, &picture->target);
    glBindFramebuffer(GL_FRAMEBUFFER, picture->target);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, picture->texture,
                           0);
    if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "OpenGL on %s cannot read a picture of this format back",
                         picture->reader->node);
    return TRUE;
}

GlPicture *gl_reader_import(GlReader *reader, const Dmabuf *buffer, GError **error)
{
    GlPicture *picture = g_new(GlPicture, 1);
    *picture = (GlPicture){ .reader = reader, .buffer = *buffer, .image = import(reader, buffer) };
    if (picture->image == EGL_NO_IMAGE_KHR)
        fail(reader, "importing the dma-buf", error);
    else if (make_target(picture, error))
        return picture;
    gl_picture_free(picture);
    return NULL;
}

void gl_picture_free(GlPicture *picture)
{
    if (picture == NULL)
        return;
    glDeleteFramebuffers(1, &picture->target);
    glDeleteTextures(1, &picture->texture);
    if (picture->image != EGL_NO_IMAGE_KHR)
        eglDestroyImageKHR(picture->reader->display, picture->image);
    g_free(picture);
}

/* Bytes in the order of OpenGL to 0xXXRRGGBB, in place. */
static void reorder(const Frame *frame)
{
    for (int y = 0; y < frame->height; y++) {
        guint32 *row = frame_row(frame, y);
        for (int x = 0; x < frame->width; x++) {
            guint32 pixel = GUINT32_FROM_LE(row[x]);
            row[x] = (pixel & 0xff00ff00) | (pixel >> 16 & 0xff) | (pixel & 0xff) << 16;
        }
    }
}

static void flip(const Frame *frame)
{
    gsize bytes = (gsize)frame->width * sizeof(guint32);
    g_autofree guint32 *spare = g_malloc(bytes);
    for (int y = 0; y < frame->height / 2; y++) {
        guint32 *upper = frame_row(frame, y), *lower = frame_row(frame, frame->height - 1 - y);
        memcpy(spare, upper, bytes);
        memcpy(upper, lower, bytes);
        memcpy(lower, spare, bytes);
    }
}

static gboolean read_pixels(const GlPicture *picture, const Frame *frame, GError **error)
{
    const Dmabuf *buffer = &picture->buffer;
    glBindFramebuffer(GL_FRAMEBUFFER, picture->target);
    glPixelStorei(GL_PACK_ROW_LENGTH, (GLint)(frame->stride / sizeof(guint32)));
    while (glGetError() != GL_NO_ERROR)
        ;
    glReadPixels((GLint)buffer->x, (GLint)buffer->y, frame->width, frame->height,
                 picture->reader->order, GL_UNSIGNED_BYTE, frame_row(frame, 0));
    GLenum failure = glGetError();
    if (failure == GL_NO_ERROR)
        return TRUE;
    /* vgem's render node says GL_OUT_OF_MEMORY */
    return error_set(error, VGPUCTL_ERROR_FAILED,
                     "OpenGL on %s: reading the picture back failed (GL error 0x%x)",
                     picture->reader->node, failure);
}

Frame *gl_picture_read(const GlPicture *picture, GError **error)
{
    const Dmabuf *buffer = &picture->buffer;
    g_autoptr(Frame) frame = frame_new_unfilled((int)buffer->width, (int)buffer->height, error);
    if (frame == NULL || !read_pixels(picture, frame, error))
        return NULL;
    if (picture->reader->order == GL_RGBA)
        reorder(frame);
    if (buffer->bottom_first)
        flip(frame);
    return g_steal_pointer(&frame);
}
