/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the user wants a VM to be: from a definition file (key file, see vgpuctl-vm(5)), from
 * options of `vgpuctl run`, or both, the options winning. A value, without a look at the machine.
 *
 *     [vm]      name= memory= (bytes, or with K M G T suffix) cpus= firmware=bios|uefi
 *               kernel= initrd= append= accel=auto|kvm|tcg snapshot=true|false serial=FILE
 *     [disk]    path= format=auto|raw|qcow2|... readonly=true|false size= (make a qcow2 of this
 *               size when the file is missing); [disk.1], [disk.2] for more, in the file's order
 *     [cdrom]   path=
 *     [vgpu]    type=auto|none|venus|virgl|2d|TYPE parent= mode=WIDTHxHEIGHT
 *     [display] kind=auto|none|gtk|sdl|spice|spice-app|vnc|web|qemu-vnc address=
 *     [network] mode=user|none|bridge=NAME mac=
 *     [usb]     redirect=true|false
 *     [qemu]    args= (list separated by ;)  binary=
 */
#pragma once

#include "base/record.h"

typedef enum { FIRMWARE_BIOS, FIRMWARE_UEFI } FirmwareKind;
typedef enum { NETWORK_USER, NETWORK_BRIDGE, NETWORK_NONE } NetworkKind;
typedef enum { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG } AccelKind;

typedef struct {
    char *path;
    char *format; /* NULL or "auto": probed */
    gboolean readonly;
    guint64 create_bytes; /* make a qcow2 of this size when the file does not exist; 0: never */
} VmDisk;
extern const RecordType vm_disk_type;
extern const char *const firmware_words[]; /* "bios", "uefi" */
extern const char *const network_words[];  /* "user", "bridge", "none" */
extern const char *const accel_words[];    /* "auto", "kvm", "tcg" */

typedef struct {
    char *name;           /* NULL: made from the disk's name */
    guint64 memory_bytes; /* 0: the default for this host */
    int cpus;             /* 0: the default for this host */
    int firmware;         /* FirmwareKind */
    int accel;            /* AccelKind */
    char *kernel, *initrd, *append;
    GPtrArray *disks; /* VmDisk */
    char *cdrom;
    char *vgpu; /* "auto", "none", a provider type; NULL: auto */
    char *vgpu_parent;
    int width, height;
    int display; /* DisplayKind of rules/display-matrix.h */
    char *display_address;
    int network; /* NetworkKind */
    char *bridge;
    char *mac;
    gboolean usb_redir;
    gboolean snapshot; /* disks are not written */
    char *serial; /* file the first serial port writes to; NULL: serial.log of the run directory */
    char *qemu_binary;
    GStrv qemu_args; /* appended as they are */
} VmConfig;
extern const RecordType vm_config_type;

VmConfig *vm_config_new(void);
void vm_config_free(VmConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmConfig, vm_config_free)

/*
 * Reads a definition. Errors name file and line: "vms/a.vm:7: unknown key 'memroy' in [vm]; did you
 * mean 'memory'?". NULL with @error set.
 */
VmConfig *vm_config_from_text(const char *text, gsize length, const char *source, GError **error);

/* The definition as text, reading back equal. Owned. */
char *vm_config_to_text(const VmConfig *config);

/* Values as options and files share them; FALSE with @error naming the value and what is allowed.
 */
gboolean vm_config_set_memory(VmConfig *config, const char *text, GError **error);
gboolean vm_config_set_cpus(VmConfig *config, const char *text, GError **error);
gboolean vm_config_set_display(VmConfig *config, const char *text,
                               GError **error); /* KIND[:ADDRESS] */
gboolean vm_config_set_network(VmConfig *config, const char *text,
                               GError **error); /* user|none|bridge=NAME */
gboolean vm_config_set_firmware(VmConfig *config, const char *text, GError **error);
gboolean vm_config_set_accel(VmConfig *config, const char *text, GError **error);
gboolean vm_config_set_mode(VmConfig *config, const char *text, GError **error); /* WIDTHxHEIGHT */
gboolean vm_config_add_disk(VmConfig *config, const char *text,
                            GError **error); /* PATH[,format=F][,readonly][,size=SIZE] */
/* One key of a [disk], as both forms name it: path, format, readonly, size. */
gboolean vm_disk_set(VmDisk *disk, const char *key, const char *value, GError **error);

gboolean vm_config_set_mac(VmConfig *config, const char *text, GError **error);

/* "512M", "2G", "1.5G" is refused: a number and K, M, G or T (powers of 1024, "B" or "iB" behind
 * it allowed); without a suffix bytes. */
gboolean vm_size_parse(const char *text, guint64 *ret_bytes, GError **error);

/*
 * Makes the names of files absolute, as seen from @directory (NULL: where we are). The QEMU
 * binary's only when it names a directory: otherwise it is searched on PATH.
 */
void vm_config_resolve_paths(VmConfig *config, const char *directory);

/* A VM's name: 1 to 64 of letters, digits, '.', '_', '-', not starting with '.' or '-'. */
gboolean vm_name_check(const char *name, GError **error);
