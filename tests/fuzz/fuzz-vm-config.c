/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VM definitions that others wrote. For any bytes: either an error of one line that names the file,
 * or a configuration that is written and read back unchanged.
 */
#include "fuzz.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "vm/vm-config.h"

static char *to_json(const VmConfig *config)
{
    g_autoptr(json_t) object = record_to_json(&vm_config_type, config);
    return json_to_text(object);
}

static void check_round_trip(const VmConfig *config)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = vm_config_to_text(config);
    g_autoptr(VmConfig) again = vm_config_from_text(text, strlen(text), "again.vm", &error);
    g_assert_no_error(error);
    g_autofree char *before = to_json(config);
    g_autofree char *after = to_json(again);
    g_assert_cmpstr(before, ==, after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VmConfig) config = vm_config_from_text((const char *)data, size, "a.vm", &error);
    g_assert((config == NULL) == (error != NULL));
    if (config != NULL) {
        check_round_trip(config);
        return 0;
    }
    g_assert(g_str_has_prefix(error->message, "a.vm:"));
    g_assert(g_utf8_validate(error->message, -1, NULL));
    g_assert(strchr(error->message, '\n') == NULL);
    return 0;
}
