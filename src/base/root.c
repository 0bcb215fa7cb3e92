/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

struct Root {
    char *directory; /* owned, without a trailing slash; "" for "/" */
    int fd;          /* owned, O_PATH */
};

Root *root_open(const char *directory, GError **error)
{
    if (directory == NULL)
        directory = g_getenv("VGPUCTL_ROOT");
    if (directory == NULL || *directory == '\0')
        directory = "/";

    int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        error_set_errno(error, errno, "Opening root directory '%s' (VGPUCTL_ROOT)", directory);
        return NULL;
    }

    Root *root = g_new0(Root, 1);
    root->fd = fd;
    root->directory = g_canonicalize_filename(directory, NULL);
    if (g_str_equal(root->directory, "/"))
        root->directory[0] = '\0';
    return root;
}

void root_free(Root *root)
{
    if (root == NULL)
        return;
    close(root->fd);
    g_free(root->directory);
    g_free(root);
}

gboolean root_is_system(const Root *root)
{
    return root->directory[0] == '\0';
}

char *root_host_path(const Root *root, const char *path)
{
    return g_strconcat(root->directory, path, NULL);
}

/* open(2) below the root; -1 and errno. The system itself needs no confinement: links there lead
 * where the administrator put them. */
static int open_below(const Root *root, const char *path, int flags)
{
    if (root_is_system(root))
        return open(path, flags | O_CLOEXEC);

    struct open_how how = { .flags = (guint64)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT };
    long fd = syscall(SYS_openat2, root->fd, path, &how, sizeof how);
    if (fd >= 0 || errno != ENOSYS)
        return (int)fd;

    g_autofree char *host_path = root_host_path(root, path);
    return open(host_path, flags | O_CLOEXEC);
}

int root_open_file(const Root *root, const char *path, int flags, GError **error)
{
    int fd = open_below(root, path, flags);
    if (fd < 0)
        error_set_errno(error, errno, "Opening %s%s", root->directory, path);
    return fd;
}

char *root_read(const Root *root, const char *path, gsize *length, GError **error)
{
    autofd int fd = root_open_file(root, path, O_RDONLY, error);
    if (fd < 0)
        return NULL;

    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (;;) {
        guint8 chunk[4096];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            error_set_errno(error, errno, "Reading %s%s", root->directory, path);
            return NULL;
        }
        if (n == 0)
            break;
        g_byte_array_append(bytes, chunk, (guint)n);
        if (bytes->len > ROOT_READ_LIMIT) {
            error_set(error, VGPUCTL_ERROR_INVALID, "Reading %s%s: larger than %u bytes",
                      root->directory, path, ROOT_READ_LIMIT);
            return NULL;
        }
    }
    if (length != NULL)
        *length = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

GMappedFile *root_map(const Root *root, const char *path, GError **error)
{
    autofd int fd = root_open_file(root, path, O_RDONLY, error);
    if (fd < 0)
        return NULL;
    g_autoptr(GError) reason = NULL;
    GMappedFile *file = g_mapped_file_new_from_fd(fd, FALSE, &reason);
    if (file == NULL)
        error_set(error, VGPUCTL_ERROR_FAILED, "Mapping %s%s: %s", root->directory, path,
                  reason->message);
    return file;
}

char *root_read_attr(const Root *root, const char *path, GError **error)
{
    char *text = root_read(root, path, NULL, error);
    return text != NULL ? g_strchomp(text) : NULL;
}

gboolean root_read_u64(const Root *root, const char *path, guint64 *ret_value, GError **error)
{
    g_autofree char *text = root_read_attr(root, path, error);
    if (text == NULL)
        return FALSE;

    /* base 0 would read "010" as octal; sysfs writes decimal or 0x */
    int base = g_str_has_prefix(text, "0x") ? 16 : 10;
    const char *digits = base == 16 ? text + 2 : text;
    char *end = NULL;
    errno = 0;
    guint64 value = g_ascii_strtoull(digits, &end, base);
    if (errno != 0 || end == digits || *end != '\0' || *digits == '-')
        return error_set(error, VGPUCTL_ERROR_INVALID, "Reading %s%s: '%s' is no number",
                         root->directory, path, text);
    *ret_value = value;
    return TRUE;
}

char *root_read_link(const Root *root, const char *path, GError **error)
{
    /* the parent may be a link (everything below /sys/bus is), the last component is what we read
     */
    autofd int fd = open_below(root, path, O_PATH | O_NOFOLLOW);
    if (fd < 0) {
        error_set_errno(error, errno, "Opening %s%s", root->directory, path);
        return NULL;
    }
    char target[4096];
    ssize_t n = readlinkat(fd, "", target, sizeof target);
    if (n < 0) {
        error_set_errno(error, errno, "Reading link %s%s", root->directory, path);
        return NULL;
    }
    return g_strndup(target, (gsize)n);
}

char *root_link_name(const Root *root, const char *path)
{
    g_autofree char *target = root_read_link(root, path, NULL);
    return target != NULL ? g_path_get_basename(target) : NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GStrv root_list(const Root *root, const char *path)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    int fd = open_below(root, path, O_RDONLY | O_DIRECTORY);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory != NULL) {
        const struct dirent *entry;
        while ((entry = readdir(directory)) != NULL)
            if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
                g_ptr_array_add(names, g_strdup(entry->d_name));
        closedir(directory);
    } else if (fd >= 0) {
        close(fd);
    }
    if (names->len > 1)
        qsort(names->pdata, names->len, sizeof(gpointer), compare_names);
    g_ptr_array_add(names, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

gboolean root_exists(const Root *root, const char *path)
{
    autofd int fd = open_below(root, path, O_PATH | O_NOFOLLOW);
    return fd >= 0;
}

gboolean root_stat(const Root *root, const char *path, struct stat *ret_stat, GError **error)
{
    autofd int fd = root_open_file(root, path, O_PATH, error);
    if (fd < 0)
        return FALSE;
    if (fstat(fd, ret_stat) < 0)
        return error_set_errno(error, errno, "Looking at %s%s", root->directory, path);
    return TRUE;
}

int root_try_open(const Root *root, const char *path, int flags)
{
    autofd int fd = open_below(root, path, flags | O_NONBLOCK);
    return fd >= 0 ? 0 : errno;
}
