/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-password.h"

#include <string.h>

/* DES of one block as in FIPS 81, table B1: "Now is t" with key 0123456789abcdef. */
static void test_des(void)
{
    /* the key with the bits of each byte mirrored, as VncAuth wants them */
    static const char password[] = "\x80\xc4\xa2\xe6\x91\xd5\xb3\xf7";
    static const guint8 cipher[] = { 0x3f, 0xa4, 0x0e, 0x8a, 0x98, 0x4d, 0x48, 0x15 };
    guint8 answer[RFB_CHALLENGE_BYTES];
    g_autoptr(GError) error = NULL;
    g_assert_true(rfb_vnc_answer(password, (const guint8 *)"Now is tNow is t", answer, &error));
    g_assert_no_error(error);
    g_assert_cmpmem(answer, 8, cipher, 8);
    g_assert_cmpmem(answer + 8, 8, cipher, 8);
}

static void test_short_and_long(void)
{
    const guint8 *challenge = (const guint8 *)"0123456789abcdef";
    guint8 eight[RFB_CHALLENGE_BYTES], nine[RFB_CHALLENGE_BYTES], seven[RFB_CHALLENGE_BYTES];
    g_assert_true(rfb_vnc_answer("12345678", challenge, eight, NULL));
    g_assert_true(rfb_vnc_answer("123456789", challenge, nine, NULL));
    g_assert_true(rfb_vnc_answer("1234567", challenge, seven, NULL));
    g_assert_cmpmem(eight, sizeof eight, nine, sizeof nine);
    g_assert_cmpint(memcmp(eight, seven, sizeof eight), !=, 0);
}

static void test_equal(void)
{
    g_assert_true(rfb_secrets_equal("", 0, "", 0));
    g_assert_true(rfb_secrets_equal("abc", 3, "abcd", 3));
    g_assert_false(rfb_secrets_equal("abc", 3, "abcd", 4));
    g_assert_false(rfb_secrets_equal("abc", 3, "abd", 3));
}

#define S G_USEC_PER_SEC

static void test_tries(void)
{
    g_autoptr(RfbTries) tries = rfb_tries_new();
    gint64 now = 1000 * S;
    for (guint i = 0; i < RFB_TRIES; i++) {
        g_assert_true(rfb_tries_may(tries, "192.0.2.1", now));
        rfb_tries_wrong(tries, "192.0.2.1", now);
    }
    g_assert_false(rfb_tries_may(tries, "192.0.2.1", now));
    g_assert_true(rfb_tries_may(tries, "192.0.2.2", now));
    now += RFB_TRIES_FIRST_WAIT_S * S;
    g_assert_true(rfb_tries_may(tries, "192.0.2.1", now));
    rfb_tries_wrong(tries, "192.0.2.1", now);
    g_assert_false(rfb_tries_may(tries, "192.0.2.1", now + RFB_TRIES_FIRST_WAIT_S * S));
    now += 2 * RFB_TRIES_FIRST_WAIT_S * S;
    g_assert_true(rfb_tries_may(tries, "192.0.2.1", now));
    rfb_tries_right(tries, "192.0.2.1");
    rfb_tries_wrong(tries, "192.0.2.1", now);
    g_assert_true(rfb_tries_may(tries, "192.0.2.1", now));
    for (guint i = 0; i < 100; i++)
        rfb_tries_wrong(tries, "192.0.2.1", now);
    g_assert_true(rfb_tries_may(tries, "192.0.2.1", now + RFB_TRIES_LONGEST_WAIT_S * S));
}

static void guess(RfbTries *tries, guint from, guint till, gint64 now)
{
    for (guint i = from; i < till; i++) {
        g_autofree char *place = g_strdup_printf("place %u", i);
        rfb_tries_wrong(tries, place, now);
    }
}

/* Who has a million addresses closes the door neither to who has one nor to who comes next, and
 * opens it to nobody whom it is closed to.
 */
static void test_many_places(void)
{
    g_autoptr(RfbTries) tries = rfb_tries_new();
    for (guint i = 0; i < RFB_TRIES; i++)
        rfb_tries_wrong(tries, "192.0.2.1", 0);
    guess(tries, 0, 5000, 0);
    g_assert_false(rfb_tries_may(tries, "192.0.2.1", 0));
    g_assert_true(rfb_tries_may(tries, "place 4999", 0));
    g_assert_true(rfb_tries_may(tries, "192.0.2.2", 0));
    for (guint i = 0; i < RFB_TRIES; i++) {
        g_assert_true(rfb_tries_may(tries, "192.0.2.2", S));
        rfb_tries_wrong(tries, "192.0.2.2", S);
    }
    g_assert_false(rfb_tries_may(tries, "192.0.2.2", S));
}

/* Long after, when there is no room, they are as new, those who came since are not. */
static void test_forgotten(void)
{
    g_autoptr(RfbTries) tries = rfb_tries_new();
    gint64 later = 2 * RFB_TRIES_LONGEST_WAIT_S * S;
    for (guint i = 0; i < RFB_TRIES; i++)
        rfb_tries_wrong(tries, "old", 0);
    for (guint i = 1; i < RFB_TRIES; i++)
        rfb_tries_wrong(tries, "new", later);
    guess(tries, 0, 1022, 0);
    guess(tries, 1022, 1023, later);
    rfb_tries_wrong(tries, "old", later); /* it would be closed, were it known */
    rfb_tries_wrong(tries, "new", later);
    g_assert_true(rfb_tries_may(tries, "old", later));
    g_assert_false(rfb_tries_may(tries, "new", later));

    /* all are as near: the one that came first has to go */
    g_autoptr(RfbTries) crowded = rfb_tries_new();
    for (guint i = 1; i < RFB_TRIES; i++)
        rfb_tries_wrong(crowded, "first", 0);
    for (guint i = 1; i < RFB_TRIES; i++)
        rfb_tries_wrong(crowded, "second", 1);
    guess(crowded, 0, 1023, 2);
    rfb_tries_wrong(crowded, "second", 3);
    g_assert_false(rfb_tries_may(crowded, "second", 3));
    rfb_tries_wrong(crowded, "first", 3);
    g_assert_true(rfb_tries_may(crowded, "first", 3));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display/rfb-password/des", test_des);
    g_test_add_func("/display/rfb-password/short-and-long", test_short_and_long);
    g_test_add_func("/display/rfb-password/equal", test_equal);
    g_test_add_func("/display/rfb-password/tries", test_tries);
    g_test_add_func("/display/rfb-password/many-places", test_many_places);
    g_test_add_func("/display/rfb-password/forgotten", test_forgotten);
    return g_test_run();
}
