/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/window-grab.h"

#include <stdlib.h>
#include <string.h>
#include <xcb/res.h>
#include <xcb/xcb.h>

#include "base/error.h"

/* Deeper than this nobody nests windows; a limit for a tree that changes while we walk it. */
#define DEPTH_LIMIT 16

typedef struct {
    xcb_connection_t *x;
    const xcb_screen_t *screen;
    xcb_atom_t wm_pid;
    gboolean has_res; /* the X-Resource extension knows the process behind each window */
    guint32 pid;
    xcb_window_t best; /* largest window of the process that is shown */
    gint64 best_area;
    gboolean hidden; /* it has one that is not shown */
} Search;

typedef struct {
    int x, y, width, height; /* place inside the parent */
    gint64 area;             /* 0 when it is not shown */
    gboolean draws;          /* InputOutput */
} Place;

/* FALSE when the window is gone by now. */
static gboolean window_place(xcb_connection_t *x, xcb_window_t window, Place *place)
{
    xcb_get_geometry_cookie_t geometry_cookie = xcb_get_geometry(x, window);
    xcb_get_window_attributes_cookie_t cookie = xcb_get_window_attributes(x, window);
    xcb_get_geometry_reply_t *geometry = xcb_get_geometry_reply(x, geometry_cookie, NULL);
    xcb_get_window_attributes_reply_t *attributes =
        xcb_get_window_attributes_reply(x, cookie, NULL);
    gboolean there = geometry != NULL && attributes != NULL;
    if (there) {
        *place = (Place){ geometry->x, geometry->y, geometry->width, geometry->height, 0, FALSE };
        place->draws = attributes->_class == XCB_WINDOW_CLASS_INPUT_OUTPUT;
        if (attributes->map_state == XCB_MAP_STATE_VIEWABLE)
            place->area = (gint64)place->width * place->height;
    }
    free(geometry);
    free(attributes);
    return there;
}

static guint32 pid_from_property(const Search *search, xcb_window_t window)
{
    xcb_get_property_reply_t *reply = xcb_get_property_reply(
        search->x, xcb_get_property(search->x, 0, window, search->wm_pid, XCB_ATOM_CARDINAL, 0, 1),
        NULL);
    guint32 pid = 0;
    if (reply != NULL && reply->format == 32 && xcb_get_property_value_length(reply) == 4)
        memcpy(&pid, xcb_get_property_value(reply), sizeof pid);
    free(reply);
    return pid;
}

/* The process whose connection made the window, as the X server knows it from its socket. */
static guint32 pid_from_server(const Search *search, xcb_window_t window)
{
    xcb_res_client_id_spec_t spec = { window, XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID };
    xcb_res_query_client_ids_reply_t *reply = xcb_res_query_client_ids_reply(
        search->x, xcb_res_query_client_ids(search->x, 1, &spec), NULL);
    guint32 pid = 0;
    if (reply != NULL) {
        xcb_res_client_id_value_iterator_t ids = xcb_res_query_client_ids_ids_iterator(reply);
        if (ids.rem > 0 && xcb_res_client_id_value_value_length(ids.data) > 0)
            pid = *xcb_res_client_id_value_value(ids.data);
    }
    free(reply);
    return pid;
}

static gboolean is_ours(const Search *search, xcb_window_t window)
{
    return pid_from_property(search, window) == search->pid ||
           (search->has_res && pid_from_server(search, window) == search->pid);
}

/* Looks at every window below @parent; below one of ours there is no other top-level window. */
static void search_below(Search *search, xcb_window_t parent, int depth)
{
    xcb_query_tree_reply_t *tree =
        xcb_query_tree_reply(search->x, xcb_query_tree(search->x, parent), NULL);
    int count = tree != NULL ? xcb_query_tree_children_length(tree) : 0;
    for (int i = 0; i < count; i++) {
        xcb_window_t window = xcb_query_tree_children(tree)[i];
        Place place;
        if (!window_place(search->x, window, &place)) {
            continue;
        } else if (!is_ours(search, window)) {
            if (depth < DEPTH_LIMIT)
                search_below(search, window, depth + 1);
        } else if (place.area == 0 || !place.draws) {
            search->hidden = TRUE;
        } else if (place.area > search->best_area) {
            search->best = window;
            search->best_area = place.area;
        }
    }
    free(tree);
}

