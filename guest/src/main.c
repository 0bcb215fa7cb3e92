/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vgpuctl-guest: the guest that the demonstration, the tests and the benches boot
 *
 * One loop waits for the display (a flip is done), for the clock (the next frame is due, a second
 * is over) and for the outside (power button, signals, new device nodes). A frame is drawn when it
 * is due and no flip is pending. Ends with status 0 when asked to, 1 when it cannot draw.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "input.h"
#include "options.h"
#include "report.h"
#include "surface.h"

typedef struct {
    Options options;
    Input input;
    Kms kms;
    Surface *surface;
    PictureState state;
    Report report;
    uint64_t started_ms;
    unsigned seconds;
    bool is_due, is_first, has_failed;
} Guest;

/* A descriptor that becomes readable @times a second; -1 for no times. */
static int timer_new(unsigned times)
{
    if (times == 0)
        return -1;
    struct timespec interval = { times == 1, times == 1 ? 0 : 1000000000L / times };
    struct itimerspec setting = { interval, interval };
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd >= 0)
        timerfd_settime(fd, 0, &setting, NULL);
    return fd;
}

static bool timer_is_due(int fd)
{
    uint64_t expirations;
    return read(fd, &expirations, sizeof expirations) == sizeof expirations;
}

static bool wait_for_display(Guest *guest)
{
    bool was_told = false;
    while (!guest->input.wants_end) {
        int answer = kms_open(&guest->kms, guest->options.width, guest->options.height);
        if (answer != 0)
            return answer == 1;
        if (!was_told)
            printf("vgpuctl-guest: waiting for a display\n");
        was_told = true;
        fflush(stdout);
        struct pollfd wait = { guest->input.epoll, POLLIN, 0 };
        poll(&wait, 1, -1);
        input_read(&guest->input);
    }
    return false;
}

static bool make_surface(Guest *guest)
{
#ifdef GUEST_GL
    guest->surface = surface_gl_new(&guest->kms, &guest->options);
#endif
    if (guest->surface == NULL)
        guest->surface = surface_dumb_new(&guest->kms, &guest->options);
    if (guest->surface != NULL)
        guest->state.renderer = guest->surface->renderer;
    return guest->surface != NULL;
}

static void fail(Guest *guest, const char *what)
{
    fprintf(stderr, "vgpuctl-guest: %s on %s: %s\n", what, guest->kms.driver, strerror(errno));
    guest->has_failed = true;
}

static void next_state(Guest *guest)
{
    if (guest->state.frame == 0)
        guest->started_ms = report_uptime_ms();
    guest->state.frame++;
    guest->state.milliseconds = (uint32_t)(report_uptime_ms() - guest->started_ms);
    guest->state.rate_tenths = guest->report.rate_tenths;
}

static void draw_frame(Guest *guest)
{
    guest->is_due = guest->options.fps == 0;
    next_state(guest);
    if (guest->surface->change != NULL && guest->state.frame > 1) {
        guest->surface->change(guest->surface, &guest->state);
        return;
    }
    uint32_t fb = guest->surface->draw(guest->surface, &guest->state);
    if (fb == 0)
        fail(guest, "a frame could not be drawn");
    else if (guest->state.frame == 1 && !kms_show(&guest->kms, fb))
        fail(guest, "the mode could not be set");
    else if (!kms_flip(&guest->kms, fb))
        fail(guest, "a page flip was refused");
}

static bool may_draw(const Guest *guest)
{
    return guest->is_due && !guest->kms.is_flip_pending &&
           !(guest->options.mode->only_once && guest->state.frame > 0);
}

static void on_display(Guest *guest)
{
    bool was_pending = guest->kms.is_flip_pending;
    kms_read_events(&guest->kms);
    if (!was_pending || guest->kms.is_flip_pending)
        return;
    guest->surface->shown(guest->surface);
    if (guest->is_first)
        report_first_frame(&guest->report, guest->state.frame, guest->kms.mode.hdisplay,
                           guest->kms.mode.vdisplay, guest->surface->renderer);
    guest->is_first = false;
}

static void on_second(Guest *guest)
{
    guest->seconds++;
    if (!guest->is_first)
        report_second(&guest->report, guest->state.frame);
}

static bool is_over(const Guest *guest)
{
    return guest->input.wants_end || guest->has_failed ||
           (guest->options.seconds != 0 && guest->seconds >= guest->options.seconds);
}

static void run(Guest *guest)
{
    enum { DISPLAY, OUTSIDE, FRAME, SECOND, SOURCES };
    struct pollfd sources[SOURCES] = {
        [DISPLAY] = { guest->kms.fd, POLLIN, 0 },
        [OUTSIDE] = { guest->input.epoll, POLLIN, 0 },
        [FRAME] = { timer_new(guest->options.fps), POLLIN, 0 },
        [SECOND] = { timer_new(1), POLLIN, 0 },
    };
    guest->is_due = guest->is_first = true;
    while (!is_over(guest)) {
        if (may_draw(guest))
            draw_frame(guest);
        if (poll(sources, SOURCES, may_draw(guest) ? 0 : -1) < 0)
            continue;
        if (sources[DISPLAY].revents != 0)
            on_display(guest);
        if (sources[OUTSIDE].revents != 0)
            input_read(&guest->input);
        if (sources[FRAME].revents != 0 && timer_is_due(sources[FRAME].fd))
            guest->is_due = true;
        if (sources[SECOND].revents != 0 && timer_is_due(sources[SECOND].fd))
            on_second(guest);
    }
}

int main(int argc, char **argv)
{
    static Guest guest;
    const char *wrong = options_parse(&guest.options, argc > 1 ? argv[1] : NULL);
    if (wrong != NULL || argc > 2) {
        fprintf(stderr,
                "vgpuctl-guest: cannot read \"%s\"; the form is "
                "mode=full|box|text|still,fps=N,size=WxH,seconds=N\n",
                wrong != NULL ? wrong : argv[2]);
        return 2;
    }
    if (!input_init(&guest.input)) {
        fprintf(stderr, "vgpuctl-guest: cannot watch /dev: %s\n", strerror(errno));
        return 1;
    }
    guest.kms.fd = -1;
    if (wait_for_display(&guest) && make_surface(&guest))
        run(&guest);
    bool was_asked = guest.input.wants_end || (guest.surface != NULL && !guest.has_failed);
    if (guest.surface != NULL)
        guest.surface->free(guest.surface);
    kms_close(&guest.kms);
    input_clear(&guest.input);
    report_done();
    return was_asked ? 0 : 1;
}
