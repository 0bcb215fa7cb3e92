/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prefix codes as deflate has them (RFC 1951, 3.2.2). */
#pragma once

#include <glib.h>

#define HUFFMAN_SYMBOLS_MOST 288

typedef struct {
    guint16 code; /* its first bit lowest, as deflate writes them */
    guint8 length;
} HuffmanCode;

/*
 * How long the code of each of @n symbols is to be, at most @limit bits, for the fewest bits in
 * all (nearly so where @limit cuts); 0 for one that does not occur. At least two symbols get a
 * code, as a code of one is what decoders differ about.
 */
void huffman_lengths(const guint32 *frequencies, guint n, guint limit, guint8 *ret_lengths);

void huffman_codes(const guint8 *lengths, guint n, HuffmanCode *ret_codes);
