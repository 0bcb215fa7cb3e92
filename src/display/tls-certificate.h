/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The certificate by which viewers on the network know us: made at first use, signed by itself, and
 * kept, so that who has accepted its fingerprint once is never asked again.
 */
#pragma once

#include <gio/gio.h>

/*
 * The certificate and key in @directory, which is made (mode 0700) with them when they are missing:
 * server.pem (0600) has both, certificate.pem alone what others may see and trust. Good for ten
 * years, for this machine's name, localhost and its addresses of the day it was made.
 *
 * NULL with @error set: VGPUCTL_ERROR_NOT_FOUND when GIO has no TLS here (glib-networking),
 * VGPUCTL_ERROR_INVALID when server.pem is no certificate with its key, VGPUCTL_ERROR_ACCESS when
 * others may read it.
 */
GTlsCertificate *tls_certificate_open(const char *directory, GError **error);

/* Its SHA-256 as people compare it, "AB:CD:..". Owned; NULL with @error set. */
char *tls_certificate_fingerprint(GTlsCertificate *certificate, GError **error);
