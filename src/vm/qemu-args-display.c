/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vGPU's -device, and what stands between it and the person: display, pointer, USB. */
#include <string.h>

#include "vm/qemu-args-parts.h"

#define USB_CHANNELS 2

gboolean qemu_plan_shares_memory(const PlanRequest *request)
{
    return request->vgpu != NULL && request->vgpu->hostmem_bytes > 0;
}

/* Appends ",xres=W,yres=H" when a mode is wished for. */
static void append_mode(GString *value, const VgpuDevice *vgpu)
{
    if (vgpu->width > 0)
        g_string_append_printf(value, ",xres=%d,yres=%d", vgpu->width, vgpu->height);
}

/* virtio-vga is virtio-gpu with a VGA side, which the firmware can draw on before a driver is
 * there. */
static gboolean plan_virtio(Plan *plan, const PlanRequest *request, GError **error)
{
    const VgpuDevice *vgpu = request->vgpu;
    const char *device = vgpu->console == CONSOLE_TEXTURE ? "virtio-vga-gl" : "virtio-vga";
    if (!qemu_has(request->facts->qemu->devices, device))
        return plan_refuse(error,
                           "%s has no device %s, which a %s vGPU is; install the rest of QEMU's "
                           "modules or use --vgpu %s",
                           request->facts->qemu->binary, device, vgpu->type,
                           vgpu->console == CONSOLE_TEXTURE ? "2d" : "none");
    g_autoptr(GString) value = g_string_new(device);
    g_string_append(value, ",id=vgpu0,edid=on");
    append_mode(value, vgpu);
    if (vgpu->hostmem_bytes > 0)
        g_string_append_printf(value, ",hostmem=%" G_GUINT64_FORMAT "M,blob=on,venus=on",
                               vgpu->hostmem_bytes >> 20);
    plan_add(plan, "-device", value->str, vgpu->reason);
    return TRUE;
}

static gboolean server_has(const DisplayAnswer *answer, int source)
{
    return answer->server != NULL && answer->server->source == source;
}

/* A console that QEMU shows nowhere: it would want OpenGL for it (hw/vfio/display.c:
 * vfio_display_dmabuf_init), and the vGPU's picture can be had without. */
static gboolean is_shown(const VgpuDevice *vgpu, const DisplayAnswer *answer)
{
    if (vgpu->console == CONSOLE_DMABUF &&
        (answer->display == DISPLAY_NONE || server_has(answer, SERVER_VFIO)))
        return FALSE;
    return vgpu->console != CONSOLE_NONE;
}

/*
 * display=on makes a missing picture an error at start instead of a black window; ramfb, only known
 * to the -nohotplug variant, shows the firmware until the guest's driver takes over. The OpRegion
 * is Intel's table of outputs, without which its guest driver finds none; named because QEMU's
 * default changed (off up to 10.1).
 */
static gboolean plan_vfio(Plan *plan, const PlanRequest *request, const DisplayAnswer *answer,
                          GError **error)
{
    const VgpuDevice *vgpu = request->vgpu;
    const QemuFacts *qemu = request->facts->qemu;
    gboolean shows = is_shown(vgpu, answer);
    if (!qemu_has(qemu->devices, "vfio-pci"))
        return plan_refuse(error, "%s has no device vfio-pci, which vGPU %s needs", qemu->binary,
                           vgpu->type);
    if (shows && !qemu->vfio_display)
        return plan_refuse(error, "%s cannot show vfio devices; use another QEMU", qemu->binary);
    gboolean ramfb = shows && qemu->vfio_ramfb && qemu_has(qemu->devices, "vfio-pci-nohotplug");
    g_autofree char *path = plan_quote(vgpu->sysfs);
    g_autoptr(GString) value = g_string_new(ramfb ? "vfio-pci-nohotplug" : "vfio-pci");
    g_string_append_printf(value, ",id=vgpu0,sysfsdev=%s,display=%s%s", path, shows ? "on" : "off",
                           ramfb ? ",ramfb=on" : "");
    if (qemu->vfio_opregion && g_str_has_prefix(vgpu->type, "i915-GVTg"))
        g_string_append(value, ",x-igd-opregion=on");
    if (vgpu->console == CONSOLE_DMABUF && shows) /* only this kind has an EDID */
        append_mode(value, vgpu);
    plan_add(plan, "-device", value->str, vgpu->reason);
    return TRUE;
}

gboolean qemu_plan_vgpu(Plan *plan, const PlanRequest *request, const DisplayAnswer *answer,
                        GError **error)
{
    const VgpuDevice *vgpu = request->vgpu;
    plan_add(plan, "-vga", "none", "no other graphics card beside the vGPU");
    if (vgpu == NULL) {
        plan->vgpu = g_strdup("none");
        return TRUE;
    }
    plan->vgpu =
        g_strdup_printf("%s %s%s%s%s%s", vgpu->provider, vgpu->type, vgpu->uuid != NULL ? " " : "",
                        vgpu->uuid != NULL ? vgpu->uuid : "", vgpu->parent != NULL ? " on " : "",
                        vgpu->parent != NULL ? vgpu->parent : "");
    plan->vgpu_reason = g_strdup(vgpu->reason);
    if (vgpu->console == CONSOLE_DMABUF) {
        const DrmNode *node = display_render_node(request->facts, vgpu->parent, NULL);
        plan->render_node = node != NULL ? g_strdup(node->path) : NULL;
    }
    return vgpu->sysfs != NULL ? plan_vfio(plan, request, answer, error)
                               : plan_virtio(plan, request, error);
}

