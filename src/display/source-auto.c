/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/source-auto.h"

#include "base/error.h"

typedef struct {
    Source source;
    Screen *screen;    /* borrowed */
    char *node;        /* or NULL */
    VfioSourceSpec to; /* whom to tell */
    GMutex lock;       /* held while sides change, so that never two show */
    VfioPlaneState plane;
    AutoSide side;
    DbusUnreadable unreadable;
    gpointer unreadable_to;
    Source *vfio;
    Source *dbus;     /* NULL: there is none */
    gboolean dbus_on; /* it has not ended */
} AutoSource;

AutoSide auto_side(VfioPlaneState plane, gboolean dbus)
{
    switch (plane) {
    case VFIO_PLANE_ON:
        return AUTO_SIDE_VFIO;
    case VFIO_PLANE_OFF:
    case VFIO_PLANE_UNREADABLE:
    default:
        return dbus ? AUTO_SIDE_DBUS : AUTO_SIDE_VFIO;
    }
}

/* With the lock held. */
static void change_sides(AutoSource *source)
{
    AutoSide side = auto_side(source->plane, source->dbus_on);
    if (side == source->side)
        return;
    source->side = side;
    Source *seen = side == AUTO_SIDE_VFIO ? source->vfio : source->dbus;
    Source *other = side == AUTO_SIDE_VFIO ? source->dbus : source->vfio;
    source_mute(other, TRUE);
    source_mute(seen, FALSE);
}

/* In the thread of the vGPU's source, perhaps before we know it by name. */
static void on_state(VfioPlaneState state, const GError *reason, gpointer userdata)
{
    AutoSource *source = userdata;
    g_mutex_lock(&source->lock);
    source->plane = state;
    change_sides(source);
    g_mutex_unlock(&source->lock);
    if (source->to.state != NULL)
        source->to.state(state, reason, source->to.userdata);
}

static void on_vfio_ended(const GError *reason, gpointer userdata)
{
    AutoSource *source = userdata;
    if (source->to.ended != NULL)
        source->to.ended(reason, source->to.userdata);
}

/* The end of QEMU is told by the other one. */
static void on_dbus_ended(const GError *reason, gpointer userdata)
{
    AutoSource *source = userdata;
    g_mutex_lock(&source->lock);
    source->dbus_on = FALSE;
    change_sides(source);
    g_mutex_unlock(&source->lock);
}

/* In any of its threads. */
static void on_unreadable(const GError *reason, gpointer userdata)
{
    AutoSource *source = userdata;
    if (source->unreadable != NULL)
        source->unreadable(reason, source->unreadable_to);
}

static gboolean resize(Source *base, int width, int height, GError **error)
{
    AutoSource *source = (AutoSource *)base;
    g_autoptr(GError) reason = NULL;
    if (source->dbus_on && source_resize(source->dbus, width, height, &reason))
        return TRUE;
    return source_resize(source->vfio, width, height, error);
}

static void hurry(Source *base)
{
    AutoSource *source = (AutoSource *)base;
    source_hurry(source->vfio);
}

/* The vGPU's first: its thread uses both. */
static void free_source(Source *base)
{
    AutoSource *source = (AutoSource *)base;
    source_free(source->vfio);
    source_free(source->dbus);
    g_mutex_clear(&source->lock);
    g_free(source->node);
    g_free(source);
}

static const SourceClass class = {
    .name = "auto", .resize = resize, .hurry = hurry, .free = free_source
};

Source *auto_source_new(VfioDevice *device, const VfioSourceSpec *spec)
{
    AutoSource *source = g_new0(AutoSource, 1);
    source->source.class = &class;
    source->screen = spec->screen;
    source->node = g_strdup(spec->node);
    source->to = *spec;
    source->side = AUTO_SIDE_VFIO;
    g_mutex_init(&source->lock);
    VfioSourceSpec own = *spec;
    own.state = on_state;
    own.ended = on_vfio_ended;
    own.userdata = source;
    g_mutex_lock(&source->lock);
    source->vfio = vfio_source_new(device, &own);
    g_mutex_unlock(&source->lock);
    return &source->source;
}

gboolean auto_source_add_dbus(Source *base, DbusConsole *console, DbusUnreadable unreadable,
                              gpointer userdata, GError **error)
{
    AutoSource *source = (AutoSource *)base;
    const DbusSourceSpec spec = { .screen = source->screen,
                                  .node = source->node,
                                  .ended = on_dbus_ended,
                                  .unreadable = on_unreadable,
                                  .userdata = source };
    source->unreadable = unreadable;
    source->unreadable_to = userdata;
    g_mutex_lock(&source->lock);
    /* it begins to show at once */
    source_mute(source->vfio, TRUE);
    source->dbus = dbus_source_new(console, &spec, error);
    source->dbus_on = source->dbus != NULL;
    if (source->dbus_on) {
        source->side = AUTO_SIDE_DBUS;
        change_sides(source);
    } else {
        source_mute(source->vfio, FALSE);
    }
    g_mutex_unlock(&source->lock);
    return source->dbus_on;
}
