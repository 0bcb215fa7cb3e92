/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host as commands hand it to operations on mediated devices (vgpu/mdev.h): what is odd is
 * warned of on stderr, and an error names the file it is about. */
#pragma once

#include "vgpu/mdev.h"

typedef struct {
    MdevHost host;
    char *place; /* the file an error would be about; owned, or NULL */
} CmdMdevHost;

/* Must not be moved. */
void cmd_mdev_host_init(CmdMdevHost *host, const Root *root);
void cmd_mdev_host_clear(CmdMdevHost *host);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmdMdevHost, cmd_mdev_host_clear)

/* Puts the file in front of an error, and the way out behind it. */
void cmd_mdev_host_explain(const CmdMdevHost *host, GError **error);
