/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/source-test.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "display/pattern.h"
#include "guest/strip.h"

#define RATE_LIMIT 1000 /* frames a second */
#define PIXEL_LIMIT (64 << 20)
#define RING_BYTES ((gsize)128 << 20) /* of frames painted beforehand */

typedef struct Ring Ring;

/* A frame painted beforehand; only its number is new when it is shown again. */
typedef struct {
    Ring *ring;
    Frame *painted;
    gint shown; /* atomic: somebody still looks at it */
} Slot;

/* Outlives its source when a viewer still sends one of its frames. */
struct Ring {
    int width, height;
    guint n_slots;
    Slot slots[PATTERN_STEPS];
};

typedef struct {
    PatternKind kind;
    int width, height;
    guint rate;
} Spec;

typedef struct {
    Source source;
    Screen *screen;
    PatternKind kind;
    guint rate;
    Ring *ring; /* of the thread */
    guint step; /* that was shown last; of the thread */
    GThread *thread;
    GMutex lock;
    GCond changed;
    int width, height; /* as they are wanted */
    gboolean resized;  /* and not yet looked at */
    gboolean ended;
} TestSource;

static void ring_clear(gpointer data)
{
    Ring *ring = data;
    for (guint i = 0; i < ring->n_slots; i++)
        frame_unref(ring->slots[i].painted);
}

static void ring_unref(Ring *ring)
{
    if (ring != NULL)
        g_atomic_rc_box_release_full(ring, ring_clear);
}

/* NULL when there is no memory for a single one. */
static Ring *ring_new(PatternKind kind, int width, int height)
{
    gsize size = (gsize)width * (gsize)height * sizeof(guint32);
    guint wanted = kind == PATTERN_STILL ? 1 : (guint)CLAMP(RING_BYTES / size, 3, PATTERN_STEPS);
    Ring *ring = g_atomic_rc_box_new0(Ring);
    ring->width = width;
    ring->height = height;
    for (guint i = 0; i < wanted; i++) {
        Frame *frame = frame_new_unfilled(width, height, NULL);
        if (frame == NULL)
            break;
        pattern_paint(frame, kind, i);
        ring->slots[ring->n_slots++] = (Slot){ .ring = ring, .painted = frame };
    }
    if (ring->n_slots > 0)
        return ring;
    ring_unref(ring);
    return NULL;
}

static void slot_release(gpointer data)
{
    Slot *slot = data;
    g_atomic_int_set(&slot->shown, FALSE);
    ring_unref(slot->ring);
}

static void number(const Frame *frame, guint32 count)
{
    strip_draw(frame_row(frame, 0), (unsigned)frame->width, (unsigned)frame->height, frame->stride,
               count);
}

/* The slot's picture itself, or a copy while somebody has it. */
static Frame *slot_frame(Slot *slot, guint32 count)
{
    Frame *painted = slot->painted;
    if (g_atomic_int_get(&slot->shown)) {
        Frame *copy = frame_make_writable(frame_ref(painted), NULL);
        if (copy != NULL)
            number(copy, count);
        return copy;
    }
    number(painted, count);
    g_atomic_int_set(&slot->shown, TRUE);
    g_atomic_rc_box_acquire(slot->ring);
    return frame_new_wrapped(painted->width, painted->height, painted->stride, painted->pixels,
                             slot_release, slot, NULL);
}

/* Where the number is. */
#define STRIP_AREAS 2
static void strip_damage(int width, int height, Rect *ret_areas)
{
    int cell = STRIP_CELL_SIZE;
    ret_areas[0] = (Rect){ 0, 0, width, cell };
    ret_areas[1] = (Rect){ 0, MAX(height - cell, 0), width, cell };
}

static void show(TestSource *source, guint32 count)
{
    Ring *ring = source->ring;
    guint step = count % ring->n_slots;
    Frame *frame = slot_frame(&ring->slots[step], count);
    if (frame == NULL)
        return;
    Rect damage[STRIP_AREAS + PATTERN_AREAS];
    strip_damage(ring->width, ring->height, damage);
    guint n = STRIP_AREAS + pattern_damage(source->kind, ring->width, ring->height, source->step,
                                           step, &damage[STRIP_AREAS]);
    screen_show(source->screen, frame, damage, n);
    source->step = step;
}

/* With the lock held: until the next frame is due or something was asked. */
static void await(TestSource *source, gint64 due)
{
    gboolean in_time = TRUE;
    while (!source->ended && !source->resized && in_time) {
        if (source->kind == PATTERN_STILL)
            g_cond_wait(&source->changed, &source->lock);
        else
            in_time = g_cond_wait_until(&source->changed, &source->lock, due);
    }
}

