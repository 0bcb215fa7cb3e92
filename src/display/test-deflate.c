/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces, unpacked by zlib: all of them in one stream, whatever is in them. */
#include "display/deflate.h"

#include <string.h>
#include <zlib.h>

#include "display/huffman.h"

typedef void (*Fill)(GRand *random, guint8 *data, gsize n);

static void fill_zero(GRand *random, guint8 *data, gsize n)
{
    memset(data, 0, n);
}

static void fill_random(GRand *random, guint8 *data, gsize n)
{
    for (gsize i = 0; i < n; i++)
        data[i] = (guint8)g_rand_int(random);
}

/* the rarest of many symbols: codes longer than are allowed, if they were not cut */
static void fill_skewed(GRand *random, guint8 *data, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        guint8 value = 0;
        while (value < 255 && g_rand_boolean(random))
            value++;
        data[i] = (guint8)(value * 7);
    }
}

static void fill_runs(GRand *random, guint8 *data, gsize n)
{
    for (gsize i = 0; i < n;) {
        gsize run = (gsize)g_rand_int_range(random, 1, 1200);
        guint8 value = (guint8)g_rand_int(random);
        for (; run > 0 && i < n; run--)
            data[i++] = value;
    }
}

/* rows like the one above, but for a few bytes */
static void fill_rows(GRand *random, guint8 *data, gsize n)
{
    fill_random(random, data, MIN(n, 192));
    for (gsize i = 192; i < n; i++)
        data[i] = g_rand_int_range(random, 0, 40) == 0 ? (guint8)g_rand_int(random) : data[i - 192];
}

/* what was seen long ago, nearer and farther than a window */
static void fill_echoes(GRand *random, guint8 *data, gsize n)
{
    fill_random(random, data, n);
    for (gsize i = 40000; i + 64 < n; i += 100)
        memcpy(data + i, data + i - (gsize)g_rand_int_range(random, 32700, 32800), 64);
}

static const struct {
    const char *name;
    Fill fill;
} fills[] = {
    { "zero", fill_zero }, { "random", fill_random }, { "skewed", fill_skewed },
    { "runs", fill_runs }, { "rows", fill_rows },     { "echoes", fill_echoes },
};

static const DeflateShape shapes[] = {
    { .unit = 1, .least = 3 },
    { .unit = 1, .distances = { 1, 192, 2 }, .least = 3, .least_searched = 8 },
    { .unit = 3, .distances = { 3, 192, 6 }, .least = 6, .least_searched = 12 },
    { .unit = 4, .distances = { 4, 32768, 8, 384 }, .least = 4 },
};

typedef struct {
    z_stream zlib;
    GByteArray *piece;
} Stream;

static void stream_init(Stream *stream)
{
    *stream = (Stream){ .piece = g_byte_array_new() };
    g_assert_cmpint(inflateInit(&stream->zlib), ==, Z_OK);
    stream->zlib.next_in = (guint8 *)deflate_header;
    stream->zlib.avail_in = DEFLATE_HEADER_BYTES;
    guint8 nothing[1];
    stream->zlib.next_out = nothing;
    stream->zlib.avail_out = sizeof nothing;
    g_assert_cmpint(inflate(&stream->zlib, Z_SYNC_FLUSH), ==, Z_OK);
}

static void stream_clear(Stream *stream)
{
    inflateEnd(&stream->zlib);
    g_byte_array_unref(stream->piece);
}

/* Returns the size of the piece. */
static gsize check_piece(Stream *stream, const guint8 *data, gsize n, const DeflateShape *shape,
                         int level)
{
    g_byte_array_set_size(stream->piece, 0);
    g_byte_array_append(stream->piece, (const guint8 *)"kept", 4);
    deflate_piece(data, n, shape, level, stream->piece);
    g_assert_cmpmem(stream->piece->data, 4, "kept", 4);
    g_autofree guint8 *plain = g_malloc(n + 1);
    z_stream *zlib = &stream->zlib;
    zlib->next_in = stream->piece->data + 4;
    zlib->avail_in = stream->piece->len - 4;
    zlib->next_out = plain;
    zlib->avail_out = (uInt)n + 1;
    int result = inflate(zlib, Z_SYNC_FLUSH);
    g_assert_cmpstr(zlib->msg, ==, NULL);
    g_assert_true(result == Z_OK || result == Z_BUF_ERROR);
    g_assert_cmpuint(zlib->avail_in, ==, 0);
    g_assert_cmpuint(zlib->avail_out, ==, 1);
    g_assert_cmpmem(plain, n, data, n);
    return stream->piece->len - 4;
}

