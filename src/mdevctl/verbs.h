/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The verbs of mdevctl, one a file (verb-define.c, ...). Each does what @request says on the
 * machine below @root, prints what mdevctl 1.2.0 prints and returns its exit status: 0, or 1 after
 * mdevctl_fail().
 */
#pragma once

#include "base/root.h"
#include "mdevctl/options.h"

/* Calls the one of these that @request names. */
int mdevctl_run(const Root *root, const MdevctlRequest *request);

int mdevctl_define(const Root *root, const MdevctlRequest *request);
int mdevctl_undefine(const Root *root, const MdevctlRequest *request);
int mdevctl_modify(const Root *root, const MdevctlRequest *request);
int mdevctl_start(const Root *root, const MdevctlRequest *request);
int mdevctl_stop(const Root *root, const MdevctlRequest *request);
int mdevctl_list(const Root *root, const MdevctlRequest *request);
int mdevctl_types(const Root *root, const MdevctlRequest *request);
int mdevctl_start_parent_mdevs(const Root *root, const MdevctlRequest *request);