/* Goes down to the area that is drawn in: GTK keeps it in a child beside the menu bar. */
static xcb_window_t drawing_area(xcb_connection_t *x, xcb_window_t window, gint64 area)
{
    for (int depth = 0; depth < DEPTH_LIMIT; depth++) {
        xcb_query_tree_reply_t *tree = xcb_query_tree_reply(x, xcb_query_tree(x, window), NULL);
        xcb_window_t next = XCB_WINDOW_NONE;
        int count = tree != NULL ? xcb_query_tree_children_length(tree) : 0;
        for (int i = 0; i < count; i++) {
            Place place;
            xcb_window_t child = xcb_query_tree_children(tree)[i];
            if (window_place(x, child, &place) && place.draws && place.area > area / 2) {
                next = child;
                area = place.area;
            }
        }
        free(tree);
        if (next == XCB_WINDOW_NONE)
            return window;
        window = next;
    }
    return window;
}

static gboolean format_is_known(const xcb_get_image_reply_t *reply, guint32 length, int width,
                                int height)
{
    return (reply->depth == 24 || reply->depth == 32) &&
           length == (guint64)width * (guint64)height * sizeof(guint32);
}

/* Copies what GetImage gave for the part @visible of the window. */
static gboolean copy_pixels(Frame *frame, const Place *visible, xcb_get_image_reply_t *reply,
                            guint8 byte_order, GError **error)
{
    guint32 length = (guint32)xcb_get_image_data_length(reply);
    if (!format_is_known(reply, length, visible->width, visible->height))
        return error_set(error, VGPUCTL_ERROR_FAILED,
                         "The X screen has depth %u; only 24 and 32 bits are handled",
                         reply->depth);
    gboolean swap = (byte_order == XCB_IMAGE_ORDER_LSB_FIRST) != (G_BYTE_ORDER == G_LITTLE_ENDIAN);
    const guint8 *data = xcb_get_image_data(reply);
    for (int y = 0; y < visible->height; y++) {
        guint32 *row = frame_row(frame, visible->y + y) + visible->x;
        memcpy(row, data + (gsize)y * (gsize)visible->width * 4, (gsize)visible->width * 4);
        for (int x = 0; swap && x < visible->width; x++)
            row[x] = GUINT32_SWAP_LE_BE(row[x]);
    }
    return TRUE;
}

/* The part of the window that lies on the screen, in the window's own coordinates. */
static Place visible_part(const xcb_screen_t *screen, int root_x, int root_y, const Place *place)
{
    int left = MAX(0, -root_x), top = MAX(0, -root_y);
    int right = MIN(place->width, screen->width_in_pixels - root_x);
    int bottom = MIN(place->height, screen->height_in_pixels - root_y);
    return (Place){ .x = left, .y = top, .width = right - left, .height = bottom - top };
}

