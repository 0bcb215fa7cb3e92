/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mediated devices as the kernel shows them (Documentation/ABI/testing/sysfs-bus-vfio-mdev):
 * the parents that offer types, what is left of each type, and the devices that live.
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef struct {
    char *id;          /* name of its directory: "i915-GVTg_V5_4" */
    char *name;        /* what the driver calls it: "GVTg_V5_4"; NULL: no such file */
    char *description; /* lines of text; NULL: no such file (mtty) */
    char *device_api;  /* "vfio-pci" */
    int available;     /* available_instances; -1: not read, or no number */
} MdevType;
extern const RecordType mdev_type_type;

typedef struct {
    char *name;       /* "0000:00:02.0", "mtty": its name in /sys/class/mdev_bus */
    char *path;       /* /sys/devices/... */
    char *driver;     /* "i915"; the class where no driver is bound ("mtty"), as the kernel's
                         dev_driver_string() that types are named by; NULL: neither */
    GPtrArray *types; /* MdevType, by id */
} MdevParent;
extern const RecordType mdev_parent_type;

typedef struct {
    char *uuid;      /* lower case, as the kernel writes it */
    char *parent;    /* NULL: not read */
    char *type;      /* NULL: not read */
    int iommu_group; /* N of /dev/vfio/N; -1: none */
} MdevDevice;
extern const RecordType mdev_device_type;

typedef struct {
    gboolean core;      /* mdev.ko is there (/sys/bus/mdev) */
    GPtrArray *parents; /* MdevParent, by name */
    GPtrArray *devices; /* MdevDevice, by uuid */
} MdevFacts;
extern const RecordType mdev_facts_type;

/* A longer attribute is not one of sysfs (fs/sysfs/file.c: at most a page) and is not read. */
#define MDEV_ATTRIBUTE_LIMIT 4096u

/*
 * Reads them all; never fails, an absent or unusable file is an absent fact, texts are what the
 * driver wrote, any bytes. Parents are found in /sys/class/mdev_bus and, as a link of that class
 * can be missing (mdev_register_parent() only warns), by mdev_supported_types below
 * /sys/bus/pci/devices and /sys/devices/virtual. Free with record_free(&mdev_facts_type).
 */
MdevFacts *mdev_facts_read(const Root *root);

/* Borrowed, or NULL. */
const MdevParent *mdev_find_parent(const MdevFacts *facts, const char *name);
const MdevType *mdev_find_type(const MdevParent *parent, const char *id);

/* How many devices of that type live on that parent; @type NULL: of any. */
guint mdev_count_devices(const MdevFacts *facts, const char *parent, const char *type);
