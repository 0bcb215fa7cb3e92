/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/keysym.h"

#include <linux/input-event-codes.h>

#include "base/error.h"

/* "us", or a skip where no layouts are installed. */
static Keysyms *layout(const char *name)
{
    g_autoptr(GError) error = NULL;
    Keysyms *keysyms = keysyms_new(name, &error);
    if (keysyms == NULL && g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND) &&
        !g_file_test("/usr/share/X11/xkb", G_FILE_TEST_IS_DIR)) {
        g_test_skip("no keyboard layouts here: xkb-data is not installed");
        return NULL;
    }
    g_assert_no_error(error);
    return keysyms;
}

typedef struct {
    guint32 keysym;
    guint qnum;
    gboolean shift;
} Key;

static void check_keys(const char *name, const Key *keys, gsize n)
{
    g_autoptr(Keysyms) keysyms = layout(name);
    for (gsize i = 0; keysyms != NULL && i < n; i++) {
        gboolean shift = 7;
        g_test_message("%s: keysym %#x", name, keys[i].keysym);
        g_assert_cmphex(keysyms_find(keysyms, keys[i].keysym, &shift), ==, keys[i].qnum);
        g_assert_cmpint(shift, ==, keys[i].shift);
    }
}

static void test_us(void)
{
    static const Key keys[] = {
        { 'a', 0x1e },
        { 'A', 0x1e, TRUE },
        { '1', 0x02 },
        { '!', 0x02, TRUE },
        { ' ', 0x39 },
        { 'y', 0x15 },
        { 0xff0d, 0x1c },
        { 0xff8d, 0x9c },
        { 0xff52, 0xc8 },
        { 0xffe1, 0x2a },
        { 0xffe2, 0x36 },
        { 0xffe3, 0x1d },
        { 0xffe4, 0x9d },
        { 0xffe9, 0x38 },
        { 0xffea, 0xb8 },
        { 0xfe03, 0xb8 },
        { 0xffeb, 0xdb },
        { 0xffbe, 0x3b },
        { 0xffc9, 0x58 },
        { 0xffb1, 0x4f, FALSE },
        { 0xff9c, 0x4f },
        { 0xff13, 0xc6 },
        { 0xff61, 0x54 },
        { 0xffff, 0xd3 },
        { 0xfe20, 0x0f, FALSE },
        { 0xffe7, 0x38 },
        /* by its number of Unicode; a letter no key here makes; nothing */
        { 0x01000061, 0x1e },
        { 0x06c1, 0 },
        { 0, 0 },
        { 0xffffffff, 0 },
    };
    check_keys("us", keys, G_N_ELEMENTS(keys));
}

/* Where keys are elsewhere, and where AltGr makes what Shift makes in the US. */
static void test_others(void)
{
    static const Key german[] = {
        { 'y', 0x2c },  { 'z', 0x15 }, { 'Z', 0x15, TRUE }, { '@', 0x10 },
        { 0xe4, 0x28 }, { '<', 0x56 }, { '/', 0x08, TRUE }, { 0xfe03, 0xb8 },
    };
    static const Key russian[] = {
        { 0x06c1, 0x21 },     /* Cyrillic_a */
        { 0x01000430, 0x21 }, /* the same */
        { 0x06e1, 0x21, TRUE }, { 'a', 0 }, { 0xff0d, 0x1c },
    };
    check_keys("de(nodeadkeys)", german, G_N_ELEMENTS(german));
    check_keys("ru", russian, G_N_ELEMENTS(russian));
}

static void test_unknown_layouts(void)
{
    static const char *const names[] = {
        "", "../../etc/passwd", "us,de", "de(", "us(a)(b)", "us\n"
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(keysyms_new(names[i], &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(keysyms_new("nowhere", &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

/* No two keys of a keyboard are one. */
static void test_evdev(void)
{
    g_assert_cmphex(qnum_from_evdev(KEY_A), ==, 0x1e);
    g_assert_cmphex(qnum_from_evdev(KEY_KPDOT), ==, 0x53);
    g_assert_cmphex(qnum_from_evdev(KEY_F11), ==, 0x57);
    g_assert_cmphex(qnum_from_evdev(KEY_RIGHTCTRL), ==, 0x9d);
    g_assert_cmphex(qnum_from_evdev(KEY_LEFTMETA), ==, 0xdb);
    g_assert_cmphex(qnum_from_evdev(84), ==, 0);
    g_assert_cmphex(qnum_from_evdev(100000), ==, 0);
    guint codes[256] = { 0 };
    for (guint code = 1; code < 1000; code++) {
        guint qnum = qnum_from_evdev(code);
        g_assert_cmpuint(qnum, <=, 0xff);
        if (qnum == 0)
            continue;
        g_test_message("evdev %u is qnum %#x", code, qnum);
        g_assert_cmpuint(codes[qnum], ==, 0);
        codes[qnum] = code;
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display/keysym/us", test_us);
    g_test_add_func("/display/keysym/others", test_others);
    g_test_add_func("/display/keysym/unknown-layouts", test_unknown_layouts);
    g_test_add_func("/display/keysym/evdev", test_evdev);
    return g_test_run();
}
