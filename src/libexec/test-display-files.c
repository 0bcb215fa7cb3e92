/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "display/gl-reader.h"
#include "libexec/confine.h"
#include "libexec/display-confine.h"

typedef struct {
    char *top, *run, *home;
} Place;

static void set_up(Place *place, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    place->top = g_dir_make_tmp("vgpuctl-files-XXXXXX", &error);
    g_assert_no_error(error);
    place->run = g_build_filename(place->top, "run", NULL);
    place->home = g_build_filename(place->top, "home", NULL);
    g_assert_cmpint(mkdir(place->run, 0700), ==, 0);
    g_assert_cmpint(mkdir(place->home, 0700), ==, 0);
}

static void tear_down(Place *place, gconstpointer unused)
{
    g_assert_true(file_remove_tree(place->top, NULL));
    g_free(place->home);
    g_free(place->run);
    g_free(place->top);
}

static gboolean has_landlock(void)
{
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0)
        return TRUE;
    g_test_skip("this kernel has no Landlock");
    return FALSE;
}

/* The errno of opening a file, 0 when it opens. */
static int try_open(const char *directory, const char *name, int flags)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    autofd int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd >= 0 ? 0 : errno;
}

static gboolean is_limited(const Place *place)
{
    return try_open("/usr", "bin/env", O_RDONLY) == 0 &&
           try_open("/etc", "passwd", O_RDONLY) == 0 &&
           try_open("/proc", "self/status", O_RDONLY) == 0 &&
           try_open("/dev", "null", O_RDWR) == 0 &&
           try_open(place->run, "state.json", O_RDONLY) == EACCES &&
           try_open(place->run, "state.json", O_WRONLY) == EACCES &&
           try_open(place->run, "new", O_RDWR | O_CREAT) == EACCES &&
           try_open(place->home, "secret", O_RDONLY) == EACCES &&
           try_open(place->home, "new", O_RDWR | O_CREAT) == EACCES &&
           try_open(place->top, ".", O_RDONLY | O_DIRECTORY) == EACCES &&
           try_open("/etc", "new", O_RDWR | O_CREAT) == EACCES &&
           try_open("/dev", "zero", O_RDONLY) == EACCES;
}

static gpointer in_thread(gpointer place)
{
    return GINT_TO_POINTER(is_limited(place));
}

static void test_limits(Place *place, gconstpointer unused)
{
    g_autofree char *secret = g_build_filename(place->home, "secret", NULL);
    g_autofree char *state = g_build_filename(place->run, "state.json", NULL);
    g_assert_true(file_write_atomic(secret, "x", 1, 0600, NULL));
    g_assert_true(file_write_atomic(state, "x", 1, 0600, NULL));
    if (!has_landlock())
        return;
    pid_t child = fork();
    if (child == 0) {
        if (!confine_give_up_privileges(NULL) || !display_limit_files(NULL, NULL))
            _exit(2);
        GThread *thread = g_thread_new("later", in_thread, place);
        _exit(is_limited(place) && GPOINTER_TO_INT(g_thread_join(thread)) ? 0 : 1);
    }
    int status = -1;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

static gpointer wait_for_end(gpointer unused)
{
    for (;;)
        pause();
    return NULL;
}

/* a thread that was there before would go on without the limit */
static void test_threads(Place *place, gconstpointer unused)
{
    pid_t child = fork();
    if (child == 0) {
        g_autoptr(GError) error = NULL;
        g_thread_unref(g_thread_new("earlier", wait_for_end, NULL));
        gboolean limited = display_limit_files(NULL, &error);
        _exit(!limited && strstr(error->message, "2 threads") != NULL ? 0 : 1);
    }
    int status = -1;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

/* What OpenGL says of a node that can import nothing: its drivers have been loaded by then. */
static char *ask_opengl(gboolean confined)
{
    int ends[2];
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        g_autoptr(GError) error = NULL;
        if (confined &&
            (!confine_give_up_privileges(&error) || !display_limit_files("/dev/null", &error) ||
             !display_filter_syscalls(TRUE, &error)))
            _exit(2);
        GlReader *reader = gl_reader_new("/dev/null", &error);
        const char *answer = reader != NULL ? "it works" : error->message;
        _exit(file_write_all(ends[1], answer, strlen(answer)) ? 0 : 3);
    }
    close(ends[1]);
    char answer[1024] = "";
    gsize got = 0;
    for (ssize_t n; (n = read(ends[0], answer + got, sizeof answer - 1 - got)) > 0;)
        got += (gsize)n;
    close(ends[0]);
    int status = -1;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    return g_strdup(answer);
}

static void test_opengl(Place *place, gconstpointer unused)
{
    g_autofree char *free_answer = ask_opengl(FALSE);
    g_test_message("%s", free_answer);
    g_autofree char *confined_answer = ask_opengl(TRUE);
    g_assert_cmpstr(confined_answer, ==, free_answer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
    g_test_add("/display-files/" name, Place, NULL, set_up, function, tear_down)
    ADD("limits", test_limits);
    ADD("threads", test_threads);
    ADD("opengl", test_opengl);
    return g_test_run();
}
