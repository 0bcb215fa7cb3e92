/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/vgpu-names.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/suggest.h"
#include "base/uuid.h"

#define LASTING "/etc/vgpuctl/vgpu.d"
#define TRANSIENT "/run/vgpuctl/vgpu.d"
#define DEVICES "/sys/bus/mdev/devices"
#define LONGEST_NAME 64

static const Field vgpu_record_fields[] = {
    FIELD_TEXT_(VgpuRecord, uuid, "UUID, lower case"),
    FIELD_TEXT_(VgpuRecord, name, "name, or null"),
    FIELD_TEXT_(VgpuRecord, type, "its type"),
    FIELD_TEXT_(VgpuRecord, parent, "GPU it is a part of"),
    FIELD_INT_(VgpuRecord, uid, "user who may open it, -1 for none"),
    FIELD_INT_(VgpuRecord, gid, "group that may open it, -1 for none"),
    FIELD_FLAG_(VgpuRecord, persistent, "whether it comes again with the next boot"),
    FIELD_END,
};
const RecordType vgpu_record_type = { "vgpu", sizeof(VgpuRecord), vgpu_record_fields };

void vgpu_record_free(VgpuRecord *record)
{
    record_free(&vgpu_record_type, record);
}

static VgpuRecord *read_record(const Root *root, const char *directory, const char *uuid)
{
    g_autofree char *path = g_build_filename(directory, uuid, NULL);
    gsize length = 0;
    g_autofree char *text = root_read(root, path, &length, NULL);
    g_autoptr(json_t) object = text != NULL ? json_from_text(text, length, path, NULL) : NULL;
    VgpuRecord *record = object != NULL ? record_from_json(&vgpu_record_type, object, NULL) : NULL;
    if (record == NULL)
        return NULL;
    g_free(record->uuid); /* the file's name is what counts */
    record->uuid = g_strdup(uuid);
    return record;
}

static void list_directory(const Root *root, const char *directory, GPtrArray *records)
{
    g_auto(GStrv) names = root_list(root, directory);
    for (char **name = names; *name != NULL; name++) {
        VgpuRecord *record = uuid_is_canonical(*name) ? read_record(root, directory, *name) : NULL;
        if (record != NULL)
            g_ptr_array_add(records, record);
    }
}

static int compare_records(gconstpointer a, gconstpointer b)
{
    const VgpuRecord *const *first = a, *const *second = b;
    return strcmp((*first)->uuid, (*second)->uuid);
}

GPtrArray *vgpu_records(const Root *root)
{
    GPtrArray *records = g_ptr_array_new_with_free_func((GDestroyNotify)vgpu_record_free);
    list_directory(root, LASTING, records);
    list_directory(root, TRANSIENT, records);
    g_ptr_array_sort(records, compare_records);
    return records;
}

VgpuRecord *vgpu_record_find(const Root *root, const char *uuid)
{
    if (!uuid_is_canonical(uuid))
        return NULL;
    VgpuRecord *record = read_record(root, LASTING, uuid);
    return record != NULL ? record : read_record(root, TRANSIENT, uuid);
}

VgpuRecord *vgpu_record_by_name(const Root *root, const char *name)
{
    g_autoptr(GPtrArray) records = vgpu_records(root);
    for (guint i = 0; i < records->len; i++) {
        const VgpuRecord *record = records->pdata[i];
        if (g_strcmp0(record->name, name) == 0)
            return g_ptr_array_steal_index(records, i);
    }
    return NULL;
}

gboolean vgpu_record_write(const Root *root, const VgpuRecord *record, GError **error)
{
    g_autofree char *directory = root_host_path(root, record->persistent ? LASTING : TRANSIENT);
    g_autofree char *path = g_build_filename(directory, record->uuid, NULL);
    g_autoptr(json_t) object = record_to_json(&vgpu_record_type, record);
    g_autofree char *text = json_to_text(object);
    return file_make_directory(directory, 0755, error) &&
           file_write_atomic(path, text, strlen(text), 0644, error);
}

