/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/deflate.h"

#include <string.h>
#include <zlib.h>

#include "display/deflate-match.h"
#include "display/huffman.h"

/* One code for so many bytes: pictures change from part to part, and a code costs about 80 bytes.
 */
#define BLOCK_BYTES (128 * 1024)
/* Four codes and what is left of a byte fit in 64 bits. */
#define CODE_BITS_MOST 14
#define LENGTH_CODE_BITS_MOST 7
#define STORED_MOST 65535
/* Its highest levels take tenths of a second for a picture and gain hundredths of its size. */
#define ZLIB_LEVELS_LEFT_OUT 3

#define END_OF_BLOCK 256
#define N_LITERALS 286
#define N_DISTANCES 30
#define N_LENGTH_CODES 19

/* deflate, a window of 32 KiB, "fastest" (RFC 1950, 2.2) */
const guint8 deflate_header[DEFLATE_HEADER_BYTES] = { 0x78, 0x01 };

typedef struct {
    guint8 *at;
    guint64 bits;
    guint count; /* of @bits, fewer than 8 after a flush */
} Writer;

static inline void put(Writer *writer, guint64 bits, guint count)
{
    writer->bits |= bits << writer->count;
    writer->count += count;
}

/* Writes eight bytes, of which the whole ones count. */
static inline void flush(Writer *writer)
{
    guint64 bits = GUINT64_TO_LE(writer->bits);
    memcpy(writer->at, &bits, sizeof bits);
    writer->at += writer->count / 8;
    writer->bits >>= writer->count & ~7U;
    writer->count &= 7;
}

/* Lengths and distances have a code for a range and bits for the place in it (RFC 1951, 3.2.5). */
typedef struct {
    guint symbol, extra_bits, extra;
} Range;

/* The ranges double every @per_bits_log2 codes: four for lengths, two for distances. */
static inline Range range_of(guint value, guint per_doubling_log2)
{
    guint few = 2U << per_doubling_log2;
    if (value < few)
        return (Range){ value, 0, 0 };
    guint extra_bits = g_bit_storage(value) - 1 - per_doubling_log2;
    return (Range){ (extra_bits << per_doubling_log2) + (value >> extra_bits), extra_bits,
                    value & ((1U << extra_bits) - 1) };
}

static inline Range length_range(guint length)
{
    if (length == DEFLATE_MATCH_MOST)
        return (Range){ N_LITERALS - 1, 0, 0 };
    Range range = range_of(length - DEFLATE_MATCH_LEAST, 2);
    range.symbol += END_OF_BLOCK + 1;
    return range;
}

static inline Range distance_range(guint distance_less_1)
{
    return range_of(distance_less_1, 1);
}

/* A block: some steps over some bytes, and the codes made for them. */
typedef struct {
    DeflateStep steps[DEFLATE_STEPS_MOST];
    guint n_steps;
    const guint8 *data;
    gsize size;
    guint32 literals[N_LITERALS], distances[N_DISTANCES]; /* how often each occurs */
    guint8 lengths[N_LITERALS + N_DISTANCES];             /* of their codes, one after the other */
    guint n_literals, n_distances;                        /* up to the last one that occurs */
    HuffmanCode literal_codes[N_LITERALS], distance_codes[N_DISTANCES];
} Block;

/* Four rows of counters: the next byte is often the same, whose counter is still being written. */
static void count_literals(Block *block)
{
    guint32 counts[4][256] = { 0 };
    const guint8 *at = block->data;
    for (guint i = 0; i < block->n_steps; i++) {
        guint32 n = block->steps[i].literals, j = 0;
        for (; j + 4 <= n; j += 4) {
            counts[0][at[j]]++;
            counts[1][at[j + 1]]++;
            counts[2][at[j + 2]]++;
            counts[3][at[j + 3]]++;
        }
        for (; j < n; j++)
            counts[0][at[j]]++;
        at += n + block->steps[i].length;
    }
    for (guint i = 0; i < 256; i++)
        block->literals[i] = counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i];
}

static void count_matches(Block *block)
{
    for (guint i = 0; i < block->n_steps; i++) {
        if (block->steps[i].length == 0)
            continue;
        block->literals[length_range(block->steps[i].length).symbol]++;
        block->distances[distance_range(block->steps[i].distance).symbol]++;
    }
}

static guint used_symbols(const guint8 *lengths, guint n, guint least)
{
    while (n > least && lengths[n - 1] == 0)
        n--;
    return n;
}

static void make_codes(Block *block)
{
    memset(block->literals, 0, sizeof block->literals);
    memset(block->distances, 0, sizeof block->distances);
    count_literals(block);
    count_matches(block);
    block->literals[END_OF_BLOCK] = 1;
    guint8 literal_lengths[N_LITERALS], distance_lengths[N_DISTANCES];
    huffman_lengths(block->literals, N_LITERALS, CODE_BITS_MOST, literal_lengths);
    huffman_lengths(block->distances, N_DISTANCES, CODE_BITS_MOST, distance_lengths);
    huffman_codes(literal_lengths, N_LITERALS, block->literal_codes);
    huffman_codes(distance_lengths, N_DISTANCES, block->distance_codes);
    block->n_literals = used_symbols(literal_lengths, N_LITERALS, END_OF_BLOCK + 1);
    block->n_distances = used_symbols(distance_lengths, N_DISTANCES, 1);
    memcpy(block->lengths, literal_lengths, block->n_literals);
    memcpy(block->lengths + block->n_literals, distance_lengths, block->n_distances);
}

