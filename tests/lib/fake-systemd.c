/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-systemd: the part of systemd's manager that starts transient services, for tests.
 *
 *     fake-systemd --answer WORD --record FILE [--private SOCKET]
 *
 * It owns org.freedesktop.systemd1 on the session bus, or listens at SOCKET as the manager does at
 * its private one; prints "ready"; writes each StartTransientUnit() call to FILE as JSON; and runs
 * ExecStart, then ExecStopPost, with the environment, directory and stdout that came. WORD:
 *
 *   done      the job ends as the program's execution goes, as with Type=exec
 *   exists    UnitExists
 *   silent    the call gets no answer
 *   endless   the job is accepted and never ends; StopUnit() is written to FILE, "stop" printed
 *   vanish    the job is accepted and the connection closed
 *   (other)   the job ends with this result and nothing is run
 *
 * When what was run has ended, ExecStopPost too, "down" is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/error.h"
#include "base/json.h"

#define JOB_PATH "/org/freedesktop/systemd1/job/7"

typedef struct {
    const char *answer, *record, *private;
    sd_event *event;
    sd_bus *bus;
    char *unit;
    json_t *properties; /* what came */
    int out;            /* the descriptor that came */
    gboolean stopping;  /* ExecStopPost runs */
    gboolean listened;  /* Subscribe() came */
} Manager;

G_NORETURN static void die(const char *what, int r)
{
    fprintf(stderr, "fake-systemd: %s: %s\n", what, g_strerror(-r));
    exit(1);
}

static int check(const char *what, int r)
{
    if (r < 0)
        die(what, r);
    return r;
}

/* Strings of `as`. */
static json_t *read_words(sd_bus_message *m)
{
    json_t *words = json_array();
    const char *word;
    check("array", sd_bus_message_enter_container(m, 'a', "s"));
    while (check("word", sd_bus_message_read(m, "s", &word)) > 0)
        json_array_append_new(words, json_string(word));
    check("array", sd_bus_message_exit_container(m));
    return words;
}

static json_t *read_commands(sd_bus_message *m)
{
    json_t *commands = json_array();
    check("commands", sd_bus_message_enter_container(m, 'a', "(sasb)"));
    while (check("command", sd_bus_message_enter_container(m, 'r', "sasb")) > 0) {
        const char *path;
        int ignore;
        check("path", sd_bus_message_read(m, "s", &path));
        json_t *words = read_words(m);
        check("flag", sd_bus_message_read(m, "b", &ignore));
        json_array_append_new(
            commands, json_pack("{ss so sb}", "path", path, "words", words, "ignore", ignore));
        check("command", sd_bus_message_exit_container(m));
    }
    check("commands", sd_bus_message_exit_container(m));
    return commands;
}

static json_t *read_value(Manager *manager, sd_bus_message *m, const char *type)
{
    const char *text;
    guint64 number;
    if (g_str_equal(type, "as"))
        return read_words(m);
    if (g_str_equal(type, "a(sasb)"))
        return read_commands(m);
    if (g_str_equal(type, "h")) {
        int fd;
        check("descriptor", sd_bus_message_read(m, "h", &fd));
        manager->out = check("dup", fcntl(fd, F_DUPFD_CLOEXEC, 3));
        return json_true();
    }
    if (g_str_equal(type, "t")) {
        check("number", sd_bus_message_read(m, "t", &number));
        return json_integer((json_int_t)number);
    }
    check(type, sd_bus_message_read(m, "s", &text));
    return json_string(text);
}

/* {"Description": {"type": "s", "value": "..."}, ...} */
static json_t *read_properties(Manager *manager, sd_bus_message *m)
{
    json_t *properties = json_object();
    check("properties", sd_bus_message_enter_container(m, 'a', "(sv)"));
    while (check("property", sd_bus_message_enter_container(m, 'r', "sv")) > 0) {
        const char *name, *type;
        check("name", sd_bus_message_read(m, "s", &name));
        check("variant", sd_bus_message_peek_type(m, NULL, &type));
        check("variant", sd_bus_message_enter_container(m, 'v', type));
        json_t *value = read_value(manager, m, type);
        json_object_set_new(properties, name, json_pack("{ss so}", "type", type, "value", value));
        check("variant", sd_bus_message_exit_container(m));
        check("property", sd_bus_message_exit_container(m));
    }
    check("properties", sd_bus_message_exit_container(m));
    return properties;
}

