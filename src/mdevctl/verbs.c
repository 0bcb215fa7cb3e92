/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/verbs.h"

#include "mdevctl/report.h"

typedef int (*VerbFunction)(const Root *root, const MdevctlRequest *request);

/* Each verb-*.c has a row. */
static const VerbFunction verbs[] = {
    [MDEVCTL_VERB_START_PARENT_MDEVS] = NULL,
};

int mdevctl_run(const Root *root, const MdevctlRequest *request)
{
    VerbFunction run = verbs[request->verb];
    return run != NULL ? run(root, request) : mdevctl_fail("This verb is still to come", NULL);
}
