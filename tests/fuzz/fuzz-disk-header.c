/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * First bytes of disk images, which guests write. For any bytes: an error, or a format that was
 * asked for or is known, with the names inside the bytes that were read.
 */
#include "fuzz.h"

#include <string.h>

#include "vm/disk.h"

#define FOOTER_BYTES 512

/* Judges the bytes as a file of @path, whatever the user says it is. */
static void check(const uint8_t *data, size_t size, const char *path, const char *format)
{
    DiskInfo *info = record_new(&disk_info_type);
    info->path = g_strdup(path);
    info->size_bytes = size;
    g_autoptr(GError) error = NULL;
    gsize length = MIN(size, DISK_HEAD_BYTES);
    /* a copy of its own, so that the sanitizer sees a read behind its end */
    g_autofree guint8 *head = g_memdup2(data, length);
    const guint8 *footer = size >= FOOTER_BYTES ? data + size - FOOTER_BYTES : NULL;
    gboolean good = disk_header_read(info, head, length, footer, format, &error);
    g_assert(good == (error == NULL));
    if (good) {
        g_assert(info->format != NULL);
        g_assert(g_str_equal(format, "auto") || g_str_equal(format, info->format));
        g_assert(info->backing_file == NULL || g_str_equal(info->format, "qcow2"));
        g_assert(!g_str_has_suffix(path, ".raw") || !g_str_equal(format, "auto") ||
                 g_str_equal(info->format, "raw"));
    }
    record_free(&disk_info_type, info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size, "/disk", "auto");
    check(data, size, "/disk.raw", "auto");
    check(data, size, "/disk", "qcow2");
    check(data, size, "/disk", "raw");
    return 0;
}
