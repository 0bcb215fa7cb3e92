/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Image formats by their first bytes. The qcow2 header is read as block/qcow2.c:qcow2_do_open reads
 * it (docs/interop/qcow2.txt), because it decides which other files QEMU will open; of all others
 * we want the name and, where one field tells it, the size.
 */
#include <string.h>

#include "base/error.h"
#include "vm/disk.h"

#define FOOTER_BYTES 512
#define QCOW2_V2_BYTES 72
#define QCOW2_V3_BYTES 104
#define QCOW2_CLUSTER_BITS_LOWEST 9 /* block/qcow2.h: MIN_CLUSTER_BITS, MAX_CLUSTER_BITS */
#define QCOW2_CLUSTER_BITS_HIGHEST 21
#define QCOW2_L1_ENTRIES_HIGHEST (0x2000000 / 8) /* QCOW_MAX_L1_SIZE */
#define QCOW2_BACKING_LONGEST 1023
#define QCOW2_INCOMPATIBLE_CORRUPT 0x2
#define QCOW2_INCOMPATIBLE_KNOWN 0x1f
#define QCOW2_EXTENSION_BACKING_FORMAT 0xe2792aca

typedef struct {
    const guint8 *data;
    gsize length;
} Bytes;

static guint32 be32(Bytes bytes, gsize offset)
{
    guint32 value;
    memcpy(&value, bytes.data + offset, sizeof value);
    return GUINT32_FROM_BE(value);
}

static guint64 be64(Bytes bytes, gsize offset)
{
    return (guint64)be32(bytes, offset) << 32 | be32(bytes, offset + 4);
}

static gboolean has(Bytes bytes, gsize offset, const char *magic, gsize length)
{
    return bytes.length >= offset + length && memcmp(bytes.data + offset, magic, length) == 0;
}

typedef struct {
    const char *format; /* QEMU's driver */
    gsize offset;
    const char *magic;
    gsize length;
    gsize size_offset; /* of a little-endian 64-bit size; 0: not known cheaply */
    guint size_unit;
} Magic;

#define MAGIC(text) text, sizeof(text) - 1

static const Magic magics[] = {
    { "qcow2", 0, MAGIC("QFI\xfb\0\0\0\2"), 0, 0 },
    { "qcow2", 0, MAGIC("QFI\xfb\0\0\0\3"), 0, 0 },
    { "qcow", 0, MAGIC("QFI\xfb\0\0\0\1"), 0, 0 },
    { "vmdk", 0, MAGIC("KDMV"), 12, 512 },
    { "vmdk", 0, MAGIC("COWD"), 0, 0 },
    { "vmdk", 0, MAGIC("# Disk DescriptorFile"), 0, 0 },
    { "vdi", 0x40, MAGIC("\x7f\x10\xda\xbe"), 0x170, 1 },
    { "vhdx", 0, MAGIC("vhdxfile"), 0, 0 },
    { "vpc", 0, MAGIC("conectix"), 0, 0 },
    { "qed", 0, MAGIC("QED\0"), 48, 1 },
    { "luks", 0, MAGIC("LUKS\xba\xbe"), 0, 0 },
    { "parallels", 0, MAGIC("WithoutFreeSpace"), 0, 0 },
    { "parallels", 0, MAGIC("WithouFreSpacExt"), 0, 0 },
};

static const Magic *find_magic(Bytes head)
{
    for (gsize i = 0; i < G_N_ELEMENTS(magics); i++)
        if (has(head, magics[i].offset, magics[i].magic, magics[i].length))
            return &magics[i];
    return NULL;
}

static gboolean known_format(const char *format)
{
    if (g_str_equal(format, "raw"))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(magics); i++)
        if (g_str_equal(magics[i].format, format))
            return TRUE;
    return FALSE;
}