static void test_round_trip(void)
{
    static const gsize sizes[] = { 0,   1,   2,   3,   4,    5,     7,     8,     9,     31,
                                   257, 258, 259, 260, 1000, 65535, 65536, 70001, 200000 };
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    Stream stream;
    stream_init(&stream);
    for (gsize i = 0; i < G_N_ELEMENTS(fills) * G_N_ELEMENTS(sizes); i++) {
        gsize n = sizes[i / G_N_ELEMENTS(fills)];
        g_autofree guint8 *data = g_malloc(n + 1);
        fills[i % G_N_ELEMENTS(fills)].fill(random, data, n);
        for (gsize j = 0; j < G_N_ELEMENTS(shapes); j++)
            check_piece(&stream, data, n, &shapes[j], 0);
        check_piece(&stream, data, n, &shapes[0], 6 + (int)i % 4);
    }
    stream_clear(&stream);
}

/* what nothing can pack grows by little, and what repeats becomes next to nothing */
static void test_sizes(void)
{
    static const struct {
        Fill fill;
        gsize shape, least, most;
    } cases[] = {
        { fill_random, 1, 300000, 300100 }, { fill_zero, 1, 1, 500 },
        { fill_rows, 1, 5000, 40000 },      { fill_runs, 1, 500, 2500 },
        { fill_skewed, 0, 50000, 80000 },
    };
    enum { SIZE = 300000 };
    g_autofree guint8 *data = g_malloc(SIZE);
    g_autoptr(GRand) random = g_rand_new_with_seed(2);
    Stream stream;
    stream_init(&stream);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        cases[i].fill(random, data, SIZE);
        gsize size = check_piece(&stream, data, SIZE, &shapes[cases[i].shape], 1);
        g_assert_cmpuint(size, >=, cases[i].least);
        g_assert_cmpuint(size, <=, cases[i].most);
    }
    stream_clear(&stream);
}

/* all the code space is given away, never more, and the frequent are no longer than the rare */
static void check_lengths(const guint32 *frequencies, guint n, guint limit)
{
    guint8 lengths[HUFFMAN_SYMBOLS_MOST];
    huffman_lengths(frequencies, n, limit, lengths);
    guint64 space = 0;
    for (guint i = 0; i < n; i++) {
        g_assert_cmpuint(lengths[i], <=, limit);
        g_assert_true(lengths[i] > 0 || frequencies[i] == 0);
        space += lengths[i] > 0 ? (guint64)1 << (limit - lengths[i]) : 0;
        for (guint j = 0; j < i; j++)
            g_assert_false(frequencies[i] > frequencies[j] && frequencies[j] > 0 &&
                           lengths[i] > lengths[j]);
    }
    g_assert_cmpuint(space, <=, (guint64)1 << limit);
}

static void test_lengths(void)
{
    guint32 frequencies[HUFFMAN_SYMBOLS_MOST] = { 0 };
    check_lengths(frequencies, 19, 7); /* nothing occurs */
    frequencies[5] = 1;
    check_lengths(frequencies, 19, 7);
    guint32 previous = 1, last = 1;
    for (guint i = 0; i < 40; i++) { /* Fibonacci's: the deepest tree there is */
        frequencies[i] = last;
        last += previous;
        previous = last - previous;
    }
    check_lengths(frequencies, 19, 7);
    check_lengths(frequencies, 40, 14);
    g_autoptr(GRand) random = g_rand_new_with_seed(3);
    for (guint run = 0; run < 200; run++) {
        guint32 spread = (guint32)g_rand_int_range(random, 1, 24);
        for (guint i = 0; i < HUFFMAN_SYMBOLS_MOST; i++)
            frequencies[i] =
                g_rand_int(random) & ((1U << g_rand_int_range(random, 0, (gint32)spread)) - 1);
        check_lengths(frequencies, 286, 14);
        check_lengths(frequencies, 19, 7);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/deflate/round-trip", test_round_trip);
    g_test_add_func("/deflate/sizes", test_sizes);
    g_test_add_func("/deflate/lengths", test_lengths);
    return g_test_run();
}
