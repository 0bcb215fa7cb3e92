/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libpci behind a Root: names of the PCI ID database and configuration space of one device.
 *
 * libpci reports trouble by calling a function that must not return, and its own one ends the
 * program. Here every call that can fail returns instead: without a name, without bytes.
 */
#pragma once

#include "base/root.h"

typedef struct PciLibrary PciLibrary;

/* Loads libpci (pci-load.h), without which there are no names and no bytes. Opens no file of @root,
 * which must outlive it. */
PciLibrary *pci_library_new(const Root *root);
void pci_library_free(PciLibrary *library);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PciLibrary, pci_library_free)

/* What names are wanted of. */
typedef struct {
    int vendor, device, subvendor, subdevice;
    int class_id; /* 0x0300 */
    int prog_if;
} PciIds;

/* Each is owned, and NULL when the database has no name for it (or there is no database). */
typedef struct {
    char *vendor, *device;
    char *subvendor, *subdevice;
    char *class_name; /* of the subclass, else of the base class */
    char *prog_if;
} PciNames;

/*
 * Never asks the network. On the machine itself names come from its pci.ids and then from udev's
 * database; in another root only from its /usr/share/misc/pci.ids.
 */
void pci_library_names(PciLibrary *library, const PciIds *ids, PciNames *ret_names);

/*
 * Configuration space of the device at @bdf, which must be "dddd:bb:dd.f". The kernel shows the
 * first 64 bytes to everybody and the rest to CAP_SYS_ADMIN (drivers/pci/pci-sysfs.c:
 * pci_read_config).
 */
#define PCI_CONFIG_HEADER 64
typedef struct {
    gboolean header_read; /* the first 64 bytes are in @header */
    guint8 header[PCI_CONFIG_HEADER];
    gboolean rest_read; /* and so are the others readable */
    int gmch_control;   /* word at 0x50, -1 when it cannot be read */
    GStrv capabilities; /* owned; "[40] Vendor Specific Information", ... */
} PciConfig;
void pci_library_config(PciLibrary *library, const char *bdf, PciConfig *ret_config);
void pci_config_clear(PciConfig *config);

/* Little-endian values of the header; -1 when it was not read. */
int pci_config_byte(const PciConfig *config, guint offset);
int pci_config_word(const PciConfig *config, guint offset);
guint32 pci_config_long(const PciConfig *config, guint offset); /* 0 when it was not read */
