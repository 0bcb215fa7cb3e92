/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-definition.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/uuid.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"
#include "vgpu/mdev-scan.h"

#define SIZE_LIMIT (4u << 20)

/* Definitions of a pool are all alike, so the last text that was understood is kept with what it
 * meant: to compare is quicker than to parse. */
typedef struct {
    GString *text, *last;
    json_t *value; /* of @last; NULL: none yet */
} Reader;

struct MdevDirectory {
    const MdevHost *host;
    int fd;
    GArray *names; /* the UUIDs it holds, sorted, UUID_LENGTH characters each */
    Reader reader;
};

static Reader reader_new(void)
{
    return (Reader){ .text = g_string_new(NULL), .last = g_string_new(NULL) };
}

static void reader_clear(Reader *reader)
{
    g_string_free(reader->text, TRUE);
    g_string_free(reader->last, TRUE);
    json_decref(reader->value);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_clear)

char *mdev_definition_path(const char *parent, const char *uuid)
{
    return g_strdup_printf(MDEV_DEFINITIONS "/%s/%s", parent, uuid);
}

gboolean mdev_check_parent_name(const char *parent, GError **error)
{
    if (*parent != '\0' && strchr(parent, '/') == NULL && !g_str_equal(parent, ".") &&
        !g_str_equal(parent, ".."))
        return TRUE;
    return mdev_error_set(error, MDEV_ERROR_BAD_NAME, "Unable to find parent device '%s'", parent);
}

gboolean mdev_definition_exists(const MdevHost *host, const char *parent, const char *uuid)
{
    g_autofree char *path = mdev_definition_path(parent, uuid);
    struct stat info;
    return mdev_check_parent_name(parent, NULL) && root_stat(host->root, path, &info, NULL);
}

/* Reads all of a file into @text. Without waiting: it may be a FIFO by now. */
static gboolean read_text(int fd, GString *text, GError **error)
{
    g_string_truncate(text, 0);
    for (;;) {
        char chunk[4096];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mdev_error_set_errno(error, errno, "%s", "");
        g_string_append_len(text, chunk, n);
        if ((gsize)n < sizeof chunk) /* of a regular file there is no more */
            return TRUE;
        if (text->len > SIZE_LIMIT)
            return mdev_error_set(error, MDEV_ERROR_CONTENT,
                                  "invalid json: the file is larger than %u bytes", SIZE_LIMIT);
    }
}

/* Reads an open definition into @dev. */
static gboolean load_file(const MdevHost *host, int fd, Reader *reader, Mdev *dev,
                          const char *parent, GError **error)
{
    if (!read_text(fd, reader->text, error))
        return FALSE;
    if (reader->value == NULL || !g_string_equal(reader->text, reader->last)) {
        g_clear_pointer(&reader->value, json_decref);
        reader->value = mdev_json_parse(reader->text->str, reader->text->len, error);
        GString *other = reader->last;
        reader->last = reader->text;
        reader->text = other;
    }
    return reader->value != NULL && mdev_load_json(host, dev, parent, reader->value, error);
}

/* A file that is being written: ".UUID.XXXXXX" of file_write_atomic(). */
static gboolean is_temporary(const char *name)
{
    if (strlen(name) != 1 + UUID_LENGTH + 7 || name[0] != '.' || name[1 + UUID_LENGTH] != '.')
        return FALSE;
    g_autofree char *middle = g_strndup(name + 1, UUID_LENGTH);
    return uuid_is_canonical(middle);
}

/* lstat(2)'s kind of a directory entry. */
static gboolean is_kind(int fd, const struct dirent *entry, unsigned char kind)
{
    struct stat info;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == kind;
    return fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           IFTODT(info.st_mode) == kind;
}

/* All entries of a directory with @visit, but for "." and ".."; until it returns FALSE. */
typedef struct Scan Scan;
typedef gboolean (*Visit)(Scan *scan, int fd, const struct dirent *entry, GError **error);

struct Scan {
    const MdevHost *host;
    const char *uuid, *parent; /* wanted; NULL: any */
    MdevDetail details;
    const char *current; /* parent whose directory is read */
    int devices_fd;      /* of those that live */
    Reader *reader;
    GPtrArray *found;
};

static gboolean visit_all(Scan *scan, int fd, Visit visit, GError **error)
{
    DIR *directory = fdopendir(fd);
    if (directory == NULL)
        return TRUE;
    gboolean good = TRUE;
    const struct dirent *entry;
    while (good && (entry = readdir(directory)) != NULL)
        if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
            good = visit(scan, dirfd(directory), entry, error);
    closedir(directory);
    return good;
}

