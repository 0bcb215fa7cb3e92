/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The person we work for, and where their files lie. Root's are the system's: /etc/vgpuctl,
 * /var/lib/vgpuctl, /var/log/vgpuctl; others' follow the XDG base directory specification.
 */
#pragma once

#include <glib.h>

#include "base/root.h"

/*
 * Under sudo (root, with SUDO_UID of somebody else) becomes that person for good: groups, ids,
 * HOME, USER, XDG_RUNTIME_DIR, the session bus; other directories of root's are forgotten. No step
 * back is possible. Otherwise does nothing.
 */
gboolean user_leave_sudo(GError **error);

/* Whom user_leave_sudo() would become; -1: nobody, it would do nothing or fail. */
int user_behind_sudo(void);

/* Whether we run as root (after user_leave_sudo(): root who did not come through sudo). */
gboolean user_is_root(void);

/* "<base>/vgpuctl" directories, owned strings; they need not exist. */
char *user_config_directory(const Root *root); /* $XDG_CONFIG_HOME or /etc */
char *user_state_directory(const Root *root);  /* $XDG_STATE_HOME or /var/lib */
char *user_data_directory(const Root *root);   /* $XDG_DATA_HOME or /etc */
char *user_log_directory(const Root *root);    /* <state>/log, or /var/log/vgpuctl */

/* The id of a user or a group by name or number. FALSE with @error: VGPUCTL_ERROR_USAGE. */
gboolean user_find(const char *text, int *ret_uid, GError **error);
gboolean group_find(const char *text, int *ret_gid, GError **error);

/* The name of who calls, or the number when no passwd has it; g_get_user_name() warns on stderr
 * then. Owned. */
char *user_caller_name(void);
