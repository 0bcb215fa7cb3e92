/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing a device that lives: mdevctl 1.3's versioned callout scripts. */
#include <string.h>

#include "base/cleanup.h"
#include "vgpu/callout-script.h"
#include "vgpu/callout.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"

/* What we offer: a script that does not know this question has no versions. */
static const char offer[] =
    "{\"provides\":{\"version\":2,\"actions\":[\"start\",\"stop\",\"define\",\"undefine\","
    "\"modify\",\"attributes\",\"capabilities\"],"
    "\"events\":[\"pre\",\"post\",\"notify\",\"get\",\"live\"]}}";

/* {"supports": {"version": N, "actions": [...], "events": [...]}}, a new reference, or NULL. */
static json_t *read_capabilities(const ProcessResult *result)
{
    g_autoptr(json_t) answer = json_loads(result->out, 0, NULL);
    json_t *supports = json_object_get(answer, "supports");
    if (!json_is_integer(json_object_get(supports, "version")) ||
        !json_is_array(json_object_get(supports, "actions")) ||
        !json_is_array(json_object_get(supports, "events")))
        return NULL;
    return json_incref(supports);
}

static gboolean names_capabilities(const ProcessResult *result, gpointer data)
{
    g_autoptr(json_t) supports = read_capabilities(result);
    return supports != NULL;
}

static gboolean has_word(const json_t *supports, const char *list, const char *word)
{
    const json_t *words = json_object_get(supports, list);
    for (gsize i = 0; i < json_array_size(words); i++)
        if (g_strcmp0(json_string_value(json_array_get(words, i)), word) == 0)
            return TRUE;
    return FALSE;
}

static gboolean check_supports(const char *path, const json_t *supports, GError **error)
{
    g_autofree char *quoted = mdev_quote_path(path);
    if (!has_word(supports, "actions", "modify"))
        return mdev_error_set(error, MDEV_ERROR_CALLOUT,
                              "Script %s does not support action 'Modify'", quoted);
    return has_word(supports, "events", "live") ||
           mdev_error_set(error, MDEV_ERROR_CALLOUT, "Script %s does not support event 'Live'",
                          quoted);
}

/* The script that takes @dev and can do it, owned. */
static char *find_live_script(const MdevHost *host, const Mdev *dev, GError **error)
{
    const ScriptCall call = { "get", "capabilities", "none", offer };
    g_auto(ProcessResult) result = { 0 };
    ScriptEnd end = SCRIPT_NOT_RUN;
    g_autofree char *path = script_find(host, dev, &call, names_capabilities, NULL, &result, &end);
    if (path == NULL || end != SCRIPT_EXITED) {
        mdev_error_set(error, MDEV_ERROR_CALLOUT,
                       "No callout script with version support found that supports live modify");
        return NULL;
    }
    script_pass_stderr(host, path, &result);
    g_autoptr(json_t) supports = read_capabilities(&result);
    return check_supports(path, supports, error) ? g_steal_pointer(&path) : NULL;
}

gboolean callout_modify_live(const MdevHost *host, Mdev *dev, GError **error)
{
    g_autofree char *path = find_live_script(host, dev, error);
    if (path == NULL)
        return FALSE;
    g_autofree char *input = mdev_json_compact(dev);
    ScriptCall call = { "live", "modify", "none", input };
    g_auto(ProcessResult) result = { 0 };
    ScriptEnd end = script_run(host, dev, path, &call, &result);
    script_pass_stderr(host, path, &result);
    script_notify(host, dev, "modify", "none", input);
    if (end == SCRIPT_EXITED && result.status == 0)
        return TRUE;
    g_autofree char *quoted = mdev_quote_path(path);
    g_autofree char *how = process_describe(&result);
    if (end == SCRIPT_EXITED)
        return mdev_error_set(error, MDEV_ERROR_CALLOUT, "Script '%s' failed with status '%d'",
                              quoted, result.status);
    return mdev_error_set(error, MDEV_ERROR_CALLOUT, "Script '%s' %s", quoted, how);
}
