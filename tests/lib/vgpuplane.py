# SPDX-License-Identifier: LGPL-2.1-or-later
"""A vGPU as a process beside QEMU reads it, for tests on the simulated host: <linux/vfio.h> through a
copy of QEMU's group descriptor. It is a reader of its own, which shares no code with vgpuctl."""

import ctypes
import errno
import fcntl
import mmap
import os
import socket
import struct
import threading
import zlib
from pathlib import Path

MDEV_DEVICES = Path("/sys/bus/mdev/devices")

# <linux/vfio.h>: _IO(';', 100 + number)
GROUP_GET_DEVICE_FD = 0x3B6A
DEVICE_GET_INFO = 0x3B6B
DEVICE_GET_REGION_INFO = 0x3B6C
DEVICE_RESET = 0x3B6F
DEVICE_QUERY_GFX_PLANE = 0x3B72
DEVICE_GET_GFX_DMABUF = 0x3B73

PROBE, DMABUF, REGION = 1, 2, 4  # VFIO_GFX_PLANE_TYPE_
PRIMARY, CURSOR = 1, 2  # DRM_PLANE_TYPE_

PLANE = "=IIIIQ9I"  # struct vfio_device_gfx_plane_info
PLANE_FIELDS = ("argsz", "flags", "type", "format", "modifier", "width", "height", "stride", "size",
                "x", "y", "x_hot", "y_hot", "id")
REGION_INFO = "=IIIIQQ"  # struct vfio_region_info
TYPE_CAPABILITY = "=HHIII"  # struct vfio_region_info_cap_type
GFX_EDID = (1, 1)  # VFIO_REGION_TYPE_GFX, _SUBTYPE_GFX_EDID
OPREGION = (1 << 31 | 0x8086, 1)

SYS_PIDFD_GETFD = 438
libc = ctypes.CDLL(None, use_errno=True)


def pidfd_getfd(pidfd, number):
    fd = libc.syscall(SYS_PIDFD_GETFD, pidfd, number, 0)
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return fd


def group_of(uuid):
    """The node of the vGPU's group, as /proc/PID/fd shows it."""
    return f"/dev/vfio/{(MDEV_DEVICES / uuid / 'iommu_group').resolve().name}"


def take_group(pid, uuid):
    """A copy of the descriptor that the process has of the vGPU's group."""
    directory = Path("/proc", str(pid), "fd")
    for link in directory.iterdir():
        if os.readlink(link) == group_of(uuid):
            pidfd = os.pidfd_open(pid)
            try:
                return pidfd_getfd(pidfd, int(link.name))
            finally:
                os.close(pidfd)
    raise OSError(errno.ENOENT, f"process {pid} has no {group_of(uuid)}")


class Device:
    """A vGPU that QEMU, the process `pid`, has opened. What the kernel refuses is an OSError."""

    def __init__(self, pid, uuid):
        group = take_group(pid, uuid)
        try:
            self.fd = fcntl.ioctl(group, GROUP_GET_DEVICE_FD, bytearray(uuid.encode() + b"\0"))
        finally:
            os.close(group)

    def close(self):
        os.close(self.fd)

    def reset(self):
        fcntl.ioctl(self.fd, DEVICE_RESET)

    def plane(self, kind=PRIMARY, flags=DMABUF):
        """The fields of the plane; those of one that is not there are 0."""
        fields = dict.fromkeys(PLANE_FIELDS, 0)
        fields |= {"argsz": struct.calcsize(PLANE), "flags": flags, "type": kind}
        data = bytearray(struct.pack(PLANE, *fields.values()))
        fcntl.ioctl(self.fd, DEVICE_QUERY_GFX_PLANE, data)
        return dict(zip(PLANE_FIELDS, struct.unpack(PLANE, data)))

    def dmabuf(self, number):
        """A new descriptor of the plane's dma-buf."""
        return fcntl.ioctl(self.fd, DEVICE_GET_GFX_DMABUF, bytearray(struct.pack("=I", number)))

    def region_info(self, index, room=128):
        """offset, size, flags and (type, subtype) of a region; `room` for the kernel's answer."""
        size = struct.calcsize(REGION_INFO)
        data = bytearray(max(room, size))
        struct.pack_into(REGION_INFO, data, 0, room, 0, index, 0, 0, 0)
        fcntl.ioctl(self.fd, DEVICE_GET_REGION_INFO, data)
        _, flags, _, at, length, offset = struct.unpack_from(REGION_INFO, data)
        what = struct.unpack_from(TYPE_CAPABILITY, data, at)[3:] if at else None
        return offset, length, flags, what

    def regions(self):
        """How many there are, and those with a type: (type, subtype) -> (offset, size)."""
        data = bytearray(struct.pack("=5I", 20, 0, 0, 0, 0))
        fcntl.ioctl(self.fd, DEVICE_GET_INFO, data)
        count = struct.unpack("=5I", data)[2]
        infos = [self.region_info(index) for index in range(count)]
        return count, {what: (offset, size) for offset, size, _, what in infos if what}


