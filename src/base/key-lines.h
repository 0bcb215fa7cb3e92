/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Key files with line numbers
 *
 * GKeyFile reads key files but cannot say on which line a key stands, and merges what is given
 * twice. This walks the same text by the same rules (glib/gkeyfile.c:g_key_file_parse_line) and
 * remembers the lines; the values are GKeyFile's.
 */
#pragma once

#include <glib.h>

#define KEY_FILE_LIMIT (64u << 10)

typedef struct {
    char *group;
    char *key; /* NULL: the line of the group's heading */
    guint line;
} KeyLine;

typedef struct {
    char *source;    /* what errors call the text */
    GKeyFile *file;  /* the values */
    GPtrArray *keys; /* KeyLine, in the order of the text */
} KeyLines;

/*
 * Reads @length bytes. NULL with @error "SOURCE:LINE: ..." (VGPUCTL_ERROR_INVALID) for text that is
 * no key file: bytes that are not UTF-8 text, a line that is nothing, a group or a key given twice,
 * more than KEY_FILE_LIMIT bytes.
 */
KeyLines *key_lines_read(const char *text, gsize length, const char *source, GError **error);
void key_lines_free(KeyLines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyLines, key_lines_free)

/* Sets @error to "SOURCE:LINE: <text>" and returns FALSE. */
gboolean key_lines_error(const KeyLines *lines, guint line, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
