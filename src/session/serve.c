/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/serve.h"

#include <errno.h>
#include <glib-unix.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/libexec.h"
#include "base/spawn.h"
#include "base/user.h"
#include "session/display-server.h"
#include "vm/rundir-list.h"
#include "vm/rundir.h"

/* A VM that was killed says nothing: its lock is looked at. */
#define LOOK_S 2
#define WORDS_LIMIT 65536
#define LINE_LIMIT 4096 /* a longer one is several */

static const Field serve_address_fields[] = {
    FIELD_TEXT_(ServeAddress, url, "address that lets in the first browser that opens it"),
    FIELD_TEXT_(ServeAddress, fingerprint, "SHA-256 of the server's certificate"),
    FIELD_TEXTS_(ServeAddress, vms, "VMs that are shown in the beginning"),
    FIELD_END,
};
const RecordType serve_address_type = { "serve-address", sizeof(ServeAddress),
                                        serve_address_fields };

typedef struct {
    const ServeSpec *spec;
    GMainLoop *loop;
    char *told; /* the list as the server has it */
    int in;     /* its standard input */
    guint sources[5];
    int err;       /* its standard error */
    guint errors;  /* that is watched; 0: it has ended */
    GString *line; /* of it, not whole yet */
    char *last;    /* whole one */
    GError *error;
} Serve;

static gboolean has_socket(const RunDirEntry *vm)
{
    struct stat info;
    g_autofree char *path = g_build_filename(vm->path, RUNDIR_VNC_SOCKET, NULL);
    return stat(path, &info) == 0 && S_ISSOCK(info.st_mode);
}

static gboolean is_wanted(const ServeSpec *spec, const RunDirEntry *vm)
{
    return vm->running && vm->state != NULL && vm->state->phase != VM_PHASE_STARTING &&
           (spec->names == NULL || g_strv_contains(spec->names, vm->name)) && has_socket(vm);
}

/* As web-vms.h wants it. */
static json_t *vm_to_json(const RunDirEntry *vm)
{
    g_autofree char *socket = g_build_filename(vm->path, RUNDIR_VNC_SOCKET, NULL);
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(vm->name));
    json_object_set_new(object, "socket", json_string(socket));
    if (vm->state->vgpu != NULL)
        json_object_set_new(object, "vgpu", json_string(vm->state->vgpu));
    json_object_set_new(object, "started_at_s", json_integer((json_int_t)vm->state->started_at_s));
    return object;
}

/* The line that tells of all VMs to be shown, owned; their names go to *@ret_names, may be NULL. */
static char *list_vms(const ServeSpec *spec, GStrv *ret_names, GError **error)
{
    g_autoptr(GPtrArray) vms = rundir_list(spec->root, error);
    if (vms == NULL)
        return NULL;
    g_autoptr(json_t) list = json_array();
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    for (guint i = 0; i < vms->len; i++) {
        const RunDirEntry *vm = vms->pdata[i];
        if (!is_wanted(spec, vm))
            continue;
        json_array_append_new(list, vm_to_json(vm));
        g_strv_builder_add(names, vm->name);
    }
    if (ret_names != NULL)
        *ret_names = g_strv_builder_end(names);
    char *text = json_dumps(list, JSON_COMPACT);
    char *line = g_strconcat(text, "\n", NULL);
    free(text);
    return line;
}

/* A VM that was asked for by name, but has nothing that we could show. */
static gboolean check_vm(const Root *root, const char *name, GError **error)
{
    g_autoptr(RunDirEntry) vm = rundir_find_running(root, name, error);
    if (vm == NULL)
        return FALSE;
    if (vm->state == NULL || vm->state->phase == VM_PHASE_STARTING)
        return error_set(error, VGPUCTL_ERROR_BUSY, "VM '%s' is still starting", name);
    g_autofree char *ended = display_server_ended_words(root, name);
    if (vm->state->display_ended)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "%s", ended);
    return has_socket(vm) ||
           error_set(error, VGPUCTL_ERROR_REFUSED,
                     "The display of VM '%s' (%s) is none that a browser can show; start it with "
                     "--display vnc",
                     name, vm->state->display);
}

