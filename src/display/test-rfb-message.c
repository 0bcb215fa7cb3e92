/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-message.h"

#include <string.h>

#include "base/error.h"

/* Appends what @message says, as one line. */
static void describe(const RfbMessage *message, GString *text)
{
    switch (message->kind) {
    case RFB_MESSAGE_NOTHING:
        g_string_append(text, "nothing\n");
        break;
    case RFB_MESSAGE_PIXEL_FORMAT:
        g_string_append_printf(text, "pixel format %u bits\n", message->pixel_format[0]);
        break;
    case RFB_MESSAGE_ENCODINGS:
        g_string_append(text, "encodings");
        for (guint i = 0; i < message->encodings.count; i++)
            g_string_append_printf(text, " %d", rfb_message_encoding(message, i));
        g_string_append(text, "\n");
        break;
    case RFB_MESSAGE_UPDATE_REQUEST:
        g_string_append_printf(text, "request%s %u,%u %ux%u\n",
                               message->update_request.incremental ? " news" : "",
                               message->update_request.x, message->update_request.y,
                               message->update_request.width, message->update_request.height);
        break;
    case RFB_MESSAGE_KEY:
        g_string_append_printf(text, "key %s keysym %#x qnum %#x\n",
                               message->key.down ? "down" : "up", message->key.keysym,
                               message->key.qnum);
        break;
    case RFB_MESSAGE_TEXT:
        g_string_append_printf(text, "text '%.*s' %u left\n", (int)message->text.length,
                               (const char *)message->text.bytes, message->text.left);
        break;
    case RFB_MESSAGE_POINTER:
        g_string_append_printf(text, "pointer %u,%u mask %#x\n", message->pointer.x,
                               message->pointer.y, message->pointer.mask);
        break;
    case RFB_MESSAGE_CONTINUOUS_UPDATES:
        g_string_append_printf(text, "continuous %s %u,%u %ux%u\n",
                               message->continuous.enable ? "on" : "off", message->continuous.x,
                               message->continuous.y, message->continuous.width,
                               message->continuous.height);
        break;
    case RFB_MESSAGE_FENCE:
        g_string_append_printf(text, "fence %#x %.*s\n", message->fence.flags,
                               message->fence.length, (const char *)message->fence.payload);
        break;
    case RFB_MESSAGE_RESIZE:
        g_string_append_printf(text, "resize %ux%u screens %u id %#x\n", message->resize.width,
                               message->resize.height, message->resize.screens,
                               message->resize.screen_id);
        break;
    }
}

/* Feeds @bytes in reads of at most @piece bytes; what they say, and the error if there is one. */
static char *parse_all(RfbParser *parser, const guint8 *bytes, gsize size, gsize piece)
{
    GString *text = g_string_new("");
    gsize start = 0, end = 0;
    while (end < size || start < end) {
        RfbMessage message;
        g_autoptr(GError) error = NULL;
        /* at its exact size, so that the sanitizers see a read behind its end */
        g_autofree guint8 *copy = g_memdup2(bytes + start, end - start);
        gssize used = rfb_message_parse(parser, copy, end - start, &message, &error);
        g_assert_true((used < 0) == (error != NULL));
        if (used < 0) {
            g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
            g_string_append_printf(text, "%s\n", error->message);
            break;
        }
        g_assert_cmpint(used, <=, (gssize)(end - start));
        if (used > 0)
            describe(&message, text);
        else if (end == size)
            break;
        else
            end = MIN(end + piece, size);
        start += (gsize)used;
    }
    return g_string_free(text, FALSE);
}

#define BYTES(text) (const guint8 *)(text), sizeof(text) - 1

typedef struct {
    const char *name;
    const char *bytes;
    gsize size;
    const char *expected;
} Row;

#define ROW(name, bytes, expected)                                                                 \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1, expected                                                   \
    }

