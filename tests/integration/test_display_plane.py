#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The screens of vGPUs, shown by our display program to a viewer of another make: a guest's animation
on the GVT-g look-alike, and pictures on the kernel's sample drivers. Called with --inside it is the
program that runs on the simulated host and prints a line "KEY: ANSWER" for each observation."""

import mmap
import os
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

import vgpuguest
import vgpuplane
import vgputest
import vgputestbed
import vgpuviewer

UUID = "00000000-0000-4000-8000-000000000001"
CLASS = Path("/sys/class/mdev_bus")
DMABUF_MMAP = Path("/sys/module/kvmgt/parameters/dmabuf_mmap")
DISPLAY = Path(os.environ.get("VGPUCTL_LIBEXECDIR", vgputest.LIBEXECDIR), "display")
RUN = Path("/tmp/vm")
NODE = "/dev/dri/card0"
DISPI = 0x500  # of the registers of bochs-display in region 2
MACHINE = ("-M", "pc", "-accel", "kvm", "-cpu", "host")
IGD = ",display=off,x-igd-opregion=on"
GUEST_WORDS = " tsc=reliable no_timer_check nokaslr iommu=noaperture"
# VESA DMT 640x480 at 60 Hz: small pictures, for a viewer that runs on an emulated processor
TIMING_640X480 = bytes((0xD5, 0x09, 0x80, 0xA0, 0x20, 0xE0, 0x2D, 0x10, 0x10, 0x60, 0xA2, 0, 0, 0, 0,
                        0, 0, 0x18))
STILL_S = 3  # nothing comes
FRAMES = 8  # of the animation, to be seen

WANTED = {
    "guest": "True True",
    "viewer killed": "True",
    "display killed": "-9 True",
    "paused": "True",
    "still": "[]",
    "guest end": "0 True",
    "before a mode": "True",
    "drawn": "640 480 True",
    "another mode": "320 256 True",
    "off": "320 256 True",
    "on again": "640 480 True",
    "edid": "4 800 600 1",
    "reset": "800 600",
    "by OpenGL": "True",
    "end": "0 True",
    "auto": "640 480 True",
    "auto again": "320 256 True",
    "auto resize": "4 800 600",
    "auto end": "0 True",
    "mbochs": "640 480 True",
    "mbochs end": "0 True",
    "mdpy": "1024 768 True",
    "mdpy end": "0 True",
    "kernel": "[]",
}

started = []  # processes


def say(key, *words):
    print(f"{key}:", *words, flush=True)


class Display:
    """Our program, as the supervisor starts it."""

    def __init__(self, *options):
        self.path = RUN / "vnc.sock"
        self.path.unlink(missing_ok=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.path))
        self.listening.listen()
        self.options = [*options, "--input", RUN / "input.sock"]
        self.start()

    def start(self):
        ready, done = os.pipe()
        fds = [self.listening.fileno(), done]
        self.process = subprocess.Popen(
            [DISPLAY, "--name", "test", "--unix-fd", str(fds[0]), "--ready-fd", str(fds[1]),
             *self.options], pass_fds=fds, stderr=sys.stdout)
        started.append(self.process)
        os.close(done)
        if os.read(ready, 1) != b"\n":
            raise AssertionError(f"the display ended: {self.process.wait()}")
        os.close(ready)

    def view(self):
        return vgpuviewer.Watcher(self.path, vgputest.PATIENCE)

    def stop(self):
        self.process.terminate()
        self.listening.close()
        return self.process.wait(vgputest.PATIENCE)


class Vm:
    """A QEMU with a vGPU of a type; with no guest it stops in the firmware."""

    def __init__(self, parent, kind, *options, guest=None, device="vfio-pci", more=",display=off",
                 display="none"):
        (CLASS / parent / "mdev_supported_types" / kind / "create").write_text(UUID)
        words = guest.qemu_options("mode=full") if guest else []
        self.qemu = vgpuguest.Qemu(
            *words, "-vga", "none", "-qmp", f"unix:{RUN}/input.sock,server=on,wait=off", "-device",
            f"{device},sysfsdev=/sys/bus/mdev/devices/{UUID}{more}", *options, display=display,
            machine=(*MACHINE, "-m", "256" if guest else "64"))
        started.append(self.qemu.process)
        self.door = vgpuplane.Door(RUN / "vgpu.sock", self.qemu.process.pid, UUID)
        self.device = vgpuplane.Device(self.qemu.process.pid, UUID)

    def let_go(self):
        """Of what the test itself holds."""
        self.device.close()
        self.door.close()

    def end(self, key, display):
        """QEMU ends, so does the display; removing waits for who holds the vGPU."""
        self.let_go()
        self.qemu.close()
        status = display.process.wait(vgputest.PATIENCE)
        Path("/sys/bus/mdev/devices", UUID, "remove").write_text("1")
        say(key, status, not Path("/sys/bus/mdev/devices", UUID).exists())
        display.listening.close()


def pixels(width, height, seed):
    return struct.pack(f"={width * height}I", *((n * 2654435761 + seed) % 2**24
                                                for n in range(width * height)))


def draw(device, width, height, seed=0):
    """A picture on a vGPU that is a bochs-display (registers 1 to 4: width, height, bits, on)."""
    memory, registers = (device.region_info(index, 32)[0] for index in (0, 2))
    picture = pixels(width, height, seed)
    # mbochs writes elsewhere when it is asked to write
    with mmap.mmap(device.fd, len(picture), mmap.MAP_SHARED, offset=memory) as screen:
        screen[:] = picture
    for number, value in enumerate((width, height, 32, 1), 1):
        os.pwrite(device.fd, struct.pack("=H", value), registers + DISPI + 2 * number)
    return picture


def switch_off(device):
    os.pwrite(device.fd, struct.pack("=H", 0), device.region_info(2, 32)[0] + DISPI + 2 * 4)


def strip_of(viewer, strip_read):
    """The number of the frame that the viewer has, or None."""
    plane = {"width": viewer.width, "height": viewer.height, "stride": 4 * viewer.width}
    vgpuplane.write_png("/tmp/seen.png", plane, bytes(viewer.pixels))
    answer = vgputest.run(strip_read, "/tmp/seen.png")
    return int(answer.stdout.split()[0].partition("=")[2]) if answer.returncode == 0 else None


# --- inside: a guest that draws ---


def watch(viewer, strip_read):
    """Whether the animation goes on: numbers that grow."""
    numbers = []
    while len(numbers) < FRAMES:
        viewer.update()
        number = strip_of(viewer, strip_read)
        if number is not None:
            numbers.append(number)
    return all(a <= b for a, b in zip(numbers, numbers[1:])) and numbers[0] < numbers[-1]


def observe_guest(guest, strip_read):
    vm = Vm("0000:00:02.0", "i915-GVTg_V5_4", "-S", guest=guest, more=IGD)
    edid = vgpuplane.Edid(vm.device)
    edid.block = vgpuplane.with_timing(edid.block, TIMING_640X480)
    vm.qemu.qmp("cont")
    first = vm.qemu.wait_first_frame()
    display = Display("--source", "vfio", "--door", vm.door.path)
    viewer = display.view()
    say("guest", (viewer.width, viewer.height) == (int(first["width"]), int(first["height"])),
        watch(viewer, strip_read))
    viewer.request()
    viewer.close()  # in the middle of an update
    viewer = display.view()
    say("viewer killed", watch(viewer, strip_read))

    display.process.kill()
    status = display.process.wait()
    viewer.close()
    display.start()
    viewer = display.view()
    say("display killed", status, watch(viewer, strip_read))

    vm.qemu.qmp("stop")
    plane = vm.device.plane()
    fd = vm.device.dmabuf(plane["id"])
    picture = bytearray(vgpuplane.mapped(fd, plane))
    os.close(fd)
    picture[3::4] = bytes(len(picture) // 4)
    viewer.until(lambda: viewer.sees(plane["width"], plane["height"], picture))
    say("paused", True)
    say("still", select.select([viewer.line], [], [], STILL_S)[0])
    viewer.close()
    vm.end("guest end", display)


# --- inside: pictures of our own, on a VM without a guest ---


def observe_modes():
    vm = Vm("0000:00:02.0", "i915-GVTg_V5_4",
            more=f"{IGD},romfile=/usr/share/seabios/vgabios-bochs-display.bin")
    device = vm.device
    vm.qemu.qmp("stop")
    switch_off(device)
    display = Display("--source", "vfio", "--door", vm.door.path)
    say("before a mode", display.process.poll() is None)
    picture = draw(device, 640, 480)
    viewer = display.view()
    viewer.until(lambda: viewer.sees(640, 480, picture))
    say("drawn", viewer.width, viewer.height, True)
    small = draw(device, 320, 256, 1)
    viewer.until(lambda: viewer.sees(320, 256, small))
    say("another mode", viewer.width, viewer.height, True)
    switch_off(device)
    late = display.view()
    late.until(lambda: late.sees(320, 256, small))
    say("off", late.width, late.height, True)
    late.close()
    picture = draw(device, 640, 480, 2)
    viewer.until(lambda: viewer.sees(640, 480, picture))
    say("on again", viewer.width, viewer.height, True)
    observe_edid(vm, viewer)
    observe_opengl(vm, display, viewer)


def preferred_size(edid):
    block = edid.block
    return block[56] | (block[58] & 0xF0) << 4, block[59] | (block[61] & 0xF0) << 4


def await_size(edid):
    """The answer says that the guest is asked; the exchange itself has a thread of its own."""
    while preferred_size(edid) != (800, 600) or edid["link"] != 1:
        time.sleep(0.1)


def reset_into(vm, viewer, size):
    """Once in some boots the firmware does not come to a mode, or not to this one, for a reason that
    is not known; then it is reset once more, and says so."""
    patience = viewer.line.gettimeout()
    for limit in (60, 60, patience):
        vm.qemu.qmp("system_reset")
        vm.qemu.qmp("cont")
        viewer.line.settimeout(limit)
        try:
            viewer.until(lambda: (viewer.width, viewer.height) == size)
            break
        except TimeoutError:
            say("no mode after a reset", viewer.width, viewer.height)
    viewer.line.settimeout(patience)


def observe_edid(vm, viewer):
    edid = vgpuplane.Edid(vm.device)
    viewer.resize(800, 600)
    viewer.until(lambda: viewer.answer is not None)
    await_size(edid)
    say("edid", viewer.answer, *preferred_size(edid), edid["link"])
    vm.qemu.qmp("set-action", reboot="reset")
    reset_into(vm, viewer, (800, 600))
    say("reset", viewer.width, viewer.height)
    vm.qemu.qmp("stop")


def observe_opengl(vm, display, viewer):
    """As on real GVT-g, whose pictures only a GPU can read."""
    viewer.close()
    display.stop()
    DMABUF_MMAP.write_text("0")
    vgputest.run("modprobe", "labdrm")
    picture = draw(vm.device, 640, 480, 3)
    display = Display("--source", "vfio", "--door", vm.door.path, "--node", NODE)
    viewer = display.view()
    viewer.until(lambda: viewer.sees(640, 480, picture))
    picture = draw(vm.device, 640, 480, 4)
    viewer.until(lambda: viewer.sees(640, 480, picture))
    say("by OpenGL", True)
    viewer.close()
    DMABUF_MMAP.write_text("1")
    vm.end("end", display)


def observe_auto():
    """QEMU shows the firmware; its console is not to be seen while the plane is on, and resizes."""
    vgputest.run("modprobe", "labdrm")
    vm = Vm("0000:00:02.0", "i915-GVTg_V5_4", "-qmp", f"unix:{RUN}/qmp.sock,server=on,wait=off",
            device="vfio-pci-nohotplug", more=",display=on,ramfb=on,x-igd-opregion=on",
            display=f"dbus,p2p=yes,gl=on,rendernode={NODE}")
    vm.qemu.qmp("stop")
    display = Display("--source", "auto", "--door", vm.door.path, "--qmp", RUN / "qmp.sock",
                      "--node", NODE)
    picture = draw(vm.device, 640, 480, 6)
    viewer = display.view()
    viewer.until(lambda: viewer.sees(640, 480, picture))
    say("auto", viewer.width, viewer.height, True)
    switch_off(vm.device)
    small = draw(vm.device, 320, 256, 7)
    viewer.until(lambda: viewer.sees(320, 256, small))
    say("auto again", viewer.width, viewer.height, True)
    edid = vgpuplane.Edid(vm.device)
    viewer.resize(800, 600)
    viewer.until(lambda: viewer.answer is not None)
    await_size(edid)
    say("auto resize", viewer.answer, *preferred_size(edid))
    viewer.close()
    vm.end("auto end", display)


def observe_mbochs():
    """Its dma-bufs cannot be mapped: the driver wants to be asked for writing, and forbids it."""
    vgputest.run("modprobe", "labdrm")
    vgputest.run("modprobe", "mbochs")
    vm = Vm("mbochs", "mbochs-small")
    vm.qemu.qmp("stop")
    picture = draw(vm.device, 640, 480)
    display = Display("--source", "vfio", "--door", vm.door.path, "--node", NODE)
    viewer = display.view()
    viewer.until(lambda: viewer.sees(640, 480, picture))
    say("mbochs", viewer.width, viewer.height, True)
    viewer.close()
    vm.end("mbochs end", display)


def observe_mdpy():
    """Its picture lies in a region of the device, not in a dma-buf."""
    vgputest.run("modprobe", "mdpy")
    vm = Vm("mdpy", "mdpy-xga")
    display = Display("--source", "vfio", "--door", vm.door.path)
    viewer = display.view()
    plane = vm.device.plane(flags=vgpuplane.REGION)
    offset, size, _, _ = vm.device.region_info(16, 32)
    with mmap.mmap(vm.device.fd, size, mmap.MAP_SHARED, offset=offset) as memory:
        picture = pixels(plane["width"], plane["height"], 5)
        memory[:len(picture)] = picture
        viewer.until(lambda: viewer.sees(plane["width"], plane["height"], picture))
    say("mdpy", viewer.width, viewer.height, True)
    viewer.close()
    vm.end("mdpy end", display)


def inside(guest_directory, strip_read, *parts):
    """All parts, or those that are named, for who looks for a fault."""
    RUN.mkdir()
    vgputest.run("modprobe", "kvm_amd")
    guest = vgpuguest.Guest(guest_directory)
    guest.append += GUEST_WORDS
    try:
        for part, arguments in ((observe_guest, (guest, strip_read)), (observe_modes, ()),
                                (observe_auto, ()), (observe_mbochs, ()), (observe_mdpy, ())):
            if not parts or part.__name__.removeprefix("observe_") in parts:
                part(*arguments)
    finally:
        for process in started:
            process.kill()
    log = vgputest.run("dmesg").stdout
    say("kernel", [line for line in log.splitlines() if "WARNING:" in line or "BUG:" in line])


# --- outside ---


class DisplayPlaneTest(unittest.TestCase):
    maxDiff = None

    def test_plane(self):
        vgputestbed.require()
        guest = vgpuguest.Guest.find()
        words = shlex.join([f"/host{__file__}", "--inside", f"/host{guest.directory}",
                            f"/host{Path(vgputest.STRIP_READ).resolve()}"])
        said = vgputestbed.answers(vgputestbed.simulated_host(
            f"PYTHONPATH=/host{vgputest.SOURCE_DIR}/tests/lib python3 {words} 2>&1",
            "--memory", "1024", limit=2 * vgputest.PATIENCE))
        for key, answer in WANTED.items():
            with self.subTest(key):
                self.assertEqual(said.get(key, f"(no answer; it said {said})"), answer)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(*sys.argv[2:])
    else:
        vgputest.main()
