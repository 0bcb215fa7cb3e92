/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/error.h"
#include "libexec/web-gate.h"

#define PORT 8080

typedef struct {
    WebGate *gate;
    char *token;   /* as the address has it */
    char *session; /* "vgpuctl=..." */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer scheme)
{
    const char *const names[] = { "host.example", NULL };
    g_autoptr(GError) error = NULL;
    fixture->gate = web_gate_new(scheme, PORT, names, &error);
    g_assert_no_error(error);
    g_autofree char *invitation = web_gate_invitation(fixture->gate);
    g_assert_true(g_str_has_prefix(invitation, "?token="));
    fixture->token = g_strdup(invitation + strlen("?token="));
    g_autofree char *cookie = web_gate_cookie(fixture->gate);
    fixture->session = g_strndup(cookie, strcspn(cookie, ";"));
}

static void tear_down(Fixture *fixture, gconstpointer scheme)
{
    web_gate_free(fixture->gate);
    g_free(fixture->token);
    g_free(fixture->session);
}

static WebRequest good_request(const Fixture *fixture)
{
    return (WebRequest){ .method = "GET",
                         .host = "127.0.0.1:8080",
                         .path = web_gate_prefix(fixture->gate) };
}

static void test_hosts(Fixture *fixture, gconstpointer scheme)
{
    static const char *const ours[] = { "127.0.0.1:8080",    "localhost:8080", "LocalHost:8080",
                                        "host.example:8080", "[::1]:8080",     "192.0.2.7:8080" };
    static const char *const others[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:80",
        "evil.example:8080",
        "localhost.evil.example:8080",
        "localhost:8080, evil.example",
        "localhost:8080@evil.example",
        "localhost:http-alt",
        "127.0.0.1.evil.example:8080",
        "localhost:8080/",
        "localhost: 8080",
        "localhost:",
        "[::1]",
        "::1",
        "host.example:08080000",
        "localhost:-1",
        "localhost:08080",
        "localhost:+8080",
        "::1:8080",
        ":8080",
        "[]:8080",
        "localhost\n:8080",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(ours); i++)
        g_assert_true(web_gate_is_our_host(fixture->gate, ours[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_test_message("'%s'", others[i]);
        g_assert_false(web_gate_is_our_host(fixture->gate, others[i]));
    }
    g_assert_false(web_gate_is_our_host(fixture->gate, NULL));
}

static void test_origins(Fixture *fixture, gconstpointer scheme)
{
    const char *host = "localhost:8080";
    g_assert_true(web_gate_is_our_origin(fixture->gate, host, "http://localhost:8080"));
    g_assert_false(web_gate_is_our_origin(fixture->gate, host, "https://localhost:8080"));
    g_assert_false(web_gate_is_our_origin(fixture->gate, host, "http://localhost:8081"));
    g_assert_false(web_gate_is_our_origin(fixture->gate, host, "http://localhost"));
    g_assert_false(web_gate_is_our_origin(fixture->gate, host, "http://127.0.0.1:8080"));
    g_assert_false(web_gate_is_our_origin(fixture->gate, host, "null"));
    g_assert_false(web_gate_is_our_origin(fixture->gate, host, ""));
}

static void test_cookies(Fixture *fixture, gconstpointer scheme)
{
    g_autofree char *among = g_strconcat("a=b;c=d; ", fixture->session, " ;e=f", NULL);
    g_autofree char *longer = g_strconcat(fixture->session, "x", NULL);
    g_autofree char *other = g_strconcat("x", fixture->session, NULL);
    g_assert_true(web_gate_has_session(fixture->gate, fixture->session));
    g_assert_true(web_gate_has_session(fixture->gate, among));
    g_assert_false(web_gate_has_session(fixture->gate, longer));
    g_assert_false(web_gate_has_session(fixture->gate, other));
    g_assert_false(web_gate_has_session(fixture->gate, "vgpuctl="));
    g_assert_false(web_gate_has_session(fixture->gate, "vgpuctl"));
    g_assert_false(web_gate_has_session(fixture->gate, ";;="));
    g_assert_false(web_gate_has_session(fixture->gate, NULL));
}

/* The cookie says what browsers shall do with it. */
static void test_cookie_attributes(Fixture *fixture, gconstpointer scheme)
{
    g_autofree char *cookie = web_gate_cookie(fixture->gate);
    g_autofree char *path = g_strdup_printf("; Path=%s;", web_gate_prefix(fixture->gate));
    g_assert_nonnull(strstr(cookie, path));
    g_assert_nonnull(strstr(cookie, "; HttpOnly"));
    g_assert_nonnull(strstr(cookie, "; SameSite=Strict"));
    g_assert_true((strstr(cookie, "; Secure") != NULL) == g_str_equal(scheme, "https"));
}

static void test_token_once(Fixture *fixture, gconstpointer scheme)
{
    WebRequest request = good_request(fixture);
    g_assert_cmpint(web_gate_judge(fixture->gate, &request), ==, WEB_NO_SESSION);
    request.token = "AAAAAAAAAAAAAAAAAAAAAAAA";
    g_assert_cmpint(web_gate_judge(fixture->gate, &request), ==, WEB_NO_SESSION);
    request.token = "";
    g_assert_cmpint(web_gate_judge(fixture->gate, &request), ==, WEB_NO_SESSION);
    request.token = fixture->token;
    g_assert_cmpint(web_gate_judge(fixture->gate, &request), ==, WEB_ADMITTED_BY_TOKEN);
    g_assert_cmpint(web_gate_judge(fixture->gate, &request), ==, WEB_NO_SESSION);
    request.token = NULL;
    request.cookie = fixture->session;
    g_assert_cmpint(web_gate_judge(fixture->gate, &request), ==, WEB_ADMITTED);
}

/* What is refused leaves the token good. */
static void test_token_is_kept(Fixture *fixture, gconstpointer scheme)
{
    WebRequest request = good_request(fixture);
    request.token = fixture->token;
    g_autofree char *below = g_strconcat(web_gate_prefix(fixture->gate), "main.js", NULL);
    const struct {
        WebVerdict verdict;
        const char *method, *host, *origin, *path;
        gboolean upgrades;
    } cases[] = {
        { WEB_WRONG_METHOD, "HEAD", NULL, NULL, NULL, FALSE },
        { WEB_WRONG_METHOD, "POST", NULL, NULL, NULL, FALSE },
        { WEB_WRONG_HOST, NULL, "evil.example:8080", NULL, NULL, FALSE },
        { WEB_WRONG_ORIGIN, NULL, NULL, "http://evil.example:8080", NULL, FALSE },
        { WEB_WRONG_ORIGIN, NULL, NULL, NULL, NULL, TRUE },
        { WEB_WRONG_PATH, NULL, NULL, NULL, "/", FALSE },
        { WEB_WRONG_PATH, NULL, NULL, NULL, "", FALSE },
        { WEB_WRONG_PATH, NULL, NULL, NULL, "*", FALSE },
        { WEB_NO_SESSION, NULL, NULL, NULL, below, FALSE },
        { WEB_NO_SESSION, NULL, NULL, "http://127.0.0.1:8080", NULL, TRUE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        WebRequest wrong = request;
        wrong.method = cases[i].method != NULL ? cases[i].method : wrong.method;
        wrong.host = cases[i].host != NULL ? cases[i].host : wrong.host;
        wrong.path = cases[i].path != NULL ? cases[i].path : wrong.path;
        wrong.origin = cases[i].origin;
        wrong.upgrades = cases[i].upgrades;
        g_assert_cmpint(web_gate_judge(fixture->gate, &wrong), ==, cases[i].verdict);
    }
    g_assert_cmpint(web_gate_judge(fixture->gate, &request), ==, WEB_ADMITTED_BY_TOKEN);
}

static void test_secrets_differ(void)
{
    g_autoptr(WebGate) one = web_gate_new("http", PORT, NULL, NULL);
    g_autoptr(WebGate) other = web_gate_new("http", PORT, NULL, NULL);
    g_autofree char *ours = web_gate_invitation(one), *theirs = web_gate_invitation(other);
    g_assert_cmpstr(ours, !=, theirs);
    g_assert_cmpstr(web_gate_prefix(one), !=, web_gate_prefix(other));
    /* at least 128 bits of base64 */
    g_assert_cmpuint(strlen(ours), >=, strlen("?token=") + 22);
    g_assert_null(strpbrk(ours, "+/\"' "));
    g_assert_true(web_secret_equal("", ""));
    g_assert_true(web_secret_equal("abc", "abc"));
    g_assert_false(web_secret_equal("abc", "abd"));
    g_assert_false(web_secret_equal("abc", "ab"));
    g_assert_false(web_secret_equal("", "a"));
}

#define ADD(path, scheme, test) g_test_add(path, Fixture, scheme, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/web-gate/hosts", "http", test_hosts);
    ADD("/web-gate/origins", "http", test_origins);
    ADD("/web-gate/cookies", "http", test_cookies);
    ADD("/web-gate/cookie-attributes", "http", test_cookie_attributes);
    ADD("/web-gate/cookie-attributes-tls", "https", test_cookie_attributes);
    ADD("/web-gate/token-once", "http", test_token_once);
    ADD("/web-gate/token-is-kept", "http", test_token_is_kept);
    g_test_add_func("/web-gate/secrets-differ", test_secrets_differ);
    return g_test_run();
}
