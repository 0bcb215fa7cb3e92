/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-mdev.h"

#include <string.h>

#define PCI_DEVICES "/sys/bus/pci/devices"
#define VIRTUAL_DEVICES "/sys/devices/virtual"
#define PARENTS "/sys/class/mdev_bus"
#define DEVICES "/sys/bus/mdev/devices"
#define TYPES "mdev_supported_types"

static const Field mdev_type_fields[] = {
    FIELD_TEXT_(MdevType, id, "name of the type's directory"),
    FIELD_TEXT_(MdevType, name, "what the driver calls it"),
    FIELD_TEXT_(MdevType, description, "what the driver says of it, lines of text"),
    FIELD_TEXT_(MdevType, device_api, "what its devices are: vfio-pci, vfio-ccw, ..."),
    FIELD_INT_(MdevType, available, "devices that can still be made of it, -1 when not read"),
    FIELD_END,
};
const RecordType mdev_type_type = { "mdev-type", sizeof(MdevType), mdev_type_fields };

static const Field mdev_parent_fields[] = {
    FIELD_TEXT_(MdevParent, name, "name of the device"),
    FIELD_TEXT_(MdevParent, path, "its directory"),
    FIELD_TEXT_(MdevParent, driver, "driver, or class of a device without one"),
    FIELD_RECORDS_(MdevParent, types, &mdev_type_type, "types it offers"),
    FIELD_END,
};
const RecordType mdev_parent_type = { "mdev-parent", sizeof(MdevParent), mdev_parent_fields };

static const Field mdev_device_fields[] = {
    FIELD_TEXT_(MdevDevice, uuid, "UUID, lower case"),
    FIELD_TEXT_(MdevDevice, parent, "device it is a part of"),
    FIELD_TEXT_(MdevDevice, type, "its type"),
    FIELD_INT_(MdevDevice, iommu_group, "number of its /dev/vfio node, -1 when there is none"),
    FIELD_END,
};
const RecordType mdev_device_type = { "mdev-device", sizeof(MdevDevice), mdev_device_fields };

static const Field mdev_facts_fields[] = {
    FIELD_FLAG_(MdevFacts, core, "the kernel's mdev module is loaded"),
    FIELD_RECORDS_(MdevFacts, parents, &mdev_parent_type, "devices that offer types"),
    FIELD_RECORDS_(MdevFacts, devices, &mdev_device_type, "mediated devices that live"),
    FIELD_END,
};
const RecordType mdev_facts_type = { "mdev", sizeof(MdevFacts), mdev_facts_fields };

/* Without trailing white space; NULL for an absent, an unreadable and an absurd one. */
static char *read_attr(const Root *root, const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *text = root_read_attr(root, path, NULL);
    if (text == NULL || strlen(text) > MDEV_ATTRIBUTE_LIMIT)
        return NULL;
    return g_steal_pointer(&text);
}

/* "%u\n" of the kernel; what an int cannot hold is as many as one can. */
static int read_count(const Root *root, const char *directory, const char *name)
{
    g_autofree char *text = read_attr(root, directory, name);
    guint64 count;
    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &count, NULL))
        return -1;
    return (int)MIN(count, G_MAXINT);
}

static MdevType *read_type(const Root *root, const char *types, const char *id)
{
    g_autofree char *directory = g_build_filename(types, id, NULL);
    MdevType *type = record_new(&mdev_type_type);
    type->id = g_strdup(id);
    type->name = read_attr(root, directory, "name");
    type->description = read_attr(root, directory, "description");
    type->device_api = read_attr(root, directory, "device_api");
    type->available = read_count(root, directory, "available_instances");
    return type;
}

static char *link_in(const Root *root, const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    return root_link_name(root, path);
}

static MdevParent *read_parent(const Root *root, const char *path)
{
    MdevParent *parent = record_new(&mdev_parent_type);
    parent->name = g_path_get_basename(path);
    parent->path = g_strdup(path);
    parent->driver = link_in(root, path, "driver");
    if (parent->driver == NULL)
        parent->driver = link_in(root, path, "subsystem");
    parent->types = g_ptr_array_new();
    g_autofree char *types = g_build_filename(path, TYPES, NULL);
    g_auto(GStrv) ids = root_list(root, types);
    for (char **id = ids; *id != NULL; id++)
        g_ptr_array_add(parent->types, read_type(root, types, *id));
    return parent;
}

/* Where the device NAME of a bus or class lies: the link of sysfs, or what stands in its place. */
static char *device_path(const Root *root, const char *directory, const char *name)
{
    g_autofree char *link = g_build_filename(directory, name, NULL);
    g_autofree char *target = root_read_link(root, link, NULL);
    return target != NULL ? g_canonicalize_filename(target, directory) : g_steal_pointer(&link);
}

