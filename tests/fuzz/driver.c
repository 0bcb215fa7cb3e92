/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a fuzz target without libFuzzer, the same way each time:
 *
 *     fuzz-NAME SEED_DIRECTORY    every seed, then VGPUCTL_FUZZ_RUNS mutations of them (3000)
 *     fuzz-NAME FILE..            these inputs, to look at one that failed
 *
 * An input that fails is written to crash-NAME in the current directory.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define DEFAULT_RUNS 3000
#define SIZE_LIMIT 65536
#define HANG_LIMIT_SECONDS 60

static const char *target_name;
static const guint8 *current_data; /* what the target runs on now */
static gsize current_size;

/* Only what a signal handler may call. */
static void keep_current_input(void)
{
    char path[256] = "crash-";
    strncat(path, target_name, sizeof path - sizeof "crash-");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0 && file_write_all(fd, current_data, current_size)) {
        static const char words[] = "the input is kept in ";
        (void)file_write_all(STDERR_FILENO, words, strlen(words));
        (void)file_write_all(STDERR_FILENO, path, strlen(path));
        (void)file_write_all(STDERR_FILENO, "\n", 1);
    }
}

static void on_signal(int number)
{
    keep_current_input();
    signal(number, SIG_DFL);
    raise(number);
}

/* the sanitizers' runtime, where there is one: they end the program without a signal */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void watch_for_death(void)
{
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(keep_current_input);
}

static void run_input(const guint8 *data, gsize size)
{
    /* at its exact size, so that the sanitizers see a read behind its end */
    g_autofree guint8 *copy = g_memdup2(data, size);
    current_data = copy;
    current_size = size;
    alarm(HANG_LIMIT_SECONDS);
    LLVMFuzzerTestOneInput(copy, size);
    alarm(0);
}

static GByteArray *read_input(const char *path)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, &bytes, &size, &error))
        g_error("%s", error->message);
    GByteArray *input = g_byte_array_new();
    return g_byte_array_append(input, (const guint8 *)bytes, (guint)MIN(size, SIZE_LIMIT));
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The contents of all files of a directory, in the order of their names. */
static GPtrArray *read_seeds(const char *directory)
{
    GPtrArray *seeds = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, &error);
    if (dir == NULL)
        g_error("%s", error->message);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        g_ptr_array_add(paths, g_build_filename(directory, name, NULL));
    g_ptr_array_sort(paths, compare_paths);
    for (guint i = 0; i < paths->len; i++)
        g_ptr_array_add(seeds, read_input(paths->pdata[i]));
    return seeds;
}

static guint below(GRand *random, guint limit)
{
    return limit > 0 ? g_rand_int(random) % limit : 0;
}

static void insert(GByteArray *input, guint at, const guint8 *data, guint size)
{
    g_autofree guint8 *tail = g_memdup2(input->data + at, input->len - at);
    guint tail_size = input->len - at;
    g_byte_array_set_size(input, at);
    g_byte_array_append(input, data, size);
    g_byte_array_append(input, tail, tail_size);
}

/* One small change; @other is a second seed to take a part from. */
static void mutate(GRand *random, GByteArray *input, const GByteArray *other)
{
    static const char *const words[] = {
        "\n", "\r\n", "\"", "{", "}",   "[",    "]",   ":",  ",",    "=",    "#",
        "/",  "..",   "-1", "0", "1e9", "null", "\\u", "%n", "\xff", "\xc3", "999999999999999999999"
    };
    guint at = below(random, input->len + 1);
    guint size = below(random, MIN(input->len - at, 64) + 1);
    switch (below(random, 7)) {
    case 0:
        if (at < input->len)
            input->data[at] ^= (guint8)(1u << below(random, 8));
        break;
    case 1:
        if (at < input->len)
            input->data[at] = (guint8)below(random, 256);
        break;
    case 2:
        g_byte_array_remove_range(input, at, size);
        break;
    case 3: {
        g_autofree guint8 *part = g_memdup2(input->data + at, size);
        insert(input, below(random, input->len + 1), part, size);
        break;
    }
    case 4: {
        const char *word = words[below(random, G_N_ELEMENTS(words))];
        insert(input, at, (const guint8 *)word, (guint)strlen(word));
        break;
    }
    case 5: {
        guint from = below(random, other->len);
        insert(input, at, other->data + from, below(random, other->len - from + 1));
        break;
    }
    default:
        g_byte_array_set_size(input, at);
        break;
    }
    if (input->len > SIZE_LIMIT)
        g_byte_array_set_size(input, SIZE_LIMIT);
}

static void run_mutations(const GPtrArray *seeds, guint runs)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    for (guint run = 0; run < runs; run++) {
        const GByteArray *seed = seeds->pdata[below(random, seeds->len)];
        g_autoptr(GByteArray) input = g_byte_array_new();
        g_byte_array_append(input, seed->data, seed->len);
        for (guint changes = 1 + below(random, 4); changes > 0; changes--)
            mutate(random, input, seeds->pdata[below(random, seeds->len)]);
        run_input(input->data, input->len);
    }
}

int main(int argc, char **argv)
{
    g_autofree char *name = g_path_get_basename(argv[0]);
    target_name = name;
    watch_for_death();
    if (argc != 2 || !g_file_test(argv[1], G_FILE_TEST_IS_DIR)) {
        for (int i = 1; i < argc; i++) {
            g_autoptr(GByteArray) input = read_input(argv[i]);
            run_input(input->data, input->len);
        }
        return 0;
    }

    const char *wanted = g_getenv("VGPUCTL_FUZZ_RUNS");
    guint runs = wanted != NULL ? (guint)g_ascii_strtoull(wanted, NULL, 10) : DEFAULT_RUNS;
    g_autoptr(GPtrArray) seeds = read_seeds(argv[1]);
    if (seeds->len == 0)
        g_error("no seeds in %s", argv[1]);
    for (guint i = 0; i < seeds->len; i++) {
        const GByteArray *seed = seeds->pdata[i];
        run_input(seed->data, seed->len);
    }
    run_mutations(seeds, runs);
    printf("1..1\nok 1 - %s: %u seeds, %u mutations\n", name, seeds->len, runs);
    return 0;
}
