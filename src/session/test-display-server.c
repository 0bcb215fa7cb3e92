/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the programs that show a screen are given, and what becomes of the sockets: with stand-ins
 * for them that write their words into a file. */
#include "session/display-server.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/user.h"

#define SERVES "for n; do :; done; echo > /proc/self/fd/$n\nexec sleep 1000\n"

static char *directory, *run_directory;

typedef struct {
    int qemu;
    GString *said;
    guint changed;
    Root *root;
} Place;

static void on_said(const char *text, gsize length, gpointer userdata)
{
    g_string_append_len(((Place *)userdata)->said, text, (gssize)length);
}

static void on_changed(gpointer userdata)
{
    ((Place *)userdata)->changed++;
}

static void write_program(const char *name, const char *script)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\necho \"$@\" >> %s/%s.words\n"
                                            "echo $$ > %s/%s.pid\n%s",
                                            directory, name, directory, name, script);
    g_assert_true(file_write_atomic(path, text, strlen(text), 0755, NULL));
}

static char *content(const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void place_init(Place *place)
{
    *place = (Place){ .qemu = eventfd(0, EFD_CLOEXEC),
                      .said = g_string_new(NULL),
                      .root = root_open(directory, NULL) };
    run_directory = g_build_filename(directory, "run", NULL);
    g_assert_cmpint(g_mkdir(run_directory, 0700), ==, 0);
    write_program("display", SERVES);
    write_program("web", "echo http://127.0.0.1:1/$$\n" SERVES);
}

static void place_clear(Place *place)
{
    close(place->qemu);
    g_string_free(place->said, TRUE);
    root_free(place->root);
    file_remove_tree(run_directory, NULL);
    g_clear_pointer(&run_directory, g_free);
    static const char *const names[] = { "display.words", "web.words" };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(directory, names[i], NULL);
        g_unlink(path);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static DisplayServer *start(Place *place, const PlanServer *plan, GError **error)
{
    const DisplayServerSpec spec = { .root = place->root,
                                     .plan = plan,
                                     .name = "work",
                                     .run_directory = run_directory,
                                     .qemu_pidfd = place->qemu,
                                     .limit_s = 600,
                                     .said = on_said,
                                     .changed = on_changed,
                                     .userdata = place };
    return display_server_start(&spec, error);
}

/* The words of the program without the numbers of descriptors, and @run@ for the directory. */
static char *words_of(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".words", NULL);
    g_autofree char *text = content(file);
    g_autoptr(GString) words = g_string_new(text);
    g_string_replace(words, run_directory, "@run@", 0);
    g_autoptr(GRegex) numbers = g_regex_new("-fd \\d+", 0, 0, NULL);
    g_autofree char *plain = g_regex_replace_literal(numbers, words->str, -1, 0, "-fd N", 0, NULL);
    return g_strdup(g_strchomp(plain));
}

static void test_words(void)
{
    static const struct {
        PlanServer plan;
        const char *words;
    } cases[] = {
        { { .source = SERVER_DBUS },
          "--name work --source dbus --qmp @run@/qmp.sock --unix-fd N --ready-fd N" },
        { { .source = SERVER_DBUS, .node = (char *)"/dev/dri/renderD128" },
          "--name work --source dbus --qmp @run@/qmp.sock --node /dev/dri/renderD128 --unix-fd N "
          "--ready-fd N" },
        { { .source = SERVER_AUTO, .node = (char *)"/dev/dri/renderD128" },
          "--name work --source auto --qmp @run@/qmp.sock --door @run@/vgpu.sock --node "
          "/dev/dri/renderD128 --unix-fd N --ready-fd N" },
        { { .source = SERVER_VFIO },
          "--name work --source vfio --door @run@/vgpu.sock --input @run@/input.sock --unix-fd N "
          "--ready-fd N" },
        { { .source = SERVER_RFB },
          "--name work --source rfb --vnc @run@/qemu-vnc.sock --unix-fd N --ready-fd N" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Place) place;
        place_init(&place);
        g_autoptr(GError) error = NULL;
        g_autoptr(DisplayServer) server = start(&place, &cases[i].plan, &error);
        g_assert_no_error(error);
        g_autofree char *words = words_of("display");
        g_assert_cmpstr(words, ==, cases[i].words);
        g_assert_null(display_server_url(server));
        g_assert_null(display_server_fingerprint(server));
    }
}

static gboolean connects(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

/* both sockets are there while the VM runs, and the user's goes with it */
static void test_sockets(void)
{
    g_auto(Place) place;
    place_init(&place);
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "a@b.sock", NULL);
    g_autofree char *socket = plan_escape(path);
    g_autofree char *private = g_build_filename(run_directory, "vnc.sock", NULL);
    const PlanServer plan = { .source = SERVER_DBUS, .socket = socket };
    DisplayServer *server = start(&place, &plan, &error);
    g_assert_no_error(error);
    g_assert_true(connects(path));
    g_assert_true(connects(private));
    g_autofree char *words = words_of("display");
    g_assert_nonnull(strstr(words, " --unix-fd N --socket-fd N "));
    display_server_free(server);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_false(connects(private));
}

/* A certificate of the word "certificate": its digest is that of the decoded bytes. */
static void test_tcp(void)
{
    g_auto(Place) place;
    place_init(&place);
    g_autoptr(GError) error = NULL;
    const PlanServer plan = { .source = SERVER_DBUS, .host = (char *)"127.0.0.1", .port = 0 };
    g_autoptr(DisplayServer) server = start(&place, &plan, &error);
    g_assert_no_error(error);
    g_autofree char *data = user_data_directory(place.root);
    g_autofree char *tail = g_strdup_printf(
        " --unix-fd N --tcp-fd N --password-file @run@/display-secret --certificate-directory %s "
        "--ready-fd N",
        data);
    g_autofree char *words = words_of("display");
    g_assert_true(g_str_has_suffix(words, tail));

    g_assert_null(display_server_fingerprint(server));
    g_autofree char *path = g_build_filename(data, "certificate.pem", NULL);
    g_assert_cmpint(g_mkdir_with_parents(data, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path,
                                      "-----BEGIN CERTIFICATE-----\nY2VydGlm\naWNhdGU=\n"
                                      "-----END CERTIFICATE-----\n",
                                      -1, NULL));
    g_autofree char *fingerprint = display_server_fingerprint(server);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "certificate", -1);
    g_autoptr(GString) bare = g_string_new(fingerprint);
    g_assert_cmpuint(bare->len, ==, 32 * 3 - 1);
    g_string_replace(bare, ":", "", 0);
    g_assert_cmpint(g_ascii_strcasecmp(bare->str, digest), ==, 0);
}