static gboolean remove_below(const Root *root, const char *directory, const char *uuid,
                             GError **error)
{
    g_autofree char *below = g_build_filename(directory, uuid, NULL);
    g_autofree char *path = root_host_path(root, below);
    return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR ||
           error_set_errno(error, errno, "Removing %s", path);
}

gboolean vgpu_record_remove(const Root *root, const char *uuid, GError **error)
{
    return remove_below(root, TRANSIENT, uuid, error) && remove_below(root, LASTING, uuid, error);
}

gboolean vgpu_name_check(const char *name, GError **error)
{
    gsize length = strlen(name);
    gboolean good = length > 0 && length <= LONGEST_NAME && g_ascii_isalnum(name[0]);
    for (gsize i = 0; i < length; i++)
        good = good && (g_ascii_isalnum(name[i]) || strchr("._-", name[i]) != NULL);
    if (!good) {
        g_autofree char *shown = g_strescape(name, NULL);
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "'%s' is no name for a vGPU: letters, digits, '.', '_' and '-', beginning "
                         "with a letter or digit, at most %d characters",
                         shown, LONGEST_NAME);
    }
    g_autofree char *uuid = uuid_parse(name, NULL);
    return uuid == NULL || error_set(error, VGPUCTL_ERROR_USAGE,
                                     "'%s' is a UUID and so no name for another vGPU", name);
}

/* Adds those of @uuids that begin with @prefix to @found, each once. */
static void add_matches(const char *prefix, const char *uuid, GHashTable *found)
{
    if (g_ascii_strncasecmp(uuid, prefix, strlen(prefix)) == 0)
        g_hash_table_add(found, g_strdup(uuid));
}

static char *resolve_prefix(const Root *root, const char *prefix, const GPtrArray *records,
                            GError **error)
{
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) devices = root_list(root, DEVICES);
    for (char **device = devices; *device != NULL; device++)
        add_matches(prefix, *device, found);
    for (guint i = 0; i < records->len; i++)
        add_matches(prefix, ((const VgpuRecord *)records->pdata[i])->uuid, found);
    GHashTableIter all;
    gpointer uuid = NULL;
    g_hash_table_iter_init(&all, found);
    g_hash_table_iter_next(&all, &uuid, NULL);
    if (g_hash_table_size(found) <= 1)
        return g_strdup(uuid);
    error_set(error, VGPUCTL_ERROR_USAGE,
              "%u vGPUs begin with '%s': write more of the one that is meant",
              g_hash_table_size(found), prefix);
    return NULL;
}

static const char *nearest_name(const char *wrong, const GPtrArray *records)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < records->len; i++) {
        const VgpuRecord *record = records->pdata[i];
        if (record->name != NULL)
            g_ptr_array_add(names, record->name);
    }
    g_ptr_array_add(names, NULL);
    return suggest_word(wrong, (const char *const *)names->pdata);
}

char *vgpu_resolve(const Root *root, const char *text, GError **error)
{
    g_autofree char *uuid = uuid_parse(text, NULL);
    if (uuid != NULL)
        return g_steal_pointer(&uuid);
    g_autoptr(VgpuRecord) record = vgpu_record_by_name(root, text);
    if (record != NULL)
        return g_strdup(record->uuid);

    g_autoptr(GPtrArray) records = vgpu_records(root);
    g_autoptr(GError) reason = NULL;
    char *found = *text != '\0' ? resolve_prefix(root, text, records, &reason) : NULL;
    if (found != NULL)
        return found;
    if (reason != NULL) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return NULL;
    }
    const char *near = nearest_name(text, records);
    g_autofree char *hint = near != NULL ? g_strdup_printf("did you mean '%s'?", near)
                                         : g_strdup("'vgpuctl list' shows those there are");
    error_set(error, VGPUCTL_ERROR_NOT_FOUND, "No vGPU is named '%s' or begins so; %s", text, hint);
    return NULL;
}
