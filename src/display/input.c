/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/input.h"

#define QNUMS 256
#define FULL_SCALE 0xffff

/* What bit n of RFB's mask means: RFC 6143, 7.5.5, and ExtendedMouseButtons of rfbproto.rst. */
static const InputButton mask_buttons[] = {
    INPUT_BUTTON_LEFT,        INPUT_BUTTON_MIDDLE,     INPUT_BUTTON_RIGHT,
    INPUT_BUTTON_WHEEL_UP,    INPUT_BUTTON_WHEEL_DOWN, INPUT_BUTTON_WHEEL_LEFT,
    INPUT_BUTTON_WHEEL_RIGHT, INPUT_BUTTON_SIDE,       INPUT_BUTTON_EXTRA,
};

#define N_BUTTONS G_N_ELEMENTS(mask_buttons)

/* What one viewer holds. */
typedef struct {
    gboolean keys[QNUMS];
    guint mask;
    gboolean placed; /* x and y are where its pointer was last */
    int x, y;
} Holder;

struct Input {
    const InputClass *class;
    gpointer sink;
    GHashTable *holders; /* who -> Holder, owned */
    guint key_holders[QNUMS];
    guint button_holders[N_BUTTONS];
};

Input *input_new(const InputClass *class, gpointer sink)
{
    Input *input = g_new0(Input, 1);
    input->class = class;
    input->sink = sink;
    input->holders = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return input;
}

static Holder *holder_of(Input *input, gconstpointer who)
{
    Holder *holder = g_hash_table_lookup(input->holders, who);
    if (holder == NULL) {
        holder = g_new0(Holder, 1);
        g_hash_table_insert(input->holders, (gpointer)who, holder);
    }
    return holder;
}

static void press_key(Input *input, Holder *holder, guint qnum)
{
    if (!holder->keys[qnum])
        input->key_holders[qnum]++;
    holder->keys[qnum] = TRUE;
    /* once more for who holds it already: the keyboard of the viewer repeats */
    input->class->key(input->sink, qnum, TRUE);
}

static void release_key(Input *input, Holder *holder, guint qnum)
{
    if (!holder->keys[qnum])
        return;
    holder->keys[qnum] = FALSE;
    if (--input->key_holders[qnum] == 0)
        input->class->key(input->sink, qnum, FALSE);
}

void input_key(Input *input, gconstpointer who, guint qnum, gboolean down)
{
    if (qnum == 0 || qnum >= QNUMS)
        return;
    Holder *holder = holder_of(input, who);
    if (down)
        press_key(input, holder, qnum);
    else
        release_key(input, holder, qnum);
}

static gboolean is_wheel(InputButton button)
{
    return button == INPUT_BUTTON_WHEEL_UP || button == INPUT_BUTTON_WHEEL_DOWN ||
           button == INPUT_BUTTON_WHEEL_LEFT || button == INPUT_BUTTON_WHEEL_RIGHT;
}

/* A wheel is not held: its press is one step of it. */
static void turn_wheel(Input *input, InputButton button)
{
    input->class->button(input->sink, button, TRUE);
    input->class->button(input->sink, button, FALSE);
}

static void change_button(Input *input, guint bit, gboolean down)
{
    InputButton button = mask_buttons[bit];
    if (is_wheel(button)) {
        if (down)
            turn_wheel(input, button);
        return;
    }
    guint before = input->button_holders[bit];
    input->button_holders[bit] = down ? before + 1 : before - 1;
    if (before == 0 || input->button_holders[bit] == 0)
        input->class->button(input->sink, button, down);
}

static void set_mask(Input *input, Holder *holder, guint mask)
{
    guint changed = holder->mask ^ mask;
    holder->mask = mask;
    for (guint bit = 0; bit < N_BUTTONS; bit++)
        if ((changed & (1u << bit)) != 0)
            change_button(input, bit, (mask & (1u << bit)) != 0);
}

static double scale(int value, int size)
{
    return size > 1 ? (double)value * FULL_SCALE / (size - 1) : 0;
}

static void move(Input *input, Holder *holder, int x, int y, int width, int height)
{
    if (holder->placed && holder->x == x && holder->y == y)
        return;
    if (input->class->position != NULL)
        input->class->position(input->sink, scale(x, width), scale(y, height));
    else if (holder->placed)
        input->class->motion(input->sink, x - holder->x, y - holder->y);
    holder->placed = TRUE;
    holder->x = x;
    holder->y = y;
}

void input_pointer(Input *input, gconstpointer who, int x, int y, int width, int height, guint mask)
{
    if (width <= 0 || height <= 0)
        return;
    Holder *holder = holder_of(input, who);
    move(input, holder, CLAMP(x, 0, width - 1), CLAMP(y, 0, height - 1), width, height);
    set_mask(input, holder, mask);
}

static void let_go(Input *input, Holder *holder)
{
    for (guint qnum = 0; qnum < QNUMS; qnum++)
        release_key(input, holder, qnum);
    set_mask(input, holder, 0);
}

void input_leave(Input *input, gconstpointer who)
{
    Holder *holder = g_hash_table_lookup(input->holders, who);
    if (holder == NULL)
        return;
    let_go(input, holder);
    g_hash_table_remove(input->holders, who);
}

void input_free(Input *input)
{
    if (input == NULL)
        return;
    GHashTableIter all;
    gpointer holder;
    g_hash_table_iter_init(&all, input->holders);
    while (g_hash_table_iter_next(&all, NULL, &holder))
        let_go(input, holder);
    g_hash_table_unref(input->holders);
    input->class->free(input->sink);
    g_free(input);
}
