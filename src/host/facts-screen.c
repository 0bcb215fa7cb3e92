/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-screen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/x-display.h"

#define CONNECT_LIMIT_MS 1000 /* a loopback connection is accepted or refused at once */

const char *const screen_words[] = { "none", "x11", "x11-forwarded", "wayland", NULL };

static const Field screen_facts_fields[] = {
    FIELD_CHOICE_(ScreenFacts, kind, screen_words, "where a window would appear"),
    FIELD_TEXT_(ScreenFacts, display, "X display that answers"),
    FIELD_TEXT_(ScreenFacts, wayland_display, "socket of the Wayland compositor that answers"),
    FIELD_TEXT_(ScreenFacts, why, "how we know"),
    FIELD_TEXT_(ScreenFacts, runtime_dir, "XDG_RUNTIME_DIR"),
    FIELD_FLAG_(ScreenFacts, session_bus, "a D-Bus session bus is there"),
    FIELD_INT_(ScreenFacts, uid, "user id of this process"),
    FIELD_FLAG_(ScreenFacts, sudo, "started by sudo"),
    FIELD_END,
};
const RecordType screen_facts_type = { "screen", sizeof(ScreenFacts), screen_facts_fields };

static const char *environment(const char *name)
{
    const char *value = g_getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

/*
 * 0 or the errno of connecting to the socket at @path. Connecting through /proc/self/fd keeps links
 * inside the root and names longer than sun_path possible.
 */
static int connect_socket(const Root *root, const char *path)
{
    g_autoptr(GError) reason = NULL;
    autofd int node = root_open_file(root, path, O_PATH, &reason);
    if (node < 0)
        return ENOENT;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", node);
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return errno;
    return 0;
}

/* X servers also listen on an abstract name, which outlives a wiped /tmp. */
static int connect_abstract(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    gsize length = strlen(path);
    if (length + 1 > sizeof address.sun_path)
        return ENAMETOOLONG;
    memcpy(address.sun_path + 1, path, length);
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) < 0)
        return errno;
    return 0;
}

static int finish_connect(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLOUT };
    int result = 0;
    socklen_t size = sizeof result;
    if (poll(&wait, 1, CONNECT_LIMIT_MS) <= 0)
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &size) < 0 ? errno : result;
}

/* Loopback only, so no name is looked up and nothing leaves the machine. */
static int connect_loopback(guint number)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((guint16)(6000 + number)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    autofd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    return errno == EINPROGRESS ? finish_connect(fd) : errno;
}

static int connect_display(const Root *root, const XDisplayName *name)
{
    if (name->socket != NULL) {
        int reason = connect_socket(root, name->socket);
        if (reason != 0 && root_is_system(root) && connect_abstract(name->socket) == 0)
            reason = 0;
        return reason;
    }
    /* another machine: asking it could hang, and a look-up could too; it is taken at its word */
    return x_display_is_loopback(name->host) ? connect_loopback(name->number) : 0;
}

/* What $DISPLAY leads to: SCREEN_NONE, SCREEN_X11 or SCREEN_X11_FORWARDED, and the words for it. */
static ScreenKind judge_display(const Root *root, const char *display, char **ret_why)
{
    XDisplayName name;
    if (!x_display_parse(display, &name)) {
        *ret_why = g_strdup_printf("DISPLAY=%s is no display name", display);
        return SCREEN_NONE;
    }
    int reason = connect_display(root, &name);
    ScreenKind kind = reason != 0           ? SCREEN_NONE
                      : name.socket != NULL ? SCREEN_X11
                                            : SCREEN_X11_FORWARDED;
    if (reason != 0)
        *ret_why = g_strdup_printf("DISPLAY=%s does not answer: %s", display, g_strerror(reason));
    else if (name.socket != NULL)
        *ret_why = g_strdup_printf("DISPLAY=%s is an X server on this machine", display);
    else
        *ret_why = g_strdup_printf("DISPLAY=%s is a TCP display", display);
    x_display_name_clear(&name);
    return kind;
}

/* libwayland: an absolute name is the path, any other lies in XDG_RUNTIME_DIR. */
static char *wayland_socket(void)
{
    const char *name = environment("WAYLAND_DISPLAY");
    const char *runtime = environment("XDG_RUNTIME_DIR");
    if (name == NULL)
        return NULL;
    if (*name == '/')
        return g_strdup(name);
    return runtime != NULL ? g_build_filename(runtime, name, NULL) : NULL;
}

static gboolean has_session_bus(const Root *root)
{
    const char *runtime = environment("XDG_RUNTIME_DIR");
    if (environment("DBUS_SESSION_BUS_ADDRESS") != NULL)
        return TRUE;
    if (runtime == NULL)
        return FALSE;
    g_autofree char *bus = g_build_filename(runtime, "bus", NULL);
    return connect_socket(root, bus) == 0;
}

static void read_wayland(ScreenFacts *facts, const Root *root)
{
    g_autofree char *path = wayland_socket();
    const char *name = environment("WAYLAND_DISPLAY");
    if (name == NULL)
        return;
    int reason = path != NULL ? connect_socket(root, path) : ENOENT;
    if (reason != 0) {
        facts->why =
            g_strdup_printf("WAYLAND_DISPLAY=%s does not answer: %s", name,
                            path != NULL ? g_strerror(reason) : "XDG_RUNTIME_DIR is not set");
        return;
    }
    facts->kind = SCREEN_WAYLAND;
    facts->wayland_display = g_steal_pointer(&path);
    facts->why = g_strdup_printf("WAYLAND_DISPLAY=%s is a compositor on this machine", name);
}

static void read_x11(ScreenFacts *facts, const Root *root)
{
    const char *display = environment("DISPLAY");
    if (display == NULL)
        return;
    g_autofree char *why = NULL;
    ScreenKind kind = judge_display(root, display, &why);
    if (kind != SCREEN_NONE)
        facts->display = g_strdup(display);
    if (facts->kind != SCREEN_NONE)
        return;
    facts->kind = (int)kind;
    g_autofree char *before = g_steal_pointer(&facts->why);
    facts->why = before != NULL ? g_strdup_printf("%s; %s", why, before) : g_steal_pointer(&why);
}

ScreenFacts *screen_facts_read(const Root *root)
{
    ScreenFacts *facts = record_new(&screen_facts_type);
    read_wayland(facts, root);
    read_x11(facts, root);
    if (facts->why == NULL)
        facts->why = g_strdup("neither DISPLAY nor WAYLAND_DISPLAY is set");
    facts->runtime_dir = g_strdup(environment("XDG_RUNTIME_DIR"));
    facts->session_bus = has_session_bus(root);
    facts->uid = (int)getuid();
    facts->sudo = geteuid() == 0 && environment("SUDO_UID") != NULL;
    return facts;
}