/* One JSON object a line; takes @object over. */
static void record(const Manager *manager, json_t *object)
{
    FILE *file = fopen(manager->record, "a");
    if (file == NULL)
        die(manager->record, -errno);
    json_dumpf(object, file, JSON_COMPACT);
    fputc('\n', file);
    fclose(file);
    json_decref(object);
}

static json_t *property(const Manager *manager, const char *name)
{
    return json_object_get(json_object_get(manager->properties, name), "value");
}

/* What systemd makes of the words of a command; variables are not replaced here. */
static GStrv command_words(const json_t *command)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    size_t i;
    json_t *word;
    json_array_foreach(json_object_get(command, "words"), i, word)
    {
        g_auto(GStrv) parts = g_strsplit(json_string_value(word), "$$", -1);
        g_autofree char *plain = g_strjoinv("$", parts);
        g_strv_builder_add(words, plain);
    }
    return g_strv_builder_end(words);
}

/* Nothing of our own environment reaches the service but what a manager has, and what came. */
static GStrv service_environment(const Manager *manager)
{
    GStrv environment = g_environ_setenv(NULL, "PATH", "/usr/bin:/bin", TRUE);
    size_t i;
    json_t *word;
    json_array_foreach(property(manager, "Environment"), i, word)
    {
        g_auto(GStrv) pair = g_strsplit(json_string_value(word), "=", 2);
        environment = g_environ_setenv(environment, pair[0], pair[1], TRUE);
    }
    return environment;
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *userdata);

/* Runs the first command of property @name. FALSE when there is none or it could not be executed.
 */
static gboolean run_command(Manager *manager, const char *name)
{
    const json_t *command = json_array_get(property(manager, name), 0);
    if (command == NULL)
        return FALSE;
    g_auto(GStrv) words = command_words(command);
    g_auto(GStrv) environment = service_environment(manager);
    /* GLib would search PATH for words[0]; the path is what counts here */
    g_free(words[0]);
    words[0] = g_strdup(json_get_text(command, "path"));
    g_autoptr(GError) error = NULL;
    GPid pid;
    if (!g_spawn_async_with_fds(json_string_value(property(manager, "WorkingDirectory")), words,
                                environment, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, -1,
                                manager->out, -1, &error))
        return FALSE;
    check("child", sd_event_add_child(manager->event, NULL, pid, WEXITED, on_child, manager));
    return TRUE;
}

/* Signals go out only after Subscribe(), as org.freedesktop.systemd1(5) has it. */
static void end_job(Manager *manager, const char *path, const char *result)
{
    if (!manager->listened)
        return;
    check("signal", sd_bus_emit_signal(manager->bus, "/org/freedesktop/systemd1",
                                       "org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", 7,
                                       path, manager->unit, result));
}

/* The service is down: its descriptor is released only now, as in service_release_stdio_fd(). */
static void release(Manager *manager)
{
    close(manager->out);
    manager->out = -1;
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *userdata)
{
    Manager *manager = userdata;
    gboolean was_stopping = manager->stopping;
    manager->stopping = TRUE;
    if (was_stopping || !run_command(manager, "ExecStopPost")) {
        release(manager);
        puts("down");
        fflush(stdout);
    }
    return 0;
}

/* What becomes of the job; NULL: nothing, ever. */
static const char *job_result(Manager *manager)
{
    if (g_str_equal(manager->answer, "endless"))
        return NULL;
    if (!g_str_equal(manager->answer, "done"))
        return manager->answer;
    return run_command(manager, "ExecStart") ? "done" : "failed";
}

static int answer(Manager *manager, sd_bus_message *m)
{
    check("reply", sd_bus_reply_method_return(m, "o", JOB_PATH));
    if (g_str_equal(manager->answer, "vanish")) {
        sd_bus_flush(manager->bus);
        exit(0);
    }
    end_job(manager, JOB_PATH "7", "failed"); /* another's job ends first, and badly */
    const char *result = job_result(manager);
    if (result != NULL)
        end_job(manager, JOB_PATH, result);
    if (g_strcmp0(result, "done") != 0)
        release(manager);
    return 1;
}

