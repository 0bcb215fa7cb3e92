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
    int available;     /* available_instances; -1: not read */
} MdevType;
extern const RecordType mdev_type_type;

typedef struct {
    char *name;       /* "0000:00:02.0", "mtty": its name in /sys/class/mdev_bus */
    char *path;       /* /sys/devices/... */
    char *driver;     /* "i915"; NULL: none */
    GPtrArray *types; /* MdevType, by id */
} MdevParent;
extern const RecordType mdev_parent_type;

typedef struct {
    char *uuid; /* lower case, as the kernel writes it */
    char *parent;
    char *type;
    int iommu_group; /* N of /dev/vfio/N; -1: none */
} MdevDevice;
extern const RecordType mdev_device_type;

typedef struct {
    gboolean core;      /* mdev.ko is there */
    GPtrArray *parents; /* MdevParent, by name */
    GPtrArray *devices; /* MdevDevice, by uuid */
} MdevFacts;
extern const RecordType mdev_facts_type;

/*
 * Reads them all; never fails, an absent file is an absent fact. Parents are found in
 * /sys/class/mdev_bus and, as that class can be missing (mdev_register_parent() only warns), by
 * mdev_supported_types below /sys/bus/pci/devices. Free with record_free(&mdev_facts_type).
 */
MdevFacts *mdev_facts_read(const Root *root);
