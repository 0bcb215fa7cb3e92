/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors and warnings on stderr in the form of mdevctl 1.2.0, whose libraries are anyhow ("Error:
 * ...") and env_logger ("[2026-01-02T03:04:05Z WARN  mdevctl] ...").
 *
 * MDEVCTL_LOG says what is logged: off, error, warn (the default), info, debug, trace; for one
 * module of it "mdevctl::callouts=debug"; several behind each other with commas. MDEVCTL_LOG_STYLE
 * is "auto" (colours on a terminal), "always" or "never".
 */
#pragma once

#include <glib.h>

/*
 * Prints "Error: @message" and below it what caused it, outermost first, up to NULL:
 *
 *     Error: Error removing device 550e8400-...
 *
 *     Caused by:
 *         No such file or directory (os error 2)
 *
 * Returns 1, so that `return mdevctl_fail(...)` ends a verb.
 */
int mdevctl_fail(const char *message, ...) G_GNUC_NULL_TERMINATED;

/* What Rust's std::io::Error says of an errno: "No such file or directory (os error 2)". Owned. */
char *mdevctl_errno_text(int errno_value);

typedef enum {
    MDEVCTL_LOG_OFF,
    MDEVCTL_LOG_ERROR,
    MDEVCTL_LOG_WARN,
    MDEVCTL_LOG_INFO,
    MDEVCTL_LOG_DEBUG,
    MDEVCTL_LOG_TRACE,
} MdevctlLogLevel;

/*
 * Reads MDEVCTL_LOG; what is wrong in it is said on stderr. To be called first, once.
 */
void mdevctl_log_open(void);

/* @module is "mdevctl", "mdevctl::callouts", "mdevctl::mdev" or "mdevctl::environment". */
void mdevctl_log(MdevctlLogLevel level, const char *module, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
#define mdevctl_warn(...) mdevctl_log(MDEVCTL_LOG_WARN, "mdevctl", __VA_ARGS__)
