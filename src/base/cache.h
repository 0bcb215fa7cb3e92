/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cache
 *
 * Answers that cost a process to get (what a QEMU can do, whether KVM runs, what EGL offers) and
 * stay true as long as something nameable does: a file's identity, this boot. Each is one JSON
 * document {"key": ..., "value": ...} below ${XDG_CACHE_HOME:-~/.cache}/vgpuctl, or
 * /var/cache/vgpuctl for root without a home of its own. A cache only ever saves time: a document
 * that is missing, damaged, of another key, or in a directory that others may write, is a miss, and
 * one that cannot be written is not written.
 */
#pragma once

#include <jansson.h>

#include "base/root.h"

/* Where the document @name ("qemu-1f3a.json") lies; NULL when this user has no cache. Owned. */
char *cache_path(const char *name);

/* The value stored under @name with an equal @key; NULL: a miss. The caller owns the reference. */
json_t *cache_load(const char *name, const json_t *key);

/* Stores @value under @name for @key, in place of what was there. Borrows both. */
void cache_store(const char *name, const json_t *key, const json_t *value);

/*
 * An object that is equal as long as this machine is not rebooted; the caller adds what else its
 * answer depends on. NULL when the kernel gives no boot id: then nothing may be kept per boot.
 */
json_t *cache_boot_key(const Root *root);

/*
 * An object that is equal as long as the file @path (links resolved) is the same one with the same
 * content: path, device, inode, size, time of change. NULL when it cannot be looked at.
 */
json_t *cache_file_key(const char *path);

/* "@prefix-<hash of @text>.json": one document for each of many objects. Owned. */
char *cache_name_for(const char *prefix, const char *text);