static void kill_program(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".pid", NULL);
    g_autofree char *pid = content(file);
    g_assert_cmpint(kill(atoi(pid), SIGKILL), ==, 0);
}

/* a page that was started again has another address, and that is told */
static void test_web(void)
{
    g_auto(Place) place;
    place_init(&place);
    g_autoptr(GError) error = NULL;
    const PlanServer plan = { .source = SERVER_DBUS, .web = TRUE };
    g_autoptr(DisplayServer) server = start(&place, &plan, &error);
    g_assert_no_error(error);
    g_autofree char *words = words_of("web");
    g_assert_cmpstr(words, ==,
                    "--vnc-socket @run@/vnc.sock --name work --listen 127.0.0.1:0 --ready-fd N");
    g_autofree char *first = g_strdup(display_server_url(server));
    g_assert_true(g_str_has_prefix(first, "http://127.0.0.1:1/"));
    g_assert_cmpuint(place.changed, ==, 0);
    kill_program("web");
    while (place.changed == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(display_server_url(server), !=, first);
}

/* viewers are turned away when nobody will serve them */
static void test_given_up(void)
{
    g_auto(Place) place;
    place_init(&place);
    g_autoptr(GError) error = NULL;
    const PlanServer plan = { .source = SERVER_DBUS, .web = TRUE };
    g_autoptr(DisplayServer) server = start(&place, &plan, &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(run_directory, "vnc.sock", NULL);
    write_program("display", "echo broken >&2\nexit 1\n");
    g_assert_true(connects(path));
    g_assert_false(display_server_has_ended(server));
    kill_program("display");
    while (!display_server_has_ended(server))
        g_main_context_iteration(NULL, TRUE);
    g_assert_nonnull(strstr(place.said->str, "is not started again"));
    g_assert_cmpuint(place.changed, ==, 1);
    /* who looks for a way to the screen finds none */
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_null(display_server_url(server));
    g_autofree char *words = display_server_ended_words(place.root, "work");
    g_autofree char *log = user_log_directory(place.root);
    g_assert_nonnull(strstr(words, "has ended"));
    g_assert_nonnull(strstr(words, log));
    g_assert_nonnull(strstr(words, "/work.log"));
    g_assert_nonnull(strstr(place.said->str, "broken\n"));
}

static void test_fails(void)
{
    g_auto(Place) place;
    place_init(&place);
    write_program("web", "echo no page >&2\nexit 1\n");
    g_autoptr(GError) error = NULL;
    const PlanServer plan = { .source = SERVER_DBUS, .web = TRUE };
    g_assert_null(start(&place, &plan, &error));
    g_assert_cmpstr(error->message, ==, "web ended before it served: no page");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("server-XXXXXX", NULL);
    g_setenv("VGPUCTL_LIBEXECDIR", directory, TRUE);
    g_setenv("XDG_DATA_HOME", directory, TRUE);
    g_test_add_func("/display-server/words", test_words);
    g_test_add_func("/display-server/sockets", test_sockets);
    g_test_add_func("/display-server/tcp", test_tcp);
    g_test_add_func("/display-server/web", test_web);
    g_test_add_func("/display-server/given-up", test_given_up);
    g_test_add_func("/display-server/fails", test_fails);
    int result = g_test_run();
    file_remove_tree(directory, NULL);
    g_free(directory);
    return result;
}
