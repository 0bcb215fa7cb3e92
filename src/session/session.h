/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Session
 *
 * The life of one VM as ordered steps, each with its undo:
 *
 *     claim -> vgpu -> storage -> network -> secrets -> spawn -> monitor -> plane -> display ->
 *     announce -> watch
 *
 * "claim" is of the VM's name, "vgpu" of the vGPU, "plane" the way to its picture, "display" our
 * display server.
 *
 * A step that fails, or a stop signal, undoes what was done before it, last first. A supervisor
 * that is killed takes its QEMU with it (PR_SET_PDEATHSIG); what it leaves on disk is taken away by
 * the next command (session/gc.h).
 */
#pragma once

#include "base/root.h"
#include "session/prepare.h"

/* What is said about a VM that runs. */
typedef struct {
    char *name;
    int pid; /* of the supervisor */
    int qemu_pid;
    char *vgpu, *vgpu_reason;       /* "virtio-gpu 2d", why it */
    char *display, *display_reason; /* "VNC on a unix socket", why it */
    char *watch;                    /* command line or address that shows it, or NULL */
    char *fingerprint;              /* of the certificate that viewers meet, or NULL */
    char *credential;               /* the display's password when one was made, or NULL */
    char *log;                      /* file with QEMU's words */
    GStrv notes;
} SessionInfo;
extern const RecordType session_info_type;

typedef struct {
    PrepareRequest prepare;
    gboolean as_root;    /* QEMU may run as root */
    guint grace_s;       /* for the guest to power off */
    guint start_limit_s; /* for QEMU to answer its monitor */
    /* Called once when the VM runs. @info is borrowed. */
    void (*running)(const SessionInfo *info, void *userdata);
    void *userdata;
} SessionRequest;

/*
 * Runs a VM until it ends. From the first step on SIGINT, SIGTERM, SIGHUP and SIGQUIT are requests
 * to stop, unless the caller ignores them. TRUE when the guest powered off or was asked to; FALSE
 * with
 * @error set, and nothing left behind.
 */
gboolean session_run(const Root *root, const SessionRequest *request, GError **error);

/* Names of the steps in order, NULL-terminated, static. */
const char *const *session_step_names(void);
