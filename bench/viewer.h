/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A viewer without a window, made of libvncclient: the same one for every server. It asks for the
 * next update when it has the last, as such viewers do, and counts what it reads. Who cannot go on
 * says so and ends the program.
 */
#pragma once

#include <rfb/rfbclient.h>
#include <stdint.h>
#include <time.h>

extern uint64_t viewer_bytes; /* read from the server */

/*
 * Connects and asks for all of the screen. @encoding is raw, tight or zrle; @quality is that of
 * JPEG, 0 to 9, or "-" for none. @on_update: after each update.
 */
rfbClient *viewer_start(const char *path, const char *encoding, const char *quality,
                        FinishedFrameBufferUpdateProc on_update);

/* Waits for a message of the server's and handles it; FALSE when none came until that time. */
rfbBool viewer_handle(rfbClient *client, double until);

/* What that clock shows. */
double viewer_seconds(clockid_t clock);

void viewer_fail(const char *what) __attribute__((noreturn));
