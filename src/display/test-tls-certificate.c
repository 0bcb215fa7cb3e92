/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/tls-certificate.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

typedef struct {
    char *top, *directory;
} Place;

static void set_up(Place *place, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    place->top = g_dir_make_tmp("vgpuctl-certificate-XXXXXX", &error);
    g_assert_no_error(error);
    place->directory = g_build_filename(place->top, "tls", NULL);
}

static void tear_down(Place *place, gconstpointer unused)
{
    g_assert_true(file_remove_tree(place->top, NULL));
    g_free(place->directory);
    g_free(place->top);
}

/* NULL: this test cannot run here. */
static GTlsCertificate *open_here(const Place *place)
{
    g_autoptr(GError) error = NULL;
    GTlsCertificate *certificate = tls_certificate_open(place->directory, &error);
    if (g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND)) {
        g_test_skip(error->message);
        return NULL;
    }
    g_assert_no_error(error);
    return certificate;
}

static mode_t mode_of(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    GStatBuf status;
    g_assert_cmpint(g_stat(path, &status), ==, 0);
    return status.st_mode & 07777;
}

static void test_made_and_kept(Place *place, gconstpointer unused)
{
    g_autoptr(GTlsCertificate) first = open_here(place);
    if (first == NULL)
        return;
    g_assert_cmpuint(mode_of(place->top, "tls"), ==, 0700);
    g_assert_cmpuint(mode_of(place->directory, "server.pem"), ==, 0600);
    g_assert_cmpuint(mode_of(place->directory, "certificate.pem"), ==, 0644);
    g_autoptr(GTlsCertificate) second = open_here(place);
    g_assert_true(g_tls_certificate_is_same(first, second));
    g_autofree char *print = tls_certificate_fingerprint(first, NULL);
    g_assert_true(g_regex_match_simple("^([0-9A-F]{2}:){31}[0-9A-F]{2}$", print, 0, 0));
}

/* What a client does that was given certificate.pem. */
static void test_trusted(Place *place, gconstpointer unused)
{
    g_autoptr(GTlsCertificate) ours = open_here(place);
    if (ours == NULL)
        return;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(place->directory, "certificate.pem", NULL);
    g_autofree char *pem = NULL;
    g_assert_true(g_file_get_contents(path, &pem, NULL, &error));
    g_assert_null(strstr(pem, "PRIVATE"));
    g_autoptr(GTlsCertificate) shown = g_tls_certificate_new_from_file(path, &error);
    g_assert_no_error(error);
    const char *const names[] = { "localhost", g_get_host_name(), "127.0.0.1" };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GSocketConnectable) name = g_network_address_new(names[i], 5900);
        g_assert_cmpint(g_tls_certificate_verify(ours, name, shown), ==, 0);
    }
    g_autoptr(GSocketConnectable) other = g_network_address_new("example.org", 5900);
    g_assert_cmpint(g_tls_certificate_verify(ours, other, shown), ==,
                    G_TLS_CERTIFICATE_BAD_IDENTITY);
}

static void expect_error(const Place *place, VgpuctlError code)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(tls_certificate_open(place->directory, &error));
    g_assert_error(error, VGPUCTL_ERROR, (int)code);
}

static void test_refused(Place *place, gconstpointer unused)
{
    g_autoptr(GTlsCertificate) ours = open_here(place);
    if (ours == NULL)
        return;
    g_autofree char *path = g_build_filename(place->directory, "server.pem", NULL);
    g_assert_cmpint(g_chmod(path, 0640), ==, 0);
    expect_error(place, VGPUCTL_ERROR_ACCESS);
    g_assert_true(file_write_atomic(path, "no", 2, 0600, NULL));
    expect_error(place, VGPUCTL_ERROR_INVALID);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
    g_test_add("/display/tls-certificate/" name, Place, NULL, set_up, function, tear_down)
    ADD("made-and-kept", test_made_and_kept);
    ADD("trusted", test_trusted);
    ADD("refused", test_refused);
    return g_test_run();
}
