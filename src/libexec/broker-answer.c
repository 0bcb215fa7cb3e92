/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-answer.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/file.h"
#include "vgpu/claim.h"
#include "vgpu/mdev-sysfs.h"

#define LOCK_LIMIT_US (20 * G_USEC_PER_SEC)

/*
 * How many claims give a vGPU to the user. What its owner left is taken back first; what cannot be,
 * because another process has it open, counts.
 */
static guint count_held(const Root *root, uid_t uid)
{
    guint held = 0;
    claims_collect(root, /* dry_run= */ FALSE, /* ret_collected= */ NULL, /* error= */ NULL);
    g_autoptr(GPtrArray) claims = claims_list(root);
    for (guint i = 0; i < claims->len; i++) {
        const Claim *claim = claims->pdata[i];
        held += claim->uid >= 0 && (uid_t)claim->uid == uid;
    }
    return held;
}

/*
 * One claim of a user at a time: between counting what they hold and adding to it no other is
 * made. The descriptor holds the lock; -1 with @error.
 */
static int lock_user(const Root *root, uid_t uid, GError **error)
{
    g_autofree char *directory = root_host_path(root, "/run/vgpuctl/broker");
    g_autofree char *path = g_strdup_printf("%s/%u.lock", directory, (guint)uid);
    if (!file_make_directory(directory, 0755, error))
        return -1;
    autofd int fd = file_lock_open(path, error);
    if (fd < 0)
        return -1;
    if (!file_lock_wait(fd, FILE_LOCK_EXCLUSIVE, g_get_monotonic_time() + LOCK_LIMIT_US)) {
        error_set(error, VGPUCTL_ERROR_BUSY,
                  "Another request of this user is under way for %d s; ask again later",
                  (int)(LOCK_LIMIT_US / G_USEC_PER_SEC));
        return -1;
    }
    return steal_fd(&fd);
}

/* A uuid that the administrator has written down is for that device, though it is not started. */
static gboolean is_defined(const Root *root, const char *uuid)
{
    g_autofree char *ours = g_build_filename("/etc/vgpuctl/vgpu.d", uuid, NULL);
    if (root_exists(root, ours))
        return TRUE;
    g_auto(GStrv) parents = root_list(root, "/etc/mdevctl.d");
    for (char **parent = parents; *parent != NULL; parent++) {
        g_autofree char *path = g_build_filename("/etc/mdevctl.d", *parent, uuid, NULL);
        if (root_exists(root, path))
            return TRUE;
    }
    return FALSE;
}

static BrokerReply *describe_claim(const Root *root, const Claim *claim, GError **error)
{
    g_autofree char *node = mdev_group_node(root, claim->uuid, error);
    if (node == NULL)
        return NULL;
    BrokerReply *reply = record_new(&broker_reply_type);
    reply->uuid = g_strdup(claim->uuid);
    reply->parent = g_strdup(claim->parent);
    reply->type = g_strdup(claim->type);
    reply->node = g_steal_pointer(&node);
    return reply;
}

static BrokerReply *answer_claim(const BrokerHost *host, const BrokerPeer *peer,
                                 BrokerRequest *request, GError **error)
{
    autofd int lock = lock_user(host->root, peer->uid, error);
    if (lock < 0)
        return NULL;
    guint held = count_held(host->root, peer->uid);
    if (!broker_policy_check_claim(host->policy, peer, request, held, error))
        return NULL;
    if (request->uuid != NULL && is_defined(host->root, request->uuid)) {
        error_set(error, VGPUCTL_ERROR_EXISTS,
                  "The UUID %s is of a vGPU that the administrator has defined; choose another one",
                  request->uuid);
        return NULL;
    }
    const Owner owner = { .kind = OWNER_PID,
                          .pid = (int)peer->pid,
                          .started_ticks = peer->started_ticks };
    /* those of a pool a user opens without us */
    const ClaimRequest wanted = { .type = request->type,
                                  .parent = request->parent,
                                  .uuid = request->uuid,
                                  .vm = request->vm,
                                  .owner = &owner,
                                  .uid = (int)peer->uid,
                                  .pool = FALSE };
    int fd = -1;
    g_autoptr(Claim) claim = claim_take(host->root, &wanted, &fd, error);
    if (claim == NULL)
        return NULL;
    BrokerReply *reply = describe_claim(host->root, claim, error);
    if (reply == NULL)
        claim_release(host->root, claim->uuid, NULL);
    return reply;
}

