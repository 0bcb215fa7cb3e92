/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/user.h"
#include "session/serve.h"

static char *listen_address;
static gboolean open_it;

static const GOptionEntry serve_options[] = {
    { "listen", 0, 0, G_OPTION_ARG_STRING, &listen_address,
      "Where to listen; beyond this machine https is served", "HOST:PORT" },
    { "open", 0, 0, G_OPTION_ARG_NONE, &open_it, "Open the page in the browser of this desktop",
      NULL },
    G_OPTION_ENTRY_NULL,
};

/*
 * A page that leads to the address, for us alone to read: words of a command line are for all users
 * of a machine, and the first who opens the address is let in. Owned; NULL with @error set.
 */
static char *write_detour(const CmdContext *context, const char *url, GError **error)
{
    g_autofree char *directory = user_data_directory(context->root);
    g_autofree char *path = g_strdup_printf("%s/serve-%d.html", directory, (int)getpid());
    g_autofree char *escaped = g_markup_escape_text(url, -1);
    g_autofree char *text =
        g_strdup_printf("<!doctype html><meta charset=\"utf-8\"><title>vgpuctl</title>"
                        "<meta http-equiv=\"refresh\" content=\"0;url=%s\">\n",
                        escaped);
    if (!file_make_directory(directory, 0700, error) ||
        !file_write_atomic(path, text, strlen(text), 0600, error))
        return NULL;
    return g_steal_pointer(&path);
}

static gboolean open_browser(const char *path, GError **error)
{
    const char *const argv[] = { "xdg-open", path, NULL };
    g_autoptr(GError) reason = NULL;
    if (g_spawn_async(NULL, (char **)argv, NULL,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                      NULL, NULL, NULL, &reason))
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_FAILED,
                     "Opening a browser: %s (package xdg-utils); without --open the address is "
                     "printed",
                     reason->message);
}

typedef struct {
    const CmdContext *context;
    char *detour; /* to be removed; NULL: none */
} Serving;

static gboolean print_address(const CmdContext *context, const ServeAddress *address,
                              GError **error)
{
    if (context->json) {
        g_autoptr(json_t) object = record_to_json(&serve_address_type, address);
        char *text = json_dumps(object, JSON_COMPACT);
        g_autofree char *line = g_strconcat(text, "\n", NULL);
        free(text);
        return cmd_print(line, error) == 0;
    }
    g_autofree char *line = g_strconcat(address->url, "\n", NULL);
    if (cmd_print(line, error) != 0)
        return FALSE;
    if (address->fingerprint != NULL)
        fprintf(stderr, "Certificate: SHA-256 %s\n", address->fingerprint);
    if (isatty(STDERR_FILENO))
        fputs("This address lets in the first browser that opens it. Ctrl-C ends.\n", stderr);
    return TRUE;
}

static gboolean on_ready(const ServeAddress *address, gpointer userdata, GError **error)
{
    Serving *serving = userdata;
    if (!print_address(serving->context, address, error))
        return FALSE;
    if (!open_it)
        return TRUE;
    serving->detour = write_detour(serving->context, address->url, error);
    return serving->detour != NULL && open_browser(serving->detour, error);
}

static void on_said(const char *line, gpointer unused)
{
    fprintf(stderr, "web: %s\n", line);
}

/* One VM is shown at once, several in a list. */
static int run_serve(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!user_leave_sudo(error) || !cmd_collect_stale(context->root, error))
        return 1;
    Serving serving = { .context = context };
    const ServeSpec spec = {
        .root = context->root,
        .names = arguments[0] != NULL ? (const char *const *)arguments : NULL,
        .listen = listen_address,
        .ready = on_ready,
        .said = on_said,
        .userdata = &serving,
    };
    gboolean done = session_serve(&spec, error);
    if (serving.detour != NULL)
        (void)unlink(serving.detour);
    g_free(serving.detour);
    return done ? 0 : 1;
}

const Command command_serve = {
    .name = "serve",
    .group = "Virtual machines",
    .arguments = "[NAME]...",
    .summary = "Show the screens of VMs in a browser",
    .details =
        "Prints an address that lets in the first browser that opens it, and serves it until\n"
        "Ctrl-C. Without a name all VMs are shown that have a VNC display, also those that are\n"
        "started later.",
    .example = "  vgpuctl serve web --open",
    .options = serve_options,
    .prints_json = TRUE,
    .run = run_serve,
};
