/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sources that QEMU serves, and their input, against each QEMU that is here: the installed one,
 * and those that tools/other-qemu unpacked. The firmware's text is the guest.
 */
#include "libexec/display-attach.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "display/input-dbus.h"
#include "display/source-dbus.h"
#include "display/source-rfb.h"
#include "tests/lib/background.h"
#include "vm/monitor.h"
#include "vm/rundir.h"

#define LIMIT_MS 120000 /* for what is bound to happen */
#define LIMIT_US (LIMIT_MS * G_GINT64_CONSTANT(1000))

typedef struct {
    GPid pid;
    int in, out;
    char *directory, *socket, *vnc;
} Vm;

static char *find_qemu(const char *suite)
{
    if (*suite == '\0')
        return g_find_program_in_path("qemu-system-x86_64");
    char *path = g_build_filename(g_get_user_cache_dir(), "vgpuctl", "qemu", suite,
                                  "qemu-system-x86_64", NULL);
    if (!g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
        g_clear_pointer(&path, g_free);
    return path;
}

/* Until QEMU says @text, on its monitor or by its trace. */
static void expect_line(const Vm *vm, const char *text)
{
    for (;;) {
        g_autofree char *line = background_read_line(vm->out);
        if (line == NULL)
            g_error("QEMU does not say '%s'", text);
        if (strstr(line, text) != NULL)
            return;
    }
}

/* @display: NULL for VNC. FALSE when that QEMU is not here, and the test is skipped. */
static gboolean start(Vm *vm, const char *suite, const char *display, const char *device)
{
    g_autofree char *program = find_qemu(suite);
    if (program == NULL) {
        g_test_skip(*suite == '\0' ? "no qemu-system-x86_64 here"
                                   : "not unpacked here (tools/other-qemu)");
        return FALSE;
    }
    vm->directory = g_dir_make_tmp("vgpuctl-dbus-XXXXXX", NULL);
    vm->socket = g_build_filename(vm->directory, RUNDIR_QMP_SOCKET, NULL);
    vm->vnc = g_build_filename(vm->directory, "vnc", NULL);
    g_autofree char *vnc = g_strconcat("vnc=unix:", vm->vnc, NULL);
    if (display == NULL)
        display = vnc;
    g_autofree char *qmp = g_strdup_printf("unix:%s,server=on,wait=off", vm->socket);
    /* the first monitor tells when there is a second one, and of the input that comes */
    const char *const argv[] = {
        program, "-nodefaults", "-no-user-config",   "-machine", "q35,accel=tcg", "-device",
        device,  "-device",     "virtio-tablet-pci", "-display", display,         "-qmp",
        qmp,     "-trace",      "input_event_*",     "-D",       "/dev/stdout",   "-qmp",
        "stdio", NULL
    };
    vm->pid = background_start(argv, &vm->in, &vm->out);
    g_assert_cmpint(vm->pid, >, 0);
    /* it is answered by the main loop, which runs once all displays are set up */
    static const char hello[] = "{\"execute\": \"qmp_capabilities\"}\n";
    g_assert_cmpint(write(vm->in, hello, strlen(hello)), ==, strlen(hello));
    expect_line(vm, "{\"return\"");
    return TRUE;
}

static void stop(Vm *vm)
{
    background_stop(vm->pid);
    close(vm->in);
    close(vm->out);
    g_assert_true(file_remove_tree(vm->directory, NULL));
    g_free(vm->directory);
    g_free(vm->socket);
    g_free(vm->vnc);
}

/* All that a display process has of it. */
typedef struct {
    Screen *screen;
    DbusConsole *console;
    Source *source;
    GError *ended;
} Display;

static void on_ended(const GError *reason, gpointer data)
{
    Display *display = data;
    g_assert_null(display->ended);
    display->ended = g_error_copy(reason);
}

static void attach(Display *display, const Vm *vm)
{
    g_autoptr(GError) error = NULL;
    int fd = display_attach(vm->socket, LIMIT_MS, &error);
    g_assert_no_error(error);
    *display = (Display){ .screen = screen_new() };
    display->console = dbus_console_new(fd, LIMIT_MS, &error);
    g_assert_no_error(error);
    const DbusSourceSpec spec = { .screen = display->screen,
                                  .ended = on_ended,
                                  .userdata = display };
    display->source = dbus_source_new(display->console, &spec, &error);
    g_assert_no_error(error);
    screen_set_wanted(display->screen, TRUE);
}

static void detach(Display *display)
{
    screen_cancel(display->screen);
    source_free(display->source);
    dbus_console_unref(display->console);
    screen_free(display->screen);
    g_clear_error(&display->ended);
}

static gboolean wake(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

/* Runs the main context until @done(@data). */
static void wait_until(gboolean (*done)(gpointer), gpointer data)
{
    guint timer = g_timeout_add(10, wake, NULL);
    gint64 deadline = g_get_monotonic_time() + LIMIT_US;
    gboolean good = FALSE;
    while (!(good = done(data)) && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
    g_assert_true(good);
}

static gboolean shows_text(gpointer data)
{
    Display *display = data;
    g_autoptr(Frame) frame = screen_frame(display->screen);
    if (frame == NULL || frame->width != 720 || frame->height != 400)
        return FALSE;
    guint lit = 0;
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            lit += (frame_row(frame, y)[x] & 0xffffff) != 0;
    return lit > 1000; /* more than a cursor */
}

static guint8 *dump(const Vm *vm, gsize *ret_size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Monitor) monitor = monitor_open(vm->directory, LIMIT_MS, &error);
    g_assert_no_error(error);
    autofd int fd = memfd_create("picture", MFD_CLOEXEC);
    monitor_screendump(monitor, fd, "ppm", &error);
    g_assert_no_error(error);
    struct stat status;
    g_assert_cmpint(fstat(fd, &status), ==, 0);
    guint8 *data = g_malloc((gsize)status.st_size);
    *ret_size = (gsize)status.st_size;
    g_assert_cmpint(pread(fd, data, *ret_size, 0), ==, status.st_size);
    return data;
}

static gboolean equals(const Frame *frame, const guint8 *ppm, gsize size)
{
    g_autofree char *head = g_strdup_printf("P6\n%d %d\n255\n", frame->width, frame->height);
    gsize pixels = (gsize)frame->width * (gsize)frame->height;
    if (size != strlen(head) + 3 * pixels || memcmp(ppm, head, strlen(head)) != 0)
        return FALSE;
    const guint8 *next = ppm + strlen(head);
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++, next += 3)
            if ((frame_row(frame, y)[x] & 0xffffff) !=
                ((guint)next[0] << 16 | (guint)next[1] << 8 | next[2]))
                return FALSE;
    return TRUE;
}

#define LOOKS 20

typedef struct {
    const Vm *vm;
    Display *display;
    guint8 *ppm; /* owned */
    gsize size;
    guint looks; /* at it */
} Pair;

/* The cursor of the text blinks, and the dump itself may have drawn it anew: what it shows comes to
 * us a moment later, and goes again. */
static gboolean equals_dump(gpointer data)
{
    Pair *pair = data;
    if (pair->looks++ % LOOKS == 0) {
        g_free(pair->ppm);
        pair->ppm = dump(pair->vm, &pair->size);
    }
    g_autoptr(Frame) frame = screen_frame(pair->display->screen);
    return frame != NULL && equals(frame, pair->ppm, pair->size);
}

static void wait_for_dump(const Vm *vm, Display *display)
{
    Pair pair = { .vm = vm, .display = display };
    wait_until(equals_dump, &pair);
    g_free(pair.ppm);
}

static const char *const suites[] = { "", "trixie", "sid" };
static const char *const devices[] = { "VGA", "virtio-vga" };

typedef struct {
    const char *suite, *device;
} Case;

static void test_picture(gconstpointer data)
{
    const Case *c = data;
    Vm vm;
    if (!start(&vm, c->suite, "dbus,p2p=yes", c->device))
        return;
    Display display;
    attach(&display, &vm);
    wait_until(shows_text, &display);
    wait_for_dump(&vm, &display);
    detach(&display);

    /* another one takes over what it left */
    attach(&display, &vm);
    wait_until(shows_text, &display);
    wait_for_dump(&vm, &display);
    detach(&display);
    stop(&vm);
}

static gboolean has_ended(gpointer data)
{
    return ((Display *)data)->ended != NULL;
}

static void spin(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void press_and_point(Input *input, Vm *vm)
{
    input_key(input, vm, 0x1e, TRUE);
    input_key(input, vm, 0x1e, FALSE);
    input_key(input, vm, 0xc8, TRUE); /* grey up: 0xe0 0x48 */
    spin();
    expect_line(vm, "qcode a, down 1");
    expect_line(vm, "qcode a, down 0");
    expect_line(vm, "qcode up, down 1");

    /* to the last pixel of the screen, and there the right button and a step of the wheel; no
     * driver of a tablet runs here, so it is the way that counts */
    input_pointer(input, vm, 700, 390, 720, 400, 0);
    input_pointer(input, vm, 719, 399, 720, 400, 4 | 8);
    spin();
    expect_line(vm, "axis x, value 19");
    expect_line(vm, "axis y, value 9");
    expect_line(vm, "button right, down 1");
    expect_line(vm, "button wheel-up, down 1");
    expect_line(vm, "button wheel-up, down 0");
    input_leave(input, vm);
    spin();
    expect_line(vm, "qcode up, down 0");
}

static void test_input(gconstpointer data)
{
    Vm vm;
    if (!start(&vm, data, "dbus,p2p=yes", "VGA"))
        return;
    Display display;
    attach(&display, &vm);
    wait_until(shows_text, &display);
    g_autoptr(Input) input = input_new(&input_dbus_class, input_dbus_new(display.console, NULL));
    press_and_point(input, &vm);
    detach(&display);
    stop(&vm);
}

static void test_rfb(gconstpointer data)
{
    Vm vm;
    if (!start(&vm, data, NULL, "VGA"))
        return;
    g_autoptr(GError) error = NULL;
    Display display = { .screen = screen_new() };
    display.source = rfb_source_new(vm.vnc, display.screen, on_ended, &display, &error);
    g_assert_no_error(error);
    screen_set_wanted(display.screen, TRUE);
    wait_until(shows_text, &display);
    wait_for_dump(&vm, &display);
    Input *input = input_new(&rfb_input_class, rfb_input_new(display.source));
    press_and_point(input, &vm);
    input_free(input);

    background_stop(vm.pid);
    vm.pid = 0;
    wait_until(has_ended, &display);
    g_assert_error(display.ended, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    detach(&display);
    stop(&vm);
}

static void test_end(gconstpointer data)
{
    Vm vm;
    if (!start(&vm, data, "dbus,p2p=yes", "VGA"))
        return;
    Display display;
    attach(&display, &vm);
    background_stop(vm.pid);
    vm.pid = 0;
    wait_until(has_ended, &display);
    g_assert_error(display.ended, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    detach(&display);

    g_autoptr(GError) error = NULL;
    g_assert_cmpint(display_attach(vm.socket, LIMIT_MS, &error), ==, -1);
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    stop(&vm);
}

static gboolean resize_is_refused(gpointer data)
{
    Display *display = data;
    g_autoptr(GError) error = NULL;
    if (source_resize(display->source, 800, 600, &error))
        return FALSE;
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    return TRUE;
}

/* A console without EDID says so, and one without D-Bus cannot be attached to. */
static void test_refusals(gconstpointer data)
{
    Vm vm;
    if (!start(&vm, data, "dbus,p2p=yes", "VGA"))
        return;
    Display display;
    attach(&display, &vm);
    wait_until(resize_is_refused, &display);
    detach(&display);
    stop(&vm);

    g_assert_true(start(&vm, data, "none", "VGA"));
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(display_attach(vm.socket, LIMIT_MS, &error), ==, -1);
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    stop(&vm);
}

static void add(const char *what, const char *suite, const char *device, gconstpointer data,
                void (*test)(gconstpointer))
{
    g_autofree char *path = g_strdup_printf("/display-qemu/%s/%s%s", what,
                                            *suite == '\0' ? "installed" : suite, device);
    g_test_add_data_func(path, data, test);
}

int main(int argc, char **argv)
{
    static Case cases[G_N_ELEMENTS(suites) * G_N_ELEMENTS(devices)];
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        cases[i] = (Case){ suites[i / G_N_ELEMENTS(devices)], devices[i % G_N_ELEMENTS(devices)] };
        g_autofree char *device = g_strconcat("/", cases[i].device, NULL);
        add("picture", cases[i].suite, device, &cases[i], test_picture);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(suites); i++) {
        add("input", suites[i], "", suites[i], test_input);
        add("end", suites[i], "", suites[i], test_end);
        add("rfb", suites[i], "", suites[i], test_rfb);
        add("refusals", suites[i], "", suites[i], test_refusals);
    }
    return g_test_run();
}
