/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/messages.h"

/* clang-format off */
const Message messages[] = {
    /* disks: block/file-posix.c, block/qcow2.c, util/osdep.c */
    { "disk-locked", "Failed to get \"(write|consistent read|shared \"write\")\" lock", MESSAGE_GENERAL,
      "another running VM has this disk",
      "stop that VM (vgpuctl ps), or start this one with --snapshot when the other only reads" },
    { "disk-missing", "Could not open '([^']+)': No such file or directory", MESSAGE_GENERAL,
      "there is no file \\1", "correct the path" },
    { "disk-permission", "Could not open '([^']+)': Permission denied", MESSAGE_GENERAL,
      "you may not open \\1", "change its owner, or use ,readonly when you may only read it" },
    { "disk-not-format", "Image is not in (\\S+) format", MESSAGE_GENERAL,
      "the disk is no \\1 image", "give the right format: --disk FILE,format=raw" },
    { "disk-corrupt", "Image is corrupt|qcow2: Marking image as corrupt", MESSAGE_GENERAL,
      "the disk image is damaged", "repair a copy of it: qemu-img check -r all FILE" },
    { "disk-size", "Cannot (?:grow|shrink) device files|The image size must be a multiple", MESSAGE_GENERAL,
      "the disk has a size QEMU cannot use", "convert it with qemu-img convert" },

    /* acceleration: accel/kvm/kvm-all.c */
    { "kvm-permission", "Could not access KVM kernel module: Permission denied", MESSAGE_GENERAL,
      "you may not use /dev/kvm", "join its group (usually: adduser USER kvm) and log in again, or --accel tcg" },
    { "kvm-missing", "Could not access KVM kernel module: No such file", MESSAGE_GENERAL,
      "this kernel offers no /dev/kvm", "enable virtualisation in the firmware and load kvm_intel or kvm_amd, or --accel tcg" },
    { "kvm-failed", "failed to initialize kvm|kvm_init_vcpu|KVM: entry failed|error: failed to set MSR", MESSAGE_GENERAL,
      "KVM opens here but does not run guests", "use --accel tcg" },

    /* memory: softmmu/physmem.c, util/oslib-posix.c */
    { "memory", "cannot set up guest memory|Cannot allocate memory for guest", MESSAGE_GENERAL,
      "there is not enough memory for this VM", "give it less: --memory" },

    /* GL: ui/egl-helpers.c, ui/gtk.c, hw/display/virtio-gpu-gl.c, ui/spice-core.c */
    { "gl-no-render-node", "egl: no drm render node available|egl: render node init failed|dbus: render node init failed"
      "|Failed to initialize EGL render node", MESSAGE_GL,
      "OpenGL does not start on this host's render node",
      "look at it with vgpuctl gpus; --vgpu 2d needs no OpenGL" },
    { "gl-no-export", "EGL_MESA_image_dma_buf_export not supported|No provider of egl", MESSAGE_GL,
      "the GL driver of this host lacks what QEMU needs", "use --vgpu 2d" },
    { "gl-virtio", "opengl is not available", MESSAGE_GL,
      "a virgl vGPU needs a display with OpenGL", "use --vgpu 2d, or a display with OpenGL" },
    { "gl-display", "OpenGL is not supported by the display", MESSAGE_GL,
      "this display has no OpenGL here", "use --vgpu 2d" },
    { "gl-vfio", "vfio-display-dmabuf: opengl not available", MESSAGE_GL,
      "the vGPU's screen needs a display with OpenGL", "use --display gtk on a local screen, or --display none" },
    { "gl-virglrenderer", "virgl could not be initialized|vrend_renderer_init|failed to initialize virglrenderer", MESSAGE_GL,
      "virglrenderer does not work with this GL driver", "use --vgpu 2d" },
    { "gl-context", "could not (?:create|make current) (?:EGL|GL) context|eglCreateContext failed|Couldn't find current GLX or EGL context", MESSAGE_GL,
      "the GL driver could not make a context", "use --vgpu 2d" },
    { "gl-dmabuf-console", "The console requires display DMABUF support|The console requires a GL context|is incompatible with the GL context", MESSAGE_GENERAL,
      "this display cannot show this vGPU", "use --display gtk on a local screen, or --display none" },

    /* displays: ui/gtk.c, ui/sdl2.c, ui/spice-app.c, ui/dbus.c, ui/vnc.c */
    { "gtk-init", "gtk initialization failed", MESSAGE_GENERAL,
      "there is no screen for a window", "use --display vnc" },
    { "sdl-init", "Could not initialize SDL\\(([^)]*)\\)", MESSAGE_GENERAL,
      "there is no screen for a window (\\1)", "use --display vnc" },
    { "spice-app", "You need a capable Spice client|Failed to launch spice\\+unix", MESSAGE_GENERAL,
      "no SPICE viewer is installed", "install virt-viewer, or use --display spice and a viewer elsewhere" },
    { "spice-gl-remote", "SPICE GL support is local-only", MESSAGE_GENERAL,
      "this QEMU shows OpenGL by SPICE on a unix socket only", "use --display spice without an address" },
    { "dbus-session", "failed to connect to DBus", MESSAGE_GENERAL,
      "there is no session bus", "start it from a desktop session, or use another display" },
    { "display-module", "Display '([^']+)' is not available|module ui-ui-(\\S+) not found", MESSAGE_GENERAL,
      "that display's module is not installed", "install it (Debian: qemu-system-gui), see vgpuctl qemu" },
    { "spice-module", "invalid option -- 'spice'|-spice: invalid option|no spice support", MESSAGE_GENERAL,
      "this QEMU has no SPICE", "see vgpuctl qemu for what would bring it" },
    { "vnc-address", "(?:Failed to (?:bind socket|find an available port)|Failed to listen)[^\n]*: Address already in use", MESSAGE_GENERAL,
      "that address is in use", "choose another, or none: --display vnc uses a unix socket" },

    /* devices */
    { "device-unknown", "'([^']+)' is not a valid device model name", MESSAGE_GENERAL,
      "this QEMU has no device \\1", "see vgpuctl qemu for what would bring it" },
    { "property-unknown", "Property '([^']+)' not found", MESSAGE_GENERAL,
      "this QEMU's device has no property \\1", "use a newer QEMU (--qemu PATH)" },
    { "udmabuf", "cannot enable blob resources without udmabuf|open /dev/udmabuf", MESSAGE_GL,
      "blob resources need /dev/udmabuf", "modprobe udmabuf and allow it for your user, or --vgpu virgl" },
    { "machine-unknown", "unsupported machine type|-machine: unknown", MESSAGE_GENERAL,
      "this QEMU has no such machine", "use another QEMU (--qemu PATH)" },

    /* network: qemu-bridge-helper.c, net/slirp.c */
    { "bridge-acl-missing", "failed to parse default acl file `([^']+)'", MESSAGE_GENERAL,
      "\\1 does not exist", "as root, write a line into it: allow BRIDGE" },
    { "bridge-acl-denied", "access denied by acl file", MESSAGE_GENERAL,
      "the bridge is not allowed to users", "as root, add it to bridge.conf: allow BRIDGE" },
    { "bridge-privilege", "failed to create tun device: Operation not permitted", MESSAGE_GENERAL,
      "the bridge helper has no privilege", "as root: setcap cap_net_admin=ep on it, see vgpuctl qemu" },
    { "bridge-missing", "failed to get mtu of bridge `([^']+)': No such device", MESSAGE_GENERAL,
      "there is no bridge \\1", "make it, or use --network user" },
    { "slirp-missing", "network backend 'user' is not compiled|'user' is not a valid netdev backend", MESSAGE_GENERAL,
      "this QEMU was built without slirp", "use --network bridge=NAME or none, or another QEMU (--qemu PATH)" },

    /* vfio: hw/vfio */
    { "vfio-permission", "failed to open (/dev/vfio/\\S+): Permission denied", MESSAGE_GENERAL,
      "you may not use \\1", "as root, give it to your user: setfacl -m u:USER:rw \\1" },
    { "vfio-busy", "failed to open (/dev/vfio/\\S+): Device or resource busy", MESSAGE_GENERAL,
      "another VM has this vGPU", "stop that VM, or take another vGPU" },
    { "vfio-no-kvm", "error getting device from group \\d+: No such process", MESSAGE_GENERAL,
      "this vGPU needs KVM and the VM runs without", "make KVM work (vgpuctl qemu says why it does not)" },
    { "vfio-second", "error getting device from group \\d+: File exists", MESSAGE_GENERAL,
      "a VM can have one such vGPU only", "remove the other" },
    { "vfio-no-iommu-model", "No available IOMMU models", MESSAGE_GENERAL,
      "the module vfio_iommu_type1 is not loaded", "as root: modprobe vfio_iommu_type1" },
    { "vfio-no-device", "vfio (\\S+): no such host device", MESSAGE_GENERAL,
      "there is no mediated device \\1", "start it first" },
    { "vfio-memlock", "VFIO_MAP_DMA failed: Cannot allocate memory|vfio: DMA mapping failed", MESSAGE_GENERAL,
      "the limit of locked memory is smaller than the guest's memory", "raise memlock for your user in /etc/security/limits.d" },
    { "vfio-opregion", "does not support requested IGD OpRegion", MESSAGE_GENERAL,
      "this device has no OpRegion", "leave x-igd-opregion off" },

    /* the rest of the start */
    { "kernel-missing", "could not (?:open|load) kernel(?: file)? '([^']+)'", MESSAGE_GENERAL,
      "\\1 cannot be read or is no kernel", "correct --kernel" },
    { "kernel-no-pvh", "Error loading uncompressed kernel without PVH ELF Note", MESSAGE_GENERAL,
      "the unpacked kernel was built without PVH", "give the packed one (vmlinuz)" },
    { "sandbox", "failed to install seccomp syscall filter|seccomp: ", MESSAGE_GENERAL,
      "the kernel refused QEMU's system call filter", "use a kernel with CONFIG_SECCOMP_FILTER" },
    { "disk-full", "No space left on device", MESSAGE_GENERAL,
      "the disk is full", "make room" },
    { NULL, NULL, MESSAGE_GENERAL, NULL, NULL },
};
/* clang-format on */