static int on_start(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    Manager *manager = userdata;
    const char *unit, *mode;
    check("unit", sd_bus_message_read(m, "ss", &unit, &mode));
    manager->unit = g_strdup(unit);
    manager->properties = read_properties(manager, m);
    check("aux", sd_bus_message_enter_container(m, 'a', "(sa(sv))"));
    record(manager, json_pack("{ss ss sb sO}", "unit", unit, "mode", mode, "aux",
                              sd_bus_message_at_end(m, 0) == 0, "properties", manager->properties));
    if (!g_str_equal(manager->answer, "silent") && !g_str_equal(manager->answer, "exists"))
        return answer(manager, m);
    release(manager);
    if (g_str_equal(manager->answer, "silent"))
        return 1;
    return sd_bus_error_setf(error, "org.freedesktop.systemd1.UnitExists",
                             "Unit %s was already loaded or has a fragment file.", unit);
}

static int on_subscribe(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    Manager *manager = userdata;
    manager->listened = TRUE;
    return sd_bus_reply_method_return(m, NULL);
}

static int on_stop(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    const char *unit, *mode;
    check("stop", sd_bus_message_read(m, "ss", &unit, &mode));
    record(userdata, json_pack("{ss ss}", "stop", unit, "mode", mode));
    puts("stop");
    fflush(stdout);
    return sd_bus_reply_method_return(m, "o", JOB_PATH);
}

static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", on_start,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Subscribe", NULL, NULL, on_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StopUnit", "ss", "o", on_stop, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

static void serve(Manager *manager)
{
    check("object", sd_bus_add_object_vtable(manager->bus, NULL, "/org/freedesktop/systemd1",
                                             "org.freedesktop.systemd1.Manager", vtable, manager));
    check("event", sd_bus_attach_event(manager->bus, manager->event, 0));
}

/* As bus_on_connection() of systemd's src/core/dbus.c. */
static int on_connection(sd_event_source *source, int fd, guint32 events, void *userdata)
{
    Manager *manager = userdata;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    sd_id128_t id;
    check("accept", peer < 0 ? -errno : 0);
    check("id", sd_id128_randomize(&id));
    check("bus", sd_bus_new(&manager->bus));
    check("fd", sd_bus_set_fd(manager->bus, peer, peer));
    check("server", sd_bus_set_server(manager->bus, 1, id));
    check("descriptors", sd_bus_negotiate_fds(manager->bus, 1));
    check("sender", sd_bus_set_sender(manager->bus, "org.freedesktop.systemd1"));
    check("start", sd_bus_start(manager->bus));
    serve(manager);
    return 0;
}

static void listen_private(Manager *manager)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, manager->private, sizeof(address.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
        die(manager->private, -errno);
    check("listen", sd_event_add_io(manager->event, NULL, fd, POLLIN, on_connection, manager));
}

static void own_name(Manager *manager)
{
    check("session bus", sd_bus_open_user(&manager->bus));
    serve(manager);
    check("name", sd_bus_request_name(manager->bus, "org.freedesktop.systemd1", 0));
}

int main(int argc, char **argv)
{
    Manager manager = { .out = -1 };
    const GOptionEntry entries[] = {
        { "answer", 0, 0, G_OPTION_ARG_STRING, &manager.answer, NULL, NULL },
        { "record", 0, 0, G_OPTION_ARG_STRING, &manager.record, NULL, NULL },
        { "private", 0, 0, G_OPTION_ARG_STRING, &manager.private, NULL, NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, NULL) || manager.answer == NULL ||
        manager.record == NULL)
        die("--answer WORD --record FILE [--private SOCKET]", -EINVAL);

    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    check("event", sd_event_default(&manager.event));
    if (manager.private != NULL)
        listen_private(&manager);
    else
        own_name(&manager);
    puts("ready");
    fflush(stdout);
    return sd_event_loop(manager.event) < 0;
}
