/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the planner writes is taken by the QEMU that is installed here: each plan is started,
 * without letting the guest run, until its monitor answers, and ended by it.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "tests/lib/background.h"
#include "tests/lib/sample-facts.h"
#include "rules/display-matrix.h"
#include "vm/qemu-args.h"

typedef struct {
    const char *name;
    const char *vgpu; /* a type of virtio-gpu; NULL: none */
    const char *config;
} Case;

/* DIR stands for the directory of the test's images. */
static const Case cases[] = {
    { "plain", "2d", "[vm]\nname=a\n[disk]\npath=DIR/a.raw\n[vgpu]\nmode=1280x800\n" },
    { "odd-names", "2d", "[vm]\nname=a\nserial=DIR/x,y.log\n[disk]\npath=DIR/b, =@.raw\n" },
    { "snapshot", "2d", "[vm]\nname=a\nsnapshot=true\n[disk]\npath=DIR/b, =@.raw\n" },
    { "readonly", "2d", "[vm]\nname=a\n[disk]\npath=DIR/a.raw\nreadonly=true\n" },
    { "cdrom", "2d", "[vm]\nname=a\n[disk]\npath=DIR/a.raw\n[cdrom]\npath=DIR/cd.iso\n" },
    { "uefi", "2d", "[vm]\nname=a\nfirmware=uefi\n[disk]\npath=DIR/a.raw\n" },
    { "no-screen", NULL, "[vm]\nname=a\n[disk]\npath=DIR/a.raw\n[network]\nmode=none\n" },
    { "no-display", "2d", "[vm]\nname=a\n[disk]\npath=DIR/a.raw\n[display]\nkind=none\n" },
    { "vnc-tcp", "2d",
      "[vm]\nname=a\n[disk]\npath=DIR/a.raw\n[display]\nkind=vnc\naddress=127.0.0.1:98\n" },
    { "vnc-socket", "2d",
      "[vm]\nname=a\n[disk]\npath=DIR/a.raw\n[display]\nkind=vnc\naddress=unix:DIR/v.sock\n" },
    { "spice", "2d", "[vm]\nname=a\n[disk]\npath=DIR/a.raw\n[display]\nkind=spice\n" },
    { "spice-tcp", "2d",
      "[vm]\nname=a\n[disk]\npath=DIR/a.raw\n[display]\nkind=spice\naddress=127.0.0.1:59298\n" },
    { "gtk", "2d", "[vm]\nname=a\n[display]\nkind=gtk\n" },
    { "gtk-opengl", "virgl", "[vm]\nname=a\n[display]\nkind=gtk\n" },
    { "sdl", "2d", "[vm]\nname=a\n[display]\nkind=sdl\n" },
    { "sdl-opengl", "virgl", "[vm]\nname=a\n[display]\nkind=sdl\n" },
    { "usb", "2d", "[vm]\nname=a\n[disk]\npath=DIR/a.raw\n[usb]\nredirect=true\n" },
};

static char *directory;
static QemuFacts *qemu; /* NULL: none is installed */
static GPid xvfb;       /* 0: none is installed */

static VmConfig *read_config(const Case *c)
{
    g_auto(GStrv) parts = g_strsplit(c->config, "DIR", -1);
    g_autofree char *text = g_strjoinv(directory, parts);
    g_autoptr(GError) error = NULL;
    VmConfig *config = vm_config_from_text(text, strlen(text), c->name, &error);
    g_assert_no_error(error);
    config->accel = ACCEL_TCG;
    config->memory_bytes = 64 << 20;
    config->qemu_args = g_strsplit("-S", ",", -1);
    return config;
}

static GPtrArray *probe_disks(const VmConfig *config)
{
    GPtrArray *disks = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < config->disks->len; i++) {
        g_ptr_array_add(disks, disk_probe(((VmDisk *)config->disks->pdata[i])->path, NULL, &error));
        g_assert_no_error(error);
    }
    if (config->cdrom != NULL)
        g_ptr_array_add(disks, disk_probe(config->cdrom, "raw", &error));
    g_assert_no_error(error);
    return disks;
}

/* Starts @argv with the two descriptors it names; the child's stderr is the test's. */
static pid_t start(const Plan *plan, char *const *argv, int monitor, int serial)
{
    pid_t pid = fork();
    if (pid == 0) {
        background_die_with_test(NULL);
        for (guint i = 0; plan->environment != NULL && plan->environment[i] != NULL; i++)
            putenv(plan->environment[i]);
        fcntl(monitor, F_SETFD, 0);
        fcntl(serial, F_SETFD, 0);
        execv(argv[0], argv);
        _exit(127);
    }
    g_assert_cmpint(pid, >, 0);
    return pid;
}

/* Reads one line; FALSE when QEMU went away first. */
static gboolean read_line(int fd, GString *line)
{
    char c;
    g_string_truncate(line, 0);
    while (read(fd, &c, 1) == 1) {
        if (c == '\n')
            return TRUE;
        g_string_append_c(line, c);
    }
    return FALSE;
}

