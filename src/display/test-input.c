/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/input.h"

#include <string.h>

/* A guest that writes down what it is told. */

static void on_key(gpointer sink, guint qnum, gboolean down)
{
    g_string_append_printf(sink, "%s%x ", down ? "+" : "-", qnum);
}

static void on_position(gpointer sink, double x, double y)
{
    g_string_append_printf(sink, "at%.0f,%.0f ", x, y);
}

static void on_motion(gpointer sink, int dx, int dy)
{
    g_string_append_printf(sink, "by%d,%d ", dx, dy);
}

static void on_button(gpointer sink, int button, gboolean down)
{
    g_string_append_printf(sink, "%sb%d ", down ? "+" : "-", button);
}

static void on_free(gpointer sink)
{
    g_string_append(sink, "end");
}

static const InputClass tablet = { on_key, on_position, on_motion, on_button, on_free };
static const InputClass mouse = { on_key, NULL, on_motion, on_button, on_free };

static void check(GString *said, const char *expected)
{
    g_strchomp(said->str);
    g_assert_cmpstr(said->str, ==, expected);
    g_string_truncate(said, 0);
}

static const int alice, bob;

static void test_keys(void)
{
    g_autoptr(GString) said = g_string_new("");
    g_autoptr(Input) input = input_new(&tablet, said);
    input_key(input, &alice, 0x1d, TRUE);
    input_key(input, &alice, 0x9d, TRUE);
    input_key(input, &alice, 0x1d, FALSE);
    check(said, "+1d +9d -1d");
    /* repeated by the keyboard; let go once */
    input_key(input, &alice, 0x9d, TRUE);
    input_key(input, &alice, 0x9d, FALSE);
    input_key(input, &alice, 0x9d, FALSE);
    check(said, "+9d -9d");
    /* never pressed, and no keys at all */
    input_key(input, &alice, 0x2a, FALSE);
    input_key(input, &alice, 0, TRUE);
    input_key(input, &alice, 256, TRUE);
    check(said, "");
}

static void test_two_hold_one_key(void)
{
    g_autoptr(GString) said = g_string_new("");
    g_autoptr(Input) input = input_new(&tablet, said);
    input_key(input, &alice, 0x2a, TRUE);
    input_key(input, &bob, 0x2a, TRUE);
    input_key(input, &alice, 0x2a, FALSE);
    check(said, "+2a +2a");
    input_leave(input, &bob);
    check(said, "-2a");
}

static void test_leave(void)
{
    g_autoptr(GString) said = g_string_new("");
    g_autoptr(Input) input = input_new(&tablet, said);
    input_key(input, &alice, 0x1d, TRUE);
    input_pointer(input, &alice, 0, 0, 2, 2, 1);
    input_key(input, &bob, 0x38, TRUE);
    check(said, "+1d at0,0 +b0 +38");
    input_leave(input, &alice);
    input_leave(input, &alice);
    check(said, "-1d -b0");
    g_clear_pointer(&input, input_free);
    check(said, "-38 end");
}

static void test_positions(void)
{
    g_autoptr(GString) said = g_string_new("");
    g_autoptr(Input) input = input_new(&tablet, said);
    input_pointer(input, &alice, 0, 0, 1280, 800, 0);
    input_pointer(input, &alice, 1279, 799, 1280, 800, 0);
    input_pointer(input, &alice, 1279, 799, 1280, 800, 0);
    check(said, "at0,0 at65535,65535");
    input_pointer(input, &alice, 9999, -1, 1280, 800, 0);
    input_pointer(input, &alice, 0, 0, 1, 1, 0);
    input_pointer(input, &alice, 5, 5, 0, 0, 7);
    check(said, "at65535,0 at0,0");
}

static void test_motion(void)
{
    g_autoptr(GString) said = g_string_new("");
    g_autoptr(Input) input = input_new(&mouse, said);
    input_pointer(input, &alice, 100, 100, 1280, 800, 0);
    input_pointer(input, &alice, 110, 95, 1280, 800, 1);
    input_pointer(input, &bob, 0, 0, 1280, 800, 0);
    input_pointer(input, &alice, 110, 95, 1280, 800, 0);
    check(said, "by10,-5 +b0 -b0");
}

static void test_buttons(void)
{
    g_autoptr(GString) said = g_string_new("");
    g_autoptr(Input) input = input_new(&mouse, said);
    for (guint bit = 0; bit < 12; bit++) {
        input_pointer(input, &alice, 0, 0, 2, 2, 1u << bit);
        input_pointer(input, &alice, 0, 0, 2, 2, 0);
    }
    check(said, "+b0 -b0 +b1 -b1 +b2 -b2 +b3 -b3 +b4 -b4 +b7 -b7 +b8 -b8 +b5 -b5 +b6 -b6");
    /* a drag of two, and a wheel that turns on the way */
    input_pointer(input, &alice, 0, 0, 2, 2, 1);
    input_pointer(input, &bob, 0, 0, 2, 2, 1);
    input_pointer(input, &alice, 0, 0, 2, 2, 1 | 8);
    input_pointer(input, &alice, 0, 0, 2, 2, 0);
    input_pointer(input, &bob, 0, 0, 2, 2, 0);
    check(said, "+b0 +b3 -b3 -b0");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display/input/keys", test_keys);
    g_test_add_func("/display/input/two-hold-one-key", test_two_hold_one_key);
    g_test_add_func("/display/input/leave", test_leave);
    g_test_add_func("/display/input/positions", test_positions);
    g_test_add_func("/display/input/motion", test_motion);
    g_test_add_func("/display/input/buttons", test_buttons);
    return g_test_run();
}