/*
 * Without a session bus GTK (accessibility, settings) and SDL (screen saver) have libdbus and GIO
 * start one: a fork that the sandbox answers with SIGSYS. An address of no known kind makes them do
 * without.
 */
static void plan_session_bus(Plan *plan, const PlanRequest *request, const DisplayAnswer *answer)
{
    const ScreenFacts *screen = request->facts->screen;
    gboolean window = answer->display == DISPLAY_GTK || answer->display == DISPLAY_SDL;
    if (window && screen != NULL && !screen->session_bus)
        plan_set_environment(plan, "DBUS_SESSION_BUS_ADDRESS", "disabled:");
}

/* ui/gtk.c:gd_configure passes the size of its window on, which opens before the guest draws. */
static void note_mode(Plan *plan, const VgpuDevice *vgpu, const DisplayAnswer *answer)
{
    gboolean follows =
        vgpu != NULL && (vgpu->console == CONSOLE_2D || vgpu->console == CONSOLE_TEXTURE);
    if (follows && vgpu->width > 0 && answer->display == DISPLAY_GTK)
        plan_note(plan,
                  "a gtk window asks the guest for its own size, 640x480 at first, and not for "
                  "%dx%d; --display sdl keeps to that",
                  vgpu->width, vgpu->height);
}

/* QEMU's console, which else takes the viewers' keys and pointer, is not there. */
static void plan_input(Plan *plan, const DisplayAnswer *answer)
{
    if (!server_has(answer, SERVER_VFIO))
        return;
    plan_add(plan, "-chardev", "socket,id=input,path=@run@/input.sock,server=on,wait=off",
             "a line for keys and pointer: QEMU shows no screen that would take them");
    plan_add(plan, "-mon", "chardev=input,mode=control", "and the monitor on it");
}

/* QEMU speaks to the guest's spice-vdagent and hands text on by D-Bus (ui/vdagent.c). */
static void plan_clipboard(Plan *plan, const PlanRequest *request, const DisplayAnswer *answer)
{
    GStrv devices = request->facts->qemu->devices;
    if ((!server_has(answer, SERVER_DBUS) && !server_has(answer, SERVER_AUTO)) ||
        !qemu_has(devices, "chardev-qemu-vdagent") || !qemu_has(devices, "virtio-serial-pci"))
        return;
    plan_add(plan, "-device", "virtio-serial-pci,id=agents", "lines to agents in the guest");
    plan_add(plan, "-chardev", "qemu-vdagent,id=clipboard,name=vdagent,clipboard=on,mouse=off",
             "the guest's clipboard, where spice-vdagent runs in it");
    plan_add(plan, "-device",
             "virtserialport,bus=agents.0,chardev=clipboard,name=com.redhat.spice.0",
             "and its line");
}

void qemu_plan_display(Plan *plan, const PlanRequest *request, const DisplayAnswer *answer)
{
    plan->display = g_strdup(answer->name);
    plan->watch = g_strdup(answer->watch);
    plan->screenshot = answer->screenshot;
    plan->needs_credential = answer->needs_credential;
    if (answer->server != NULL)
        plan->server = record_copy(&plan_server_type, answer->server);
    if (answer->needs_credential && answer->server == NULL)
        plan_add(plan, "-object", "secret,id=display-secret,file=@run@/display-secret",
                 "the password of the display's server");
    for (guint i = 0; i < answer->options->len; i++) {
        const PlanOption *option = answer->options->pdata[i];
        plan_add(plan, option->name, option->value, option->reason);
    }
    plan->display_reason = g_strdup(answer->reason);
    plan_input(plan, answer);
    plan_clipboard(plan, request, answer);
    if (answer->note != NULL)
        plan_note(plan, "%s", answer->note);
    note_mode(plan, request->vgpu, answer);
    plan_session_bus(plan, request, answer);
}

void qemu_plan_usb(Plan *plan, const PlanRequest *request)
{
    const VmConfig *config = request->config;
    if (request->vgpu == NULL && !config->usb_redir)
        return;
    plan_add(plan, "-device", "qemu-xhci,id=usb", "USB, for the pointer");
    if (request->vgpu != NULL)
        plan_add(plan, "-device", "usb-tablet,bus=usb.0",
                 "a pointer with absolute positions: it follows the viewer's without a grab");
    for (guint i = 0; config->usb_redir && i < USB_CHANNELS; i++) {
        plan_add_format(plan, "-chardev", "a channel of the SPICE viewer for one USB device",
                        "spicevmc,id=usbredir%u,name=usbredir", i);
        plan_add_format(plan, "-device", "where that device appears to the guest",
                        "usb-redir,bus=usb.0,chardev=usbredir%u", i);
    }
}
