/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/plane-shot.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/pass-fds.h"
#include "display/frame-map.h"
#include "libexec/plane-gl.h"

static int connect_door(const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    autofd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
        error_set(error, VGPUCTL_ERROR_USAGE, "Socket %s: its path is too long", path);
    else if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        error_set_errno(error, errno, "Connecting to %s", path);
    else
        return steal_fd(&fd);
    return -1;
}

static VfioSource *open_source(const char *door, guint limit_ms, GError **error)
{
    autofd int fd = connect_door(door, error);
    if (fd < 0)
        return NULL;
    int fds[PASS_FDS_MOST];
    guint n = 0;
    g_autofree char *text = pass_fds_receive(fd, limit_ms, fds, &n, error);
    if (text == NULL)
        return NULL;
    if (n == 2)
        return vfio_source_new(fds[0], fds[1], text, error);
    for (guint i = 0; i < n; i++)
        close(fds[i]);
    error_set(error, VGPUCTL_ERROR_FAILED, "%s", text);
    return NULL;
}

/* Tells the exporter that the processor reads (linux/dma-buf.h); it may not need to know. */
static void sync_reading(const VfioFrame *frame, guint64 flag)
{
    struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_READ | flag };
    if (frame->dmabuf)
        (void)ioctl(frame->fd, DMA_BUF_IOCTL_SYNC, &sync);
}

static Frame *read_mapped(const VfioFrame *frame, GError **error)
{
    g_auto(FrameMap) map = { 0 };
    if (!frame_map(frame, &map, error))
        return NULL;
    Frame *image = frame_new((int)frame->width, (int)frame->height, error);
    if (image == NULL)
        return NULL;
    sync_reading(frame, DMA_BUF_SYNC_START);
    for (gsize y = 0; y < map.rows; y++)
        frame_convert_row(frame->format, map.pixels + y * frame->stride, frame->width,
                          frame_row(image, (int)y));
    sync_reading(frame, DMA_BUF_SYNC_END);
    return image;
}

static Frame *read_drawn(const VfioFrame *frame, const char *node, const GError *why_not_mapped,
                         GError **error)
{
    if (node == NULL) {
        error_set(error, VGPUCTL_ERROR_REFUSED,
                  "the vGPU's picture cannot be read by the processor (%s), and its GPU has no "
                  "render node that this user could draw it on",
                  why_not_mapped->message);
        return NULL;
    }
    return plane_gl_read(frame, node, error);
}

Frame *plane_shot(const char *door, const char *node, guint limit_ms, GError **error)
{
    g_autoptr(VfioSource) source = open_source(door, limit_ms, error);
    const VfioFrame *frame = source != NULL ? vfio_source_frame(source, error) : NULL;
    if (frame == NULL)
        return NULL;
    if (frame->width == 0) {
        error_set(error, VGPUCTL_ERROR_BUSY,
                  "the guest has not initialised its display yet: its driver for the vGPU sets the "
                  "first mode");
        return NULL;
    }
    g_autoptr(GError) reason = NULL;
    Frame *image = read_mapped(frame, &reason);
    if (image != NULL)
        return image;
    if (frame->dmabuf && g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED))
        return read_drawn(frame, node, reason, error);
    g_propagate_error(error, g_steal_pointer(&reason));
    return NULL;
}
