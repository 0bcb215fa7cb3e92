/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command lines of mdevctl, a word on each line. For any bytes: either a request whose texts are of
 * the form that is promised, or an answer that ends in a new line, has a status and is UTF-8.
 */
#include "fuzz.h"

#include <string.h>

#include <glib.h>

#include "base/uuid.h"
#include "mdevctl/options.h"

static void check_text(const char *text)
{
    g_assert(text == NULL || g_utf8_validate(text, -1, NULL));
}

static void check_request(const MdevctlRequest *request)
{
    g_assert(request->verb != MDEVCTL_VERB_NONE);
    g_assert(request->uuid == NULL || uuid_is_canonical(request->uuid));
    g_assert(request->addattr == NULL || request->value != NULL);
    g_assert(!request->live || request->jsonfile != NULL);
    g_assert(!(request->auto_start && request->manual));
    g_assert(!(request->addattr != NULL && request->delattr));
    check_text(request->parent);
    check_text(request->type);
    check_text(request->addattr);
    check_text(request->value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = size > 0 ? g_strndup((const char *)data, size) : g_strdup("");
    g_auto(GStrv) words = g_strsplit(text, "\n", -1);
    if (words[0] == NULL)
        return 0;
    const MdevctlTerminal terminal = { .colour_err = (size & 1) != 0 };
    g_auto(MdevctlRequest) request = { 0 };
    g_auto(MdevctlAnswer) answer = { 0 };
    if (mdevctl_parse(words, &terminal, &request, &answer)) {
        g_assert(answer.text == NULL);
        check_request(&request);
        return 0;
    }
    g_assert(request.verb == MDEVCTL_VERB_NONE);
    g_assert(
        g_str_has_suffix(answer.text, terminal.colour_err && answer.to_stderr ? "\033[0m" : "\n"));
    check_text(answer.text);
    g_assert(answer.status == (answer.to_stderr ? 2 : 0));
    return 0;
}