static guint64 body_bits(const Block *block)
{
    guint64 bits = 0;
    for (guint i = 0; i < N_LITERALS; i++) {
        /* symbols of lengths: six groups of four have 0 to 5 more bits, the last one none */
        guint extra = i > 264 && i < 285 ? (i - 261) / 4 : 0;
        bits += (guint64)block->literals[i] * (block->literal_codes[i].length + extra);
    }
    for (guint i = 0; i < N_DISTANCES; i++)
        bits += (guint64)block->distances[i] *
                (block->distance_codes[i].length + (i > 3 ? (i - 2) / 2 : 0));
    return bits;
}

/* The lengths of the codes, themselves in a code with signs for repetition (RFC 1951, 3.2.7). */
typedef struct {
    guint8 symbols[N_LITERALS + N_DISTANCES];
    guint8 repeats[N_LITERALS + N_DISTANCES]; /* beyond the least of the symbol */
    guint n;
    guint8 code_lengths[N_LENGTH_CODES];
    HuffmanCode codes[N_LENGTH_CODES];
    guint n_codes; /* that are sent, in the order below */
} Header;

static const guint8 code_order[N_LENGTH_CODES] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                   11, 4,  12, 3, 13, 2, 14, 1, 15 };
enum { REPEAT_LAST = 16, REPEAT_ZERO = 17, REPEAT_ZERO_LONG = 18 };

static guint repeat_bits(guint symbol)
{
    return symbol == REPEAT_LAST        ? 2
           : symbol == REPEAT_ZERO      ? 3
           : symbol == REPEAT_ZERO_LONG ? 7
                                        : 0;
}

static void add_length(Header *header, guint symbol, guint repeat)
{
    header->symbols[header->n] = (guint8)symbol;
    header->repeats[header->n++] = (guint8)repeat;
}

static void add_run(Header *header, guint8 length, guint run)
{
    if (length != 0) {
        add_length(header, length, 0);
        run--;
    }
    while (run >= 3) {
        guint most = length != 0 ? 6 : run <= 10 ? 10 : 138, part = MIN(run, most);
        if (length != 0)
            add_length(header, REPEAT_LAST, part - 3);
        else
            add_length(header, part <= 10 ? REPEAT_ZERO : REPEAT_ZERO_LONG,
                       part <= 10 ? part - 3 : part - 11);
        run -= part;
    }
    while (run-- > 0)
        add_length(header, length, 0);
}

/* Returns its bits, with the three that begin a block. */
static guint64 make_header(const Block *block, Header *ret_header)
{
    guint32 frequencies[N_LENGTH_CODES] = { 0 };
    guint n = block->n_literals + block->n_distances;
    ret_header->n = 0;
    for (guint i = 0, run; i < n; i += run) {
        for (run = 1; i + run < n && block->lengths[i + run] == block->lengths[i];)
            run++;
        add_run(ret_header, block->lengths[i], run);
    }
    for (guint i = 0; i < ret_header->n; i++)
        frequencies[ret_header->symbols[i]]++;
    huffman_lengths(frequencies, N_LENGTH_CODES, LENGTH_CODE_BITS_MOST, ret_header->code_lengths);
    huffman_codes(ret_header->code_lengths, N_LENGTH_CODES, ret_header->codes);
    ret_header->n_codes = N_LENGTH_CODES;
    while (ret_header->n_codes > 4 &&
           ret_header->code_lengths[code_order[ret_header->n_codes - 1]] == 0)
        ret_header->n_codes--;
    guint64 bits = 3 + 14 + 3 * ret_header->n_codes;
    for (guint i = 0; i < N_LENGTH_CODES; i++)
        bits += (guint64)frequencies[i] * (ret_header->code_lengths[i] + repeat_bits(i));
    return bits;
}

static void write_header(Writer *writer, const Block *block, const Header *header)
{
    put(writer, 2 << 1, 3); /* not the last block; codes of its own */
    put(writer, block->n_literals - 257, 5);
    put(writer, block->n_distances - 1, 5);
    put(writer, header->n_codes - 4, 4);
    flush(writer);
    for (guint i = 0; i < header->n_codes; i++) {
        put(writer, header->code_lengths[code_order[i]], 3);
        flush(writer);
    }
    for (guint i = 0; i < header->n; i++) {
        guint symbol = header->symbols[i];
        put(writer, header->codes[symbol].code, header->codes[symbol].length);
        put(writer, header->repeats[i], repeat_bits(symbol));
        flush(writer);
    }
}

static inline void put_code(Writer *writer, HuffmanCode code)
{
    put(writer, code.code, code.length);
}