static Frame *read_window(const Search *search, xcb_window_t window, gboolean *ret_whole,
                          GError **error)
{
    Place place;
    xcb_translate_coordinates_reply_t *origin = xcb_translate_coordinates_reply(
        search->x, xcb_translate_coordinates(search->x, window, search->screen->root, 0, 0), NULL);
    int root_x = origin != NULL ? origin->dst_x : 0, root_y = origin != NULL ? origin->dst_y : 0;
    free(origin);
    if (!window_place(search->x, window, &place)) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "The window closed while it was being read");
        return NULL;
    }
    Place part = visible_part(search->screen, root_x, root_y, &place);
    *ret_whole = part.width == place.width && part.height == place.height;
    if (part.width <= 0 || part.height <= 0) {
        error_set(error, VGPUCTL_ERROR_REFUSED, "The window lies outside of the X screen");
        return NULL;
    }

    g_autoptr(Frame) frame = frame_new(place.width, place.height, error);
    if (frame == NULL)
        return NULL;
    xcb_get_image_reply_t *reply = xcb_get_image_reply(
        search->x,
        xcb_get_image(search->x, XCB_IMAGE_FORMAT_Z_PIXMAP, window, (gint16)part.x, (gint16)part.y,
                      (guint16)part.width, (guint16)part.height, ~0u),
        NULL);
    if (reply == NULL) {
        error_set(error, VGPUCTL_ERROR_FAILED, "The X server does not let the window be read");
        return NULL;
    }
    guint8 byte_order = xcb_get_setup(search->x)->image_byte_order;
    gboolean copied = copy_pixels(frame, &part, reply, byte_order, error);
    free(reply);
    return copied ? g_steal_pointer(&frame) : NULL;
}

static xcb_atom_t atom(xcb_connection_t *x, const char *name)
{
    xcb_intern_atom_reply_t *reply =
        xcb_intern_atom_reply(x, xcb_intern_atom(x, 0, (guint16)strlen(name), name), NULL);
    xcb_atom_t value = reply != NULL ? reply->atom : XCB_ATOM_NONE;
    free(reply);
    return value;
}

/* LocalClientPID came with version 1.2 of X-Resource. */
static gboolean knows_processes(xcb_connection_t *x)
{
    const xcb_query_extension_reply_t *extension = xcb_get_extension_data(x, &xcb_res_id);
    if (extension == NULL || !extension->present)
        return FALSE;
    xcb_res_query_version_reply_t *version =
        xcb_res_query_version_reply(x, xcb_res_query_version(x, 1, 2), NULL);
    gboolean knows = version != NULL && (version->server_major > 1 || version->server_minor >= 2);
    free(version);
    return knows;
}

static Frame *grab(Search *search, gboolean *ret_whole, GError **error)
{
    const char *display = g_getenv("DISPLAY");
    gboolean wayland = g_getenv("WAYLAND_DISPLAY") != NULL;
    search_below(search, search->screen->root, 0);
    if (search->best != XCB_WINDOW_NONE)
        return read_window(search, drawing_area(search->x, search->best, search->best_area),
                           ret_whole, error);
    if (search->hidden)
        error_set(error, VGPUCTL_ERROR_REFUSED,
                  "The window of process %u is not shown on X display %s; show it and try again",
                  search->pid, display);
    else
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "Process %u has no window on X display %s%s",
                  search->pid, display,
                  wayland ? "; a Wayland window cannot be read by other programs" : "");
    return NULL;
}

Frame *window_grab(pid_t pid, gboolean *ret_whole, GError **error)
{
    const char *display = g_getenv("DISPLAY");
    if (display == NULL || *display == '\0') {
        gboolean wayland = g_getenv("WAYLAND_DISPLAY") != NULL;
        error_set(error, VGPUCTL_ERROR_REFUSED,
                  wayland ? "A Wayland session does not let other programs read a window; use the "
                            "desktop's own screenshot key, or a VM with --display vnc"
                          : "DISPLAY is not set, so there is no X display to read a window from");
        return NULL;
    }
    int number = 0;
    Frame *frame = NULL;
    xcb_connection_t *x = xcb_connect(NULL, &number);
    if (xcb_connection_has_error(x)) {
        error_set(error, VGPUCTL_ERROR_FAILED,
                  "The X server of display %s refuses or does not answer", display);
    } else {
        xcb_screen_iterator_t screens = xcb_setup_roots_iterator(xcb_get_setup(x));
        while (number-- > 0 && screens.rem > 1)
            xcb_screen_next(&screens);
        Search search = { .x = x, .screen = screens.data, .pid = (guint32)pid };
        search.wm_pid = atom(x, "_NET_WM_PID");
        search.has_res = knows_processes(x);
        frame = grab(&search, ret_whole, error);
    }
    xcb_disconnect(x);
    return frame;
}
