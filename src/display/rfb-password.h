/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passwords of viewers: what proves that somebody knows one, and how often they may try. */
#pragma once

#include <glib.h>

#define RFB_CHALLENGE_BYTES 16

/* VncAuth looks at no more of a password (RFC 6143, 7.2.2). */
#define RFB_VNC_PASSWORD_BYTES 8

/*
 * The answer to @challenge of who knows @password: it encrypted with DES, the bits of each byte of
 * the key mirrored. FALSE with @error set where the library does without DES (FIPS).
 */
gboolean rfb_vnc_answer(const char *password, const guint8 challenge[RFB_CHALLENGE_BYTES],
                        guint8 ret_answer[RFB_CHALLENGE_BYTES], GError **error);

/* In a time that says nothing of where they differ. */
gboolean rfb_secrets_equal(const void *a, gsize a_size, const void *b, gsize b_size);

/*
 * Who guessed wrong, by where they come from. After RFB_TRIES wrong passwords in a row nobody there
 * is listened to for some seconds, twice as long after each further one. Times are
 * g_get_monotonic_time(). The memory is bounded: when 1024 addresses are known, those that have
 * been free to try for long are forgotten for a new one, then the one that has been so for longest.
 * Who has more addresses than that has more tries, and is in nobody else's way.
 */
#define RFB_TRIES 5
#define RFB_TRIES_FIRST_WAIT_S 10
#define RFB_TRIES_LONGEST_WAIT_S 300

typedef struct RfbTries RfbTries;

RfbTries *rfb_tries_new(void);
void rfb_tries_free(RfbTries *tries);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RfbTries, rfb_tries_free)

/* Whether somebody at @place may try now. */
gboolean rfb_tries_may(const RfbTries *tries, const char *place, gint64 now);
void rfb_tries_wrong(RfbTries *tries, const char *place, gint64 now);
void rfb_tries_right(RfbTries *tries, const char *place);
