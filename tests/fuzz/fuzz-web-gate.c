/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What strangers may say to the web server before they are let in: Host, Origin, Cookie, path and
 * token, one a line; and the list of VMs that vgpuctl tells it. Nobody gets in who does not know
 * the session or the token; a host that is ours is one name and our port; a VM has a checked name.
 */
#include "fuzz.h"

#include <string.h>

#include "base/cleanup.h"
#include "libexec/web-gate.h"
#include "libexec/web-vms.h"

#define PORT 8080

static void check_host(const WebGate *gate, const char *host)
{
    if (!web_gate_is_our_host(gate, host))
        return;
    g_assert(g_str_has_suffix(host, ":8080"));
    g_assert(strpbrk(host, " \t\r\n/@,?#%") == NULL);
    g_assert(g_ascii_isalnum(*host) || *host == '[');
}

static void check_gate(char **lines)
{
    /* the secrets are others in each run, as they are in each server: no input can know them */
    static WebGate *gate;
    if (gate == NULL)
        gate = web_gate_new("http", PORT, NULL, NULL);
    guint n = g_strv_length(lines);
    WebRequest request = { .method = "GET",
                           .host = lines[0],
                           .origin = n > 1 && *lines[1] != '\0' ? lines[1] : NULL,
                           .cookie = n > 2 ? lines[2] : NULL,
                           .path = n > 3 ? lines[3] : web_gate_prefix(gate),
                           .token = n > 4 ? lines[4] : NULL };
    check_host(gate, lines[0]);
    for (int upgrades = 0; upgrades < 2; upgrades++) {
        request.upgrades = upgrades == 1;
        WebVerdict verdict = web_gate_judge(gate, &request);
        g_assert(verdict != WEB_ADMITTED && verdict != WEB_ADMITTED_BY_TOKEN);
        request.path = web_gate_prefix(gate);
    }
    /* with the session the rest decides */
    g_autofree char *cookie = web_gate_cookie(gate);
    *strchr(cookie, ';') = '\0';
    request.cookie = cookie;
    request.upgrades = FALSE;
    gboolean ours =
        web_gate_is_our_host(gate, request.host) &&
        (request.origin == NULL || web_gate_is_our_origin(gate, request.host, request.origin));
    g_assert((web_gate_judge(gate, &request) == WEB_ADMITTED) == ours);
}

static void check_list(const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) vms = web_vms_from_text(text, length, &error);
    g_assert((vms == NULL) == (error != NULL));
    for (guint i = 0; vms != NULL && i < vms->len; i++) {
        const WebVm *vm = vms->pdata[i];
        g_assert(web_vms_find(vms, vm->name) == vm);
        g_assert(*vm->socket == '/' && strpbrk(vm->name, "/\"\\ ") == NULL);
    }
    if (vms != NULL) {
        g_autofree char *told = web_vms_for_page(vms);
        g_assert(g_utf8_validate(told, -1, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = size > 0 ? g_strndup((const char *)data, size) : g_strdup("");
    g_auto(GStrv) lines = g_strsplit(text, "\n", 5);
    if (lines[0] != NULL)
        check_gate(lines);
    check_list((const char *)data, size);
    return 0;
}