static const guint8 *write_literals(Writer *shared, const HuffmanCode *codes, const guint8 *at,
                                    guint32 n)
{
    Writer writer = *shared; /* a copy stays in registers */
    for (; n >= 4; n -= 4, at += 4) {
        put_code(&writer, codes[at[0]]);
        put_code(&writer, codes[at[1]]);
        put_code(&writer, codes[at[2]]);
        put_code(&writer, codes[at[3]]);
        flush(&writer);
    }
    for (; n > 0; n--)
        put_code(&writer, codes[*at++]);
    flush(&writer);
    *shared = writer;
    return at;
}

static void write_body(Writer *writer, const Block *block)
{
    const guint8 *at = block->data;
    for (guint i = 0; i < block->n_steps; i++) {
        const DeflateStep *step = &block->steps[i];
        at = write_literals(writer, block->literal_codes, at, step->literals);
        if (step->length == 0)
            continue;
        Range length = length_range(step->length), distance = distance_range(step->distance);
        put_code(writer, block->literal_codes[length.symbol]);
        put(writer, length.extra, length.extra_bits);
        put_code(writer, block->distance_codes[distance.symbol]);
        put(writer, distance.extra, distance.extra_bits);
        flush(writer);
        at += step->length;
    }
    put_code(writer, block->literal_codes[END_OF_BLOCK]);
    flush(writer);
}

/* A stored block begins on a byte: with no bytes in it, it is how a piece ends on one. */
static void write_stored(Writer *writer, const guint8 *data, gsize n)
{
    do {
        guint part = (guint)MIN(n, STORED_MOST);
        put(writer, 0, 3);
        writer->count = (writer->count + 7) & ~7U;
        flush(writer);
        put(writer, part | (~part & 0xffff) << 16, 32);
        flush(writer);
        if (part > 0)
            memcpy(writer->at, data, part);
        writer->at += part;
        data += part;
        n -= part;
    } while (n > 0);
}

/* Room for @n bytes behind @writer, or a new one, and what flush() writes beyond its end. */
static void make_space(Writer *writer, GByteArray *out, gsize n)
{
    guint used = writer->at == NULL ? out->len : (guint)(writer->at - out->data);
    g_byte_array_set_size(out, used + (guint)n + sizeof(guint64));
    writer->at = out->data + used;
}

static void write_block(Writer *writer, Block *block, GByteArray *out)
{
    Header header;
    make_codes(block);
    guint64 bits = make_header(block, &header) + body_bits(block);
    gsize stored = block->size + 5 * (block->size / STORED_MOST + 1);
    make_space(writer, out, MIN(bits / 8 + 2, stored + 2));
    if (bits / 8 < stored) {
        write_header(writer, block, &header);
        write_body(writer, block);
    } else {
        write_stored(writer, block->data, block->size);
    }
}

static void own_piece(const guint8 *data, gsize n, const DeflateShape *shape, GByteArray *out)
{
    Block block;
    DeflateFinder finder;
    Writer writer = { 0 };
    deflate_finder_init(&finder, data, n, shape);
    while (finder.at < n) {
        block.data = data + finder.at;
        block.n_steps = deflate_find(&finder, BLOCK_BYTES, block.steps);
        block.size = (gsize)(data + finder.at - block.data);
        write_block(&writer, &block, out);
    }
    make_space(&writer, out, 8);
    write_stored(&writer, data, 0);
    g_byte_array_set_size(out, (guint)(writer.at - out->data));
}

static void zlib_end(gpointer stream)
{
    deflateEnd(stream);
    g_free(stream);
}

/* This thread's: a new one for each piece would clear 256 KiB for it. NULL: no memory. */
static z_stream *zlib_stream(int level)
{
    static GPrivate mine = G_PRIVATE_INIT(zlib_end);
    z_stream *stream = g_private_get(&mine);
    if (stream == NULL) {
        stream = g_new0(z_stream, 1);
        if (deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
            g_free(stream);
            return NULL;
        }
        g_private_set(&mine, stream);
    }
    deflateReset(stream);
    deflateParams(stream, level, Z_DEFAULT_STRATEGY);
    return stream;
}

static gboolean zlib_piece(const guint8 *data, gsize n, int level, GByteArray *out)
{
    z_stream *stream = zlib_stream(level);
    if (stream == NULL)
        return FALSE;
    guint before = out->len, room = (guint)deflateBound(stream, n) + 16;
    g_byte_array_set_size(out, before + room);
    stream->next_in = (guint8 *)data;
    stream->avail_in = (uInt)n;
    stream->next_out = out->data + before;
    stream->avail_out = room;
    gboolean done = deflate(stream, Z_SYNC_FLUSH) == Z_OK && stream->avail_in == 0;
    g_byte_array_set_size(out, before + (done ? room - stream->avail_out : 0));
    return done;
}

void deflate_piece(const guint8 *data, gsize n, const DeflateShape *shape, int level,
                   GByteArray *out)
{
    if (level <= DEFLATE_OWN_LEVEL || !zlib_piece(data, n, level - ZLIB_LEVELS_LEFT_OUT, out))
        own_piece(data, n, shape, out);
}
