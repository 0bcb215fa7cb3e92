/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/callout-script.h"

#include "vgpu/mdev-error.h"

#define LIMIT_MS 60000
#define OUTPUT_LIMIT (256u << 10)
#define NOT_MY_TYPE 2

GPtrArray *script_list(const MdevHost *host, const char *kind)
{
    static const char *const places[] = { "/usr/lib/mdevctl/scripts.d",
                                          "/etc/mdevctl.d/scripts.d" };
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *directory = g_build_filename(places[i], kind, NULL);
        g_auto(GStrv) names = root_list(host->root, directory);
        for (guint n = 0; names[n] != NULL; n++) {
            g_autofree char *path = g_build_filename(directory, names[n], NULL);
            g_ptr_array_add(paths, root_host_path(host->root, path));
        }
    }
    return paths;
}

ScriptEnd script_run(const MdevHost *host, const Mdev *dev, const char *path,
                     const ScriptCall *call, ProcessResult *result)
{
    const char *argv[] = { path,      "-t",         dev->type,   "-e",        call->event,
                           "-a",      call->action, "-s",        call->state, "-u",
                           dev->uuid, "-p",         dev->parent, NULL };
    const ProcessRequest request = {
        .argv = argv,
        .input = call->input,
        .limit_ms = host->script_limit_ms > 0 ? host->script_limit_ms : LIMIT_MS,
        .output_limit = OUTPUT_LIMIT,
    };
    *result = (ProcessResult){ 0 };
    if (!process_run(&request, result, NULL))
        return SCRIPT_NOT_RUN;
    if (result->timed_out)
        return SCRIPT_TIMED_OUT;
    return result->exited ? SCRIPT_EXITED : SCRIPT_KILLED;
}

void script_pass_stderr(const MdevHost *host, const char *path, const ProcessResult *result)
{
    if (result->err == NULL || *result->err == '\0')
        return;
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *text = g_utf8_make_valid(result->err, -1);
    mdev_note(host, MDEV_NOTE_SCRIPT, "%s: %s", name, text);
}

char *script_find(const MdevHost *host, const Mdev *dev, const ScriptCall *call,
                  ScriptAccepts accepts, gpointer data, ProcessResult *result, ScriptEnd *end)
{
    if (dev->type == NULL || dev->parent == NULL)
        return NULL;
    g_autoptr(GPtrArray) paths = script_list(host, "callouts");
    for (guint i = 0; i < paths->len; i++) {
        char *path = paths->pdata[i];
        *end = script_run(host, dev, path, call, result);
        gboolean takes_it = *end == SCRIPT_EXITED && result->status != NOT_MY_TYPE &&
                            (accepts == NULL || accepts(result, data));
        if (takes_it || *end == SCRIPT_TIMED_OUT)
            return g_strdup(path);
        if (*end == SCRIPT_KILLED) {
            g_autofree char *quoted = mdev_quote_path(path);
            mdev_note(host, MDEV_NOTE_CALLOUT, "callout script %s was terminated by a signal",
                      quoted);
        }
        process_result_clear(result);
    }
    return NULL;
}

void script_notify(const MdevHost *host, const Mdev *dev, const char *action, const char *state,
                   const char *input)
{
    if (dev->type == NULL || dev->parent == NULL)
        return;
    const ScriptCall call = { "notify", action, state, input };
    g_autoptr(GPtrArray) paths = script_list(host, "notifiers");
    for (guint i = 0; i < paths->len; i++) {
        g_auto(ProcessResult) result = { 0 };
        script_run(host, dev, paths->pdata[i], &call, &result);
    }
}
