/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Host facts: one document with all that the planner (and later the doctor) may know. Reading never
 * judges; judging never reads. `vgpuctl --facts FILE` puts a file in the place of the machine.
 */
#pragma once

#include "host/facts-drm.h"
#include "host/facts-gl.h"
#include "host/facts-gvt.h"
#include "host/facts-kvm.h"
#include "host/facts-limits.h"
#include "host/facts-mdev.h"
#include "host/facts-pci.h"
#include "host/facts-qemu.h"
#include "host/facts-screen.h"

#define HOST_FACTS_VERSION 1

typedef struct {
    int version;          /* HOST_FACTS_VERSION of the writer */
    char *architecture;   /* uname -m */
    char *kernel_release; /* uname -r */
    GPtrArray *gpus;      /* Gpu */
    GPtrArray *drm_nodes; /* DrmNode */
    GlFacts *gl;
    ScreenFacts *screen;
    KvmFacts *kvm;
    QemuFacts *qemu; /* NULL: none installed; qemu_failure says why */
    char *qemu_failure;
    LimitsFacts *limits;
    MdevFacts *mdev;
    GvtFacts *gvt;
} HostFacts;
extern const RecordType host_facts_type;

/* Which parts to read; a part that was not asked for stays NULL. */
typedef enum {
    FACTS_PCI = 1 << 0,
    FACTS_DRM = 1 << 1,
    FACTS_GL = 1 << 2, /* implies FACTS_DRM and FACTS_SCREEN */
    FACTS_SCREEN = 1 << 3,
    FACTS_QEMU = 1 << 4,
    FACTS_KVM = 1 << 5, /* implies FACTS_QEMU */
    FACTS_LIMITS = 1 << 6,
    FACTS_MDEV = 1 << 7,
    FACTS_GVT = 1 << 8,
    FACTS_ALL = (1 << 9) - 1,
} FactsParts;

typedef struct {
    FactsParts parts;
    const char *qemu_binary; /* NULL: the one on PATH */
    gboolean refresh;        /* ask again what is cached for this boot */
} FactsRequest;

/*
 * Reads this machine, or the document @facts_path when it is not NULL (then @request only says
 * which parts must be there). NULL with @error set for an unusable document; a machine always
 * yields facts. Free with host_facts_free().
 */
HostFacts *host_facts_read(const Root *root, const char *facts_path, const FactsRequest *request,
                           GError **error);
void host_facts_free(HostFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostFacts, host_facts_free)