/* Reads the definition in @name and finds out about it what is wanted. */
static gboolean read_one(Scan *scan, int fd, const char *name, const char *uuid, GError **error)
{
    g_autofree char *host_directory = root_host_path(scan->host->root, MDEV_DEFINITIONS);
    autofd int file_fd = openat(fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file_fd < 0) {
        g_autofree char *reason = mdev_errno_text(errno);
        g_autofree char *path = g_build_filename(host_directory, scan->current, name, NULL);
        g_autofree char *quoted = mdev_quote_path(path);
        mdev_note(scan->host, MDEV_NOTE_SCAN, "Unable to open file %s: %s", quoted, reason);
        return TRUE;
    }
    g_autoptr(Mdev) dev = mdev_new(uuid);
    if (!load_file(scan->host, file_fd, scan->reader, dev, scan->current, error)) {
        mdev_note(scan->host, MDEV_NOTE_PLACE, "%s/%s/%s", host_directory, scan->current, name);
        return FALSE;
    }
    if ((scan->details & MDEV_WITH_SOURCE) == 0)
        g_clear_pointer(&dev->source, json_decref);
    if (scan->devices_fd >= 0 && !mdev_scan_look(scan->devices_fd, dev, error))
        return FALSE;
    /* what is defined under another spelling of its UUID is not where it is looked for */
    dev->defined =
        g_str_equal(name, uuid) || mdev_definition_exists(scan->host, scan->current, uuid);
    g_ptr_array_add(scan->found, g_steal_pointer(&dev));
    return TRUE;
}

static gboolean visit_definition(Scan *scan, int fd, const struct dirent *entry, GError **error)
{
    const char *name = entry->d_name;
    if (!is_kind(fd, entry, DT_REG) || is_temporary(name))
        return TRUE;
    g_autofree char *uuid = uuid_is_canonical(name) ? g_strdup(name) : uuid_parse(name, NULL);
    if (uuid == NULL) {
        mdev_note(scan->host, MDEV_NOTE_SCAN, "Can't determine uuid for file '%s'", name);
        return TRUE;
    }
    if (scan->uuid != NULL && !g_str_equal(scan->uuid, uuid))
        return TRUE;
    return read_one(scan, fd, name, uuid, error);
}

static gboolean visit_parent(Scan *scan, int fd, const struct dirent *entry, GError **error)
{
    const char *name = entry->d_name;
    if ((scan->parent != NULL && !g_str_equal(scan->parent, name)) ||
        g_str_equal(name, "scripts.d") || !is_kind(fd, entry, DT_DIR))
        return TRUE;
    int parent_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent_fd < 0) {
        g_autofree char *reason = mdev_errno_text(errno);
        g_autofree char *below = g_strconcat(MDEV_DEFINITIONS "/", name, NULL);
        g_autofree char *path = root_host_path(scan->host->root, below);
        g_autofree char *quoted = mdev_quote_path(path);
        mdev_note(scan->host, MDEV_NOTE_SCAN, "Unable to read directory %s: %s", quoted, reason);
        return TRUE;
    }
    scan->current = name;
    return visit_all(scan, parent_fd, visit_definition, error);
}

GPtrArray *mdev_definitions(const MdevHost *host, const char *uuid, const char *parent,
                            MdevDetail details, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)mdev_free);
    int fd = root_open_file(host->root, MDEV_DEFINITIONS, O_RDONLY | O_DIRECTORY, NULL);
    if (fd < 0 && errno == ENOENT)
        return g_steal_pointer(&found);
    if (fd < 0) {
        mdev_error_set_errno(error, errno, "%s", "");
        return NULL;
    }
    autofd int devices_fd = details & MDEV_WITH_ACTIVE ? mdev_scan_open(host) : -1;
    g_auto(Reader) reader = reader_new();
    Scan scan = { host, uuid, parent, details, NULL, devices_fd, &reader, found };
    if (!visit_all(&scan, fd, visit_parent, error))
        return NULL;
    mdev_sort(found);
    return g_steal_pointer(&found);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, UUID_LENGTH);
}

static GArray *read_names(DIR *directory)
{
    GArray *names = g_array_new(FALSE, FALSE, UUID_LENGTH);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (uuid_is_canonical(entry->d_name))
            g_array_append_vals(names, entry->d_name, 1);
    g_array_sort(names, compare_names);
    return names;
}

MdevDirectory *mdev_directory_open(const MdevHost *host, const char *parent)
{
    g_autofree char *path = g_strconcat(MDEV_DEFINITIONS "/", parent, NULL);
    int fd = root_open_file(host->root, path, O_RDONLY | O_DIRECTORY, NULL);
    if (fd < 0)
        return NULL;
    MdevDirectory *directory = g_new0(MdevDirectory, 1);
    DIR *entries = fdopendir(dup(fd));
    directory->host = host;
    directory->fd = fd;
    directory->names = read_names(entries);
    directory->reader = reader_new();
    if (entries != NULL)
        closedir(entries);
    return directory;
}

void mdev_directory_free(MdevDirectory *directory)
{
    if (directory == NULL)
        return;
    close(directory->fd);
    g_array_unref(directory->names);
    reader_clear(&directory->reader);
    g_free(directory);
}

void mdev_directory_load(MdevDirectory *directory, Mdev *dev)
{
    if (!g_array_binary_search(directory->names, dev->uuid, compare_names, NULL))
        return;
    autofd int fd = openat(directory->fd, dev->uuid, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    dev->defined = fd >= 0 || faccessat(directory->fd, dev->uuid, F_OK, 0) == 0;
    if (fd >= 0)
        (void)load_file(directory->host, fd, &directory->reader, dev, dev->parent, NULL);
    g_clear_pointer(&dev->source, json_decref);
}