/* Whether there is anything to show now. */
static gboolean check_vms(const ServeSpec *spec, GStrv names, GError **error)
{
    for (guint i = 0; spec->names != NULL && spec->names[i] != NULL; i++)
        if (!check_vm(spec->root, spec->names[i], error))
            return FALSE;
    if (names[0] != NULL)
        return TRUE;
    g_autoptr(GPtrArray) vms = rundir_list(spec->root, error);
    if (vms == NULL)
        return FALSE;
    for (guint i = 0; i < vms->len; i++)
        if (((const RunDirEntry *)vms->pdata[i])->running)
            return error_set(error, VGPUCTL_ERROR_REFUSED,
                             "No VM that runs can be shown in a browser; start one with "
                             "--display vnc");
    return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                     "No VM runs; vgpuctl run --display vnc starts one");
}

static gboolean tell(Serve *serve, const char *line, GError **error)
{
    for (gsize done = 0, length = strlen(line); done < length;) {
        gssize step = send(serve->in, line + done, length - done, MSG_NOSIGNAL);
        if (step < 0 && errno != EINTR)
            return error_set_errno(error, errno, "Telling the web server of VMs");
        done += step > 0 ? (gsize)step : 0;
    }
    return TRUE;
}

static void end_with(Serve *serve, GError *error)
{
    if (serve->error == NULL)
        serve->error = error;
    else
        g_clear_error(&error);
    g_main_loop_quit(serve->loop);
}

static gboolean on_look(gpointer userdata)
{
    Serve *serve = userdata;
    GError *error = NULL;
    g_autofree char *line = list_vms(serve->spec, /* ret_names= */ NULL, &error);
    if (line != NULL && !g_str_equal(line, serve->told) && tell(serve, line, &error)) {
        g_free(serve->told);
        serve->told = g_steal_pointer(&line);
    }
    if (error != NULL)
        end_with(serve, error);
    return G_SOURCE_CONTINUE;
}

static gboolean on_signal(gpointer userdata)
{
    end_with(userdata, NULL);
    return G_SOURCE_CONTINUE;
}

static void take_line(Serve *serve)
{
    if (serve->line->len == 0)
        return;
    g_free(serve->last);
    serve->last = g_strdup(serve->line->str);
    g_string_truncate(serve->line, 0);
    if (serve->spec->said != NULL)
        serve->spec->said(serve->last, serve->spec->userdata);
}

/* FALSE when there is nothing to read now. */
static gboolean read_errors(Serve *serve)
{
    char data[4096];
    gssize length = read(serve->err, data, sizeof data);
    for (gssize i = 0; i < length; i++) {
        if (data[i] == '\n' || serve->line->len >= LINE_LIMIT)
            take_line(serve);
        if (data[i] != '\n')
            g_string_append_c(serve->line, data[i]);
    }
    return length > 0;
}

/* A server that nobody hears would stand still one day, its pipe being full. */
static gboolean on_errors(gint fd, GIOCondition condition, gpointer userdata)
{
    Serve *serve = userdata;
    if (read_errors(serve) || (condition & ~G_IO_IN) == 0)
        return G_SOURCE_CONTINUE;
    serve->errors = 0;
    return G_SOURCE_REMOVE;
}

static gboolean on_server_gone(gint fd, GIOCondition condition, gpointer userdata)
{
    Serve *serve = userdata;
    GError *error = NULL;
    while (read_errors(serve))
        ;
    take_line(serve);
    error_set(&error, VGPUCTL_ERROR_FAILED, "The web server has ended%s%s",
              serve->last != NULL ? ": " : "", serve->last != NULL ? serve->last : "");
    end_with(userdata, error);
    return G_SOURCE_CONTINUE;
}

/* All that was written to @fd until its end, or its first @lines lines. Owned. */
static char *read_words(int fd, guint lines)
{
    GString *text = g_string_new(NULL);
    char byte;
    while (text->len < WORDS_LIMIT && lines > 0) {
        gssize length = read(fd, &byte, 1);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            break;
        g_string_append_c(text, byte);
        lines -= byte == '\n';
    }
    return g_string_free(text, FALSE);
}

typedef struct {
    pid_t pid;
    int pidfd, in, out, err;
} Server;

