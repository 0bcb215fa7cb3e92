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
    char *format; /* QEMU's driver name: "raw", "qcow2", "vmdk", "vdi", "vhdx", "vpc", ... */
    gboolean iso; /* ISO 9660: a CD or DVD image */
    gboolean block_device;
    gboolean writable;     /* this user may write it */
    guint64 size_bytes;    /* of the file */
    guint64 virtual_bytes; /* what the guest sees; 0 when the format does not tell us cheaply */
    gboolean encrypted;    /* QEMU needs a secret to open it */
    char *backing_file, *backing_format; /* qcow2: NULL when it has none */
} DiskInfo;
extern const RecordType disk_info_type;

/*
 * Opens and looks at @path. @format is what the user says it is (NULL or "auto": from the
 * content). NULL with @error naming the file and the way out: missing, not readable, a directory,
 * empty, a truncated or corrupt header, a raw-named file (.img, .raw, .iso) whose content says
 * something else (the attack above) unless @format says so, a qcow2 whose backing file is missing
 * or has no format. Free with record_free(&disk_info_type, ...).
 */
DiskInfo *disk_probe(const char *path, const char *format, GError **error);

/*
 * The part of disk_probe() that judges bytes: the first @length of the file in @head (more than
 * DISK_HEAD_BYTES are not needed) and its last 512 in @footer, NULL when it has less. Reads
 * info->path and size_bytes, sets format, iso, virtual_bytes, encrypted and backing_*.
 */
#define DISK_HEAD_BYTES 65536
gboolean disk_header_read(DiskInfo *info, const guint8 *head, gsize length, const guint8 *footer,
                          const char *format, GError **error);

/*
 * Whether the file is free of locks that would keep a QEMU from opening it for the access we want.
 * FALSE with VGPUCTL_ERROR_BUSY and the process that holds it, when it is one we may look at.
 */
gboolean disk_check_lock(const DiskInfo *disk, gboolean readonly, GError **error);

/* Makes a qcow2 of @bytes with qemu-img; an existing file is an error and stays as it is, and
 * nothing is left on failure. */
gboolean disk_create(const char *path, guint64 bytes, GError **error);
