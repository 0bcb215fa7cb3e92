/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/verbs.h"

typedef int (*VerbFunction)(const Root *root, const MdevctlRequest *request);

static const VerbFunction verbs[] = {
    [MDEVCTL_VERB_DEFINE] = mdevctl_define,
    [MDEVCTL_VERB_UNDEFINE] = mdevctl_undefine,
    [MDEVCTL_VERB_MODIFY] = mdevctl_modify,
    [MDEVCTL_VERB_START] = mdevctl_start,
    [MDEVCTL_VERB_STOP] = mdevctl_stop,
    [MDEVCTL_VERB_LIST] = mdevctl_list,
    [MDEVCTL_VERB_TYPES] = mdevctl_types,
    [MDEVCTL_VERB_START_PARENT_MDEVS] = mdevctl_start_parent_mdevs,
};

int mdevctl_run(const Root *root, const MdevctlRequest *request)
{
    return verbs[request->verb](root, request);
}
