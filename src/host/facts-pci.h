/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCI display devices: what lspci -v says of a GPU, what each region is for, which kernel driver
 * has it, and which DRM nodes and connectors came of it. Read by libpci and from sysfs
 * (Documentation/ABI/testing/sysfs-bus-pci, sysfs-class-drm).
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef enum { PCI_REGION_MEMORY, PCI_REGION_IO, PCI_REGION_ROM } PciRegionKind;

typedef struct {
    int index; /* 0..5, 6 is the expansion ROM */
    int kind;  /* PciRegionKind */
    guint64 start;
    guint64 size_bytes;
    gboolean wide; /* 64-bit */
    gboolean prefetchable;
    gboolean disabled;    /* decoding is off in the command register or the ROM enable bit */
    guint64 bar;          /* what the base address register holds, flag bits included; 0: nothing,
                             or configuration space could not be read */
    gboolean rom_enabled; /* expansion ROM: its enable bit */
    gboolean virtual_rom; /* the shadow copy, not a BAR */
    char *purpose;        /* "graphics aperture (GMADR)", ...; NULL when not known */
} PciRegion;
extern const RecordType pci_region_type;

typedef struct {
    char *name;    /* "HDMI-A-1" */
    char *status;  /* "connected", "disconnected", "unknown" */
    char *monitor; /* name in the monitor's EDID, NULL when there is none */
    char *mode;    /* its first mode, "1920x1080"; NULL when there is none */
} DrmConnector;
extern const RecordType drm_connector_type;

/* Something that is there but could not be read, and why. */
typedef struct {
    char *path;
    char *reason; /* text of the errno, or what of it is missing */
} Unread;
extern const RecordType unread_type;

typedef struct {
    char *bdf; /* "0000:00:02.0" */
    int vendor_id, device_id, subvendor_id, subdevice_id, revision;
    int class_id; /* 0x0300: base class and subclass */
    int prog_if;
    /* NULL when the PCI ID database has no name */
    char *vendor_name, *device_name, *subvendor_name, *subsystem_name, *class_name, *prog_if_name;
    char *label;         /* lspci's DeviceName: the firmware's name of an onboard device */
    char *physical_slot; /* NULL when the firmware numbers none */
    /* configuration words and bytes (PCI 3.0, 6.2); -1 when they could not be read */
    int command, status;
    int latency, cache_line_bytes;
    int min_grant, max_latency; /* in quarters of a microsecond */
    int interrupt_pin;          /* 0 none, 1 A .. 4 D */
    int irq;
    char *iommu_group;
    gboolean boot_vga;
    gboolean capabilities_readable;    /* more than the first 64 bytes of configuration space */
    int gmch_control;                  /* Intel: configuration word 0x50, which has the size of the
                                          GTT; -1 when not read */
    GStrv capabilities;                /* "[40] Vendor Specific Information", ... */
    char *driver;                      /* NULL: none is bound */
    GStrv modules;                     /* modules that claim the device */
    char *link_speed, *link_speed_max; /* PCIe: "8.0 GT/s PCIe"; NULL when it is none */
    int link_width, link_width_max;
    int numa_node;
    int sriov_total, sriov_enabled; /* -1: not an SR-IOV device */
    char *physical_function;        /* address of the device this is a virtual function of */
    gboolean mdev_parent;           /* mdev_supported_types exists, empty or not */
    GStrv mdev_types;               /* names below mdev_supported_types */
    char *primary_node;             /* "/dev/dri/card0" */
    char *render_node;              /* "/dev/dri/renderD128" */
    char *render_path;              /* its /dev/dri/by-path link, which survives a reboot */
    GPtrArray *regions;             /* PciRegion */
    GPtrArray *connectors;          /* DrmConnector */
    GPtrArray *unread;              /* Unread */
} Gpu;
extern const RecordType gpu_type;

/*
 * All PCI devices of base class 03 (display), ordered by address. An unreadable attribute is a
 * row in Gpu.unread, not an error. The array's elements are freed by record_free(&gpu_type, ...).
 */
GPtrArray *gpus_read(const Root *root, GError **error);
void gpus_free(GPtrArray *gpus);

/* The region of that number (6: expansion ROM), borrowed, or NULL. */
const PciRegion *gpu_find_region(const Gpu *gpu, int index);
