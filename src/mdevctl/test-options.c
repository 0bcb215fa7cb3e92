/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests. All texts are compared with Debian's in tests/integration/test_mdevctl_face.py. */
#include "mdevctl/options.h"

#include <glib.h>
#include <string.h>

#define UUID "550e8400-e29b-41d4-a716-446655440000"

static const MdevctlTerminal no_terminal = { 0 };

static gboolean parse(const char *line, MdevctlRequest *request, MdevctlAnswer *answer)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    return mdevctl_parse(words, &no_terminal, request, answer);
}

static char *describe(const MdevctlRequest *request)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%d", request->verb);
    const struct {
        const char *name, *value;
    } texts[] = {
        { "uuid", request->uuid },
        { "parent", request->parent },
        { "type", request->type },
        { "jsonfile", request->jsonfile },
        { "addattr", request->addattr },
        { "value", request->value },
        { "auto", request->auto_start ? "" : NULL },
        { "manual", request->manual ? "" : NULL },
        { "delattr", request->delattr ? "" : NULL },
        { "defined", request->defined ? "" : NULL },
        { "live", request->live ? "" : NULL },
        { "dumpjson", request->dumpjson ? "" : NULL },
        { "verbose", request->verbose ? "" : NULL },
        { "force", request->force ? "" : NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i].value != NULL)
            g_string_append_printf(text, " %s%s%s", texts[i].name,
                                   *texts[i].value != '\0' ? "=" : "", texts[i].value);
    if (request->has_index)
        g_string_append_printf(text, " index=%u", request->index);
    return g_string_free(text, FALSE);
}