/* With the lock held, which is let go while frames are painted. */
static void follow_size(TestSource *source)
{
    int width = source->width, height = source->height;
    source->resized = FALSE;
    g_mutex_unlock(&source->lock);
    Ring *ring = ring_new(source->kind, width, height);
    if (ring != NULL) {
        ring_unref(source->ring);
        source->ring = ring;
    }
    g_mutex_lock(&source->lock);
}

/* A frame that is late is not made up for. */
static gpointer work(gpointer data)
{
    TestSource *source = data;
    gint64 interval = G_USEC_PER_SEC / source->rate, due = g_get_monotonic_time();
    g_mutex_lock(&source->lock);
    for (guint32 count = 1; !source->ended; count++) {
        if (source->resized)
            follow_size(source);
        g_mutex_unlock(&source->lock);
        if (source->ring != NULL)
            show(source, count);
        due = MAX(due + interval, g_get_monotonic_time());
        g_mutex_lock(&source->lock);
        await(source, due);
    }
    g_mutex_unlock(&source->lock);
    return NULL;
}

static gboolean check_size(int width, int height, GError **error)
{
    if (width >= 1 && height >= 1 && width <= FRAME_SIDE_LIMIT && height <= FRAME_SIDE_LIMIT &&
        width <= PIXEL_LIMIT / height)
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_USAGE, "The test source has no picture of %d x %d pixels",
                     width, height);
}

static gboolean test_resize(Source *base, int width, int height, GError **error)
{
    TestSource *source = (TestSource *)base;
    if (!check_size(width, height, error))
        return FALSE;
    g_mutex_lock(&source->lock);
    source->width = width;
    source->height = height;
    source->resized = TRUE;
    g_cond_signal(&source->changed);
    g_mutex_unlock(&source->lock);
    return TRUE;
}

static void test_free(Source *base)
{
    TestSource *source = (TestSource *)base;
    g_mutex_lock(&source->lock);
    source->ended = TRUE;
    g_cond_signal(&source->changed);
    g_mutex_unlock(&source->lock);
    g_thread_join(source->thread);
    ring_unref(source->ring);
    g_mutex_clear(&source->lock);
    g_cond_clear(&source->changed);
    g_free(source);
}

static const SourceClass test_class = { .name = "test", .resize = test_resize, .free = test_free };

static gboolean parse_word(const char *word, Spec *spec)
{
    guint64 rate;
    int width, height, end = 0;
    for (int i = 0; pattern_names[i] != NULL; i++) {
        if (g_str_equal(word, pattern_names[i])) {
            spec->kind = (PatternKind)i;
            return TRUE;
        }
    }
    if (g_str_has_prefix(word, "rate=") &&
        g_ascii_string_to_unsigned(word + 5, 10, 1, RATE_LIMIT, &rate, NULL)) {
        spec->rate = (guint)rate;
        return TRUE;
    }
    if (sscanf(word, "size=%5dx%5d%n", &width, &height, &end) < 2 || word[end] != '\0')
        return FALSE;
    spec->width = width;
    spec->height = height;
    return TRUE;
}

static gboolean parse_spec(const char *text, Spec *spec, GError **error)
{
    *spec = (Spec){ .kind = PATTERN_FULL, .width = 1280, .height = 800, .rate = 60 };
    g_auto(GStrv) words = g_strsplit(text != NULL ? text : "full", ",", -1);
    for (guint i = 0; words[i] != NULL; i++)
        if (!parse_word(words[i], spec))
            return error_set(error, VGPUCTL_ERROR_USAGE,
                             "'%s' is nothing the test source shows; give one of still, text, "
                             "scroll, small or full, then size=WIDTHxHEIGHT and rate=FRAMES, "
                             "separated by commas",
                             words[i]);
    return check_size(spec->width, spec->height, error);
}

Source *source_test_new(Screen *screen, const char *text, GError **error)
{
    Spec spec;
    if (!parse_spec(text, &spec, error))
        return NULL;
    TestSource *source = g_new0(TestSource, 1);
    source->source.class = &test_class;
    source->screen = screen;
    source->kind = spec.kind;
    source->rate = spec.rate;
    source->width = spec.width;
    source->height = spec.height;
    source->resized = TRUE;
    g_mutex_init(&source->lock);
    g_cond_init(&source->changed);
    g_autoptr(Cursor) cursor = pattern_cursor();
    screen_set_cursor(screen, cursor);
    source->thread = g_thread_new("source-test", work, source);
    return &source->source;
}
