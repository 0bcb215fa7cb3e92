/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a disk image is, read from its first bytes, so that QEMU never has to guess: a guest that
 * may write a raw disk could otherwise turn it into a qcow2 that names any file of the host as its
 * backing file.
 */
#pragma once

#include "base/record.h"

typedef struct {
    char *path;   /* absolute */
    char *format; /* QEMU's driver name: "raw", "qcow2", "vmdk", "vdi", "vhdx", "vpc", "qed", "luks"
                   */
    gboolean iso; /* ISO 9660: a CD or DVD image */
    gboolean block_device;
    gboolean writable;     /* this user may write it */
    guint64 size_bytes;    /* of the file */
    guint64 virtual_bytes; /* what the guest sees; 0 when the format does not tell us cheaply */
    char *backing_file, *backing_format; /* qcow2: NULL when it has none */
} DiskInfo;
extern const RecordType disk_info_type;

/*
 * Opens and looks at @path. @format is what the user says it is (NULL or "auto": from the
 * content). Errors, each naming the file and the way out: missing, not readable, a directory,
 * empty, a truncated or corrupt header, a raw-named file (.img, .raw, .iso) whose content says
 * qcow2 (the attack above) unless @format says so, a qcow2 whose backing file is missing or has no
 * format.
 */
DiskInfo *disk_probe(const char *path, const char *format, GError **error);

/* Whether the file is locked by a running QEMU (block/file-posix.c: byte 100 onwards, shared bytes
 * 200 onwards) for the access we want; TRUE means free. @error names the holder when it is known.
 */
gboolean disk_check_lock(const DiskInfo *disk, gboolean readonly, GError **error);

/* Makes a qcow2 of @bytes with qemu-img; nothing is left on failure. */
gboolean disk_create(const char *path, guint64 bytes, GError **error);
