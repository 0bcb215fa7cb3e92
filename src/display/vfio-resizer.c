/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/vfio-resizer.h"

#include "base/error.h"
#include "display/vfio-edid.h"

/* From one exchange to the next: a guest looks at its monitor anew for each. */
#define REST_US 200000

struct VfioResizer {
    VfioDevice *device;
    gboolean can;
    GThread *thread;
    GMutex lock;
    GCond wake;
    gboolean stopped;
    int width, height; /* wanted next; 0: nothing */
};

/* FALSE: to end. */
static gboolean await_size(VfioResizer *resizer, gint64 rested_us, int *ret_width, int *ret_height)
{
    g_mutex_lock(&resizer->lock);
    while (!resizer->stopped && resizer->width == 0)
        g_cond_wait(&resizer->wake, &resizer->lock);
    while (!resizer->stopped && g_get_monotonic_time() < rested_us)
        g_cond_wait_until(&resizer->wake, &resizer->lock, rested_us);
    gboolean stopped = resizer->stopped;
    *ret_width = resizer->width;
    *ret_height = resizer->height;
    resizer->width = 0;
    g_mutex_unlock(&resizer->lock);
    return !stopped;
}

/* What fails is not told: the guest need not take the mode either. */
static gpointer run(gpointer data)
{
    VfioResizer *resizer = data;
    gint64 rested_us = 0;
    int width, height;
    while (await_size(resizer, rested_us, &width, &height)) {
        vfio_edid_set_size(resizer->device, width, height, NULL);
        rested_us = g_get_monotonic_time() + REST_US;
    }
    return NULL;
}

VfioResizer *vfio_resizer_new(VfioDevice *device)
{
    VfioResizer *resizer = g_new0(VfioResizer, 1);
    resizer->device = device;
    resizer->can = vfio_edid_can(device);
    g_mutex_init(&resizer->lock);
    g_cond_init(&resizer->wake);
    if (resizer->can)
        resizer->thread = g_thread_new("vfio-edid", run, resizer);
    return resizer;
}

void vfio_resizer_free(VfioResizer *resizer)
{
    if (resizer == NULL)
        return;
    g_mutex_lock(&resizer->lock);
    resizer->stopped = TRUE;
    g_cond_signal(&resizer->wake);
    g_mutex_unlock(&resizer->lock);
    if (resizer->thread != NULL)
        g_thread_join(resizer->thread);
    g_mutex_clear(&resizer->lock);
    g_cond_clear(&resizer->wake);
    g_free(resizer);
}

gboolean vfio_resizer_ask(VfioResizer *resizer, int width, int height, GError **error)
{
    if (!resizer->can)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "vGPU %s has one screen size: its driver has no EDID to set",
                         vfio_device_uuid(resizer->device));
    g_mutex_lock(&resizer->lock);
    resizer->width = width;
    resizer->height = height;
    g_cond_signal(&resizer->wake);
    g_mutex_unlock(&resizer->lock);
    return TRUE;
}
