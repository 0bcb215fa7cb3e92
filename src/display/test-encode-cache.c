/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/encode-cache.h"

#include "tests/lib/pictures.h"

#define WIDE ((Rect){ 0, 0, 400, 300 })

typedef struct {
    EncodeCache *cache;
    Frame *frame;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->cache = encode_cache_new(16 << 20);
    fixture->frame = picture_new(&picture_kinds[5], 400, 300, 1);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    encode_cache_free(fixture->cache);
    frame_unref(fixture->frame);
}

static EncodeSettings tight(void)
{
    return (EncodeSettings){ .kind = ENCODE_TIGHT, .format = pixel_format_native };
}

static GBytes *get(Fixture *fixture, const EncodeSettings *settings, guint64 serial, Rect rect)
{
    EncodeResult result;
    GBytes *bytes = encode_cached(fixture->cache, settings, fixture->frame, serial, rect, &result);
    g_assert_cmpuint(result.rects, >, 0);
    g_assert_cmpint(result.lossy, ==, settings->quality > 0);
    return bytes;
}

/* Whether both are given the same bytes, not equal ones. */
static gboolean share(Fixture *fixture, const EncodeSettings *a, const EncodeSettings *b)
{
    g_autoptr(GBytes) first = get(fixture, a, 1, WIDE), second = get(fixture, b, 1, WIDE);
    return first == second;
}

static void test_bytes(Fixture *fixture, gconstpointer data)
{
    const EncodeSettings settings = tight();
    g_autoptr(GBytes) bytes = get(fixture, &settings, 1, WIDE);
    g_autoptr(GByteArray) expected = g_byte_array_new();
    encode_rect(&settings, fixture->frame, WIDE, expected);
    gsize n;
    gconstpointer start = g_bytes_get_data(bytes, &n);
    g_assert_cmpmem(start, n, expected->data, expected->len);
}

static void test_who_shares(Fixture *fixture, gconstpointer data)
{
    EncodeSettings one = tight(), other = tight();
    g_assert_true(share(fixture, &one, &other));
    other.level = 1; /* the same work */
    other.subsampled = other.stream_start = TRUE;
    g_assert_true(share(fixture, &one, &other));
    other.level = 9;
    g_assert_false(share(fixture, &one, &other));
    other = one;
    other.quality = 50;
    g_assert_false(share(fixture, &one, &other));
    other = one;
    other.gradient = TRUE;
    g_assert_false(share(fixture, &one, &other));
    other = one;
    other.format.big_endian = !other.format.big_endian;
    g_assert_false(share(fixture, &one, &other));
    one.kind = other.kind = ENCODE_RAW;
    other.format = one.format;
    other.level = 9;
    other.quality = 0;
    g_assert_true(share(fixture, &one, &other));
    one.kind = other.kind = ENCODE_ZRLE;
    other.level = 0;
    other.stream_start = TRUE;
    g_assert_false(share(fixture, &one, &other));
}

static void test_newest(Fixture *fixture, gconstpointer data)
{
    const EncodeSettings settings = tight();
    g_autoptr(GBytes) old = get(fixture, &settings, 1, WIDE);
    g_autoptr(GBytes) newer = get(fixture, &settings, 7, WIDE);
    g_autoptr(GBytes) old_again = get(fixture, &settings, 1, WIDE);
    g_assert_true(old == old_again);
    g_autoptr(GBytes) newest = get(fixture, &settings, 9, WIDE);
    g_autoptr(GBytes) newer_again = get(fixture, &settings, 7, WIDE);
    g_autoptr(GBytes) old_made_anew = get(fixture, &settings, 1, WIDE);
    g_assert_true(newer == newer_again);
    g_assert_true(old != old_made_anew);
    g_assert_true(g_bytes_equal(old, old_made_anew));
}

/* what is given up is freed, even when all of it is larger than may be kept */
static void test_limit(Fixture *fixture, gconstpointer data)
{
    const EncodeSettings settings = { .kind = ENCODE_RAW, .format = pixel_format_native };
    encode_cache_free(fixture->cache);
    fixture->cache = encode_cache_new(400 * 300 * 4 + 1000);
    g_autoptr(GBytes) large = get(fixture, &settings, 1, WIDE);
    g_autoptr(GBytes) same = get(fixture, &settings, 1, WIDE);
    g_assert_true(large == same);
    g_autoptr(GBytes) small = get(fixture, &settings, 1, (Rect){ 0, 0, 100, 100 });
    g_autoptr(GBytes) anew = get(fixture, &settings, 1, WIDE);
    g_assert_true(large != anew);
    encode_cache_free(fixture->cache);
    fixture->cache = encode_cache_new(0);
    g_autoptr(GBytes) first = get(fixture, &settings, 1, WIDE);
    g_autoptr(GBytes) second = get(fixture, &settings, 1, WIDE);
    g_assert_true(first != second);
}

typedef struct {
    Fixture *fixture;
    gint *waiting;
    GBytes *got[40];
} Crowd;

static gpointer ask(gpointer data)
{
    Crowd *crowd = data;
    const EncodeSettings settings = tight();
    g_atomic_int_dec_and_test(crowd->waiting);
    while (g_atomic_int_get(crowd->waiting) > 0) /* all at once, or the test tests little */
        g_thread_yield();
    for (guint i = 0; i < G_N_ELEMENTS(crowd->got); i++)
        crowd->got[i] =
            get(crowd->fixture, &settings, 1 + i / 8, (Rect){ 0, (int)(i % 8) * 32, 400, 32 });
    return NULL;
}

/* several who want the same: whoever comes first makes it, all get those bytes */
static void test_crowd(Fixture *fixture, gconstpointer data)
{
    enum { THREADS = 6 };
    gint waiting = THREADS;
    Crowd crowds[THREADS];
    GThread *threads[THREADS];
    const EncodeSettings settings = tight();
    for (guint i = 0; i < THREADS; i++) {
        crowds[i] = (Crowd){ .fixture = fixture, .waiting = &waiting };
        threads[i] = g_thread_new("viewer", ask, &crowds[i]);
    }
    for (guint i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    for (guint j = 0; j < G_N_ELEMENTS(crowds[0].got); j++) {
        g_autoptr(GByteArray) expected = g_byte_array_new();
        encode_rect(&settings, fixture->frame, (Rect){ 0, (int)(j % 8) * 32, 400, 32 }, expected);
        g_autoptr(GBytes) right = g_bytes_new(expected->data, expected->len);
        for (guint i = 0; i < THREADS; i++) {
            g_assert_true(g_bytes_equal(crowds[i].got[j], right));
            g_bytes_unref(crowds[i].got[j]);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)
    ADD("/encode-cache/bytes", test_bytes);
    ADD("/encode-cache/who-shares", test_who_shares);
    ADD("/encode-cache/newest", test_newest);
    ADD("/encode-cache/limit", test_limit);
    ADD("/encode-cache/crowd", test_crowd);
    return g_test_run();
}
