/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/storage.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/user.h"
#include "vm/disk.h"

char *session_log_path(const Root *root, const char *name, gboolean serial)
{
    g_autofree char *directory = user_log_directory(root);
    g_autofree char *file = g_strconcat(name, serial ? ".serial.log" : ".log", NULL);
    return g_build_filename(directory, file, NULL);
}

char *storage_lay_serial_log(const Root *root, const VmConfig *config, GError **error)
{
    g_autofree char *usual = session_log_path(root, config->name, /* serial= */ TRUE);
    g_autofree char *directory = g_path_get_dirname(usual);
    if (!file_make_directory(directory, 0700, error))
        return NULL;
    /* a link of an earlier run, or its log where now a link belongs */
    if ((config->serial != NULL || g_file_test(usual, G_FILE_TEST_IS_SYMLINK)) &&
        unlink(usual) < 0 && errno != ENOENT) {
        error_set_errno(error, errno, "Removing old log %s", usual);
        return NULL;
    }
    if (config->serial == NULL)
        return g_steal_pointer(&usual);
    if (symlink(config->serial, usual) < 0) {
        error_set_errno(error, errno, "Linking log %s", usual);
        return NULL;
    }
    return g_strdup(config->serial);
}

static gboolean copy_template(const char *template, const char *path, GError **error)
{
    g_autofree char *data = NULL;
    gsize length = 0;
    g_autoptr(GError) reason = NULL;
    if (!g_file_get_contents(template, &data, &length, &reason))
        return error_set(error, VGPUCTL_ERROR_FAILED, "Copying UEFI variables: %s",
                         reason->message);
    return file_write_atomic(path, data, length, 0600, error);
}

static gboolean lay_vars(const Root *root, const VmConfig *config, const Firmware *firmware,
                         const char *run_directory, GError **error)
{
    g_autofree char *in_run = g_build_filename(run_directory, STORAGE_VARS_FILE, NULL);
    if (config->snapshot)
        return copy_template(firmware->vars_template, in_run, error);

    g_autofree char *state = user_state_directory(root);
    g_autofree char *directory = g_build_filename(state, "nvram", NULL);
    g_autofree char *file = g_strconcat(config->name, "_VARS.fd", NULL);
    g_autofree char *own = g_build_filename(directory, file, NULL);
    if (!file_make_directory(directory, 0700, error))
        return FALSE;
    if (!g_file_test(own, G_FILE_TEST_EXISTS) &&
        !copy_template(firmware->vars_template, own, error))
        return FALSE;
    if (symlink(own, in_run) < 0)
        return error_set_errno(error, errno, "Linking UEFI variables %s", own);
    return TRUE;
}

static gboolean prepare_disk(const VmConfig *config, const DiskInfo *disk, const VmDisk *wanted,
                             GError **error)
{
    gboolean missing = !g_file_test(disk->path, G_FILE_TEST_EXISTS);
    if (missing && wanted != NULL && wanted->create_bytes > 0)
        return disk_create(disk->path, wanted->create_bytes, error);
    gboolean readonly = wanted == NULL || wanted->readonly || config->snapshot;
    return disk_check_lock(disk, readonly, error);
}

gboolean storage_prepare(const Root *root, const VmConfig *config, const GPtrArray *disks,
                         const Firmware *firmware, const char *run_directory, GError **error)
{
    guint wanted = config->disks != NULL ? config->disks->len : 0;
    for (guint i = 0; i < disks->len; i++)
        if (!prepare_disk(config, disks->pdata[i], i < wanted ? config->disks->pdata[i] : NULL,
                          error))
            return FALSE;
    return firmware == NULL || lay_vars(root, config, firmware, run_directory, error);
}
