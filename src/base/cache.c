/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

/* What another user could have written would decide which programs we start. */
static gboolean is_ours(const struct stat *info, mode_t writable_by)
{
    return info->st_uid == geteuid() && (info->st_mode & writable_by) == 0;
}

/*
 * A directory of caches may be a link, and writable by a group: of many distributions each user has
 * one. What is not there yet may be made.
 */
static gboolean base_is_ours(const char *path)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return errno == ENOENT;
    return S_ISDIR(info.st_mode) && is_ours(&info, S_IWOTH);
}

/* Ours alone, and no link that leads elsewhere. */
static gboolean is_private(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && !S_ISLNK(info.st_mode) && is_ours(&info, S_IWGRP | S_IWOTH);
}

/* Under sudo HOME may still be the user's: root must neither leave files there nor believe them. */
static char *home_cache(void)
{
    const char *home = g_getenv("HOME");
    struct stat info;
    if (home == NULL || !g_path_is_absolute(home) || stat(home, &info) < 0 ||
        info.st_uid != geteuid())
        return NULL;
    return g_build_filename(home, ".cache/vgpuctl", NULL);
}

static char *cache_directory(void)
{
    /* the XDG base directory specification: a path that is not absolute is to be ignored */
    const char *xdg = g_getenv("XDG_CACHE_HOME");
    gboolean named = xdg != NULL && g_path_is_absolute(xdg);
    char *directory = NULL;
    if (!named)
        directory = home_cache();
    else if (base_is_ours(xdg))
        directory = g_build_filename(xdg, "vgpuctl", NULL);
    if (directory == NULL && geteuid() == 0)
        directory = g_strdup("/var/cache/vgpuctl");
    return directory;
}

char *cache_path(const char *name)
{
    g_autofree char *directory = cache_directory();
    return directory != NULL ? g_build_filename(directory, name, NULL) : NULL;
}

json_t *cache_load(const char *name, const json_t *key)
{
    g_autofree char *directory = cache_directory();
    g_autofree char *path = cache_path(name);
    if (key == NULL || path == NULL || !is_private(directory) || !is_private(path))
        return NULL;
    g_autoptr(json_t) document = json_from_file(path, NULL);
    if (document == NULL || !json_equal(json_object_get(document, "key"), key))
        return NULL;
    return json_incref(json_object_get(document, "value"));
}

void cache_store(const char *name, const json_t *key, const json_t *value)
{
    g_autofree char *directory = cache_directory();
    g_autofree char *path = cache_path(name);
    if (key == NULL || path == NULL || !file_make_directory(directory, 0700, NULL) ||
        !is_private(directory))
        return;
    g_autoptr(json_t) document = json_object();
    json_object_set_new(document, "key", json_deep_copy(key));
    json_object_set_new(document, "value", json_deep_copy(value));
    g_autofree char *text = json_to_text(document);
    (void)file_write_atomic(path, text, strlen(text), 0600, NULL);
}

json_t *cache_boot_key(const Root *root)
{
    g_autofree char *id = root_read_attr(root, "/proc/sys/kernel/random/boot_id", NULL);
    if (id == NULL)
        return NULL;
    json_t *key = json_object();
    json_object_set_new(key, "boot_id", json_text(id));
    return key;
}

json_t *cache_file_key(const char *path)
{
    struct stat info;
    if (stat(path, &info) <
        0) /* before realpath(), which asks once for each directory on the way */
        return NULL;
    char *resolved = realpath(path, NULL); /* malloc()ed: not for g_free() */
    if (resolved == NULL)
        return NULL;
    gint64 changed_ns = (gint64)info.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000);
    json_t *key = json_object();
    json_object_set_new(key, "path", json_text(resolved));
    json_object_set_new(key, "device", json_integer((json_int_t)info.st_dev));
    json_object_set_new(key, "inode", json_integer((json_int_t)info.st_ino));
    json_object_set_new(key, "size_bytes", json_integer(info.st_size));
    json_object_set_new(key, "mtime_ns", json_integer(changed_ns + info.st_mtim.tv_nsec));
    free(resolved);
    return key;
}

char *cache_name_for(const char *prefix, const char *text)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    return g_strdup_printf("%s-%.16s.json", prefix, hash);
}