static gboolean bad(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean bad(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    return error_set(error, VGPUCTL_ERROR_INVALID, "%s", text);
}

static gboolean check_features(const DiskInfo *info, Bytes head, gsize cluster, GError **error)
{
    guint64 incompatible = be64(head, 72);
    guint32 header_length = be32(head, 100);
    if (incompatible & QCOW2_INCOMPATIBLE_CORRUPT)
        return bad(error, "the image is marked corrupt; repair it with 'qemu-img check -r all %s'",
                   info->path);
    if (incompatible & ~(guint64)QCOW2_INCOMPATIBLE_KNOWN)
        return bad(error, "the image uses qcow2 features unknown to us (0x%" G_GINT64_MODIFIER "x)",
                   incompatible & ~(guint64)QCOW2_INCOMPATIBLE_KNOWN);
    if (header_length < QCOW2_V3_BYTES || header_length > cluster)
        return bad(error, "corrupt qcow2 header: header length %u", header_length);
    return TRUE;
}

/* A table of @entries 64-bit entries must lie in the file, or the image was cut off. */
static gboolean check_table(const DiskInfo *info, const char *name, guint64 offset, guint64 bytes,
                            GError **error)
{
    if (offset <= info->size_bytes && bytes <= info->size_bytes - offset)
        return TRUE;
    return bad(error,
               "the image is truncated: its %s table ends behind the file's %" G_GUINT64_FORMAT
               " bytes; copy it again from where it came",
               name, info->size_bytes);
}

/* The backing file's format stands in a header extension: type, length, data padded to 8. */
static char *backing_format(Bytes head, gsize start, gsize end)
{
    for (gsize at = start; at + 8 <= end;) {
        guint32 type = be32(head, at), length = be32(head, at + 4);
        if (type == 0 || length > end - at - 8)
            return NULL;
        if (type == QCOW2_EXTENSION_BACKING_FORMAT)
            return g_strndup((const char *)head.data + at + 8, length);
        at += 8 + ((gsize)length + 7) / 8 * 8;
    }
    return NULL;
}

static gboolean read_backing(DiskInfo *info, Bytes head, gsize header, gsize cluster,
                             GError **error)
{
    guint64 offset = be64(head, 8);
    guint32 length = be32(head, 16);
    if (offset == 0)
        return TRUE;
    if (length == 0 || length > QCOW2_BACKING_LONGEST || offset < header || offset >= cluster ||
        length > cluster - offset || offset + length > head.length)
        return bad(error,
                   "corrupt qcow2 header: name of the backing file at %" G_GUINT64_FORMAT
                   ", %u bytes",
                   offset, length);
    info->backing_file = g_strndup((const char *)head.data + offset, length);
    info->backing_format = backing_format(head, header, (gsize)offset);
    return TRUE;
}

static gboolean read_qcow2(DiskInfo *info, Bytes head, GError **error)
{
    guint32 version = be32(head, 4);
    gsize least = version >= 3 ? QCOW2_V3_BYTES : QCOW2_V2_BYTES;
    if (head.length < least)
        return bad(error, "the image is truncated: %zu bytes of a qcow2 header of %zu", head.length,
                   least);
    guint32 cluster_bits = be32(head, 20), l1_entries = be32(head, 36);
    if (cluster_bits < QCOW2_CLUSTER_BITS_LOWEST || cluster_bits > QCOW2_CLUSTER_BITS_HIGHEST)
        return bad(error, "corrupt qcow2 header: clusters of 2^%u bytes", cluster_bits);
    gsize cluster = (gsize)1 << cluster_bits;
    if (version >= 3 && !check_features(info, head, cluster, error))
        return FALSE;
    if (l1_entries > QCOW2_L1_ENTRIES_HIGHEST)
        return bad(error, "corrupt qcow2 header: an L1 table of %u entries", l1_entries);
    if (!check_table(info, "L1", be64(head, 40), (guint64)l1_entries * 8, error) ||
        !check_table(info, "refcount", be64(head, 48), 8, error))
        return FALSE;
    info->virtual_bytes = be64(head, 24);
    info->encrypted = be32(head, 32) != 0;
    return read_backing(info, head, version >= 3 ? be32(head, 100) : QCOW2_V2_BYTES, cluster,
                        error);
}

static guint64 size_field(const Magic *magic, Bytes head)
{
    if (magic->size_offset == 0 || head.length < magic->size_offset + 8)
        return 0;
    guint64 value;
    memcpy(&value, head.data + magic->size_offset, sizeof value);
    value = GUINT64_FROM_LE(value);
    return value <= G_MAXINT64 / magic->size_unit ? value * magic->size_unit : 0;
}

/* Names that promise a raw image. */
static gboolean named_raw(const char *path)
{
    static const char *const suffixes[] = { ".img", ".raw", ".iso" };
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        gsize length = strlen(path), suffix = strlen(suffixes[i]);
        if (length > suffix && g_ascii_strcasecmp(path + length - suffix, suffixes[i]) == 0)
            return TRUE;
    }
    return FALSE;
}

/* What the file is, out of what the user says and what the content says. NULL with @error. */
static const char *settle_format(const DiskInfo *info, const char *said, const char *found,
                                 GError **error)
{
    gboolean automatic = said == NULL || g_str_equal(said, "auto");
    if (automatic && !g_str_equal(found, "raw") && named_raw(info->path)) {
        bad(error,
            "the name says raw, the content says %s: a guest may have written that; if the image "
            "was made so, add format=%s, else format=raw",
            found, found);
        return NULL;
    }
    if (automatic)
        return found;
    if (!known_format(said)) {
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "unknown format '%s'; raw, qcow2, vmdk, vdi, vhdx, vpc, qed, luks are known",
                  said);
        return NULL;
    }
    if (!g_str_equal(said, "raw") && !g_str_equal(said, found)) {
        bad(error, "it is no %s image: the content says %s", said, found);
        return NULL;
    }
    return said;
}

gboolean disk_header_read(DiskInfo *info, const guint8 *head_data, gsize length,
                          const guint8 *footer, const char *format, GError **error)
{
    Bytes head = { head_data, length };
    const Magic *magic = find_magic(head);
    Bytes tail = { footer, footer != NULL ? FOOTER_BYTES : 0 };
    const char *found = magic != NULL                     ? magic->format
                        : has(tail, 0, MAGIC("conectix")) ? "vpc" /* fixed size: footer only */
                                                          : "raw";
    const char *settled = settle_format(info, format, found, error);
    if (settled == NULL)
        return FALSE;
    info->format = g_strdup(settled);
    info->iso = g_str_equal(settled, "raw") && has(head, 32769, MAGIC("CD001"));
    if (g_str_equal(settled, "raw"))
        info->virtual_bytes = info->size_bytes;
    else if (magic != NULL)
        info->virtual_bytes = size_field(magic, head);
    info->encrypted = g_str_equal(settled, "luks");
    return !g_str_equal(settled, "qcow2") || read_qcow2(info, head, error);
}
