/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-source.h"

#include "base/error.h"
#include "display/input-dbus.h"
#include "display/source-dbus.h"
#include "display/source-rfb.h"
#include "display/source-test.h"
#include "libexec/display-attach.h"
#include "libexec/display-plane.h"

#define ATTACH_LIMIT_MS 30000

/* Nobody is behind the test's picture. */
static Source *make_test(const DisplayPlace *place, Input **ret_input, GError **error)
{
    return source_test_new(place->screen, place->options->test, error);
}

/* @value of option @name, or FALSE with @error set. */
static gboolean need(const char *value, const char *name, const DisplayPlace *place, GError **error)
{
    return value != NULL || error_set(error, VGPUCTL_ERROR_USAGE, "--source %s needs %s",
                                      place->options->source, name);
}

static DbusConsole *open_console(const DisplayPlace *place, GError **error)
{
    if (!need(place->options->qmp, "--qmp", place, error))
        return NULL;
    int fd = display_attach(place->options->qmp, ATTACH_LIMIT_MS, error);
    return fd >= 0 ? dbus_console_new(fd, ATTACH_LIMIT_MS, error) : NULL;
}

static Source *make_dbus(const DisplayPlace *place, Input **ret_input, GError **error)
{
    g_autoptr(DbusConsole) console = open_console(place, error);
    if (console == NULL)
        return NULL;
    Source *source = dbus_source_new(console, place->screen, place->options->node, place->ended,
                                     place->userdata, error);
    if (source != NULL)
        *ret_input = input_new(&input_dbus_class, input_dbus_new(console, place->clipboard));
    return source;
}

static Source *make_rfb(const DisplayPlace *place, Input **ret_input, GError **error)
{
    if (!need(place->options->vnc, "--vnc", place, error))
        return NULL;
    Source *source =
        rfb_source_new(place->options->vnc, place->screen, place->ended, place->userdata, error);
    if (source != NULL)
        *ret_input = input_new(&rfb_input_class, rfb_input_new(source));
    return source;
}

static const struct {
    const char *name;
    Source *(*make)(const DisplayPlace *place, Input **ret_input, GError **error);
} rows[] = {
    { "auto", display_plane_auto }, { "dbus", make_dbus },          { "rfb", make_rfb },
    { "test", make_test },          { "vfio", display_plane_vfio },
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
