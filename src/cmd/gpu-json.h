/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `gpu` and `gpus` print of a device with --json. */
#pragma once

#include <jansson.h>

#include "host/facts-pci.h"

/* The facts of the device and, as "vgpus", the judgement of them. New reference. */
json_t *gpu_to_json(const Gpu *gpu);
