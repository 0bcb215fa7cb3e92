/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Supervisor
 *
 * The life of one QEMU process, from its start to its reaping: its monitor, its output, its end,
 * and the ladder that ends it (ACPI power-off, QMP quit, SIGKILL). It is the parent of QEMU and
 * QEMU dies with it. It knows nothing of vGPUs, displays or run directories.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "vm/qmp-client.h"
#include "vm/stream-log.h"

typedef struct {
    const char *const *argv;
    const char *const *environment; /* on top of ours; NULL: none */
    const int *keep;                /* descriptors QEMU inherits, by number; ends with -1 */
    int qmp_fd;                     /* our end of its monitor; stolen */
    int serial_fd;                  /* our end of its serial port, stolen; -1: none */
    int signal_fd;                  /* signalfd of the blocked stop signals, borrowed; -1: none */
    const char *log_path;           /* what QEMU prints */
    const char *serial_path;        /* what the guest prints */
    StreamLogKind serial_kind;      /* whose file that is */
    guint grace_s;                  /* for the guest to power off after being asked */
} SupervisorSpec;

typedef struct Supervisor Supervisor;

/* Starts QEMU. NULL with @error set when it cannot be executed or a log cannot be made. */
Supervisor *supervisor_start(const SupervisorSpec *spec, GError **error);

/* Kills QEMU if it still runs, reaps it, writes what it printed. NULL is fine. */
void supervisor_free(Supervisor *supervisor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Supervisor, supervisor_free)

pid_t supervisor_pid(const Supervisor *supervisor);
/* Of QEMU, borrowed: readable when it has ended. */
int supervisor_pidfd(const Supervisor *supervisor);
/* Writes into the log of what QEMU prints: the words of who serves it. */
void supervisor_log(Supervisor *supervisor, const char *data, gsize length);
/* The last lines QEMU printed, borrowed. */
const char *supervisor_output(const Supervisor *supervisor);

/* Whether QEMU has died of a fault of its own: a signal that nobody sent. */
gboolean supervisor_crashed(const Supervisor *supervisor);

/*
 * Runs the main loop until QEMU's monitor answers: all devices and displays are set up then
 * (system/vl.c starts the main loop last). FALSE with @error set when QEMU ends before
 * (VGPUCTL_ERROR_FAILED, its words in supervisor_output()), when it says nothing for @limit_s
 * (VGPUCTL_ERROR_TIMEOUT), or when a stop signal comes (VGPUCTL_ERROR_BUSY: interrupted).
 */
gboolean supervisor_await_running(Supervisor *supervisor, guint limit_s, GError **error);

/*
 * Runs the main loop until QEMU has ended. TRUE when it ended as it should: the guest powered off,
 * or somebody asked for its end. FALSE with @error set when it died.
 */
gboolean supervisor_await_end(Supervisor *supervisor, GError **error);

typedef enum {
    SUPERVISOR_STOP_POWER_OFF, /* press the power button (again); after the grace time quit, then
                                  kill */
    SUPERVISOR_STOP_INTERRUPT, /* the next rung: power button, QMP quit, SIGKILL */
    SUPERVISOR_STOP_QUIT,      /* QMP quit, then after 5 s SIGKILL */
} SupervisorStop;

/* Asks for the end. Of the stop signals SIGINT interrupts, SIGQUIT quits, the others power off. */
void supervisor_stop(Supervisor *supervisor, SupervisorStop how);
