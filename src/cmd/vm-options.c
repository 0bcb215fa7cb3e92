/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/vm-options.h"

#include "base/error.h"

/* What was given on the command line; GOption wants addresses that live as long as the program. */
static struct {
    char *name, *memory, *cpus, *firmware, *accel, *kernel, *initrd, *append, *cdrom, *vgpu;
    char *parent, *mode, *display, *network, *mac, *serial, *binary;
    char **disks;
    gboolean usb_redir, snapshot;
} given;

#define TEXT(name, member, meaning, argument)                                                      \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_STRING, &given.member, meaning, argument                          \
    }
#define FILE_NAME(name, member, meaning, argument)                                                 \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_FILENAME, &given.member, meaning, argument                        \
    }
#define FLAG(name, member, meaning)                                                                \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_NONE, &given.member, meaning, NULL                                \
    }

const GOptionEntry vm_options[] = {
    TEXT("name", name, "Name of the VM", "NAME"),
    { "disk", 0, 0, G_OPTION_ARG_STRING_ARRAY, &given.disks,
      "Disk image; may be repeated; size= makes a missing one", "FILE[,OPTION...]" },
    FILE_NAME("cdrom", cdrom, "CD or DVD image", "FILE"),
    FILE_NAME("kernel", kernel, "Boot this Linux kernel", "FILE"),
    FILE_NAME("initrd", initrd, "with this initial RAM disk", "FILE"),
    TEXT("append", append, "and this command line", "TEXT"),
    { "memory", 'm', 0, G_OPTION_ARG_STRING, &given.memory, "Memory, as 2G or 512M", "SIZE" },
    TEXT("cpus", cpus, "Virtual processors", "N"),
    TEXT("firmware", firmware, "bios or uefi", "KIND"),
    TEXT("accel", accel, "auto, kvm or tcg", "KIND"),
    TEXT("vgpu", vgpu, "auto, none, a type of vGPU, or a vGPU by uuid or name", "TYPE"),
    TEXT("parent", parent, "GPU that serves the vGPU", "BDF"),
    TEXT("mode", mode, "Preferred screen size", "WIDTHxHEIGHT"),
    TEXT("display", display, "auto, none, gtk, sdl, spice, spice-app, vnc, web or qemu-vnc",
         "KIND[:ADDRESS]"),
    TEXT("network", network, "user, none or bridge=NAME", "MODE"),
    TEXT("mac", mac, "Address of the network card", "MAC"),
    FLAG("usb-redir", usb_redir, "Let the SPICE viewer redirect USB devices"),
    FLAG("snapshot", snapshot, "Throw away what the guest writes to its disks"),
    FILE_NAME("serial", serial, "File for the guest's serial port", "FILE"),
    FILE_NAME("qemu", binary, "QEMU binary", "PATH"),
    G_OPTION_ENTRY_NULL,
};

static void set_text(char **target, const char *value)
{
    if (value == NULL)
        return;
    g_free(*target);
    *target = g_strdup(value);
}

/* Options with a syntax of their own share it with the definition file. */
static gboolean apply_parsed(VmConfig *config, GError **error)
{
    const struct {
        const char *text;
        gboolean (*set)(VmConfig *config, const char *text, GError **error);
    } parsed[] = {
        { given.memory, vm_config_set_memory },     { given.cpus, vm_config_set_cpus },
        { given.firmware, vm_config_set_firmware }, { given.accel, vm_config_set_accel },
        { given.mode, vm_config_set_mode },         { given.display, vm_config_set_display },
        { given.network, vm_config_set_network },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(parsed); i++)
        if (parsed[i].text != NULL && !parsed[i].set(config, parsed[i].text, error))
            return FALSE;
    for (char **disk = given.disks; disk != NULL && *disk != NULL; disk++)
        if (!vm_config_add_disk(config, *disk, error))
            return FALSE;
    return TRUE;
}

/* Nothing is said by an empty word, and a definition could not hold it. */
static gboolean check_empty(GError **error)
{
    for (const GOptionEntry *entry = vm_options; entry->long_name != NULL; entry++) {
        gboolean text = entry->arg == G_OPTION_ARG_STRING || entry->arg == G_OPTION_ARG_FILENAME;
        const char *value = text ? *(char **)entry->arg_data : NULL;
        if (value != NULL && *value == '\0' && !g_str_equal(entry->long_name, "name"))
            return error_set(error, VGPUCTL_ERROR_USAGE,
                             "--%s is empty; give it a value (%s) or leave it out",
                             entry->long_name, entry->arg_description);
    }
    return TRUE;
}

static gboolean as_usage(GError **error)
{
    if (error != NULL && *error != NULL)
        (*error)->code = VGPUCTL_ERROR_USAGE;
    return FALSE;
}

gboolean vm_options_apply(VmConfig *config, char **passed, GError **error)
{
    if (given.name != NULL && !vm_name_check(given.name, error))
        return as_usage(error);
    if (!check_empty(error) || !apply_parsed(config, error))
        return as_usage(error);
    set_text(&config->name, given.name);
    set_text(&config->append, given.append);
    set_text(&config->vgpu, given.vgpu);
    set_text(&config->vgpu_parent, given.parent);
    set_text(&config->mac, given.mac);
    set_text(&config->kernel, given.kernel);
    set_text(&config->initrd, given.initrd);
    set_text(&config->cdrom, given.cdrom);
    set_text(&config->serial, given.serial);
    set_text(&config->qemu_binary, given.binary);
    /* from where the user stands, also when the VM is started from elsewhere later */
    vm_config_resolve_paths(config, NULL);
    config->usb_redir |= given.usb_redir;
    config->snapshot |= given.snapshot;
    if (passed != NULL) {
        g_strfreev(config->qemu_args);
        config->qemu_args = g_strdupv(passed);
    }
    return TRUE;
}
