/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/keysym.h"

#include <linux/input-event-codes.h>
#include <string.h>
#include <xkbcommon/xkbcommon.h>

#include "base/error.h"

#define E0 0x80        /* how QEMU writes the prefix 0xe0 */
#define EVDEV_TO_XKB 8 /* X numbers keys from 8 */
#define LEVELS 4       /* plain, Shift, AltGr, both */
#define FIRST_KEYPAD XKB_KEY_KP_Space
#define LAST_KEYPAD XKB_KEY_KP_Equal

/*
 * Where the number of a key is not that of Linux, which took XT's up to F10. The table of
 * https://gitlab.com/qemu-project/keycodemapdb, column "qnum".
 */
/* clang-format off */
static const guint8 qnums[] = {
    [KEY_ZENKAKUHANKAKU] = 0x76, [KEY_102ND] = 0x56, [KEY_F11] = 0x57, [KEY_F12] = 0x58,
    [KEY_RO] = 0x73, [KEY_KATAKANA] = 0x78, [KEY_HIRAGANA] = 0x77, [KEY_HENKAN] = 0x79,
    [KEY_KATAKANAHIRAGANA] = 0x70, [KEY_MUHENKAN] = 0x7b, [KEY_KPJPCOMMA] = 0x5c,
    [KEY_KPENTER] = E0 | 0x1c, [KEY_RIGHTCTRL] = E0 | 0x1d, [KEY_KPSLASH] = E0 | 0x35,
    [KEY_SYSRQ] = 0x54, [KEY_RIGHTALT] = E0 | 0x38, [KEY_LINEFEED] = 0x5b,
    [KEY_HOME] = E0 | 0x47, [KEY_UP] = E0 | 0x48, [KEY_PAGEUP] = E0 | 0x49,
    [KEY_LEFT] = E0 | 0x4b, [KEY_RIGHT] = E0 | 0x4d, [KEY_END] = E0 | 0x4f,
    [KEY_DOWN] = E0 | 0x50, [KEY_PAGEDOWN] = E0 | 0x51, [KEY_INSERT] = E0 | 0x52,
    [KEY_DELETE] = E0 | 0x53, [KEY_MUTE] = E0 | 0x20, [KEY_VOLUMEDOWN] = E0 | 0x2e,
    [KEY_VOLUMEUP] = E0 | 0x30, [KEY_POWER] = E0 | 0x5e, [KEY_KPEQUAL] = 0x59,
    [KEY_PAUSE] = E0 | 0x46, [KEY_KPCOMMA] = 0x7e, [KEY_HANGEUL] = 0x72, [KEY_HANJA] = 0x71,
    [KEY_YEN] = 0x7d, [KEY_LEFTMETA] = E0 | 0x5b, [KEY_RIGHTMETA] = E0 | 0x5c,
    [KEY_COMPOSE] = E0 | 0x5d, [KEY_STOP] = E0 | 0x68, [KEY_AGAIN] = E0 | 0x05,
    [KEY_PROPS] = E0 | 0x06, [KEY_UNDO] = E0 | 0x07, [KEY_COPY] = E0 | 0x78, [KEY_OPEN] = 0x64,
    [KEY_PASTE] = 0x65, [KEY_FIND] = E0 | 0x41, [KEY_CUT] = E0 | 0x3c, [KEY_HELP] = E0 | 0x75,
    [KEY_CALC] = E0 | 0x21, [KEY_SLEEP] = E0 | 0x5f, [KEY_WAKEUP] = E0 | 0x63,
    [KEY_MAIL] = E0 | 0x6c, [KEY_BOOKMARKS] = E0 | 0x66, [KEY_COMPUTER] = E0 | 0x6b,
    [KEY_BACK] = E0 | 0x6a, [KEY_FORWARD] = E0 | 0x69, [KEY_NEXTSONG] = E0 | 0x19,
    [KEY_PLAYPAUSE] = E0 | 0x22, [KEY_PREVIOUSSONG] = E0 | 0x10, [KEY_STOPCD] = E0 | 0x24,
    [KEY_HOMEPAGE] = E0 | 0x32, [KEY_REFRESH] = E0 | 0x67, [KEY_F13] = 0x5d, [KEY_F14] = 0x5e,
    [KEY_F15] = 0x5f, [KEY_F16] = 0x55, [KEY_F17] = E0 | 0x03, [KEY_F18] = E0 | 0x77,
    [KEY_F19] = E0 | 0x04, [KEY_F20] = 0x5a, [KEY_F21] = 0x74, [KEY_F22] = E0 | 0x79,
    [KEY_F23] = 0x6d, [KEY_F24] = 0x6f, [KEY_SEARCH] = E0 | 0x65, [KEY_MEDIA] = E0 | 0x6d,
};

/* What viewers send on layouts that have no such key, for one that every keyboard has. */
static const struct {
    xkb_keysym_t keysym;
    guint code;
} substitutes[] = {
    { XKB_KEY_Alt_R, KEY_RIGHTALT },            { XKB_KEY_ISO_Level3_Shift, KEY_RIGHTALT },
    { XKB_KEY_Mode_switch, KEY_RIGHTALT },      { XKB_KEY_Meta_L, KEY_LEFTALT },
    { XKB_KEY_Meta_R, KEY_RIGHTALT },           { XKB_KEY_Sys_Req, KEY_SYSRQ },
    { XKB_KEY_Break, KEY_PAUSE },
};
/* clang-format on */

