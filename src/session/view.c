/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "host/facts-screen.h"
#include "rules/viewer-choice.h"
#include "session/display-server.h"
#include "vm/rundir-list.h"
#include "vm/rundir.h"

void view_clear(View *view)
{
    g_clear_pointer(&view->argv, g_strfreev);
}

/* The VM that is meant where none was named. */
static RunDirEntry *find_only(const Root *root, GError **error)
{
    g_autoptr(GPtrArray) vms = rundir_list(root, error);
    g_autoptr(GString) names = g_string_new(NULL);
    const char *found = NULL;
    guint count = 0;
    for (guint i = 0; vms != NULL && i < vms->len; i++) {
        const RunDirEntry *vm = vms->pdata[i];
        if (!vm->running)
            continue;
        found = vm->name;
        g_string_append_printf(names, "%s%s", count++ > 0 ? ", " : "", vm->name);
    }
    if (vms == NULL)
        return NULL;
    if (count == 1)
        return rundir_find_running(root, found, error);
    if (count == 0)
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "No VM runs; vgpuctl run starts one");
    else
        error_set(error, VGPUCTL_ERROR_USAGE, "Several VMs run; name one of %s", names->str);
    return NULL;
}

/* Where the VM's screen can be seen, by the sockets of its run directory. Owned; NULL: nowhere. */
static char *find_socket(const RunDirEntry *vm, int *ret_protocol, gboolean *ret_ours)
{
    static const struct {
        const char *member;
        int protocol;
    } sockets[] = {
        { RUNDIR_VNC_SOCKET, VIEWER_VNC },
        { RUNDIR_SPICE_SOCKET, VIEWER_SPICE },
        { RUNDIR_QEMU_VNC_SOCKET, VIEWER_VNC },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(sockets); i++) {
        g_autofree char *path = g_build_filename(vm->path, sockets[i].member, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            *ret_protocol = sockets[i].protocol;
            *ret_ours = i == 0;
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}

/* Debian's vncviewer is whichever of several viewers was installed; those of TightVNC's family take
 * a host alone. */
static gboolean is_installed(const char *program, gpointer unused)
{
    g_autofree char *path = g_find_program_in_path(program);
    g_autofree char *real = path != NULL ? realpath(path, NULL) : NULL;
    return real != NULL && strstr(real, "tight") == NULL && strstr(real, "vnc4") == NULL;
}

static gboolean refuse(const Root *root, const RunDirEntry *vm, GError **error)
{
    const char *watch = vm->state->watch;
    const char *display = vm->state->display != NULL ? vm->state->display : "no display";
    g_autofree char *ended = display_server_ended_words(root, vm->name);
    if (vm->state->display_ended)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "%s", ended);
    if (watch != NULL)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "View of VM '%s': it is shown elsewhere (%s): %s", vm->name, display,
                         watch);
    return error_set(error, VGPUCTL_ERROR_REFUSED,
                     "View of VM '%s': no viewer reaches its screen (%s); run it with --display "
                     "vnc",
                     vm->name, display);
}

gboolean session_view(const Root *root, const char *name, View *ret_view, GError **error)
{
    g_autoptr(RunDirEntry) vm =
        name != NULL ? rundir_find_running(root, name, error) : find_only(root, error);
    if (vm == NULL)
        return FALSE;
    if (vm->state == NULL || vm->state->phase == VM_PHASE_STARTING)
        return error_set(error, VGPUCTL_ERROR_BUSY, "View of VM '%s': it is still starting",
                         vm->name);
    int protocol;
    gboolean ours;
    g_autofree char *socket = find_socket(vm, &protocol, &ours);
    if (socket == NULL)
        return refuse(root, vm, error);
    ScreenFacts *screen = screen_facts_read(root);
    const ViewerQuestion question = { .protocol = protocol,
                                      .x11 = screen->display != NULL,
                                      .wayland = screen->wayland_display != NULL,
                                      .ours = ours,
                                      .has = is_installed };
    record_free(&screen_facts_type, screen);
    g_autofree char *why = NULL;
    const ViewerRow *row = viewer_choose(&question, &why);
    if (row == NULL)
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND, "View of VM '%s': %s", vm->name, why);
    *ret_view = (View){ .argv = viewer_argv(row, socket, vm->name), .reason = row->reason };
    return TRUE;
}
