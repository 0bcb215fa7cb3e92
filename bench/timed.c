/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a program with its output thrown away and prints as JSON what it took. Its own memory is
 * small, because the greatest resident size that wait4(2) tells of a program is never below that of
 * the process which executed it (Linux, exec_mmap()).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double to_ms(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
    struct timespec start, end;
    struct rusage usage;
    int status;

    if (argc < 2) {
        fprintf(stderr, "usage: timed PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        execv(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
        perror("timed");
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return 1;
    double wall_ms =
        (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
    printf("{\"wall_ms\": %.3f, \"cpu_ms\": %.3f, \"rss_kib\": %ld}\n", wall_ms,
           to_ms(usage.ru_utime) + to_ms(usage.ru_stime), usage.ru_maxrss);
    return 0;
}
