/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static bool watch(Input *input, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    return fd >= 0 && epoll_ctl(input->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void open_devices(Input *input)
{
    for (int i = 0; i < INPUT_DEVICES; i++) {
        char path[32];
        if (input->devices[i] >= 0)
            continue;
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        input->devices[i] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (input->devices[i] >= 0)
            watch(input, input->devices[i]);
    }
}

/* Directories that do not exist yet (no driver has made a node in them) are made to be watched. */
static bool watch_directory(Input *input, const char *path)
{
    mkdir(path, 0755);
    return inotify_add_watch(input->nodes, path, IN_CREATE | IN_ATTRIB) >= 0;
}

bool input_init(Input *input)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    *input = (Input){ .epoll = epoll_create1(EPOLL_CLOEXEC),
                      .signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK),
                      .nodes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK) };
    for (int i = 0; i < INPUT_DEVICES; i++)
        input->devices[i] = -1;
    if (!watch(input, input->signals) || !watch(input, input->nodes) ||
        !watch_directory(input, "/dev/dri") || !watch_directory(input, "/dev/input"))
        return false;
    open_devices(input);
    return true;
}

void input_clear(Input *input)
{
    for (int i = 0; i < INPUT_DEVICES; i++)
        if (input->devices[i] >= 0)
            close(input->devices[i]);
    close(input->signals);
    close(input->nodes);
    close(input->epoll);
}

static void read_signals(Input *input)
{
    struct signalfd_siginfo info;
    while (read(input->signals, &info, sizeof info) == sizeof info)
        input->wants_end = true;
}

static void read_nodes(Input *input)
{
    char events[4096];
    while (read(input->nodes, events, sizeof events) > 0)
        continue;
    open_devices(input);
}

static void read_device(Input *input, int fd)
{
    struct input_event event;
    ssize_t length;
    while ((length = read(fd, &event, sizeof event)) == sizeof event)
        if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1)
            input->wants_end = true;
    if (length < 0 && errno == EAGAIN)
        return;
    for (int i = 0; i < INPUT_DEVICES; i++) /* unplugged */
        if (input->devices[i] == fd)
            input->devices[i] = -1;
    close(fd);
}

void input_read(Input *input)
{
    struct epoll_event events[8];
    int count = epoll_wait(input->epoll, events, 8, 0);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == input->signals)
            read_signals(input);
        else if (events[i].data.fd == input->nodes)
            read_nodes(input);
        else
            read_device(input, events[i].data.fd);
    }
}
