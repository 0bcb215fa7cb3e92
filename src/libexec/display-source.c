/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-source.h"

#include "base/error.h"
#include "display/source-test.h"

/* Nobody is behind the test's picture. */
static Source *make_test(const DisplayPlace *place, Input **ret_input, GError **error)
{
    return source_test_new(place->screen, place->options->test, error);
}

static const struct {
    const char *name;
    Source *(*make)(const DisplayPlace *place, Input **ret_input, GError **error);
} rows[] = {
    { "test", make_test },
};

Source *display_source_new(const DisplayPlace *place, Input **ret_input, GError **error)
{
    *ret_input = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_str_equal(rows[i].name, place->options->source))
            return rows[i].make(place, ret_input, error);
    error_set(error, VGPUCTL_ERROR_USAGE, "'%s' is no source of pictures", place->options->source);
    return NULL;
}
