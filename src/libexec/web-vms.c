/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-vms.h"

#include "base/error.h"
#include "base/json.h"
#include "vm/vm-config.h"

static const Field web_vm_fields[] = {
    FIELD_TEXT_(WebVm, name, "name of the VM"),
    FIELD_TEXT_(WebVm, socket, "path of the unix socket of its VNC server"),
    FIELD_TEXT_(WebVm, vgpu, "what its picture is made with"),
    FIELD_U64_(WebVm, started_at_s, "when it was started, seconds since 1970"),
    FIELD_END,
};
const RecordType web_vm_type = { "web-vm", sizeof(WebVm), web_vm_fields };

static void web_vm_free(WebVm *vm)
{
    record_free(&web_vm_type, vm);
}

GPtrArray *web_vms_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)web_vm_free);
}

/* Takes @vm over, also when it fails. */
static gboolean take(GPtrArray *vms, WebVm *vm, GError **error)
{
    gboolean good = FALSE;
    if (vm->name == NULL || vm->socket == NULL || !g_path_is_absolute(vm->socket))
        error_set(error, VGPUCTL_ERROR_USAGE, "A VM needs a name and the full path of its socket");
    else if (vm_name_check(vm->name, error)) {
        good = web_vms_find(vms, vm->name) == NULL;
        if (!good)
            error_set(error, VGPUCTL_ERROR_USAGE, "VM '%s' is named twice", vm->name);
    }
    if (good)
        g_ptr_array_add(vms, vm);
    else
        web_vm_free(vm);
    return good;
}

gboolean web_vms_add(GPtrArray *vms, const char *name, const char *socket, GError **error)
{
    WebVm *vm = record_new(&web_vm_type);
    vm->name = g_strdup(name);
    vm->socket = g_strdup(socket);
    return take(vms, vm, error);
}

GPtrArray *web_vms_from_text(const char *text, gsize length, GError **error)
{
    g_autoptr(json_t) list = json_from_text(text, length, "list of VMs", error);
    if (list == NULL)
        return NULL;
    if (!json_is_array(list)) {
        error_set(error, VGPUCTL_ERROR_INVALID, "The list of VMs is no array");
        return NULL;
    }
    g_autoptr(GPtrArray) vms = web_vms_new();
    for (gsize i = 0; i < json_array_size(list); i++) {
        WebVm *vm = record_from_json(&web_vm_type, json_array_get(list, i), error);
        if (vm == NULL || !take(vms, vm, error))
            return NULL;
    }
    return g_steal_pointer(&vms);
}

const WebVm *web_vms_find(const GPtrArray *vms, const char *name)
{
    for (guint i = 0; i < vms->len; i++) {
        const WebVm *vm = vms->pdata[i];
        if (g_str_equal(vm->name, name))
            return vm;
    }
    return NULL;
}

char *web_vms_for_page(const GPtrArray *vms)
{
    g_autoptr(json_t) list = json_array();
    for (guint i = 0; i < vms->len; i++) {
        json_t *object = record_to_json(&web_vm_type, vms->pdata[i]);
        json_object_del(object, "socket");
        json_array_append_new(list, object);
    }
    return json_to_text(list);
}
