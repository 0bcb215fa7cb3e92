/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define READ_FILES LANDLOCK_ACCESS_FS_READ_FILE
#define READ (READ_FILES | LANDLOCK_ACCESS_FS_READ_DIR)
#define USE (READ_FILES | LANDLOCK_ACCESS_FS_WRITE_FILE)

/* All of the first version (Linux 5.13); what came later is about files that may be written. */
#define EVERYTHING ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static const char *const to_read[] = {
    "/etc",          "/lib",          "/lib64",       "/opt",          "/run/opengl-driver",
    "/sys",          "/usr",          "/nix/store",   "/gnu/store",    "/proc/self",
    "/proc/cpuinfo", "/proc/devices", "/proc/driver", "/proc/meminfo",
};

/* What is not there needs no rule; what is no directory takes the rights of files only. */
static gboolean allow(int rules, const char *path, guint64 access, GError **error)
{
    autofd int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return TRUE;
    struct landlock_path_beneath_attr rule = {
        .allowed_access = S_ISDIR(status.st_mode) ? access : access & USE,
        .parent_fd = fd,
    };
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ||
           error_set_errno(error, errno, "Keeping %s open for the display", path);
}

/* NVIDIA's libraries open several nodes beside that of DRM. */
static gboolean allow_devices(int rules, const char *node, GError **error)
{
    glob_t found;
    if (node == NULL)
        return TRUE;
    gboolean good = allow(rules, node, USE, error) && allow(rules, "/dev/dri", READ, error);
    if (good && glob("/dev/nvidia*", 0, NULL, &found) == 0) {
        for (gsize i = 0; i < found.gl_pathc && good; i++)
            good = allow(rules, found.gl_pathv[i], READ | USE, error);
        globfree(&found);
    }
    return good;
}

static gboolean add_rules(int rules, const char *node, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(to_read); i++)
        if (!allow(rules, to_read[i], READ, error))
            return FALSE;
    return allow(rules, "/dev/null", USE, error) && allow_devices(rules, node, error);
}

/* landlock_restrict_self(2) binds the calling thread and those it starts, no other. */
static gboolean check_alone(GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GDir) threads = g_dir_open("/proc/self/task", 0, &why);
    if (threads == NULL)
        return error_set(error, VGPUCTL_ERROR_FAILED,
                         "Limiting the files of the display: its threads cannot be counted: %s",
                         why->message);
    guint n = 0;
    while (g_dir_read_name(threads) != NULL)
        n++;
    return n == 1 || error_set(error, VGPUCTL_ERROR_FAILED,
                               "Limiting the files of the display: it has %u threads already, and "
                               "the limit holds for one; a preloaded library may have started them",
                               n);
}

gboolean display_limit_files(const char *node, GError **error)
{
    if (!check_alone(error))
        return FALSE;
    const struct landlock_ruleset_attr handled = { .handled_access_fs = EVERYTHING };
    autofd int rules =
        (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0);
    if (rules < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
        return TRUE;
    if (rules < 0)
        return error_set_errno(error, errno, "Limiting the files of the display");
    if (!add_rules(rules, node, error))
        return FALSE;
    return syscall(SYS_landlock_restrict_self, rules, 0) == 0 ||
           error_set_errno(error, errno, "Limiting the files of the display");
}
