/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/tls-certificate.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/file.h"

#define DAY_S (24 * 60 * 60)
#define LIFE_S (10 * 365 * (time_t)DAY_S)
#define ADDRESSES_LIMIT 32 /* a machine of containers has hundreds */

static gboolean gnutls_failed(int result, GError **error)
{
    return error_set(error, VGPUCTL_ERROR_FAILED, "GnuTLS: %s", gnutls_strerror(result));
}

static int add_name(gnutls_x509_crt_t crt, const char *name)
{
    return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name, (guint)strlen(name),
                                                GNUTLS_FSAN_APPEND);
}

static int add_address(gnutls_x509_crt_t crt, const struct sockaddr *address)
{
    if (address != NULL && address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (gconstpointer)address;
        return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, &in->sin_addr,
                                                    sizeof in->sin_addr, GNUTLS_FSAN_APPEND);
    }
    if (address != NULL && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (gconstpointer)address;
        if (!IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
            return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, &in6->sin6_addr,
                                                        sizeof in6->sin6_addr, GNUTLS_FSAN_APPEND);
    }
    return 0;
}

static int add_addresses(gnutls_x509_crt_t crt)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) < 0)
        return 0; /* the names are left */
    int result = 0, n = 0;
    for (struct ifaddrs *i = all; i != NULL && n < ADDRESSES_LIMIT && result == 0; i = i->ifa_next)
        if (i->ifa_addr != NULL &&
            (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6)) {
            result = add_address(crt, i->ifa_addr);
            n++;
        }
    freeifaddrs(all);
    return result;
}

static int set_names(gnutls_x509_crt_t crt)
{
    const char *host = g_get_host_name();
    int result = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, host,
                                               (guint)MIN(strlen(host), 64));
    if (result == 0)
        result = add_name(crt, host);
    if (result == 0 && !g_str_equal(host, "localhost"))
        result = add_name(crt, "localhost");
    return result == 0 ? add_addresses(crt) : result;
}

static int set_purpose(gnutls_x509_crt_t crt)
{
    int result = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
    if (result == 0)
        result = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (result == 0)
        result = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
    return result;
}

static int set_life(gnutls_x509_crt_t crt)
{
    guint8 serial[16];
    time_t now = time(NULL);
    int result = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
    serial[0] = (serial[0] & 0x7f) | 1; /* positive, and not zero (RFC 5280, 4.1.2.2) */
    if (result == 0)
        result = gnutls_x509_crt_set_serial(crt, serial, sizeof serial);
    /* since yesterday: for who has a clock that is slow */
    if (result == 0)
        result = gnutls_x509_crt_set_activation_time(crt, now - DAY_S);
    if (result == 0)
        result = gnutls_x509_crt_set_expiration_time(crt, now + LIFE_S);
    return result;
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
    int result = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                              GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (result == 0)
        result = gnutls_x509_crt_set_version(crt, 3);
    if (result == 0)
        result = gnutls_x509_crt_set_key(crt, key);
    if (result == 0)
        result = set_names(crt);
    if (result == 0)
        result = set_purpose(crt);
    if (result == 0)
        result = set_life(crt);
    return result == 0 ? gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0) : result;
}

/* Appends what was exported, and forgets it. */
static int append(GString *pem, int result, gnutls_datum_t *datum)
{
    if (result != 0)
        return result;
    g_string_append_len(pem, (const char *)datum->data, datum->size);
    gnutls_memset(datum->data, 0, datum->size);
    gnutls_free(datum->data);
    return 0;
}

/* The certificate, then its key, as PEM. NULL with @error set. */
static GString *make(GError **error)
{
    gnutls_x509_crt_t crt = NULL;
    gnutls_x509_privkey_t key = NULL;
    gnutls_datum_t datum;
    GString *pem = g_string_new("");
    int result = gnutls_x509_crt_init(&crt);
    if (result == 0)
        result = gnutls_x509_privkey_init(&key);
    if (result == 0)
        result = fill(crt, key);
    if (result == 0)
        result = append(pem, gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &datum), &datum);
    if (result == 0)
        result = append(pem,
                        gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                                          GNUTLS_PKCS_PLAIN, &datum),
                        &datum);
    gnutls_x509_privkey_deinit(key);
    gnutls_x509_crt_deinit(crt);
    if (result == 0)
        return pem;
    g_string_free(pem, TRUE);
    gnutls_failed(result, error);
    return NULL;
}

/* Who comes at the same moment finds the one that was there first. */
static gboolean make_file(const char *directory, const char *path, GError **error)
{
    g_autoptr(GError) taken = NULL;
    if (!file_make_directory(directory, 0700, error))
        return FALSE;
    GString *pem = make(error);
    if (pem == NULL)
        return FALSE;
    gboolean good = file_create_atomic(path, pem->str, pem->len, 0600, &taken) ||
                    g_error_matches(taken, VGPUCTL_ERROR, VGPUCTL_ERROR_EXISTS);
    gnutls_memset(pem->str, 0, pem->len);
    g_string_free(pem, TRUE);
    if (!good)
        g_propagate_error(error, g_steal_pointer(&taken));
    return good;
}

static gboolean check_mode(const char *path, GError **error)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return error_set_errno(error, errno, "Looking at %s", path);
    return (status.st_mode & 0077) == 0 ||
           error_set(error, VGPUCTL_ERROR_ACCESS,
                     "%s has the key of the display server and others may read it: chmod 600 %s, "
                     "or delete it and a new one is made",
                     path, path);
}

static GTlsCertificate *read_file(const char *path, GError **error)
{
    if (!check_mode(path, error))
        return NULL;
    g_autoptr(GError) why = NULL;
    GTlsCertificate *certificate = g_tls_certificate_new_from_file(path, &why);
    if (certificate == NULL)
        error_set(error, VGPUCTL_ERROR_INVALID,
                  "%s is no certificate with its key: %s; delete it and a new one is made", path,
                  why->message);
    return certificate;
}

/* For who wants to trust it: without the key. */
static gboolean show(GTlsCertificate *certificate, const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "certificate.pem", NULL);
    g_autofree char *pem = NULL, *there = NULL;
    g_object_get(certificate, "certificate-pem", &pem, NULL);
    if (g_file_get_contents(path, &there, NULL, NULL) && g_strcmp0(there, pem) == 0)
        return TRUE;
    return file_write_atomic(path, pem, strlen(pem), 0644, error);
}

GTlsCertificate *tls_certificate_open(const char *directory, GError **error)
{
    if (!g_tls_backend_supports_tls(g_tls_backend_get_default())) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "GIO cannot do TLS here: install the package glib-networking");
        return NULL;
    }
    g_autofree char *path = g_build_filename(directory, "server.pem", NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS) && !make_file(directory, path, error)) {
        g_prefix_error(error, "Making the certificate %s: ", path);
        return NULL;
    }
    g_autoptr(GTlsCertificate) certificate = read_file(path, error);
    if (certificate == NULL || !show(certificate, directory, error))
        return NULL;
    return g_steal_pointer(&certificate);
}

char *tls_certificate_fingerprint(GTlsCertificate *certificate, GError **error)
{
    g_autoptr(GByteArray) der = NULL;
    g_object_get(certificate, "certificate", &der, NULL);
    guint8 digest[32];
    int result = gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->len, digest);
    if (result < 0) {
        gnutls_failed(result, error);
        return NULL;
    }
    GString *text = g_string_new("");
    for (gsize i = 0; i < sizeof digest; i++)
        g_string_append_printf(text, "%s%02X", i > 0 ? ":" : "", digest[i]);
    return g_string_free(text, FALSE);
}