static void server_clear(Server *server)
{
    autofd_close(&server->in); /* its end is that of the server */
    autofd_close(&server->out);
    autofd_close(&server->err);
    if (server->pidfd >= 0)
        (void)waitpid(server->pid, NULL, 0);
    autofd_close(&server->pidfd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Server, server_clear)

static gboolean start_server(const ServeSpec *spec, Server *server, GError **error)
{
    g_autofree char *program = libexec_path("web");
    g_autofree char *directory = user_data_directory(spec->root);
    const char *argv[] = {
        program,
        "--follow",
        "--tls-directory",
        directory,
        spec->listen != NULL ? "--listen" : NULL,
        spec->listen,
        NULL,
    };
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
    gboolean done = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) == 0 &&
                    pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0;
    if (!done)
        error_set_errno(error, errno, "Preparing the web server");
    const SpawnRequest request = { .argv = argv, .in = in[1], .out = out[1], .err = err[1] };
    done = done && spawn_child(&request, &server->pid, &server->pidfd, error);
    server->in = in[0], server->out = out[0], server->err = err[0];
    autofd_close(&in[1]);
    autofd_close(&out[1]);
    autofd_close(&err[1]);
    return done;
}

/* The address, once the server is there; else what it complained of. */
static ServeAddress *await_address(const ServeSpec *spec, const Server *server, GError **error)
{
    g_autofree char *words = read_words(server->out, 2);
    g_auto(GStrv) lines = g_strsplit(words, "\n", 3);
    if (g_strv_length(lines) == 3) {
        ServeAddress *address = record_new(&serve_address_type);
        const char *only = spec->names != NULL && spec->names[1] == NULL ? spec->names[0] : NULL;
        address->url = g_strconcat(lines[0], only != NULL ? "#" : NULL, only, NULL);
        address->fingerprint = *lines[1] != '\0' ? g_strdup(lines[1]) : NULL;
        return address;
    }
    g_autofree char *why = read_words(server->err, G_MAXUINT);
    g_strchomp(why);
    error_set(error, VGPUCTL_ERROR_FAILED, "%s",
              *why != '\0' ? why : "The web server ended without a word");
    return NULL;
}

/* From before the address is out: who reads it may end us at once. */
static void watch(Serve *serve, const Server *server)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    serve->loop = g_main_loop_new(NULL, FALSE);
    guint n = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        serve->sources[n++] = g_unix_signal_add(signals[i], on_signal, serve);
    serve->sources[n++] = g_timeout_add_seconds(LOOK_S, on_look, serve);
    serve->sources[n++] = g_unix_fd_add(server->pidfd, G_IO_IN, on_server_gone, serve);
    serve->err = server->err;
    serve->line = g_string_new(NULL);
    g_unix_set_fd_nonblocking(serve->err, TRUE, NULL);
    serve->errors = g_unix_fd_add(serve->err, G_IO_IN | G_IO_HUP | G_IO_ERR, on_errors, serve);
}

static void unwatch(Serve *serve)
{
    for (gsize i = 0; i < G_N_ELEMENTS(serve->sources); i++)
        g_source_remove(serve->sources[i]);
    g_clear_handle_id(&serve->errors, g_source_remove);
    g_string_free(serve->line, TRUE);
    g_free(serve->last);
    g_main_loop_unref(serve->loop);
}

/* Until somebody ends it; TRUE: as asked. */
static gboolean serve_on(Serve *serve, ServeAddress *address, GError **error)
{
    if (!tell(serve, serve->told, error) ||
        !serve->spec->ready(address, serve->spec->userdata, error))
        return FALSE;
    g_main_loop_run(serve->loop);
    if (serve->error == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&serve->error));
    return FALSE;
}

gboolean session_serve(const ServeSpec *spec, GError **error)
{
    g_auto(GStrv) names = NULL;
    g_autofree char *line = list_vms(spec, &names, error);
    if (line == NULL || !check_vms(spec, names, error))
        return FALSE;
    g_auto(Server) server = { .pidfd = -1, .in = -1, .out = -1, .err = -1 };
    if (!start_server(spec, &server, error))
        return FALSE;
    ServeAddress *address = await_address(spec, &server, error);
    if (address == NULL)
        return FALSE;
    address->vms = g_steal_pointer(&names);
    Serve serve = { .spec = spec, .told = g_steal_pointer(&line), .in = server.in };
    watch(&serve, &server);
    gboolean done = serve_on(&serve, address, error);
    unwatch(&serve);
    record_free(&serve_address_type, address);
    g_free(serve.told);
    return done;
}
