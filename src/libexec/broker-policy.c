/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-policy.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/key-lines.h"
#include "rules/type-name.h"

#define GROUP "broker"
#define MOST_PER_USER 65536

void broker_policy_free(BrokerPolicy *policy)
{
    if (policy == NULL)
        return;
    g_clear_pointer(&policy->groups, g_array_unref);
    g_clear_pointer(&policy->users, g_array_unref);
    g_strfreev(policy->types);
    g_strfreev(policy->parents);
    g_free(policy);
}

static gboolean find_group(const char *name, id_t *ret_id)
{
    const struct group *group = getgrnam(name);
    if (group != NULL)
        *ret_id = group->gr_gid;
    return group != NULL;
}

static gboolean find_user(const char *name, id_t *ret_id)
{
    const struct passwd *user = getpwnam(name);
    if (user != NULL)
        *ret_id = user->pw_uid;
    return user != NULL;
}

/* A name that nobody has is no reason to serve nobody else. */
static void add_ids(GArray *ids, GStrv names, gboolean (*find)(const char *, id_t *))
{
    for (char **name = names; *name != NULL; name++) {
        guint64 number = 0;
        id_t id = 0;
        if (g_ascii_string_to_unsigned(*name, 10, 0, G_MAXUINT32 - 1, &number, NULL))
            id = (id_t)number;
        else if (!find(*name, &id))
            continue;
        g_array_append_val(ids, id);
    }
}

/* Words between ";" or ","; without the empty ones. */
static GStrv split_words(const char *value)
{
    g_auto(GStrv) parts = g_strsplit_set(value, ";, \t", -1);
    GPtrArray *words = g_ptr_array_new();
    for (char **part = parts; *part != NULL; part++)
        if (**part != '\0')
            g_ptr_array_add(words, g_strdup(*part));
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}

static gboolean set_key(BrokerPolicy *policy, const char *key, const char *value, GError **error)
{
    g_auto(GStrv) words = split_words(value);
    if (g_str_equal(key, "groups")) {
        g_array_set_size(policy->groups, 0);
        add_ids(policy->groups, words, find_group);
    } else if (g_str_equal(key, "users")) {
        add_ids(policy->users, words, find_user);
    } else if (g_str_equal(key, "types")) {
        policy->types = g_steal_pointer(&words);
    } else if (g_str_equal(key, "parents")) {
        policy->parents = g_steal_pointer(&words);
    } else if (g_str_equal(key, "max-per-user")) {
        guint64 number = 0;
        if (!g_ascii_string_to_unsigned(value, 10, 0, MOST_PER_USER, &number, NULL))
            return error_set(error, VGPUCTL_ERROR_INVALID, "'%s' is no number up to %d", value,
                             MOST_PER_USER);
        policy->max_per_user = (guint)number;
    } else {
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "unknown key '%s'; there are groups, users, types, parents, max-per-user",
                         key);
    }
    return TRUE;
}

static gboolean set_keys(BrokerPolicy *policy, const KeyLines *lines, GError **error)
{
    for (guint i = 0; i < lines->keys->len; i++) {
        const KeyLine *line = lines->keys->pdata[i];
        g_autoptr(GError) reason = NULL;
        if (!g_str_equal(line->group, GROUP))
            return key_lines_error(lines, line->line, error, "unknown group [%s]; there is [%s]",
                                   line->group, GROUP);
        if (line->key == NULL)
            continue;
        g_autofree char *value =
            g_key_file_get_string(lines->file, line->group, line->key, &reason);
        if (value == NULL || !set_key(policy, line->key, value, &reason))
            return key_lines_error(lines, line->line, error, "%s", reason->message);
    }
    return TRUE;
}

/* It says whom root serves: nobody else may have written it. */
static gboolean check_file(const Root *root, GError **error)
{
    struct stat info;
    if (!root_stat(root, BROKER_CONF, &info, error))
        return FALSE;
    if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 022) != 0)
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "%s has to be a file of root's that no one else may write: 'chown root "
                         "%s; chmod 644 %s'",
                         BROKER_CONF, BROKER_CONF, BROKER_CONF);
    return TRUE;
}