class Door:
    """What the supervisor of a VM opens: who connects gets QEMU's group and a pidfd of it."""

    def __init__(self, path, pid, uuid):
        self.path, self.pid, self.uuid = path, pid, uuid
        Path(path).unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(str(path))
        self.socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            fds = [take_group(self.pid, self.uuid), os.pidfd_open(self.pid)]
            socket.send_fds(client, [self.uuid.encode()], fds)
            for fd in (*fds, client.detach()):
                os.close(fd)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Edid:
    """The region through which the EDID is read and set."""

    FIELDS = ("offset", "max_size", "size", "max_xres", "max_yres", "link")
    UP, DOWN = 1, 2

    def __init__(self, device):
        self.fd = device.fd
        self.at = device.regions()[1][GFX_EDID][0]

    def __getitem__(self, field):
        return struct.unpack("=I", os.pread(self.fd, 4, self.at + 4 * self.FIELDS.index(field)))[0]

    def __setitem__(self, field, value):
        os.pwrite(self.fd, struct.pack("=I", value), self.at + 4 * self.FIELDS.index(field))

    @property
    def block(self):
        return os.pread(self.fd, self["size"], self.at + self["offset"])

    @block.setter
    def block(self, data):
        os.pwrite(self.fd, data, self.at + self["offset"])


def with_timing(block, timing):
    """An EDID block whose preferred timing is another one, with the checksum that belongs to it."""
    block = block[:54] + timing + block[72:127]
    return block + bytes([-sum(block) & 0xFF])


def mapped(fd, plane):
    """The picture's bytes, by mmap."""
    with mmap.mmap(fd, os.lseek(fd, 0, os.SEEK_END), mmap.MAP_SHARED, mmap.PROT_READ) as memory:
        return memory[:plane["stride"] * plane["height"]]


def write_png(path, plane, picture):
    """XRGB, little-endian, as PNG."""
    width, height, stride = plane["width"], plane["height"], plane["stride"]
    rows = bytearray()
    for y in range(height):
        row = picture[y * stride:y * stride + 4 * width]
        rgb = bytearray(3 * width)
        rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
        rows += b"\0" + rgb

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
                           chunk(b"IDAT", zlib.compress(bytes(rows), 1)) + chunk(b"IEND", b""))


class Importer:
    """The DRM device of labdrm, /dev/dri/cardN: a picture is imported into it and mapped there."""

    PRIME_FD_TO_HANDLE = 0xC00C642E
    MODE_MAP_DUMB = 0xC01064B3
    GEM_CLOSE = 0x40086409

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def close(self):
        os.close(self.fd)

    def read(self, dmabuf, plane):
        """The picture's bytes."""
        size = os.lseek(dmabuf, 0, os.SEEK_END)
        data = bytearray(struct.pack("=IIi", 0, 0, dmabuf))
        fcntl.ioctl(self.fd, self.PRIME_FD_TO_HANDLE, data)
        handle = struct.unpack("=IIi", data)[0]
        data = bytearray(struct.pack("=IIQ", handle, 0, 0))
        fcntl.ioctl(self.fd, self.MODE_MAP_DUMB, data)
        offset = struct.unpack("=IIQ", data)[2]
        with mmap.mmap(self.fd, size, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset) as memory:
            picture = memory[:plane["stride"] * plane["height"]]
        fcntl.ioctl(self.fd, self.GEM_CLOSE, struct.pack("=II", handle, 0))
        return picture
