/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys and pointer of viewers, on their way to the guest. input.c knows what is held and by whom:
 * a viewer that leaves lets go of its keys and buttons. Where it goes to is a table: QEMU's D-Bus
 * display, or QMP's input-send-event. All in the main context; nothing here blocks.
 */
#pragma once

#include <glib.h>

/* A kind of way to the guest. @sink is the last argument of input_new(). */
typedef struct {
    /* @qnum: QEMU's key number: the XT scancode, with 0x80 where 0xe0 goes before it. */
    void (*key)(gpointer sink, guint qnum, gboolean down);
    /* 0 is the first column or row of the screen, 0xffff the last one; NULL: the guest has a mouse
     * only, which is told by motion(). */
    void (*position)(gpointer sink, double x, double y);
    void (*motion)(gpointer sink, int dx, int dy);
    void (*button)(gpointer sink, int button, gboolean down); /* InputButton */
    void (*free)(gpointer sink);
} InputClass;

/* QEMU's InputButton (qapi/ui.json), in the order of ui/dbus-display1.xml. */
typedef enum {
    INPUT_BUTTON_LEFT,
    INPUT_BUTTON_MIDDLE,
    INPUT_BUTTON_RIGHT,
    INPUT_BUTTON_WHEEL_UP,
    INPUT_BUTTON_WHEEL_DOWN,
    INPUT_BUTTON_SIDE,
    INPUT_BUTTON_EXTRA,
    INPUT_BUTTON_WHEEL_LEFT,
    INPUT_BUTTON_WHEEL_RIGHT,
} InputButton;

typedef struct Input Input;

/* @sink belongs to it from now on. */
Input *input_new(const InputClass *class, gpointer sink);
/* Lets go of everything first. */
void input_free(Input *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Input, input_free)

/* @who: any pointer that stands for one viewer. Two who hold the same key hold it once;
 * who presses it again repeats it. */
void input_key(Input *input, gconstpointer who, guint qnum, gboolean down);

/*
 * RFB's PointerEvent (RFC 6143, 7.5.5): position in a screen of @width x @height, mask of buttons
 * as RfbMessage.pointer has it. A wheel's button is one step, told as pressed and released.
 */
void input_pointer(Input *input, gconstpointer who, int x, int y, int width, int height,
                   guint mask);

/* Lets go of everything @who holds. */
void input_leave(Input *input, gconstpointer who);
