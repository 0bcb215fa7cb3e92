/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/libexec.h"
#include "base/spawn.h"
#include "base/user.h"
#include "session/detach.h"
#include "vm/rundir-list.h"

/* unit-start's way of saying that there is no manager to talk to. */
#define STATUS_UNAVAILABLE 3

/*
 * What a unit's clean environment lacks and a VM may need: the screen, the paths, our own, and what
 * tells the graphics libraries what to do, since the vGPU was chosen under it. Not all there is: a
 * unit's environment can be read by D-Bus, that of the system's units by everybody.
 */
static const char *const inherited[] = {
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_DIRS",
    "HOME",
    "TMPDIR",
    "PATH",
    "LANG",
    "LC_*",
    "VGPUCTL_*",
    "QEMU_MODULE_DIR",
    "LD_LIBRARY_PATH",
    "LIBGL_*",
    "MESA_*",
    "GALLIUM_*",
    "DRI_PRIME",
    "EGL_*",
    "__EGL_*",
    "__GLX_*",
    "GBM_*",
    "VK_*",
    "GDK_*",
    "SDL_*",
    "PULSE_*",
    "PIPEWIRE_*",
};

static void add(GPtrArray *words, const char *word)
{
    g_ptr_array_add(words, g_strdup(word));
}

static gboolean is_inherited(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(inherited); i++)
        if (g_pattern_match_simple(inherited[i], name))
            return TRUE;
    return FALSE;
}

static void add_environment(GPtrArray *words)
{
    g_auto(GStrv) names = g_listenv();
    for (char **name = names; *name != NULL; name++) {
        if (!is_inherited(*name))
            continue;
        add(words, "--environment");
        g_ptr_array_add(words, g_strdup_printf("%s=%s", *name, g_getenv(*name)));
    }
    add(words, "--environment");
    g_ptr_array_add(words, g_strdup_printf("%s=%d", SESSION_REPORT_VARIABLE, STDOUT_FILENO));
}

/* Our own words, from the kernel: options were consumed by the parser. */
static gboolean add_own_command(GPtrArray *words, const char *self, GError **error)
{
    g_autofree char *line = NULL;
    gsize length = 0;
    if (!g_file_get_contents("/proc/self/cmdline", &line, &length, error))
        return FALSE;
    add(words, self);
    for (const char *word = line + strlen(line) + 1; word < line + length; word += strlen(word) + 1)
        add(words, word);
    return TRUE;
}

static GStrv unit_command(const SessionRequest *request, GError **error)
{
    const char *name = request->prepare.config->name;
    g_autofree char *self = g_file_read_link("/proc/self/exe", error);
    if (self == NULL)
        return NULL;
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(words, libexec_path("unit-start"));
    if (user_is_root())
        add(words, "--system");
    add(words, "--unit");
    g_ptr_array_add(words, g_strdup_printf("vgpuctl-%s.service", name));
    add(words, "--description");
    g_ptr_array_add(words, g_strdup_printf("Virtual machine %s", name));
    add(words, "--stop-timeout");
    g_ptr_array_add(words, g_strdup_printf("%u", request->grace_s + 10));
    const char *const stop_post[] = { self, "gc", "--quiet" };
    for (gsize i = 0; i < G_N_ELEMENTS(stop_post); i++) {
        add(words, "--stop-post");
        add(words, stop_post[i]);
    }
    add_environment(words);
    add(words, "--");
    if (!add_own_command(words, self, error))
        return NULL;
    g_ptr_array_add(words, NULL);
    g_ptr_array_set_free_func(words, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

/* All that comes until the other end is closed, as one line. Owned. */
static char *read_line(int fd)
{
    GString *text = g_string_new(NULL);
    char buffer[512];
    for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) != 0;) {
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            g_string_append_len(text, buffer, n);
    }
    g_strdelimit(g_strstrip(text->str), "\n", ' ');
    return g_string_free(text, FALSE);
}

/* Runs unit-start; its wait status, and in *@ret_words what it said. -1 with @error set. */
static int run_helper(const char *const *argv, int report_fd, char **ret_words, GError **error)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
        error_set_errno(error, errno, "Starting %s", argv[0]);
        return -1;
    }
    autofd int reader = pipe_fds[0], writer = pipe_fds[1];
    SpawnRequest spawn = { .argv = argv, .in = -1, .out = report_fd, .err = writer };
    pid_t pid;
    int pidfd_number;
    if (!spawn_child(&spawn, &pid, &pidfd_number, error))
        return -1;
    autofd int pidfd = pidfd_number;
    close(steal_fd(&writer));
    *ret_words = read_line(reader);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static UnitStart judge_helper(const SessionRequest *request, int status, const char *words,
                              GError **error)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return UNIT_START_DONE;
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_UNAVAILABLE)
        return UNIT_START_UNAVAILABLE;
    error_set(error, VGPUCTL_ERROR_FAILED, "VM '%s' was not started: %s",
              request->prepare.config->name, *words != '\0' ? words : "unit-start crashed");
    return UNIT_START_FAILED;
}

/* In the VM's words: the manager only knows that there is such a unit. */
static gboolean check_not_running(const Root *root, const char *name, GError **error)
{
    g_autoptr(RunDirEntry) vm = rundir_find_running(root, name, NULL);
    if (vm == NULL)
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_EXISTS,
                     "VM '%s' is running: 'vgpuctl stop %s' ends it, --name gives this one another "
                     "name",
                     name, name);
}

UnitStart unit_start(const Root *root, const SessionRequest *request, int report_fd, GError **error)
{
    /* sd_booted(3) */
    if (!root_is_system(root) || !root_exists(root, "/run/systemd/system"))
        return UNIT_START_UNAVAILABLE;
    if (!check_not_running(root, request->prepare.config->name, error))
        return UNIT_START_FAILED;
    g_auto(GStrv) argv = unit_command(request, error);
    if (argv == NULL)
        return UNIT_START_FAILED;
    if (access(argv[0], X_OK) < 0) /* built or packaged without it */
        return UNIT_START_UNAVAILABLE;
    g_autofree char *words = NULL;
    int status = run_helper((const char *const *)argv, report_fd, &words, error);
    return status < 0 ? UNIT_START_FAILED : judge_helper(request, status, words, error);
}

char *unit_log_hint(const char *name)
{
    return g_strdup_printf("`journalctl%s --unit=vgpuctl-%s.service`",
                           user_is_root() ? "" : " --user", name);
}

char *unit_linger_note(const Root *root)
{
    /* logind_running() in systemd's login-util.h */
    if (user_is_root() || !root_exists(root, "/run/systemd/seats"))
        return NULL;
    const struct passwd *person = getpwuid(geteuid());
    if (person == NULL)
        return NULL;
    /* user_check_linger_file() in systemd's logind-user.c */
    g_autofree char *file = g_build_filename("/var/lib/systemd/linger", person->pw_name, NULL);
    if (root_exists(root, file))
        return NULL;
    return g_strdup("the VM ends with your last login session; 'loginctl enable-linger' lets your "
                    "units go on");
}
