/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests on the simulated host: makes, removes and opens mediated devices as vgpuctl does and
 * prints what it would say, for many commands at the cost of one start (an instrumented program
 * takes seconds to start there).
 *
 * Reads lines "KEY: COMMAND ARGUMENT..." and answers each with "KEY: ok" or "KEY: ERRNO: MESSAGE":
 *
 *     create PARENT TYPE UUID
 *     remove UUID
 *     open UUID         the node and then the device, as QEMU without KVM does
 *     hold UUID         the same, and keeps both open
 *     write PATH TEXT   to set something up
 *     user UID          who does what follows; 0 comes back
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "rules/mdev-errno.h"
#include "vgpu/holder.h"
#include "vgpu/mdev-sysfs.h"

static Root *root;

static const char *errno_name(int number)
{
    const char *name = strerrorname_np(number);
    return name != NULL ? name : "0";
}

static void answer(const char *key, int number, const GError *error)
{
    if (error != NULL)
        printf("%s: %s: %s\n", key, errno_name(number), error->message);
    else if (number != 0)
        printf("%s: %s\n", key, errno_name(number));
    else
        printf("%s: ok\n", key);
}

static void do_create(const char *key, char **words)
{
    g_autoptr(GError) error = NULL;
    int number = 0;
    mdev_create(root, words[0], words[1], words[2], &number, &error);
    answer(key, number, error);
}

static void do_remove(const char *key, char **words)
{
    g_autoptr(GError) error = NULL;
    int number = 0;
    mdev_remove(root, words[0], 1000, &number, &error);
    answer(key, number, error);
}

static void fail(const char *key, MdevAction action, const char *uuid, int number)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *parent = NULL, *type = NULL;
    mdev_find(root, uuid, &parent, &type);
    g_autofree char *holders = mdev_describe_holders(root, uuid);
    const MdevFailure failure = { .action = action,
                                  .number = number,
                                  .uuid = uuid,
                                  .parent = parent,
                                  .type = type,
                                  .why = holders };
    mdev_errno_set(&error, &failure);
    answer(key, number, error);
}

/* -1: it was answered. */
static int open_node(const char *key, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *node = mdev_group_node(root, uuid, &error);
    if (node == NULL) {
        answer(key, 0, error);
        return -1;
    }
    int fd = open(node, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        fail(key, MDEV_ACTION_ACCESS, uuid, errno);
    return fd;
}

/* The device behind the node @group, as QEMU without KVM opens it; -1: it was answered. */
static int open_device(const char *key, const char *uuid, int group, int container)
{
    g_assert_cmpint(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), ==, 0);
    g_assert_cmpint(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), ==, 0);
    int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, uuid);
    if (device < 0)
        fail(key, MDEV_ACTION_OPEN, uuid, errno);
    else
        answer(key, 0, NULL);
    return device;
}

static void do_open(const char *key, char **words)
{
    autofd int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
    autofd int group = open_node(key, words[0]);
    autofd int device = group >= 0 ? open_device(key, words[0], group, container) : -1;
    (void)device;
}

/* as long as we live */
static void do_hold(const char *key, char **words)
{
    int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
    int group = open_node(key, words[0]);
    if (group >= 0)
        open_device(key, words[0], group, container);
}

static void do_write(const char *key, char **words)
{
    autofd int fd = open(words[0], O_WRONLY | O_CLOEXEC);
    gsize length = strlen(words[1]);
    answer(key, fd >= 0 && write(fd, words[1], length) == (gssize)length ? 0 : errno, NULL);
}

static void do_user(const char *key, char **words)
{
    answer(key, seteuid((uid_t)g_ascii_strtoull(words[0], NULL, 10)) == 0 ? 0 : errno, NULL);
}

static const struct {
    const char *name;
    guint arguments;
    void (*run)(const char *key, char **words);
} commands[] = {
    { "create", 3, do_create }, { "remove", 1, do_remove }, { "open", 1, do_open },
    { "hold", 1, do_hold },     { "write", 2, do_write },   { "user", 1, do_user },
};

static gboolean run_line(char *line)
{
    char *colon = strstr(line, ": ");
    if (colon == NULL)
        return FALSE;
    *colon = '\0';
    g_auto(GStrv) words = g_strsplit(g_strchomp(colon + 2), " ", -1);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_strcmp0(words[0], commands[i].name) != 0 ||
            g_strv_length(words) != commands[i].arguments + 1)
            continue;
        commands[i].run(line, words + 1);
        fflush(stdout);
        return TRUE;
    }
    return FALSE;
}

int main(void)
{
    g_autofree char *line = NULL;
    size_t size = 0;
    root = root_open("/", NULL);
    while (getline(&line, &size, stdin) >= 0)
        if (!run_line(line)) {
            fprintf(stderr, "mdev-try: no such command: %s\n", line);
            return 2;
        }
    root_free(root);
    return 0;
}
