/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One QEMU binary: what it is and what it can really do, asked of the binary itself (help output,
 * QMP of a machine "none", the module files on disk) and never guessed from its version.
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

/* A capability that is absent and what would bring it. */
typedef struct {
    char *what;      /* "display gtk", "usb-redir", ... */
    char *why;       /* "module ui-gtk.so is not installed" / "not compiled in" */
    char *package;   /* Debian package that brings it, NULL when none does */
    char *configure; /* configure option and library for a source build, NULL when none */
} QemuMissing;
extern const RecordType qemu_missing_type;

typedef struct {
    char *binary; /* absolute path, links resolved */
    int major, minor, micro;
    char *package;      /* "Debian 1:7.2+dfsg-7+deb12u18+b3", or NULL */
    char *module_dir;   /* where its .so modules lie, NULL when it has none */
    GStrv accelerators; /* compiled in: "tcg", "kvm" */
    GStrv displays;     /* that can be loaded: "none", "gtk", "sdl", "egl-headless", "dbus", ... */
    GStrv devices;      /* those of interest: "vfio-pci", "virtio-vga-gl", "ramfb", ... */
    GStrv netdevs;      /* "user", "tap", "bridge", ... */
    gboolean opengl;    /* ui-opengl can be loaded (GL displays are possible) */
    gboolean vnc, spice, dbus, usb_redir, sandbox;
    gboolean fdset_png;            /* screendump has the argument format (png) */
    gboolean vnc_password_secret;  /* -vnc has password-secret */
    gboolean venus, hostmem, blob; /* properties of virtio-gpu-gl-pci */
    gboolean vfio_display, vfio_ramfb, vfio_fd,
        vfio_opregion; /* properties of vfio-pci[-nohotplug] */
    gboolean run_with; /* -run-with exists (newer replacement of -runas, -chroot) */
    /*
     * Since 9.0 QEMU's VNC server binds to the default console and exits when that is a dmabuf
     * console (commit d4c199566f). Not visible in any schema: taken from the version, which is the
     * one named exception.
     */
    gboolean vnc_binds_console;
    gboolean spice_gl_remote; /* spice option video-codec exists: GL over TCP */
    char *bridge_helper;      /* the helper this binary runs, NULL when it is not installed */
    gboolean bridge_helper_privileged; /* setuid root or cap_net_admin */
    char *bridge_acl;                  /* the ACL file that helper reads; NULL: not known */
    GStrv bridges_allowed;             /* its `allow` lines ("all" included) */
    GStrv bridges_denied;              /* its `deny` lines; they win over allow lines */
    GStrv firmware_dirs;               /* where its firmware descriptors and blobs are searched */
    GPtrArray *missing;                /* QemuMissing */
} QemuFacts;
extern const RecordType qemu_facts_type;

/* The binary for this machine's architecture on PATH ("/usr/bin/qemu-system-x86_64"), or NULL with
 * @error saying what to install. $VGPUCTL_QEMU overrides. Owned. */
char *qemu_find_binary(const Root *root, GError **error);

/*
 * Facts of @binary (NULL: qemu_find_binary(); a name without a slash: on PATH). Kept in the user's
 * cache directory, keyed by the path, size and time of the binary and of its module directory;
 * @refresh asks again. NULL with @error set when it cannot be run, hangs, or is no QEMU.
 */
QemuFacts *qemu_facts_read(const Root *root, const char *binary, gboolean refresh, GError **error);

void qemu_facts_free(QemuFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuFacts, qemu_facts_free)

/* Whether a list of words has @word. */
gboolean qemu_has(char *const *list, const char *word);
