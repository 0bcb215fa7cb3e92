/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/callout.h"

#include <string.h>

#include "base/cleanup.h"
#include "vgpu/callout-script.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"

static const char *const action_words[] = { "start", "stop", "define", "undefine", "modify" };

/* What scripts are told to read: the configuration. Owned; NULL for a device that has none. */
static char *configuration(const Mdev *dev)
{
    return dev->type != NULL && dev->parent != NULL ? mdev_json_compact(dev) : NULL;
}

static gboolean set_script_error(const char *path, ScriptEnd end, const ProcessResult *result,
                                 GError **error)
{
    g_autofree char *quoted = mdev_quote_path(path);
    if (end == SCRIPT_TIMED_OUT)
        return mdev_error_set(error, MDEV_ERROR_CALLOUT,
                              "callout script %s did not finish in time and was killed", quoted);
    return mdev_error_set(error, MDEV_ERROR_CALLOUT, "callout script %s failed with return code %d",
                          quoted, result->status);
}

/* Asks the scripts in turn. *@ret_script is the one that took the device, owned, or NULL. */
static gboolean run_before(const MdevHost *host, const Mdev *dev, const ScriptCall *call,
                           char **ret_script, GError **error)
{
    g_auto(ProcessResult) result = { 0 };
    ScriptEnd end;
    *ret_script = script_find(host, dev, call, NULL, NULL, &result, &end);
    if (*ret_script == NULL)
        return TRUE;
    script_pass_stderr(host, *ret_script, &result);
    return end == SCRIPT_EXITED && result.status == 0
               ? TRUE
               : set_script_error(*ret_script, end, &result, error);
}

/* The script that took the device before, or whoever takes it now. */
static void run_after(const MdevHost *host, const Mdev *dev, const ScriptCall *call,
                      const char *script)
{
    g_auto(ProcessResult) result = { 0 };
    ScriptEnd end;
    g_autofree char *found = NULL;
    if (script != NULL) {
        end = script_run(host, dev, script, call, &result);
    } else {
        found = script_find(host, dev, call, NULL, NULL, &result, &end);
        script = found;
    }
    if (script != NULL)
        script_pass_stderr(host, script, &result);
}

/* Whether to go on though a script said no; @reason is taken when so. */
static gboolean is_forced(const MdevHost *host, const char *action, gboolean force, GError **reason)
{
    if (*reason == NULL)
        return TRUE;
    if (!force)
        return FALSE;
    mdev_note(host, MDEV_NOTE_CALLOUT,
              "Forcing operation '%s' despite callout failure. Error was: %s", action,
              (*reason)->message);
    g_clear_error(reason);
    return TRUE;
}

gboolean callout_around(const MdevHost *host, Mdev *dev, CalloutAction action, gboolean force,
                        CalloutAct act, gpointer data, GError **error)
{
    const char *word = action_words[action];
    g_autofree char *before = configuration(dev);
    ScriptCall call = { "pre", word, "none", before };
    g_autofree char *script = NULL;
    g_autoptr(GError) reason = NULL;
    run_before(host, dev, &call, &script, &reason);

    gboolean done = FALSE;
    if (is_forced(host, word, force, &reason)) {
        done = act(host, dev, data, &reason);
        call.state = done ? "success" : "failure";
        call.event = "post";
        run_after(host, dev, &call, script);
    }
    script_notify(host, dev, word, call.state, before);
    if (reason != NULL)
        g_propagate_error(error, g_steal_pointer(&reason));
    return done;
}

gboolean callout_any(const MdevHost *host)
{
    g_autoptr(GPtrArray) paths = script_list(host, "callouts");
    return paths->len > 0;
}

gboolean callout_parse_attrs(Mdev *dev, const char *printed, gsize length, GError **error)
{
    /* scripts in C may print the NUL of their string, too (mdevctl#84) */
    while (length > 0 && printed[length - 1] == '\0')
        length--;
    g_autofree char *text = g_utf8_make_valid(printed, (gssize)length);
    if (*text == '\0' || g_str_equal(text, "[{}]"))
        return TRUE;
    g_autoptr(GError) reason = NULL;
    g_autoptr(json_t) attrs = mdev_json_parse(text, strlen(text), &reason);
    if (attrs == NULL)
        return mdev_error_set(error, MDEV_ERROR_JSON, "Unable to parse attributes from JSON\n%s",
                              reason->message);
    return mdev_load_attrs(dev, attrs, error);
}

gboolean callout_load_attrs(const MdevHost *host, Mdev *dev, GError **error)
{
    const ScriptCall call = { "get", "attributes", "none", NULL };
    g_auto(ProcessResult) result = { 0 };
    ScriptEnd end;
    g_autofree char *script = script_find(host, dev, &call, NULL, NULL, &result, &end);
    if (script == NULL)
        return TRUE;
    if (end == SCRIPT_EXITED && result.status == 0)
        return callout_parse_attrs(dev, result.out, result.out_length, error);
    script_pass_stderr(host, script, &result);
    g_autofree char *quoted = mdev_quote_path(script);
    return mdev_error_set(error, MDEV_ERROR_CALLOUT, "failed to get attributes from %s", quoted);
}