/* clang-format off */
static const Row rows[] = {
    ROW("pixel format", "\0\0\0\0\20\20\0\1\0\37\0\77\0\37\13\5\0\0\0\0", "pixel format 16 bits\n"),
    ROW("encodings", "\2\0\0\3\0\0\0\7\377\377\377\41\377\377\376\306", "encodings 7 -223 -314\n"),
    ROW("no encodings", "\2\0\0\0", "encodings\n"),
    ROW("request", "\3\1\0\1\0\2\5\0\3\40", "request news 1,2 1280x800\n"),
    ROW("key", "\4\1\0\0\0\0\377\15", "key down keysym 0xff0d qnum 0\n"),
    ROW("pointer", "\5\201\1\2\3\4", "pointer 258,772 mask 0x81\n"),
    ROW("text", "\6\0\0\0\0\0\0\3abc\4\0\0\0\0\0\0\141", "nothing\ntext 'abc' 0 left\nkey up keysym 0x61 qnum 0\n"),
    ROW("extended clipboard", "\6\0\0\0\377\377\377\374\1\0\0\0\5\0\0\0\0\0",
        "nothing\nnothing\npointer 0,0 mask 0\n"),
    ROW("continuous", "\226\1\0\0\0\0\5\0\3\40", "continuous on 0,0 1280x800\n"),
    ROW("fence", "\370\0\0\0\200\0\0\1\4abcd", "fence 0x80000001 abcd\n"),
    ROW("resize",
        "\373\0\5\0\3\40\1\0\0\0\0\5\0\0\0\0\5\0\3\40\0\0\0\0", "resize 1280x800 screens 1 id 0x5\n"),
    ROW("QEMU key", "\377\0\0\1\0\0\377\343\0\0\0\235", "key down keysym 0xffe3 qnum 0x9d\n"),
    ROW("QEMU key out of range", "\377\0\0\0\0\0\0\141\0\0\1\0", "key up keysym 0x61 qnum 0\n"),
    ROW("QEMU audio", "\377\1\0\0\377\1\0\1\377\1\0\2\3\2\0\0\254\104", "nothing\nnothing\nnothing\n"),
    ROW("xvp", "\372\0\1\2", "nothing\n"),
    ROW("unknown", "\7", "The viewer sends a message of unknown type 7\n"),
    ROW("unknown QEMU", "\377\2", "The viewer sends a QEMU message that nobody knows\n"),
    ROW("unknown audio", "\377\1\0\3", "The viewer sends a QEMU audio message that nobody knows\n"),
    ROW("giant list", "\2\0\377\377", "The viewer sends SetEncodings with more encodings than there are\n"),
    ROW("giant text", "\6\0\0\0\177\377\377\377",
        "The viewer sends ClientCutText with more text than anybody copies\n"),
    ROW("giant extended text", "\6\0\0\0\200\0\0\0",
        "The viewer sends ClientCutText with more text than anybody copies\n"),
    ROW("giant fence", "\370\0\0\0\0\0\0\0\101", "The viewer sends ClientFence with more than 64 bytes\n"),
    ROW("giant resize", "\373\0\0\0\0\0\21\0",
        "The viewer sends SetDesktopSize with more screens than anybody has\n"),
};
/* clang-format on */

static void test_messages(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        RfbParser parser = { 0 };
        g_autofree char *text =
            parse_all(&parser, (const guint8 *)rows[i].bytes, rows[i].size, rows[i].size);
        g_assert_cmpstr(text, ==, rows[i].expected);
    }
}

/* Every cut of every message: incomplete until its last byte, then what it is in one piece. */
static void test_pieces(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        /* texts are skipped as they come */
        if (rows[i].bytes[0] == RFB_CLIENT_CUT_TEXT)
            continue;
        for (gsize piece = 1; piece < rows[i].size; piece++) {
            RfbParser parser = { 0 };
            g_autofree char *text =
                parse_all(&parser, (const guint8 *)rows[i].bytes, rows[i].size, piece);
            g_assert_cmpstr(text, ==, rows[i].expected);
        }
    }
}

static void test_skip_in_pieces(void)
{
    RfbParser parser = { 0 };
    g_autofree char *text = parse_all(&parser, BYTES("\6\0\0\0\0\0\0\3abc\4\1\0\0\0\0\0\142"), 1);
    g_assert_cmpstr(text, ==,
                    "nothing\ntext 'a' 2 left\ntext 'b' 1 left\ntext 'c' 0 left\n"
                    "key down keysym 0x62 qnum 0\n");
    g_assert_cmpuint(parser.skip, ==, 0);
}

/* Bit 7 is the marker of a second byte for who was offered it, else the eighth button. */
static void test_extended_pointer(void)
{
    for (gsize piece = 1; piece <= 7; piece++) {
        RfbParser parser = { .extended_pointer = TRUE };
        g_autofree char *text =
            parse_all(&parser, BYTES("\5\201\0\1\0\2\3\5\1\0\1\0\2\5\200\0\0\0\0\0"), piece);
        g_assert_cmpstr(text, ==,
                        "pointer 1,2 mask 0x181\npointer 1,2 mask 0x1\npointer 0,0 mask 0\n");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display/rfb-message/messages", test_messages);
    g_test_add_func("/display/rfb-message/pieces", test_pieces);
    g_test_add_func("/display/rfb-message/skip-in-pieces", test_skip_in_pieces);
    g_test_add_func("/display/rfb-message/extended-pointer", test_extended_pointer);
    return g_test_run();
}
