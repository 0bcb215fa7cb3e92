/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * write-attr PATH TEXT: writes TEXT to the sysfs attribute at PATH by one write(2), as vgpuctl
 * does, and tells what the kernel said: "ok", or "open: EACCES" or "write: ENOSPC". Exit status:
 * the errno. A shell's echo tells neither.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int say(const char *call)
{
    int number = errno;

    printf("%s: %s\n", call, strerrorname_np(number));
    return number;
}

int main(int argc, char **argv)
{
    int fd;

    if (argc != 3) {
        fprintf(stderr, "Usage: write-attr PATH TEXT\n");
        return 255;
    }
    fd = open(argv[1], O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return say("open");
    if (write(fd, argv[2], strlen(argv[2])) < 0)
        return say("write");
    puts("ok");
    return 0;
}
