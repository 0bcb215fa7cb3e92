/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many vGPUs of which types: "V5_4=1,V5_8=2". */
#pragma once

#include "base/record.h"

typedef struct {
    char *type; /* as it was written, or, in an answer, the whole name */
    int count;
} MixItem;
extern const RecordType mix_item_type;

#define MIX_TYPES 16
#define MIX_COUNT_LIMIT 10000

/* From "V5_4=1,V5_8=2"; no "=" is one, the same type again adds up to MIX_COUNT_LIMIT. MixItem,
 * freed by the array; NULL with @error (VGPUCTL_ERROR_USAGE). */
GPtrArray *mix_parse(const char *text, GError **error);

/* Adds @count of @type to a mix that has it or not. */
void mix_add(GPtrArray *mix, const char *type, int count);

/* "V5_4=1,V5_8=2", with short names. Owned. */
char *mix_to_text(const GPtrArray *mix);
