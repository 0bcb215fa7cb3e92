/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Providers of vGPUs
 *
 * A technology that yields vGPUs is one file and one row: it looks at the host's facts and names
 * what it could give, best first, with a reason for each that it could not. Choosing among all of
 * them is one function for all.
 */
#pragma once

#include "host/facts.h"
#include "rules/vgpu-device.h"
#include "vgpu/mdev-use.h"

/* What a VM is to get. */
typedef struct {
    const char *type;     /* NULL or "auto": the best; else a type of any provider, also by a short
                             name, or the uuid or name of a device that lives */
    const char *parent;   /* NULL: any GPU; else its address */
    int display;          /* DisplayKind that must show it */
    const char *address;  /* of that display, or NULL */
    gboolean usb_redir;   /* the display must be able to pass USB devices on */
    int width, height;    /* preferred mode; 0: the device's default */
    gboolean without_kvm; /* the VM shall run without KVM, wherever it could be had */
    const MdevUse *use;   /* who has which mediated device; NULL: not known, nobody has any */
} VgpuWish;

/* One vGPU a provider could give, or not. */
typedef struct {
    VgpuDevice *device;
    gboolean wanted; /* the wish means it, as far as its type goes; vgpu_choose() sets it */
    char *obstacle;  /* why it is not to be had here; NULL: it is */
    char *drawback;  /* works, but `auto` had better pass it by, because; NULL: nothing */
} VgpuCandidate;

void vgpu_candidate_free(VgpuCandidate *candidate);

typedef struct {
    const char *name;
    /* VgpuCandidate, best first; the array frees its elements. */
    GPtrArray *(*candidates)(const HostFacts *facts, const VgpuWish *wish);
    /* Whether the type of @wish, which is not "auto", means @device; NULL: when it is the same. */
    gboolean (*means)(const HostFacts *facts, const VgpuDevice *device, const VgpuWish *wish);
} VgpuProvider;

extern const VgpuProvider provider_mdev;
extern const VgpuProvider provider_virtio;

/* All rows in the order of preference, NULL-terminated. */
extern const VgpuProvider *const vgpu_providers[];

/*
 * The best device for @wish, owned; its reason says why it and not a better one. NULL with @error
 * set: VGPUCTL_ERROR_REFUSED names the obstacle and what works instead, VGPUCTL_ERROR_USAGE an
 * unknown type with the nearest known one.
 */
VgpuDevice *vgpu_choose(const HostFacts *facts, const VgpuWish *wish, GError **error);
