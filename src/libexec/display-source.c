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
static gboolean need(const char *value, const char *name, const DisplayOptions *options,
                     GError **error)
{
    return value != NULL ||
           error_set(error, VGPUCTL_ERROR_USAGE, "--source %s needs %s", options->source, name);
}

static gboolean attach_dbus(const DisplayOptions *options, int *ret_console, GError **error)
{
    if (!need(options->qmp, "--qmp", options, error))
        return FALSE;
    *ret_console = display_attach(options->qmp, ATTACH_LIMIT_MS, error);
    return *ret_console >= 0;
}

static Source *make_dbus(const DisplayPlace *place, Input **ret_input, GError **error)
{
    g_autoptr(DbusConsole) console = dbus_console_new(place->console, ATTACH_LIMIT_MS, error);
    if (console == NULL)
        return NULL;
    const DbusSourceSpec spec = { .screen = place->screen,
                                  .node = place->options->node,
                                  .ended = place->ended,
                                  .unreadable = display_plane_unreadable,
                                  .userdata = place->userdata };
    Source *source = dbus_source_new(console, &spec, error);
    if (source != NULL)
        *ret_input = input_new(&input_dbus_class, input_dbus_new(console, place->clipboard));
    return source;
}

static Source *make_rfb(const DisplayPlace *place, Input **ret_input, GError **error)
{
    if (!need(place->options->vnc, "--vnc", place->options, error))
        return NULL;
    Source *source =
        rfb_source_new(place->options->vnc, place->screen, place->ended, place->userdata, error);
    if (source != NULL)
        *ret_input = input_new(&rfb_input_class, rfb_input_new(source));
    return source;
}

typedef struct {
    const char *name;
    gboolean (*attach)(const DisplayOptions *options, int *ret_console,
                       GError **error); /* or NULL */
    Source *(*make)(const DisplayPlace *place, Input **ret_input, GError **error);
} Row;

static const Row rows[] = {
    { "auto", display_plane_attach, display_plane_auto },
    { "dbus", attach_dbus, make_dbus },
    { "rfb", NULL, make_rfb },
    { "test", NULL, make_test },
    { "vfio", NULL, display_plane_vfio },
};

static const Row *find(const char *name, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_str_equal(rows[i].name, name))
            return &rows[i];
    error_set(error, VGPUCTL_ERROR_USAGE, "'%s' is no source of pictures", name);
    return NULL;
}

gboolean display_source_attach(const DisplayOptions *options, int *ret_console, GError **error)
{
    *ret_console = -1;
    const Row *row = find(options->source, error);
    return row != NULL && (row->attach == NULL || row->attach(options, ret_console, error));
}

Source *display_source_new(const DisplayPlace *place, Input **ret_input, GError **error)
{
    *ret_input = NULL;
    const Row *row = find(place->options->source, error);
    return row != NULL ? row->make(place, ret_input, error) : NULL;
}