/* What the broker itself could have made for them: never a lease, a pool or what is defined. */
static gboolean may_release(const BrokerPeer *peer, const Claim *claim)
{
    return claim->made && !claim->kept && claim->owner != NULL && claim->owner->kind == OWNER_PID &&
           claim->uid >= 0 && (uid_t)claim->uid == peer->uid;
}

static BrokerReply *answer_release(const BrokerHost *host, const BrokerPeer *peer,
                                   const BrokerRequest *request, GError **error)
{
    g_autoptr(Claim) claim = claim_find(host->root, request->uuid);
    if (claim == NULL) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "There is no claim on a vGPU %s", request->uuid);
        return NULL;
    }
    if (peer->uid != 0 && !may_release(peer, claim)) {
        error_set(error, VGPUCTL_ERROR_ACCESS,
                  "The vGPU %s is no claim of this user through the broker: it is not released",
                  request->uuid);
        return NULL;
    }
    return claim_release(host->root, claim->uuid, error) ? record_new(&broker_reply_type) : NULL;
}

/* What could not be taken back is somebody's who still has it open: no failure of who asks. */
static BrokerReply *answer_collect(const BrokerHost *host)
{
    g_autoptr(GPtrArray) collected = NULL;
    claims_collect(host->root, /* dry_run= */ FALSE, &collected, NULL);
    BrokerReply *reply = record_new(&broker_reply_type);
    reply->collected = collected != NULL ? (int)collected->len : 0;
    return reply;
}

static BrokerReply *act(const BrokerHost *host, const BrokerPeer *peer, BrokerRequest *request,
                        GError **error)
{
    claims_wait_for(peer->uid != 0 ? (int)peer->uid : -1);
    switch ((BrokerOp)request->op) {
    case BROKER_CLAIM:
        return answer_claim(host, peer, request, error);
    case BROKER_RELEASE:
        return answer_release(host, peer, request, error);
    case BROKER_COLLECT:
        return answer_collect(host);
    default:
        g_assert_not_reached();
    }
}

static gboolean check_peer(const BrokerHost *host, const BrokerPeer *peer, GError **error)
{
    if (host->policy != NULL)
        return broker_policy_check_peer(host->policy, peer, error);
    return error_set(error, VGPUCTL_ERROR_FAILED, "The broker serves nobody: %s",
                     host->policy_error->message);
}

static const char *or_dash(const char *text)
{
    return text != NULL ? text : "-";
}

/* One line: all that comes from the peer has passed the protocol's check, the rest is ours. */
static char *describe(const BrokerPeer *peer, const BrokerRequest *request,
                      const BrokerReply *reply)
{
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "uid %u, pid %d: ", (guint)peer->uid, (int)peer->pid);
    if (request != NULL)
        g_string_append_printf(line,
                               "%s type=%s parent=%s uuid=%s vm=%s: ", broker_op_words[request->op],
                               or_dash(request->type), or_dash(request->parent),
                               or_dash(request->uuid), or_dash(request->vm));
    if (reply->result != 0)
        g_string_append(line, reply->message);
    else if (reply->uuid != NULL)
        g_string_append_printf(line, "gave %s, %s of %s, %s", reply->uuid, reply->type,
                               reply->parent, reply->node);
    else if (request != NULL && request->op == BROKER_COLLECT)
        g_string_append_printf(line, "took back %d", reply->collected);
    else
        g_string_append(line, "done");
    return g_string_free(line, FALSE);
}

BrokerReply *broker_answer(const BrokerHost *host, const BrokerPeer *peer, const char *text,
                           gsize length, char **ret_line)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerReply) reply = NULL;
    /* who is not served is not read */
    g_autoptr(BrokerRequest) request =
        check_peer(host, peer, &error) ? broker_request_from_text(text, length, &error) : NULL;
    if (request != NULL)
        reply = act(host, peer, request, &error);
    if (reply == NULL)
        reply = broker_reply_from_error(error);
    reply->version = BROKER_VERSION;
    *ret_line = describe(peer, request, reply);
    return g_steal_pointer(&reply);
}