struct Keysyms {
    GHashTable *keys; /* keysym -> pack() */
};

guint qnum_from_evdev(guint code)
{
    if (code <= KEY_KPDOT)
        return code;
    return code < G_N_ELEMENTS(qnums) ? qnums[code] : 0;
}

static gpointer pack(guint qnum, gboolean shift)
{
    return GUINT_TO_POINTER(qnum << 1 | (shift ? 1u : 0));
}

/* The first one stays: who asks first has the fewest modifiers. */
static void add(Keysyms *keysyms, xkb_keysym_t keysym, guint qnum, gboolean shift)
{
    if (qnum != 0 && !g_hash_table_contains(keysyms->keys, GUINT_TO_POINTER(keysym)))
        g_hash_table_insert(keysyms->keys, GUINT_TO_POINTER(keysym), pack(qnum, shift));
}

/* On the keypad, and for what writes nothing, another level is not a matter of Shift alone. */
static gboolean needs_shift(xkb_keysym_t keysym, guint level)
{
    gboolean keypad = keysym >= FIRST_KEYPAD && keysym <= LAST_KEYPAD;
    return (level & 1) != 0 && !keypad && xkb_keysym_to_utf32(keysym) > ' ';
}

static void add_level(Keysyms *keysyms, struct xkb_keymap *keymap, guint level)
{
    xkb_keycode_t last = xkb_keymap_max_keycode(keymap);
    for (xkb_keycode_t key = xkb_keymap_min_keycode(keymap); key <= last; key++) {
        const xkb_keysym_t *found;
        int n = xkb_keymap_key_get_syms_by_level(keymap, key, 0, level, &found);
        if (n == 1 && key > EVDEV_TO_XKB)
            add(keysyms, found[0], qnum_from_evdev(key - EVDEV_TO_XKB),
                needs_shift(found[0], level));
    }
}

static void no_words(struct xkb_context *context, enum xkb_log_level level, const char *format,
                     va_list arguments)
{
}

/* "de(nodeadkeys)": the name of a layout, and of a variant of it. */
static struct xkb_keymap *compile(struct xkb_context *context, const char *layout)
{
    g_auto(GStrv) words = g_strsplit_set(layout, "()", 3);
    const struct xkb_rule_names names = {
        .rules = "evdev",
        .model = "pc105",
        .layout = words[0],
        .variant = words[1] != NULL ? words[1] : "",
        .options = "",
    };
    return xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
}

static gboolean is_layout_name(const char *layout)
{
    return g_regex_match_simple("^[A-Za-z0-9_-]+(\\([A-Za-z0-9_-]+\\))?$", layout,
                                G_REGEX_DOLLAR_ENDONLY, 0);
}

static Keysyms *from_keymap(struct xkb_keymap *keymap)
{
    Keysyms *keysyms = g_new0(Keysyms, 1);
    keysyms->keys = g_hash_table_new(NULL, NULL);
    for (guint level = 0; level < LEVELS; level++)
        add_level(keysyms, keymap, level);
    for (gsize i = 0; i < G_N_ELEMENTS(substitutes); i++)
        add(keysyms, substitutes[i].keysym, qnum_from_evdev(substitutes[i].code), FALSE);
    return keysyms;
}

Keysyms *keysyms_new(const char *layout, GError **error)
{
    if (!is_layout_name(layout)) {
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "'%s' is no keyboard layout: write it as XKB does, us or de(nodeadkeys)", layout);
        return NULL;
    }
    struct xkb_context *context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
    if (context == NULL) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "The keyboard layouts are missing: install the package xkb-data");
        return NULL;
    }
    xkb_context_set_log_fn(context, no_words);
    struct xkb_keymap *keymap = compile(context, layout);
    Keysyms *keysyms = keymap != NULL ? from_keymap(keymap) : NULL;
    xkb_keymap_unref(keymap);
    xkb_context_unref(context);
    if (keysyms == NULL)
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "XKB has no keyboard layout '%s': `localectl list-x11-keymap-layouts` and the "
                  "package xkb-data have their names",
                  layout);
    return keysyms;
}

void keysyms_free(Keysyms *keysyms)
{
    if (keysyms == NULL)
        return;
    g_hash_table_unref(keysyms->keys);
    g_free(keysyms);
}

guint keysyms_find(const Keysyms *keysyms, guint32 keysym, gboolean *ret_shift)
{
    gpointer packed = g_hash_table_lookup(keysyms->keys, GUINT_TO_POINTER(keysym));
    if (packed == NULL) {
        /* the same character by its other name: most have an old number and one of Unicode */
        xkb_keysym_t other = xkb_utf32_to_keysym(xkb_keysym_to_utf32(keysym));
        packed = g_hash_table_lookup(keysyms->keys, GUINT_TO_POINTER(other));
    }
    *ret_shift = (GPOINTER_TO_UINT(packed) & 1) != 0;
    return GPOINTER_TO_UINT(packed) >> 1;
}