static void add_path(GHashTable *paths, const Root *root, char *path)
{
    g_autofree char *types = g_build_filename(path, TYPES, NULL);
    if (root_exists(root, types))
        g_hash_table_add(paths, path);
    else
        g_free(path);
}

static void find_linked(GHashTable *paths, const Root *root, const char *directory)
{
    g_auto(GStrv) names = root_list(root, directory);
    for (char **name = names; *name != NULL; name++)
        add_path(paths, root, device_path(root, directory, *name));
}

/* /sys/devices/virtual/CLASS/DEVICE, of the kernel's sample drivers */
static void find_virtual(GHashTable *paths, const Root *root)
{
    g_auto(GStrv) classes = root_list(root, VIRTUAL_DEVICES);
    for (char **name = classes; *name != NULL; name++) {
        g_autofree char *directory = g_build_filename(VIRTUAL_DEVICES, *name, NULL);
        g_auto(GStrv) devices = root_list(root, directory);
        for (char **device = devices; *device != NULL; device++)
            add_path(paths, root, g_build_filename(directory, *device, NULL));
    }
}

static int compare_parents(gconstpointer a, gconstpointer b)
{
    const MdevParent *const *left = a, *const *right = b;
    int order = strcmp((*left)->name, (*right)->name);
    return order != 0 ? order : strcmp((*left)->path, (*right)->path);
}

static GPtrArray *read_parents(const Root *root)
{
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    find_linked(paths, root, PARENTS);
    find_linked(paths, root, PCI_DEVICES);
    find_virtual(paths, root);

    GPtrArray *parents = g_ptr_array_new();
    GHashTableIter iterator;
    gpointer path;
    g_hash_table_iter_init(&iterator, paths);
    while (g_hash_table_iter_next(&iterator, &path, NULL))
        g_ptr_array_add(parents, read_parent(root, path));
    g_ptr_array_sort(parents, compare_parents);
    return parents;
}

static MdevDevice *read_device(const Root *root, const char *uuid)
{
    g_autofree char *link = g_build_filename(DEVICES, uuid, NULL);
    g_autofree char *target = root_read_link(root, link, NULL);
    MdevDevice *device = record_new(&mdev_device_type);
    device->uuid = g_ascii_strdown(uuid, -1);
    if (target != NULL) {
        g_autofree char *path = g_path_get_dirname(target);
        device->parent = g_path_get_basename(path);
    }
    device->type = link_in(root, link, "mdev_type");
    g_autofree char *group = link_in(root, link, "iommu_group");
    guint64 number;
    gboolean known =
        group != NULL && g_ascii_string_to_unsigned(group, 10, 0, G_MAXINT, &number, NULL);
    device->iommu_group = known ? (int)number : -1;
    return device;
}

static GPtrArray *read_devices(const Root *root)
{
    GPtrArray *devices = g_ptr_array_new();
    g_auto(GStrv) names = root_list(root, DEVICES);
    for (char **name = names; *name != NULL; name++)
        if (g_uuid_string_is_valid(*name))
            g_ptr_array_add(devices, read_device(root, *name));
    return devices;
}

MdevFacts *mdev_facts_read(const Root *root)
{
    MdevFacts *facts = record_new(&mdev_facts_type);
    facts->core = root_exists(root, "/sys/bus/mdev");
    facts->parents = read_parents(root);
    facts->devices = read_devices(root);
    return facts;
}

const MdevParent *mdev_find_parent(const MdevFacts *facts, const char *name)
{
    for (guint i = 0; facts->parents != NULL && i < facts->parents->len; i++) {
        const MdevParent *parent = facts->parents->pdata[i];
        if (g_strcmp0(parent->name, name) == 0)
            return parent;
    }
    return NULL;
}

const MdevType *mdev_find_type(const MdevParent *parent, const char *id)
{
    for (guint i = 0; parent->types != NULL && i < parent->types->len; i++) {
        const MdevType *type = parent->types->pdata[i];
        if (g_strcmp0(type->id, id) == 0)
            return type;
    }
    return NULL;
}

guint mdev_count_devices(const MdevFacts *facts, const char *parent, const char *type)
{
    guint count = 0;
    for (guint i = 0; facts->devices != NULL && i < facts->devices->len; i++) {
        const MdevDevice *device = facts->devices->pdata[i];
        count += g_strcmp0(device->parent, parent) == 0 &&
                 (type == NULL || g_strcmp0(device->type, type) == 0);
    }
    return count;
}