static void assert_starts(const Plan *plan)
{
    int ends[2], serial[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, serial), ==, 0);
    g_autoptr(GHashTable) fds = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(fds, (gpointer) "qmp", GINT_TO_POINTER(ends[1]));
    g_hash_table_insert(fds, (gpointer) "serial", GINT_TO_POINTER(serial[1]));
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) argv = plan_argv(plan, directory, fds, &error);
    g_assert_no_error(error);
    pid_t pid = start(plan, argv, ends[1], serial[1]);
    close(ends[1]);
    close(serial[1]);

    g_autoptr(GString) line = g_string_new(NULL);
    g_assert_true(read_line(ends[0], line));
    g_assert_true(g_str_has_prefix(line->str, "{\"QMP\""));
    static const char commands[] = "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"quit\"}";
    g_assert_true(file_write_all(ends[0], commands, strlen(commands)));
    while (read_line(ends[0], line))
        g_assert_null(strstr(line->str, "\"error\""));
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
    close(ends[0]);
    close(serial[0]);
}

/* NULL, and the test is skipped, where UEFI is wanted and not installed. */
static Firmware *prepare_firmware(const VmConfig *config)
{
    g_autoptr(Root) root = root_open("/", NULL);
    g_autoptr(GError) error = NULL;
    Firmware *firmware = firmware_find(root, &error);
    if (firmware == NULL) {
        g_test_skip(error->message);
        return NULL;
    }
    g_autofree char *vars = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(firmware->vars_template, &vars, &length, NULL));
    g_autofree char *copy = g_build_filename(directory, "vars.fd", NULL);
    g_assert_true(file_write_atomic(copy, vars, length, 0600, NULL));
    return firmware;
}

static gboolean wants_window(const VmConfig *config)
{
    return config->display == DISPLAY_GTK || config->display == DISPLAY_SDL;
}

static void start_case(const Case *c, VmConfig *config, const Firmware *firmware)
{
    VgpuDevice vgpu = { .provider = (char *)"virtio-gpu",
                        .type = (char *)c->vgpu,
                        .console = g_strcmp0(c->vgpu, "2d") == 0 ? CONSOLE_2D : CONSOLE_TEXTURE,
                        .width = 1280,
                        .height = 800,
                        .reason = (char *)"as asked" };
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_7_2, wants_window(config) ? SCREEN_X11 : SCREEN_NONE,
                SAMPLE_NODES_NONE);
    sample.facts.qemu = qemu;
    GPtrArray *disks = probe_disks(config);
    PlanRequest request = { .config = config,
                            .facts = &sample.facts,
                            .vgpu = c->vgpu != NULL ? &vgpu : NULL,
                            .disks = disks,
                            .firmware = firmware };
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = qemu_plan(&request, &error);
    for (guint i = 0; i < disks->len; i++)
        record_free(&disk_info_type, disks->pdata[i]);
    g_ptr_array_unref(disks);
    if (plan == NULL)
        g_test_skip(error->message); /* this QEMU lacks what the case needs */
    else
        assert_starts(plan);
}

static void test_start(gconstpointer data)
{
    const Case *c = data;
    if (qemu == NULL) {
        g_test_skip("no QEMU is installed");
        return;
    }
    g_autoptr(VmConfig) config = read_config(c);
    if (wants_window(config) && xvfb == 0) {
        g_test_skip("no Xvfb is installed");
        return;
    }
    Firmware *firmware = config->firmware == FIRMWARE_UEFI ? prepare_firmware(config) : NULL;
    if (config->firmware == FIRMWARE_BIOS || firmware != NULL)
        start_case(c, config, firmware);
    record_free(&firmware_type, firmware);
}

static void write_file(const char *name, gsize length, const char *data)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *content = g_malloc0(length);
    memcpy(content, data, strlen(data));
    g_assert_true(file_write_atomic(path, content, length, 0600, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("vgpuctl-start-XXXXXX", NULL);
    g_setenv("XDG_CACHE_HOME", directory, TRUE);
    write_file("a.raw", 1 << 20, "");
    write_file("b, =@.raw", 1 << 20, "");
    write_file("cd.iso", 1 << 20, "");
    write_file("display-secret", 8, "secret12");
    g_autoptr(Root) root = root_open("/", NULL);
    qemu = qemu_facts_read(root, NULL, FALSE, NULL);
    xvfb = xvfb_start();
    g_unsetenv("DBUS_SESSION_BUS_ADDRESS"); /* as in a bare session, where GTK would start one */

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/qemu-start/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_start);
    }
    int status = g_test_run();
    background_stop(xvfb);
    record_free(&qemu_facts_type, qemu);
    file_remove_tree(directory, NULL);
    g_free(directory);
    return status;
}
