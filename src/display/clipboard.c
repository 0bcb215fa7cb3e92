/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/clipboard.h"

#include <string.h>

typedef struct {
    gconstpointer who;
    ClipboardCopied copied;
    gpointer userdata;
} Member;

struct Clipboard {
    GArray *members; /* Member */
    char *text;      /* what was copied last, or NULL */
};

Clipboard *clipboard_new(void)
{
    Clipboard *clipboard = g_new0(Clipboard, 1);
    clipboard->members = g_array_new(FALSE, FALSE, sizeof(Member));
    return clipboard;
}

void clipboard_free(Clipboard *clipboard)
{
    if (clipboard == NULL)
        return;
    g_array_unref(clipboard->members);
    g_free(clipboard->text);
    g_free(clipboard);
}

void clipboard_join(Clipboard *clipboard, gconstpointer who, ClipboardCopied copied,
                    gpointer userdata)
{
    const Member member = { who, copied, userdata };
    g_array_append_val(clipboard->members, member);
}

void clipboard_leave(Clipboard *clipboard, gconstpointer who)
{
    for (guint i = clipboard->members->len; i > 0; i--)
        if (g_array_index(clipboard->members, Member, i - 1).who == who)
            g_array_remove_index(clipboard->members, i - 1);
}

/* What comes back from a member as an echo is known already: nothing goes round. */
void clipboard_copy(Clipboard *clipboard, gconstpointer who, const char *text)
{
    if (strlen(text) > CLIPBOARD_LIMIT || !g_utf8_validate(text, -1, NULL) ||
        g_strcmp0(text, clipboard->text) == 0)
        return;
    g_free(clipboard->text);
    clipboard->text = g_strdup(text);
    /* backwards: who is told may leave */
    for (guint i = clipboard->members->len; i > 0; i--) {
        const Member *member = &g_array_index(clipboard->members, Member, i - 1);
        if (member->who != who)
            member->copied(clipboard->text, member->userdata);
    }
}

guint8 *clipboard_to_latin1(const char *text, gsize *ret_length)
{
    guint8 *bytes = g_malloc(strlen(text) + 1), *next = bytes;
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);
        *next++ = character <= 0xff ? (guint8)character : '?';
    }
    *ret_length = (gsize)(next - bytes);
    return bytes;
}

char *clipboard_from_latin1(const guint8 *bytes, gsize length)
{
    GString *text = g_string_sized_new(length);
    for (gsize i = 0; i < length && bytes[i] != '\0'; i++)
        g_string_append_unichar(text, bytes[i]);
    return g_string_free(text, FALSE);
}
