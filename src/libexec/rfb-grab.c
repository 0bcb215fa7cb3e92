/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/rfb-grab.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "display/qemu-vnc.h"

#define NEWER_MS 250 /* for a server that has looked away to look again */

/* A part only, or a screen that has another size now: what is missing is asked for once more. */
static gboolean read_all(QemuVnc *client, GError **error)
{
    gboolean good = qemu_vnc_request(client, FALSE, error);
    while (good && qemu_vnc_missing(client) > 0) {
        g_auto(QemuVncNews) news = { 0 };
        good =
            qemu_vnc_read(client, &news, error) && (!news.update || qemu_vnc_missing(client) == 0 ||
                                                    qemu_vnc_request(client, FALSE, error));
    }
    return good;
}

/* What comes next is an answer to the request that is under way. */
static gboolean read_update(QemuVnc *client)
{
    gboolean good = TRUE, updated = FALSE;
    while (good && (!updated || qemu_vnc_missing(client) > 0)) {
        g_auto(QemuVncNews) news = { 0 };
        good = qemu_vnc_read(client, &news, NULL);
        updated |= news.update;
        if (good && news.update && qemu_vnc_missing(client) > 0)
            good = qemu_vnc_request(client, FALSE, NULL);
    }
    return good;
}

/*
 * Our server looks at a vGPU while somebody is there to see it: the first picture that it sends is
 * the one the last viewer saw. So it is asked for what is newer; that it says nothing means that
 * there is nothing, and what goes wrong now costs no picture.
 */
static Frame *take_newest(QemuVnc *client)
{
    Frame *first = frame_ref(qemu_vnc_frame(client));
    if (!qemu_vnc_request(client, TRUE, NULL) || !qemu_vnc_await(client, NEWER_MS) ||
        !read_update(client))
        return first;
    frame_unref(first);
    return frame_ref(qemu_vnc_frame(client));
}

Frame *rfb_grab(int fd, guint limit_ms, GError **error)
{
    gint64 deadline_us = g_get_monotonic_time() + 1000 * (gint64)limit_ms;
    g_autoptr(GError) reason = NULL;
    g_autoptr(QemuVnc) client = qemu_vnc_new(fd, qemu_vnc_plain, deadline_us, &reason);
    if (client != NULL && read_all(client, &reason))
        return take_newest(client);
    /* who hangs up in the middle of a picture is no server */
    if (g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND))
        reason->code = VGPUCTL_ERROR_INVALID;
    g_propagate_error(error, g_steal_pointer(&reason));
    return NULL;
}

Frame *rfb_grab_socket(const char *path, guint limit_ms, GError **error)
{
    autofd int fd = qemu_vnc_connect(path, error);
    if (fd < 0)
        return NULL;
    Frame *frame = rfb_grab(fd, limit_ms, error);
    if (frame == NULL)
        g_prefix_error(error, "%s: ", path);
    return frame;
}
