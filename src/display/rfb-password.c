/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-password.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/error.h"

#define DES_BYTES 8
#define PLACES_LIMIT 1024

/* So long after its last wrong password, or after its door has opened again, a place is as new. */
#define FORGOTTEN_AFTER_US ((gint64)RFB_TRIES_LONGEST_WAIT_S * G_USEC_PER_SEC)

static guint8 mirror(guint8 byte)
{
    guint8 mirrored = 0;
    for (int bit = 0; bit < 8; bit++)
        mirrored |= (guint8)((byte >> bit & 1) << (7 - bit));
    return mirrored;
}

/*
 * One block. Three times DES with one key is DES; libraries have kept only that. No chaining: each
 * block begins with an empty vector.
 */
static int encrypt_block(guint8 key[3 * DES_BYTES], guint8 block[DES_BYTES])
{
    guint8 empty[DES_BYTES] = { 0 };
    const gnutls_datum_t key_datum = { key, 3 * DES_BYTES }, vector = { empty, sizeof empty };
    gnutls_cipher_hd_t cipher;
    int result = gnutls_cipher_init(&cipher, GNUTLS_CIPHER_3DES_CBC, &key_datum, &vector);
    if (result < 0)
        return result;
    result = gnutls_cipher_encrypt(cipher, block, DES_BYTES);
    gnutls_cipher_deinit(cipher);
    return result;
}

gboolean rfb_vnc_answer(const char *password, const guint8 challenge[RFB_CHALLENGE_BYTES],
                        guint8 ret_answer[RFB_CHALLENGE_BYTES], GError **error)
{
    guint8 key[3 * DES_BYTES] = { 0 };
    gsize length = strnlen(password, RFB_VNC_PASSWORD_BYTES);
    for (gsize i = 0; i < sizeof key; i++)
        key[i] = i % DES_BYTES < length ? mirror((guint8)password[i % DES_BYTES]) : 0;
    memcpy(ret_answer, challenge, RFB_CHALLENGE_BYTES);
    int result = encrypt_block(key, ret_answer);
    if (result == 0)
        result = encrypt_block(key, ret_answer + DES_BYTES);
    gnutls_memset(key, 0, sizeof key);
    return result == 0 ||
           error_set(error, VGPUCTL_ERROR_FAILED, "GnuTLS has no DES: %s", gnutls_strerror(result));
}

gboolean rfb_secrets_equal(const void *a, gsize a_size, const void *b, gsize b_size)
{
    /* digests are of one length, so neither the time nor a read behind an end tells that of ours */
    guint8 digests[2][32];
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, a, a_size, digests[0]) < 0 ||
        gnutls_hash_fast(GNUTLS_DIG_SHA256, b, b_size, digests[1]) < 0)
        return FALSE;
    return gnutls_memcmp(digests[0], digests[1], sizeof digests[0]) == 0;
}

typedef struct {
    guint wrong; /* in a row */
    gint64 latest;
    gint64 closed_till;
} Place;

struct RfbTries {
    GHashTable *places; /* name, owned -> Place, owned */
};

RfbTries *rfb_tries_new(void)
{
    RfbTries *tries = g_new0(RfbTries, 1);
    tries->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return tries;
}

void rfb_tries_free(RfbTries *tries)
{
    if (tries == NULL)
        return;
    g_hash_table_unref(tries->places);
    g_free(tries);
}

gboolean rfb_tries_may(const RfbTries *tries, const char *place, gint64 now)
{
    const Place *found = g_hash_table_lookup(tries->places, place);
    return found == NULL || now >= found->closed_till;
}

static gint64 wait_us(guint wrong)
{
    guint doublings = MIN(wrong - RFB_TRIES, 16);
    return MIN((gint64)RFB_TRIES_FIRST_WAIT_S << doublings, RFB_TRIES_LONGEST_WAIT_S) *
           G_USEC_PER_SEC;
}

static gint64 open_since(const Place *place)
{
    return MAX(place->latest, place->closed_till);
}

static gboolean is_long_past(gpointer name, gpointer place, gpointer now)
{
    return *(gint64 *)now - open_since(place) >= FORGOTTEN_AFTER_US;
}

/* The one that may try, or soon may: whose door is closed for long is forgotten last. */
static void forget_oldest(RfbTries *tries)
{
    GHashTableIter iter;
    gpointer name, place;
    const char *oldest = NULL;
    gint64 since = G_MAXINT64;
    g_hash_table_iter_init(&iter, tries->places);
    while (g_hash_table_iter_next(&iter, &name, &place)) {
        if (open_since(place) < since) {
            since = open_since(place);
            oldest = name;
        }
    }
    if (oldest != NULL)
        g_hash_table_remove(tries->places, oldest);
}

static Place *find_or_add(RfbTries *tries, const char *place, gint64 now)
{
    Place *found = g_hash_table_lookup(tries->places, place);
    if (found != NULL)
        return found;
    if (g_hash_table_size(tries->places) >= PLACES_LIMIT)
        g_hash_table_foreach_remove(tries->places, is_long_past, &now);
    if (g_hash_table_size(tries->places) >= PLACES_LIMIT)
        forget_oldest(tries);
    found = g_new0(Place, 1);
    g_hash_table_insert(tries->places, g_strdup(place), found);
    return found;
}

void rfb_tries_wrong(RfbTries *tries, const char *place, gint64 now)
{
    Place *found = find_or_add(tries, place, now);
    found->wrong++;
    found->latest = now;
    if (found->wrong >= RFB_TRIES)
        found->closed_till = now + wait_us(found->wrong);
}

void rfb_tries_right(RfbTries *tries, const char *place)
{
    g_hash_table_remove(tries->places, place);
}
