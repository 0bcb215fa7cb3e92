/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/uuid.h"
#include "vgpu/claim-base.h"

#define CLAIMS "/run/vgpuctl/claims"

/* Each of those before us may have to wait for a QEMU that dies. */
#define PARENT_LOCK_LIMIT_US (120 * G_USEC_PER_SEC)

const char *const claim_stage_words[] = { "making", "held", "ending", NULL };

static const Field claim_fields[] = {
    FIELD_TEXT_(Claim, uuid, "UUID of the vGPU, lower case"),
    FIELD_TEXT_(Claim, parent, "GPU it is a part of"),
    FIELD_TEXT_(Claim, type, "its type"),
    FIELD_TEXT_(Claim, name, "its name, or null"),
    FIELD_TEXT_(Claim, vm, "what it is for, or null"),
    FIELD_RECORD_(Claim, owner, &owner_type, "who has it"),
    FIELD_CHOICE_(Claim, stage, claim_stage_words, "how far it is"),
    FIELD_INT_(Claim, uid, "user who may open it, -1 for root alone"),
    FIELD_FLAG_(Claim, made, "whether the vGPU is removed when the claim ends"),
    FIELD_FLAG_(Claim, kept, "whether its name and definition are removed, too"),
    FIELD_END,
};
const RecordType claim_type = { "claim", sizeof(Claim), claim_fields };

void claim_free(Claim *claim)
{
    record_free(&claim_type, claim);
}

ClaimWork claim_work_new(const Root *root, Claim *claim)
{
    return (ClaimWork){ .root = root,
                        .claim = claim,
                        .gid = -1,
                        .names_lock = -1,
                        .parent_lock = -1,
                        .owner_lock = -1 };
}

void claim_work_clear(ClaimWork *work)
{
    claim_free(work->claim);
    autofd_close(&work->owner_lock);
    autofd_close(&work->parent_lock);
    autofd_close(&work->names_lock);
}

/* "<host root>/run/vgpuctl/claims/<name><ending>" */
static char *path_below(const Root *root, const char *name, const char *ending)
{
    g_autofree char *path = g_strconcat(CLAIMS "/", name, ending, NULL);
    return root_host_path(root, path);
}

char *claim_path(const Root *root, const char *uuid)
{
    return path_below(root, uuid, "");
}

char *claim_lock_path(const Root *root, const char *uuid)
{
    return path_below(root, uuid, ".owner");
}

/* A file that cannot be read is a claim of nobody on an unknown device: gc removes it. */
static Claim *read_claim(const Root *root, const char *uuid)
{
    g_autofree char *path = g_build_filename(CLAIMS, uuid, NULL);
    gsize length = 0;
    g_autofree char *text = root_read(root, path, &length, NULL);
    if (text == NULL)
        return NULL;
    g_autoptr(json_t) object = json_from_text(text, length, path, NULL);
    Claim *claim = object != NULL ? record_from_json(&claim_type, object, NULL) : NULL;
    if (claim == NULL)
        claim = record_new(&claim_type);
    g_free(claim->uuid);
    claim->uuid = g_strdup(uuid);
    return claim;
}

Claim *claim_find(const Root *root, const char *uuid)
{
    return uuid_is_canonical(uuid) ? read_claim(root, uuid) : NULL;
}

GPtrArray *claims_list(const Root *root)
{
    GPtrArray *claims = g_ptr_array_new_with_free_func((GDestroyNotify)claim_free);
    g_auto(GStrv) names = root_list(root, CLAIMS);
    for (char **name = names; *name != NULL; name++) {
        Claim *claim = claim_find(root, *name);
        if (claim != NULL) /* it may have ended in between */
            g_ptr_array_add(claims, claim);
    }
    return claims;
}

static gboolean write_claim(const Root *root, const Claim *claim,
                            gboolean (*write_file)(const char *, const void *, gsize, mode_t,
                                                   GError **),
                            GError **error)
{
    g_autofree char *path = claim_path(root, claim->uuid);
    g_autoptr(json_t) object = record_to_json(&claim_type, claim);
    g_autofree char *text = json_to_text(object);
    return write_file(path, text, strlen(text), 0644, error);
}

gboolean claim_write_new(const Root *root, const Claim *claim, GError **error)
{
    return write_claim(root, claim, file_create_atomic, error);
}

gboolean claim_write(const Root *root, const Claim *claim, GError **error)
{
    return write_claim(root, claim, file_write_atomic, error);
}

gboolean claim_forget(const Root *root, const char *uuid, GError **error)
{
    g_autofree char *lock = claim_lock_path(root, uuid);
    g_autofree char *path = claim_path(root, uuid);
    /* the claim last: without its lock it is dead, a lock without a claim would stay for ever */
    if ((unlink(lock) < 0 && errno != ENOENT) || (unlink(path) < 0 && errno != ENOENT))
        return error_set_errno(error, errno, "Removing claim %s", path);
    return TRUE;
}

/* For everybody to read, whatever our umask is. */
static gboolean make_directory(const Root *root, GError **error)
{
    g_autofree char *path = root_host_path(root, CLAIMS);
    mode_t before = umask(022);
    gboolean good = file_make_directory(path, 0755, error);
    umask(before);
    return good;
}

int claims_lock_parent(const Root *root, const char *parent, GError **error)
{
    if (!make_directory(root, error))
        return -1;
    g_autofree char *path = path_below(root, parent, ".lock");
    autofd int fd = file_lock_open(path, error);
    if (fd < 0)
        return -1;
    if (file_lock_wait(fd, FILE_LOCK_EXCLUSIVE, g_get_monotonic_time() + PARENT_LOCK_LIMIT_US))
        return steal_fd(&fd);
    if (errno == EAGAIN)
        error_set(error, VGPUCTL_ERROR_BUSY,
                  "Another vgpuctl changes the vGPUs of %s and does not come to an end: "
                  "'fuser -v %s' shows it",
                  parent, path);
    else
        error_set_errno(error, errno, "Locking %s", path);
    return -1;
}
