/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/gpu-json.h"

#include "rules/provider-choice.h"

json_t *gpu_to_json(const Gpu *gpu)
{
    GPtrArray *choices = provider_choices(gpu);
    json_t *object = record_to_json(&gpu_type, gpu);
    json_object_set_new(object, "vgpus", records_to_json(&provider_choice_type, choices));
    provider_choices_free(choices);
    return object;
}