static void test_requests(void)
{
    static const struct {
        const char *line;
        MdevctlVerb verb;
        const char *rest;
    } rows[] = {
        { "mdevctl list", MDEVCTL_VERB_LIST, "" },
        { "/usr/sbin/lsmdev -dv", MDEVCTL_VERB_LIST, " defined verbose" },
        { "mdevctl list -vdp 0000:00:02.0 --dumpjson", MDEVCTL_VERB_LIST,
          " parent=0000:00:02.0 defined dumpjson verbose" },
        { "mdevctl stop --uuid={550E8400-E29B-41D4-A716-446655440000}", MDEVCTL_VERB_STOP,
          " uuid=" UUID },
        { "mdevctl stop -u550e8400e29b41d4a716446655440000", MDEVCTL_VERB_STOP, " uuid=" UUID },
        { "mdevctl types -p=matrix", MDEVCTL_VERB_TYPES, " parent=matrix" },
        { "mdevctl types -p -", MDEVCTL_VERB_TYPES, " parent=-" },
        { "mdevctl define -a -u " UUID " -p mtty -t mtty-1", MDEVCTL_VERB_DEFINE,
          " uuid=" UUID " parent=mtty type=mtty-1 auto" },
        { "mdevctl start --parent=mtty --jsonfile=/dev/stdin --uuid=" UUID, MDEVCTL_VERB_START,
          " uuid=" UUID " parent=mtty jsonfile=/dev/stdin" },
        { "mdevctl undefine -u " UUID " --parent mtty", MDEVCTL_VERB_UNDEFINE,
          " uuid=" UUID " parent=mtty" },
        { "mdevctl modify -u " UUID " -m -i +007 --addattr a --value=b=c", MDEVCTL_VERB_MODIFY,
          " uuid=" UUID " addattr=a value=b=c manual index=7" },
        { "mdevctl modify -u " UUID " --delattr --value v", MDEVCTL_VERB_MODIFY,
          " uuid=" UUID " value=v delattr" },
        { "mdevctl start-parent-mdevs -- -x", MDEVCTL_VERB_START_PARENT_MDEVS, " parent=-x" },
        /* mdevctl 1.3 */
        { "mdevctl modify --uuid=" UUID " --parent=p --jsonfile=/dev/stdin --defined --live",
          MDEVCTL_VERB_MODIFY, " uuid=" UUID " parent=p jsonfile=/dev/stdin defined live" },
        { "mdevctl modify -ldf --jsonfile x -u " UUID, MDEVCTL_VERB_MODIFY,
          " uuid=" UUID " jsonfile=x defined live force" },
        { "mdevctl stop -f -u " UUID, MDEVCTL_VERB_STOP, " uuid=" UUID " force" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(MdevctlRequest) request = { 0 };
        g_auto(MdevctlAnswer) answer = { 0 };
        gboolean is_request = parse(rows[i].line, &request, &answer);
        g_assert_cmpstr(answer.text, ==, NULL);
        g_assert_true(is_request);
        g_autofree char *expected = g_strdup_printf("%d%s", rows[i].verb, rows[i].rest);
        g_autofree char *found = describe(&request);
        g_assert_cmpstr(found, ==, expected);
    }
}

static void test_answers(void)
{
    static const struct {
        const char *line;
        int status;
        const char *begin;
    } rows[] = {
        { "mdevctl", 2, "mdevctl 1.2.0\nA mediated device management utility for Linux\n" },
        { "mdevctl help list", 0, "mdevctl-list 1.2.0\nList mediated devices\n\nWith no options" },
        { "mdevctl -V", 0, "mdevctl 1.2.0\n" },
        { "lsmdev --version", 0, "lsmdev 1.2.0\n" },
        { "lsmdev list", 2, "error: Found argument 'list' which wasn't expected" },
        { "mdevctl stop -u x", 2, "error: Invalid value \"x\" for '--uuid <UUID>': invalid char" },
        { "mdevctl modify -u " UUID " --live", 2,
          "error: The following required arguments were not provided:\n    --jsonfile "
          "<JSONFILE>\n" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(MdevctlRequest) request = { 0 };
        g_auto(MdevctlAnswer) answer = { 0 };
        g_assert_false(parse(rows[i].line, &request, &answer));
        g_assert_cmpint(answer.status, ==, rows[i].status);
        g_assert_cmpint(answer.to_stderr, ==, rows[i].status != 0);
        g_autofree char *begin = g_strndup(answer.text, strlen(rows[i].begin));
        g_assert_cmpstr(begin, ==, rows[i].begin);
    }
}

/* The pages are those of 1.2: what we take besides stands in none of them. */
static void test_hidden(void)
{
    static const char *const verbs[] = { "define", "undefine", "modify", "start", "stop" };
    static const char *const words[] = { "--force", "--live" };
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        g_auto(MdevctlRequest) request = { 0 };
        g_auto(MdevctlAnswer) answer = { 0 };
        g_autofree char *line = g_strdup_printf("mdevctl %s --help", verbs[i]);
        g_assert_false(parse(line, &request, &answer));
        g_assert_cmpint(answer.status, ==, 0);
        for (guint j = 0; j < G_N_ELEMENTS(words); j++)
            g_assert_null(strstr(answer.text, words[j]));
    }
}

static void test_colours(void)
{
    const MdevctlTerminal terminal = { .colour_err = TRUE };
    char *words[] = { (char *)"mdevctl", (char *)"-x", NULL };
    char *page[] = { (char *)"mdevctl", (char *)"-h", NULL };
    g_auto(MdevctlRequest) request = { 0 };
    g_auto(MdevctlAnswer) wrong = { 0 };
    g_auto(MdevctlAnswer) help = { 0 };
    g_assert_false(mdevctl_parse(words, &terminal, &request, &wrong));
    g_assert_true(g_str_has_prefix(wrong.text, "\033[0m\033[1m\033[31merror:\033[0m"));
    g_assert_false(mdevctl_parse(page, &terminal, &request, &help));
    g_assert_null(strchr(help.text, '\033'));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/requests", test_requests);
    g_test_add_func("/options/answers", test_answers);
    g_test_add_func("/options/hidden", test_hidden);
    g_test_add_func("/options/colours", test_colours);
    return g_test_run();
}
