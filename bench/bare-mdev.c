/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's files cost alone: each link and file is read once, nothing is sorted, checked
 * or kept. bench/mdev measures other programs against it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/mdev/devices"
#define PARENTS "/sys/class/mdev_bus"
#define DEFINITIONS "/etc/mdevctl.d"

static int fail(const char *what)
{
    perror(what);
    return 1;
}

static DIR *open_dir_at(int at, const char *path)
{
    int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? NULL : fdopendir(fd);
}

static struct dirent *next(DIR *dir)
{
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL && entry->d_name[0] == '.')
        ;
    return entry;
}

/* Its text without the last newline; "" when there is no such file. */
static char *read_text(int at, const char *path, char *text, size_t size)
{
    int fd = openat(at, path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    text[length < 0 ? 0 : length] = '\0';
    return text;
}

static char *read_link(int at, const char *path, char *target)
{
    ssize_t length = readlinkat(at, path, target, PATH_MAX - 1);
    target[length < 0 ? 0 : length] = '\0';
    return target;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/*
 * The link of the device leads below its parent: ../../../devices/.../PARENT/UUID. Whether it is to
 * start by itself says its definition, where there is one.
 */
static int list(void)
{
    char target[PATH_MAX], type[PATH_MAX], path[PATH_MAX + NAME_MAX + 2], text[4096];
    DIR *devices = open_dir_at(AT_FDCWD, DEVICES);
    int definitions = open(DEFINITIONS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent *entry;
    if (devices == NULL || definitions < 0)
        return fail(DEVICES " or " DEFINITIONS);
    while ((entry = next(devices)) != NULL) {
        read_link(dirfd(devices), entry->d_name, target);
        *strrchr(target, '/') = '\0';
        const char *parent = base_name(target);
        snprintf(path, sizeof(path), "%s/mdev_type", entry->d_name);
        read_link(dirfd(devices), path, type);
        snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);
        printf("{\"%s\": {\"%s\": {\"mdev_type\": \"%s\"}}, \"definition\": %s}\n", parent,
               entry->d_name, base_name(type), read_text(definitions, path, text, sizeof(text)));
    }
    close(definitions);
    closedir(devices);
    return 0;
}

static int list_defined(void)
{
    char text[4096];
    DIR *parents = open_dir_at(AT_FDCWD, DEFINITIONS);
    struct dirent *parent, *entry;
    if (parents == NULL)
        return fail(DEFINITIONS);
    while ((parent = next(parents)) != NULL) {
        DIR *devices = open_dir_at(dirfd(parents), parent->d_name);
        if (devices == NULL)
            return fail(parent->d_name);
        while ((entry = next(devices)) != NULL)
            printf("{\"%s\": {\"%s\": %s}}\n", parent->d_name, entry->d_name,
                   read_text(dirfd(devices), entry->d_name, text, sizeof(text)));
        closedir(devices);
    }
    closedir(parents);
    return 0;
}

static void print_type(int at, const char *name)
{
    char text[4096];
    static const char *const files[] = { "available_instances", "device_api", "name",
                                         "description" };
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    printf("{\"%s\": {", name);
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        printf("\"%s\": \"%s\", ", files[i], read_text(fd, files[i], text, sizeof(text)));
    printf("}}\n");
    close(fd);
}

static int types(void)
{
    char path[NAME_MAX + 32];
    DIR *parents = open_dir_at(AT_FDCWD, PARENTS);
    struct dirent *parent, *entry;
    if (parents == NULL)
        return fail(PARENTS);
    while ((parent = next(parents)) != NULL) {
        snprintf(path, sizeof(path), "%s/mdev_supported_types", parent->d_name);
        DIR *dir = open_dir_at(dirfd(parents), path);
        if (dir == NULL)
            return fail(path);
        while ((entry = next(dir)) != NULL)
            print_type(dirfd(dir), entry->d_name);
        closedir(dir);
    }
    closedir(parents);
    return 0;
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, text, strlen(text)) < 0 ? fail(path) : 0;
}

int main(int argc, char **argv)
{
    char path[PATH_MAX];
    const char *verb = argc > 1 ? argv[1] : "";

    if (strcmp(verb, "list") == 0 && argc == 2)
        return list();
    if (strcmp(verb, "list-defined") == 0 && argc == 2)
        return list_defined();
    if (strcmp(verb, "types") == 0 && argc == 2)
        return types();
    if (strcmp(verb, "start") == 0 && argc == 5) {
        snprintf(path, sizeof(path), PARENTS "/%s/mdev_supported_types/%s/create", argv[3],
                 argv[4]);
        return write_file(path, argv[2]);
    }
    if (strcmp(verb, "stop") == 0 && argc == 3) {
        snprintf(path, sizeof(path), DEVICES "/%s/remove", argv[2]);
        return write_file(path, "1");
    }
    fprintf(stderr,
            "usage: bare-mdev list | list-defined | types | start UUID PARENT TYPE | stop UUID\n");
    return 2;
}
