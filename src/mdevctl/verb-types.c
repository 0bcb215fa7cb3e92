/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All is read before anything is printed: a parent that goes away meanwhile is an error, and then
 * mdevctl prints nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "mdevctl/host.h"
#include "mdevctl/verbs.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"
#include "vgpu/mdev-read.h"

typedef struct {
    const char *parent, *type;
    int available;
    char *device_api, *name, *description; /* the last two NULL: not told */
} Type;

static void type_clear(Type *type)
{
    g_free(type->device_api);
    g_free(type->name);
    g_free(type->description);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Type, type_clear)

/* A file that may be missing or empty: *@ret_text is NULL then. */
static gboolean read_optional(const Root *root, const char *path, char **ret_text, GError **error)
{
    struct stat info;
    if (!root_stat(root, path, &info, NULL))
        return TRUE;
    *ret_text = mdev_read_text(root, path, error);
    if (*ret_text != NULL && **ret_text == '\0')
        g_clear_pointer(ret_text, g_free);
    return *ret_text != NULL || error == NULL || *error == NULL;
}

/* Each line but the last ends with a comma instead of a newline. */
static void join_lines(char **text)
{
    if (*text == NULL || strchr(*text, '\n') == NULL)
        return;
    g_auto(GStrv) lines = g_strsplit(*text, "\n", -1);
    g_free(*text);
    *text = g_strjoinv(", ", lines);
}

static gboolean read_type(const Root *root, const char *directory, Type *type, GError **error)
{
    g_autofree char *available = g_strconcat(directory, "/available_instances", NULL);
    g_autofree char *device_api = g_strconcat(directory, "/device_api", NULL);
    g_autofree char *name = g_strconcat(directory, "/name", NULL);
    g_autofree char *description = g_strconcat(directory, "/description", NULL);
    if (!mdev_read_int(root, available, &type->available, error) ||
        (type->device_api = mdev_read_text(root, device_api, error)) == NULL ||
        !read_optional(root, name, &type->name, error) ||
        !read_optional(root, description, &type->description, error))
        return FALSE;
    join_lines(&type->description);
    return TRUE;
}

static void append_text(GString *out, const Type *type)
{
    g_string_append_printf(out, "  %s\n    Available instances: %d\n    Device API: %s\n",
                           type->type, type->available, type->device_api);
    if (type->name != NULL)
        g_string_append_printf(out, "    Name: %s\n", type->name);
    if (type->description != NULL)
        g_string_append_printf(out, "    Description: %s\n", type->description);
}

static void append_member(GString *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    g_string_append_printf(out, ",\n          \"%s\": ", name);
    json_text_append(out, value);
}

static void append_json(GString *out, const Type *type)
{
    g_string_append(out, "\n      {\n        ");
    json_text_append(out, type->type);
    g_string_append_printf(out, ": {\n          \"available_instances\": %d", type->available);
    append_member(out, "device_api", type->device_api);
    append_member(out, "name", type->name);
    append_member(out, "description", type->description);
    g_string_append(out, "\n        }\n      }");
}

/* The types of one parent, in @directory, between @open and @close. */
static gboolean append_types(GString *out, const Root *root, const char *directory,
                             gboolean as_json, GError **error)
{
    autofd int fd = root_open_file(root, directory, O_RDONLY | O_DIRECTORY, NULL);
    if (fd < 0)
        return mdev_error_set_errno(error, errno, "%s", "");
    g_auto(GStrv) names = root_list(root, directory);
    gboolean any = FALSE;
    for (guint i = 0; names[i] != NULL; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", directory, names[i]);
        g_auto(Type) type = { .type = names[i] };
        struct stat info;
        if (!root_stat(root, path, &info, NULL) || !S_ISDIR(info.st_mode))
            continue;
        if (!read_type(root, path, &type, error))
            return FALSE;
        if (as_json && any)
            g_string_append_c(out, ',');
        (as_json ? append_json : append_text)(out, &type);
        any = TRUE;
    }
    if (as_json)
        g_string_append(out, any ? "\n    ]" : "]");
    return TRUE;
}

static void append_parent(GString *out, const char *parent, gboolean as_json, gboolean is_first)
{
    if (!as_json) {
        g_string_append_printf(out, "%s\n", parent);
        return;
    }
    g_string_append(out, is_first ? "[\n  {\n    " : ",\n    ");
    json_text_append(out, parent);
    g_string_append(out, ": [");
}

int mdevctl_types(const Root *root, const MdevctlRequest *request)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) parents = root_list(root, "/sys/class/mdev_bus");
    gboolean any = FALSE;
    for (guint i = 0; parents[i] != NULL; i++) {
        if (request->parent != NULL && !g_str_equal(request->parent, parents[i]))
            continue;
        append_parent(out, parents[i], request->dumpjson, !any);
        any = TRUE;
        g_autofree char *directory =
            g_strdup_printf("/sys/class/mdev_bus/%s/mdev_supported_types", parents[i]);
        if (!append_types(out, root, directory, request->dumpjson, &error))
            return mdevctl_fail_error(error);
    }
    if (request->dumpjson)
        g_string_append(out, any ? "\n  }\n]" : "[]");
    g_string_append_c(out, '\n');
    mdevctl_flush(out, 0);
    return 0;
}
