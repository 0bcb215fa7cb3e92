/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compare FILE FILE
 *
 * Two pictures of the same size, four bytes a pixel, of which the last does not count. Prints the
 * mean of the squares of what the others differ by.
 */
#include <stdio.h>

int main(int argc, char **argv)
{
    FILE *one = argc == 3 ? fopen(argv[1], "rb") : NULL;
    FILE *other = argc == 3 ? fopen(argv[2], "rb") : NULL;
    unsigned long long squares = 0, count = 0;
    unsigned char a[4], b[4];
    if (one == NULL || other == NULL) {
        fprintf(stderr, "compare: two files are wanted that can be read\n");
        return 1;
    }
    while (fread(a, sizeof a, 1, one) == 1 && fread(b, sizeof b, 1, other) == 1) {
        for (int i = 0; i < 3; i++)
            squares += (unsigned long long)((a[i] - b[i]) * (a[i] - b[i]));
        count += 3;
    }
    if (count == 0 || !feof(one)) {
        fprintf(stderr, "compare: the pictures differ in size\n");
        return 1;
    }
    printf("%.6f\n", (double)squares / (double)count);
    return 0;
}
