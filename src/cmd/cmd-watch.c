/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "base/cleanup.h"
#include "vgpu/mdev-watch.h"

static gboolean now;
static int count;

static const GOptionEntry watch_options[] = {
    { "now", 0, 0, G_OPTION_ARG_NONE, &now, "Begin with what there is", NULL },
    { "count", 'n', 0, G_OPTION_ARG_INT, &count, "End after so many events", "N" },
    G_OPTION_ENTRY_NULL,
};

/* A line for each, at once; for JSON, too, so that a program can read on. */
static int print_event(const CmdContext *context, const MdevEvent *event, GError **error)
{
    if (!context->json) {
        g_autofree char *text = mdev_event_describe(event);
        g_autofree char *line = g_strconcat(text, "\n", NULL);
        return cmd_print(line, error);
    }
    g_autoptr(json_t) object = record_to_json(&mdev_event_type, event);
    char *text = json_dumps(object, JSON_COMPACT);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    free(text);
    return cmd_print(line, error);
}

static int print_now(const CmdContext *context, GError **error)
{
    g_autoptr(GPtrArray) events = mdev_events_now(context->root);
    int status = 0;
    for (guint i = 0; i < events->len; i++) {
        if (status == 0)
            status = print_event(context, events->pdata[i], error);
        record_free(&mdev_event_type, events->pdata[i]);
    }
    return status;
}

/* The next one of ours, owned; NULL with @error set. */
static MdevEvent *next_event(const Root *root, int fd, GError **error)
{
    for (;;) {
        g_autoptr(GError) reason = NULL;
        g_autoptr(Uevent) event = uevent_next(fd, &reason);
        if (event == NULL && g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY)) {
            MdevEvent *lost = record_new(&mdev_event_type);
            lost->event = MDEV_LOST;
            return lost;
        }
        if (event == NULL) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return NULL;
        }
        MdevEvent *ours = mdev_event_from(root, event);
        if (ours != NULL)
            return ours;
    }
}

static int run_watch(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_watch, arguments, 0, 0, error))
        return 2;
    /* listening first: what comes while we look is told, too, perhaps twice */
    autofd int fd = uevent_open(error);
    if (fd < 0)
        return 1;
    int status = now ? print_now(context, error) : 0;
    for (int n = 0; status == 0 && (count <= 0 || n < count); n++) {
        MdevEvent *event = next_event(context->root, fd, error);
        status = event != NULL ? print_event(context, event, error) : 1;
        record_free(&mdev_event_type, event);
    }
    return status;
}

const Command command_watch = {
    .name = "watch",
    .group = "vGPUs",
    .summary = "Tell when vGPUs come and go, a line each",
    .details = "From the kernel, so that it works where no udevd runs, and without root.",
    .example = "  vgpuctl watch --now --json",
    .options = watch_options,
    .prints_json = TRUE,
    .run = run_watch,
};
