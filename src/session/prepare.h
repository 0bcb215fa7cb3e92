/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a run will do, found out without touching anything: the configuration completed, the facts
 * read, disks and firmware looked at, the vGPU chosen, the plan made. `run --dry-run` ends here.
 */
#pragma once

#include "base/root.h"
#include "host/facts.h"
#include "rules/plan.h"
#include "rules/vgpu-device.h"
#include "vgpu/broker-client.h"
#include "vm/firmware.h"
#include "vm/vm-config.h"

typedef struct {
    VmConfig *config;       /* what the user wants; completed in place (name) */
    const char *vgpu;       /* try this type although another may be better; NULL: as configured */
    const char *facts_path; /* judge this document instead of the machine; NULL */
    const Broker *broker; /* whom to ask for a vGPU that this user may not make; NULL: the host's */
    gboolean refresh;     /* do not use answers cached for this boot */
} PrepareRequest;

typedef struct {
    HostFacts *facts;
    GPtrArray *disks;   /* DiskInfo: those of the configuration, then the cdrom */
    Firmware *firmware; /* NULL for bios */
    VgpuDevice *vgpu;   /* NULL: none */
    Plan *plan;
} Prepared;

/* NULL with @error set. Free with prepared_free(). */
Prepared *session_prepare(const Root *root, const PrepareRequest *request, GError **error);
void prepared_free(Prepared *prepared);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Prepared, prepared_free)

/*
 * Makes configuration from an operand of `run`: the name of a definition, a .vm file, a disk image,
 * an installer ISO or disc image. NULL with @error naming what it is not.
 */
VmConfig *session_config_from_operand(const Root *root, const char *operand, GError **error);

/* Gives a configuration without a name one made from its first disk, disc or kernel. */
void session_complete_name(VmConfig *config);
