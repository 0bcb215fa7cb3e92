/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/error.h"

gboolean user_is_root(void)
{
    return geteuid() == 0;
}

/* Root's bus would not let them in; where it lies follows from the runtime directory
 * (systemd's user sessions). */
static void set_session_bus(const char *runtime)
{
    g_autofree char *socket = g_build_filename(runtime, "bus", NULL);
    g_autofree char *address = g_strconcat("unix:path=", socket, NULL);
    if (g_file_test(socket, G_FILE_TEST_EXISTS))
        g_setenv("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
    else
        g_unsetenv("DBUS_SESSION_BUS_ADDRESS");
}

static void set_environment(const struct passwd *person)
{
    g_autofree char *runtime = g_strdup_printf("/run/user/%u", (guint)person->pw_uid);
    g_setenv("HOME", person->pw_dir, TRUE);
    g_setenv("USER", person->pw_name, TRUE);
    g_setenv("LOGNAME", person->pw_name, TRUE);
    if (g_file_test(runtime, G_FILE_TEST_IS_DIR))
        g_setenv("XDG_RUNTIME_DIR", runtime, TRUE);
    else
        g_unsetenv("XDG_RUNTIME_DIR");
    /* sudo may have kept root's */
    g_unsetenv("XDG_CONFIG_HOME");
    g_unsetenv("XDG_STATE_HOME");
    g_unsetenv("XDG_CACHE_HOME");
    g_unsetenv("XDG_DATA_HOME");
    g_unsetenv("TMPDIR");
    set_session_bus(runtime);
}

int user_behind_sudo(void)
{
    const char *text = g_getenv("SUDO_UID");
    guint64 uid = 0;
    gboolean good = user_is_root() && text != NULL &&
                    g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT, &uid, NULL);
    return good ? (int)uid : -1;
}

gboolean user_leave_sudo(GError **error)
{
    const char *text = g_getenv("SUDO_UID");
    if (!user_is_root() || text == NULL)
        return TRUE;
    guint64 uid = 0;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &uid, NULL))
        return error_set(error, VGPUCTL_ERROR_INVALID, "SUDO_UID='%s' is no user id; unset it",
                         text);
    if (uid == 0)
        return TRUE;

    const struct passwd *person = getpwuid((uid_t)uid);
    if (person == NULL)
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "SUDO_UID=%s: there is no such user on this machine", text);
    if (initgroups(person->pw_name, person->pw_gid) < 0 ||
        setresgid(person->pw_gid, person->pw_gid, person->pw_gid) < 0 ||
        setresuid(person->pw_uid, person->pw_uid, person->pw_uid) < 0)
        return error_set_errno(error, errno, "Becoming user %s, who called sudo", person->pw_name);
    set_environment(person);
    return TRUE;
}

static char *directory(const Root *root, const char *system_path, const char *variable,
                       const char *below_home)
{
    if (user_is_root())
        return root_host_path(root, system_path);
    const char *base = g_getenv(variable);
    if (base != NULL && g_path_is_absolute(base))
        return g_build_filename(base, "vgpuctl", NULL);
    return g_build_filename(g_get_home_dir(), below_home, "vgpuctl", NULL);
}

char *user_config_directory(const Root *root)
{
    return directory(root, "/etc/vgpuctl", "XDG_CONFIG_HOME", ".config");
}

char *user_state_directory(const Root *root)
{
    return directory(root, "/var/lib/vgpuctl", "XDG_STATE_HOME", ".local/state");
}

char *user_data_directory(const Root *root)
{
    return directory(root, "/etc/vgpuctl", "XDG_DATA_HOME", ".local/share");
}

char *user_log_directory(const Root *root)
{
    if (user_is_root())
        return root_host_path(root, "/var/log/vgpuctl");
    g_autofree char *state = user_state_directory(root);
    return g_build_filename(state, "log", NULL);
}

static gboolean read_id(const char *text, int *ret_id)
{
    guint64 id = 0;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &id, NULL))
        return FALSE;
    *ret_id = (int)id;
    return TRUE;
}

gboolean user_find(const char *text, int *ret_uid, GError **error)
{
    const struct passwd *person = getpwnam(text);
    if (person != NULL)
        *ret_uid = (int)person->pw_uid;
    return person != NULL || read_id(text, ret_uid) ||
           error_set(error, VGPUCTL_ERROR_USAGE, "There is no user '%s' on this machine", text);
}

gboolean group_find(const char *text, int *ret_gid, GError **error)
{
    const struct group *group = getgrnam(text);
    if (group != NULL)
        *ret_gid = (int)group->gr_gid;
    return group != NULL || read_id(text, ret_gid) ||
           error_set(error, VGPUCTL_ERROR_USAGE, "There is no group '%s' on this machine", text);
}

char *user_caller_name(void)
{
    const struct passwd *person = getpwuid(getuid());
    return person != NULL ? g_strdup(person->pw_name) : g_strdup_printf("%u", (guint)getuid());
}
