/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/huffman.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_MOST 15

typedef struct {
    guint32 weight;
    guint16 symbol;
} Leaf;

static int compare_leaves(const void *a, const void *b)
{
    const Leaf *first = a, *second = b;
    if (first->weight != second->weight)
        return first->weight < second->weight ? -1 : 1;
    return (int)first->symbol - (int)second->symbol;
}

static guint collect_leaves(const guint32 *frequencies, guint n, Leaf *ret_leaves)
{
    guint count = 0;
    for (guint i = 0; i < n; i++)
        if (frequencies[i] > 0)
            ret_leaves[count++] = (Leaf){ frequencies[i], (guint16)i };
    for (guint i = 0; count < 2 && i < n; i++)
        if (frequencies[i] == 0)
            ret_leaves[count++] = (Leaf){ 0, (guint16)i };
    qsort(ret_leaves, count, sizeof *ret_leaves, compare_leaves);
    return count;
}

/*
 * Huffman's tree: the two lightest become one, again and again. Leaves are sorted and sums are
 * made in rising order, so the lightest is at the head of either row. Sets how many leaves there
 * are at each depth, those below the limit counted at it.
 */
static void count_depths(const Leaf *leaves, guint n, guint limit, guint *ret_counts)
{
    guint32 sums[HUFFMAN_SYMBOLS_MOST];
    guint16 leaf_parent[HUFFMAN_SYMBOLS_MOST], sum_parent[HUFFMAN_SYMBOLS_MOST];
    guint leaf = 0, sum = 0;
    for (guint made = 0; made < n - 1; made++) {
        sums[made] = 0;
        for (guint i = 0; i < 2; i++) {
            gboolean take_leaf = leaf < n && (sum >= made || leaves[leaf].weight <= sums[sum]);
            sums[made] += take_leaf ? leaves[leaf].weight : sums[sum];
            if (take_leaf)
                leaf_parent[leaf++] = (guint16)made;
            else
                sum_parent[sum++] = (guint16)made;
        }
    }
    guint depths[HUFFMAN_SYMBOLS_MOST];
    depths[n - 2] = 0;
    for (guint i = n - 2; i-- > 0;)
        depths[i] = depths[sum_parent[i]] + 1;
    memset(ret_counts, 0, (LENGTH_MOST + 1) * sizeof *ret_counts);
    for (guint i = 0; i < n; i++)
        ret_counts[MIN(depths[leaf_parent[i]] + 1, limit)]++;
}

/*
 * Cutting made the codes too many: the shares of the code space that each length takes must not be
 * more than all. A leaf from above the limit moves one down and takes one of the limit beside it.
 */
static void make_room(guint *counts, guint limit)
{
    guint taken = 0;
    for (guint length = 1; length <= limit; length++)
        taken += counts[length] << (limit - length);
    for (; taken > 1U << limit; taken--) {
        guint length = limit - 1;
        while (counts[length] == 0)
            length--;
        counts[length]--;
        counts[length + 1] += 2;
        counts[limit]--;
    }
}

void huffman_lengths(const guint32 *frequencies, guint n, guint limit, guint8 *ret_lengths)
{
    Leaf leaves[HUFFMAN_SYMBOLS_MOST];
    guint counts[LENGTH_MOST + 1];
    guint used = collect_leaves(frequencies, n, leaves);
    count_depths(leaves, used, limit, counts);
    make_room(counts, limit);
    memset(ret_lengths, 0, n);
    guint next = 0;
    for (guint length = limit; length > 0; length--)
        for (guint i = 0; i < counts[length]; i++)
            ret_lengths[leaves[next++].symbol] = (guint8)length;
}

static guint16 reversed(guint code, guint length)
{
    guint16 result = 0;
    for (guint i = 0; i < length; i++)
        result = (guint16)(result | (code >> i & 1) << (length - 1 - i));
    return result;
}

void huffman_codes(const guint8 *lengths, guint n, HuffmanCode *ret_codes)
{
    guint counts[LENGTH_MOST + 1] = { 0 }, next[LENGTH_MOST + 1] = { 0 };
    for (guint i = 0; i < n; i++)
        counts[lengths[i]]++;
    counts[0] = 0;
    for (guint length = 1; length <= LENGTH_MOST; length++)
        next[length] = (next[length - 1] + counts[length - 1]) << 1;
    for (guint i = 0; i < n; i++)
        ret_codes[i] = (HuffmanCode){
            .code = lengths[i] > 0 ? reversed(next[lengths[i]]++, lengths[i]) : 0,
            .length = lengths[i],
        };
}