BrokerPolicy *broker_policy_read(const Root *root, GError **error)
{
    g_autoptr(BrokerPolicy) policy = g_new0(BrokerPolicy, 1);
    policy->groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    policy->users = g_array_new(FALSE, FALSE, sizeof(uid_t));
    policy->max_per_user = BROKER_DEFAULT_MAX;
    char *const usual[] = { (char *)BROKER_DEFAULT_GROUP, NULL };
    add_ids(policy->groups, (GStrv)usual, find_group);

    g_autoptr(GError) reason = NULL;
    gsize length = 0;
    g_autofree char *text = root_read(root, BROKER_CONF, &length, &reason);
    if (g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND))
        return g_steal_pointer(&policy);
    if (text == NULL) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return NULL;
    }
    if (!check_file(root, error))
        return NULL;
    g_autoptr(KeyLines) lines = key_lines_read(text, length, BROKER_CONF, error);
    return lines != NULL && set_keys(policy, lines, error) ? g_steal_pointer(&policy) : NULL;
}

static gboolean has_id(const GArray *ids, guint id)
{
    for (guint i = 0; i < ids->len; i++)
        if (g_array_index(ids, guint, i) == id)
            return TRUE;
    return FALSE;
}
G_STATIC_ASSERT(sizeof(gid_t) == sizeof(guint) && sizeof(uid_t) == sizeof(guint));

gboolean broker_policy_check_peer(const BrokerPolicy *policy, const BrokerPeer *peer,
                                  GError **error)
{
    if (peer->uid == 0 || peer->vouched || has_id(policy->users, peer->uid))
        return TRUE;
    for (guint i = 0; i < peer->groups->len; i++)
        if (has_id(policy->groups, g_array_index(peer->groups, gid_t, i)))
            return TRUE;
    return error_set(error, VGPUCTL_ERROR_ACCESS,
                     "The broker does not serve user %u; the administrator adds them to a group of "
                     "%s ('groups', else %s): sudo usermod -aG %s USER (then log in again)",
                     (guint)peer->uid, BROKER_CONF, BROKER_DEFAULT_GROUP, BROKER_DEFAULT_GROUP);
}

static gboolean check_type(const BrokerPolicy *policy, BrokerRequest *request, GError **error)
{
    if (policy->types == NULL || policy->types[0] == NULL)
        return TRUE;
    for (char **type = policy->types; *type != NULL; type++) {
        if (!type_matches(*type, request->type))
            continue;
        g_free(request->type);
        request->type = g_strdup(*type);
        return TRUE;
    }
    g_autofree char *list = g_strjoinv(", ", policy->types);
    return error_set(error, VGPUCTL_ERROR_ACCESS,
                     "The broker does not give vGPUs of type %s; the administrator allows %s "
                     "('types' in %s)",
                     request->type, list, BROKER_CONF);
}

/* A GPU that is not named could be any: with but one allowed it is that one. */
static gboolean check_parent(const BrokerPolicy *policy, BrokerRequest *request, GError **error)
{
    if (policy->parents == NULL || policy->parents[0] == NULL)
        return TRUE;
    if (request->parent == NULL && policy->parents[1] == NULL)
        request->parent = g_strdup(policy->parents[0]);
    if (request->parent != NULL &&
        g_strv_contains((const char *const *)policy->parents, request->parent))
        return TRUE;
    g_autofree char *list = g_strjoinv(", ", policy->parents);
    return error_set(error, VGPUCTL_ERROR_ACCESS,
                     "The broker gives vGPUs of %s only ('parents' in %s): choose one with "
                     "--parent",
                     list, BROKER_CONF);
}

gboolean broker_policy_check_claim(const BrokerPolicy *policy, const BrokerPeer *peer,
                                   BrokerRequest *request, guint held, GError **error)
{
    if (peer->uid == 0 || peer->vouched)
        return TRUE;
    if (!check_type(policy, request, error) || !check_parent(policy, request, error))
        return FALSE;
    if (held >= policy->max_per_user)
        return error_set(error, VGPUCTL_ERROR_BUSY,
                         "You hold %u vGPUs, and %u is all that the broker gives to one user "
                         "('max-per-user' in %s); end one of their VMs",
                         held, policy->max_per_user, BROKER_CONF);
    return TRUE;
}
