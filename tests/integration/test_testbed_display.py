#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The display of the GVT-g look-alike: a Debian guest draws on a vGPU of the simulated host, and what
the VFIO calls answer is what the real kvmgt answers. Called with --inside it is the program that runs
there, beside QEMU, and prints a line "KEY: ANSWER" for each observation."""

import errno
import mmap
import os
import shlex
import sys
import threading
import unittest
from pathlib import Path

import vgpuguest
import vgpuplane
import vgputest
import vgputestbed

UUID = "00000000-0000-4000-8000-000000000001"
TYPES = Path("/sys/class/mdev_bus/0000:00:02.0/mdev_supported_types")
DMABUF_MMAP = Path("/sys/module/kvmgt/parameters/dmabuf_mmap")

# VESA DMT 800x600 at 60 Hz; it makes a picture that is not whole pages: 468.75 of them
TIMING_800X600 = bytes((0xA0, 0x0F, 0x20, 0x00, 0x31, 0x58, 0x1C, 0x20, 0x28, 0x80, 0x14, 0, 0, 0, 0,
                        0, 0, 0x1E))
FETCHES = 50  # of each of two readers

# What is observed. An access to a region that the real kvmgt refuses is EFAULT to its caller, whatever
# the reason.
WANTED = {
    "probe": "ok",
    "probe region": "EINVAL",
    "query region": "EINVAL",
    "query overlay": "EINVAL",
    "before the guest": "0 0 0",
    "dmabuf of nothing": "EINVAL",
    "regions": "11 8192 4096",
    "without room": "4096 offset True",
    "region behind the last": "EINVAL",
    "room for less": "EINVAL",
    "opregion": "IntelGraphicsMem",
    "opregion write": "EFAULT",
    "edid preset": "128 128 1024 768 0 128 0",
    "edid too long": "EFAULT",
    "edid read-only field": "EFAULT",
    "edid size": "EFAULT",
    "edid bad checksum": "EFAULT 2",
    "edid link 3": "EFAULT",
    "edid of zeros": "EFAULT",
    "edid round trip": "True 1",
    "first frame": "800 600 dumb buffer on bochs-drm",
    "plane": "800 600 3200 1920000 XR24 0",
    "cursor": "0",
    "same number": "True",
    "strip": "frame=1 width=800 height=600",
    "dmabuf": "0",
    "region 0": "4096",
    "two readers": f"{2 * FETCHES} True",
    "mmap refused": "ENODEV",
    "imported": "True",
    "after QEMU": "True",
    "after reset": "0 0 0",
    "dmabuf after the vGPU": "True",
    "module in use": "1",
    "module given back": "0",
    "kernel": "[]",
}


def say(key, *words):
    print(f"{key}:", *words, flush=True)


def refusal(call, *arguments):
    """The name of the errno with which it fails."""
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"


# --- inside: what the VM's user sees before the guest runs ---


def observe_no_picture(device):
    say("probe", refusal(device.plane, vgpuplane.PRIMARY, vgpuplane.PROBE | vgpuplane.DMABUF))
    say("probe region", refusal(device.plane, vgpuplane.PRIMARY,
                                vgpuplane.PROBE | vgpuplane.REGION))
    say("query region", refusal(device.plane, vgpuplane.PRIMARY, vgpuplane.REGION))
    say("query overlay", refusal(device.plane, 0))
    plane = device.plane()
    say("before the guest", plane["width"], plane["height"], plane["id"])
    say("dmabuf of nothing", refusal(device.dmabuf, 1))


def observe_regions(device):
    count, typed = device.regions()
    say("regions", count, *(size for _, size in typed.values()))
    offset, size, _, _ = device.region_info(count - 1, 32)
    say("without room", size, "offset", offset == typed[vgpuplane.GFX_EDID][0])
    say("region behind the last", refusal(device.region_info, count))
    say("room for less", refusal(device.region_info, 0, 31))
    say("opregion", os.pread(device.fd, 16, typed[vgpuplane.OPREGION][0]).decode())
    say("opregion write", refusal(os.pwrite, device.fd, b"0000", typed[vgpuplane.OPREGION][0]))


def observe_edid(device):
    edid = vgpuplane.Edid(device)
    preset = edid.block
    say("edid preset", edid["max_size"], edid["size"], edid["max_xres"], edid["max_yres"],
        edid["link"], len(preset), sum(preset) & 0xFF)
    say("edid too long", refusal(setattr, edid, "block", preset + b"\0"))
    say("edid read-only field", refusal(edid.__setitem__, "max_xres", 1))
    say("edid size", refusal(edid.__setitem__, "size", 129))
    edid["link"] = edid.DOWN
    edid.block = preset[:127] + bytes([preset[127] ^ 1])
    say("edid bad checksum", refusal(edid.__setitem__, "link", edid.UP), edid["link"])
    say("edid link 3", refusal(edid.__setitem__, "link", 3))
    edid.block = bytes(128)
    say("edid of zeros", refusal(edid.__setitem__, "link", edid.UP))
    new = vgpuplane.with_timing(preset, TIMING_800X600)
    edid.block = new
    edid["link"] = edid.UP
    say("edid round trip", edid.block == new, edid["link"])


# --- inside: the picture ---


def read_by_mmap(device, plane):
    fd = device.dmabuf(plane["id"])
    try:
        return vgpuplane.mapped(fd, plane)
    finally:
        os.close(fd)


def observe_picture(device, strip_read):
    plane = device.plane()
    say("plane", plane["width"], plane["height"], plane["stride"], plane["size"],
        plane["format"].to_bytes(4, "little").decode(), plane["modifier"])
    say("cursor", device.plane(vgpuplane.CURSOR)["width"])
    say("same number", device.plane()["id"] == plane["id"])
    picture = read_by_mmap(device, plane)
    vgpuplane.write_png("/tmp/picture.png", plane, picture)
    say("strip", vgputest.run(strip_read, "/tmp/picture.png").stdout.strip())
    fd = device.dmabuf(plane["id"])
    say("dmabuf", os.lseek(fd, 0, os.SEEK_END) % mmap.PAGESIZE)
    with mmap.mmap(device.fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
        say("region 0", len(memory))
    os.close(fd)
    return plane, picture


def observe_two_readers(plane, picture, qemu):
    """Each with descriptors of its own, fetching and closing."""
    equal = []

    def read():
        device = vgpuplane.Device(qemu.process.pid, UUID)
        for _ in range(FETCHES):
            equal.append(read_by_mmap(device, device.plane()) == picture)
        device.close()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    say("two readers", len(equal), all(equal))


def observe_refused_mmap(device, plane, picture):
    """As on the real one: only a GPU can read it."""
    DMABUF_MMAP.write_text("0")
    fd = device.dmabuf(plane["id"])
    say("mmap refused", refusal(vgpuplane.mapped, fd, plane))
    vgputest.run("modprobe", "labdrm")
    importer = vgpuplane.Importer("/dev/dri/card0")
    say("imported", importer.read(fd, plane) == picture)
    importer.close()
    os.close(fd)
    DMABUF_MMAP.write_text("1")


def observe_end(device, qemu, plane, picture):
    """The picture stays as long as its dma-buf, and the module with it."""
    fd = device.dmabuf(plane["id"])
    qemu.close()
    say("after QEMU", device.plane()["id"] == plane["id"])
    device.reset()
    after = device.plane()
    say("after reset", after["width"], after["height"], after["id"])
    device.close()
    Path("/sys/bus/mdev/devices", UUID, "remove").write_text("1")
    say("dmabuf after the vGPU", vgpuplane.mapped(fd, plane) == picture)
    say("module in use", vgputest.run("rmmod", "kvmgt").returncode)
    os.close(fd)
    say("module given back", vgputest.run("rmmod", "kvmgt").returncode)


def inside(guest_directory, strip_read):
    vgputest.run("modprobe", "kvm_amd")
    (TYPES / "i915-GVTg_V5_8" / "create").write_text(UUID)
    guest = vgpuguest.Guest(guest_directory)
    guest.append += " tsc=reliable no_timer_check nokaslr iommu=noaperture"
    qemu = vgpuguest.Qemu(
        *guest.qemu_options("mode=still"), "-S", "-vga", "none", "-device",
        f"vfio-pci,sysfsdev=/sys/bus/mdev/devices/{UUID},display=off,x-igd-opregion=on",
        machine=("-M", "pc", "-accel", "kvm", "-cpu", "host", "-m", "256"))
    device = vgpuplane.Device(qemu.process.pid, UUID)
    observe_no_picture(device)
    observe_regions(device)
    observe_edid(device)
    qemu.qmp("cont")
    frame = qemu.wait_first_frame()
    say("first frame", frame["width"], frame["height"], frame["renderer"])
    plane, picture = observe_picture(device, strip_read)
    observe_two_readers(plane, picture, qemu)
    observe_refused_mmap(device, plane, picture)
    observe_end(device, qemu, plane, picture)
    log = vgputest.run("dmesg").stdout
    say("kernel", [line for line in log.splitlines() if "WARNING:" in line or "BUG:" in line])


# --- outside ---


class TestbedDisplayTest(unittest.TestCase):
    maxDiff = None

    def test_display(self):
        vgputestbed.require()
        guest = vgpuguest.Guest.find()
        words = shlex.join([f"/host{__file__}", "--inside", f"/host{guest.directory}",
                            f"/host{Path(vgputest.STRIP_READ).resolve()}"])
        said = vgputestbed.answers(vgputestbed.simulated_host(
            f"PYTHONPATH=/host{vgputest.SOURCE_DIR}/tests/lib python3 {words} 2>&1",
            "--memory", "1024"))
        for key, answer in WANTED.items():
            with self.subTest(key):
                self.assertEqual(said.get(key, f"(no answer; it said {said})"), answer)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(*sys.argv[2:])
    else:
        vgputest.main()
