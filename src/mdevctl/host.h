/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs share: how mdevctl passes on what the library notes, and how it fails. */
#pragma once

#include "vgpu/mdev.h"

/* The machine below @root, with notes printed as mdevctl prints them. */
MdevHost mdevctl_host(const Root *root);

/* Prints an error of the library and what caused it. Returns 1. */
int mdevctl_fail_error(const GError *error);

/* Appends @text to what goes to stdout, from time to time. */
void mdevctl_flush(GString *text, gsize limit);
