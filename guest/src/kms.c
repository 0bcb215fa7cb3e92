/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CARDS 16
#define BITS_PER_PIXEL 32
#define COLOUR_DEPTH 24

static const drmModeModeInfo *choose_mode(const drmModeConnector *connector, int width, int height)
{
    const drmModeModeInfo *chosen = NULL;
    for (int i = 0; i < connector->count_modes; i++) {
        const drmModeModeInfo *mode = &connector->modes[i];
        if (width != 0) {
            if (mode->hdisplay == width && mode->vdisplay == height)
                return mode;
        } else if (chosen == NULL || (mode->type & DRM_MODE_TYPE_PREFERRED)) {
            chosen = mode;
            if (mode->type & DRM_MODE_TYPE_PREFERRED)
                break;
        }
    }
    return chosen;
}

/* The first CRTC that an encoder of the connector can use. */
static uint32_t choose_crtc(int fd, const drmModeRes *resources, const drmModeConnector *connector)
{
    uint32_t crtc = 0;
    for (int i = 0; i < connector->count_encoders && crtc == 0; i++) {
        drmModeEncoder *encoder = drmModeGetEncoder(fd, connector->encoders[i]);
        if (encoder == NULL)
            continue;
        for (int j = 0; j < resources->count_crtcs && crtc == 0; j++)
            if (encoder->possible_crtcs & 1u << j)
                crtc = resources->crtcs[j];
        drmModeFreeEncoder(encoder);
    }
    return crtc;
}

static int use_connector(Kms *kms, const drmModeRes *resources, const drmModeConnector *connector,
                         int width, int height)
{
    const drmModeModeInfo *mode = choose_mode(connector, width, height);
    if (mode == NULL) {
        fprintf(stderr, "vgpuctl-guest: the display has no mode of %dx%d\n", width, height);
        return -1;
    }
    kms->mode = *mode;
    kms->connector = connector->connector_id;
    kms->crtc = choose_crtc(kms->fd, resources, connector);
    if (kms->crtc == 0)
        fprintf(stderr, "vgpuctl-guest: no CRTC for the connected screen\n");
    return kms->crtc == 0 ? -1 : 1;
}

static int use_card(Kms *kms, int width, int height)
{
    drmModeRes *resources = drmModeGetResources(kms->fd);
    int answer = 0;
    for (int i = 0; resources != NULL && answer == 0 && i < resources->count_connectors; i++) {
        drmModeConnector *connector = drmModeGetConnector(kms->fd, resources->connectors[i]);
        if (connector != NULL && connector->connection == DRM_MODE_CONNECTED)
            answer = use_connector(kms, resources, connector, width, height);
        drmModeFreeConnector(connector);
    }
    drmModeFreeResources(resources);
    return answer;
}

static void read_driver_name(Kms *kms)
{
    drmVersion *version = drmGetVersion(kms->fd);
    snprintf(kms->driver, sizeof kms->driver, "%s", version != NULL ? version->name : "unknown");
    drmFreeVersion(version);
}

int kms_open(Kms *kms, int width, int height)
{
    for (int i = 0; i < CARDS; i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/dri/card%d", i);
        *kms = (Kms){ .fd = open(path, O_RDWR | O_CLOEXEC) };
        if (kms->fd < 0)
            continue;
        int answer = use_card(kms, width, height);
        if (answer == 1)
            read_driver_name(kms);
        else
            kms_close(kms);
        if (answer != 0)
            return answer;
    }
    return 0;
}

void kms_close(Kms *kms)
{
    if (kms->fd >= 0)
        close(kms->fd);
    kms->fd = -1;
}

static bool map_buffer(const Kms *kms, KmsBuffer *buffer)
{
    uint64_t offset, prefer_shadow = 0;
    if (drmModeMapDumbBuffer(kms->fd, buffer->handle, &offset) != 0)
        return false;
    void *mapped =
        mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, kms->fd, (off_t)offset);
    if (mapped == MAP_FAILED)
        return false;
    buffer->mapped = mapped;
    buffer->canvas.pixels = mapped;
    if (drmGetCap(kms->fd, DRM_CAP_DUMB_PREFER_SHADOW, &prefer_shadow) == 0 && prefer_shadow) {
        buffer->shadow = calloc(1, buffer->size);
        buffer->canvas.pixels = buffer->shadow;
    }
    return buffer->canvas.pixels != NULL;
}

bool kms_buffer_init(const Kms *kms, KmsBuffer *buffer)
{
    uint32_t pitch;
    uint64_t size;
    *buffer =
        (KmsBuffer){ .canvas = { .width = kms->mode.hdisplay, .height = kms->mode.vdisplay } };
    if (drmModeCreateDumbBuffer(kms->fd, kms->mode.hdisplay, kms->mode.vdisplay, BITS_PER_PIXEL, 0,
                                &buffer->handle, &pitch, &size) != 0)
        return false;
    buffer->canvas.stride = pitch;
    buffer->size = size;
    if (drmModeAddFB(kms->fd, kms->mode.hdisplay, kms->mode.vdisplay, COLOUR_DEPTH, BITS_PER_PIXEL,
                     pitch, buffer->handle, &buffer->fb) != 0 ||
        !map_buffer(kms, buffer)) {
        kms_buffer_clear(kms, buffer);
        return false;
    }
    return true;
}

void kms_buffer_clear(const Kms *kms, KmsBuffer *buffer)
{
    if (buffer->fb != 0)
        drmModeRmFB(kms->fd, buffer->fb);
    if (buffer->mapped != NULL)
        munmap(buffer->mapped, buffer->size);
    if (buffer->handle != 0)
        drmModeDestroyDumbBuffer(kms->fd, buffer->handle);
    free(buffer->shadow);
    *buffer = (KmsBuffer){ 0 };
}

void kms_buffer_finish(const KmsBuffer *buffer, const Rectangle *areas, int count)
{
    Canvas device = buffer->canvas;
    device.pixels = buffer->mapped;
    for (int i = 0; buffer->shadow != NULL && i < count; i++)
        canvas_copy(&device, &buffer->canvas, areas[i]);
}

bool kms_show(Kms *kms, uint32_t fb)
{
    return drmModeSetCrtc(kms->fd, kms->crtc, fb, 0, 0, &kms->connector, 1, &kms->mode) == 0;
}

bool kms_flip(Kms *kms, uint32_t fb)
{
    kms->is_flip_pending =
        drmModePageFlip(kms->fd, kms->crtc, fb, DRM_MODE_PAGE_FLIP_EVENT, kms) == 0;
    return kms->is_flip_pending;
}

static void on_flip_done(int fd, unsigned sequence, unsigned seconds, unsigned microseconds,
                         void *data)
{
    Kms *kms = data;
    kms->is_flip_pending = false;
}

void kms_read_events(Kms *kms)
{
    drmEventContext context = { .version = 2, .page_flip_handler = on_flip_done };
    drmHandleEvent(kms->fd, &context);
}

/*
 * One call for each area: virtio_gpu merges the areas of one call into their bounding box
 * (drm_atomic_helper_damage_merged), and both strips together would be the whole screen.
 */
void kms_tell_damage(const Kms *kms, uint32_t fb, const Rectangle *areas, int count)
{
    for (int i = 0; i < count; i++) {
        drmModeClip clip = { (uint16_t)areas[i].x, (uint16_t)areas[i].y,
                             (uint16_t)(areas[i].x + areas[i].width),
                             (uint16_t)(areas[i].y + areas[i].height) };
        drmModeDirtyFB(kms->fd, fb, &clip, 1);
    }
}
