#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demonstration's guest boots on plain QEMU, draws, and can be switched off."""

import os
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

import vgputest
from vgpuguest import QEMU, Guest, Qemu


class GuestTest(unittest.TestCase):
    def setUp(self):
        self.guest = Guest.find()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def boot(self, device, mode):
        qemu = Qemu("-device", device, *self.guest.qemu_options(mode))
        self.addCleanup(qemu.close)
        return qemu

    def strip_of(self, qemu, name):
        """A screendump is taken between two frames or within one: torn ones are taken again."""
        path = self.directory / name
        for _ in range(50):
            qemu.screendump(path)
            strip, reason = vgputest.read_strip(path)
            if strip or "torn" not in reason:
                break
        self.assertIsNotNone(strip, reason)
        return strip

    def check_drawing(self, device, mode, renderer):
        qemu = self.boot(device, mode)
        fields = qemu.wait_first_frame()
        self.assertEqual(fields["number"], "1")
        self.assertEqual(fields["renderer"], renderer)
        first = self.strip_of(qemu, "first.png")
        self.assertEqual(first["width"], int(fields["width"]))
        self.assertEqual(first["height"], int(fields["height"]))

        # Later: once the guest itself says that it has drawn more.
        match = qemu.wait_serial(r"frames number=(\d+) ", start=len(qemu.text))
        while int(match.group(1)) <= first["frame"]:
            match = qemu.wait_serial(r"frames number=(\d+) ", start=match.end())
        self.assertGreater(self.strip_of(qemu, "later.png")["frame"], first["frame"])

        self.assertEqual(qemu.power_down(), 0)
        self.assertIn("vgpuctl-guest: done\n", qemu.text)

    def test_full_on_virtio_vga(self):
        self.check_drawing("virtio-vga", "mode=full,fps=20", "dumb buffer on virtio_gpu")

    def test_box_on_bochs_display(self):
        self.check_drawing("bochs-display", "mode=box,fps=20", "dumb buffer on bochs-drm")

    def test_text_at_a_given_size(self):
        qemu = self.boot("virtio-vga", "mode=text,fps=20,size=800x600,seconds=2")
        fields = qemu.wait_first_frame()
        self.assertEqual((fields["width"], fields["height"]), ("800", "600"))
        qemu.wait_serial("vgpuctl-guest: done\n")  # by itself, after two seconds
        self.assertEqual(qemu.process.wait(vgputest.PATIENCE), 0)

    def test_wrong_option(self):
        qemu = self.boot("virtio-vga", "mode=swirl")
        qemu.wait_serial('cannot read "mode=swirl"')
        self.assertEqual(qemu.process.wait(vgputest.PATIENCE), 0)

    def test_power_button_without_display(self):
        qemu = self.boot("virtio-rng-pci", "mode=full")
        qemu.wait_serial("vgpuctl-guest: waiting for a display\n")
        self.assertEqual(qemu.power_down(), 0)


class Screen:
    """An X server whose picture can be read as a file (an XWD: see XWDFile.h of xorgproto)."""

    WIDTH, HEIGHT = 2560, 1600

    def __init__(self, directory):
        self.directory = directory
        if shutil.which("Xvfb") is None:
            raise unittest.SkipTest("Xvfb is not installed")
        ours, theirs = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(theirs), "-fbdir", str(directory), "-nolisten", "tcp",
             "-screen", "0", f"{self.WIDTH}x{self.HEIGHT}x24", "+extension", "GLX"],
            stderr=subprocess.DEVNULL, pass_fds=[theirs])
        os.close(theirs)
        with open(ours, encoding="ascii") as reader:
            number = reader.readline().strip()
        if not number:
            raise unittest.SkipTest("Xvfb does not start")
        self.name = f":{number}"

    def close(self):
        self.process.terminate()
        self.process.wait()

    def picture(self, path, width, height):
        """Writes a PPM of the window: its first pixel, in the strip, is the screen's first white."""
        data = (self.directory / "Xvfb_screen0").read_bytes()
        header = struct.unpack_from(">25I", data)
        pixels = data[header[0] + header[19] * 12:]
        stride = header[12]
        first = pixels.find(b"\xff\xff\xff") // 4 * 4
        rows = []
        for y in range(first // stride, first // stride + height):
            row = pixels[y * stride + first % stride:][:width * 4]
            rgb = bytearray(len(row) // 4 * 3)
            rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
            rows.append(bytes(rgb))
        path.write_bytes(b"P6 %d %d 255\n" % (width, height) + b"".join(rows))


class GuestWith3dTest(unittest.TestCase):
    def setUp(self):
        self.guest = Guest.find("--3d")
        if self.guest.root_image is None:
            self.skipTest("the guest was built without Mesa (run guest/build-guest --3d)")
        if "virtio-vga-gl" not in vgputest.run(QEMU, "-device", "help").stdout:
            self.skipTest("this QEMU has no virtio-vga-gl")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def test_virgl_in_a_window(self):
        screen = Screen(self.directory)
        self.addCleanup(screen.close)
        qemu = Qemu("-device", "virtio-vga-gl", *self.guest.root_options(),
                    *self.guest.qemu_options("mode=full,fps=10"),
                    display="sdl,gl=on", environment={"DISPLAY": screen.name})
        self.addCleanup(qemu.close)
        fields = qemu.wait_first_frame()
        self.assertRegex(fields["renderer"], "^virgl")

        # The window's buffer swap and our reading may cross: read until a frame is whole.
        width, height = int(fields["width"]), int(fields["height"])
        path = self.directory / "window.ppm"
        for _ in range(50):
            qemu.wait_serial(r"frames number=(\d+) ", start=len(qemu.text))
            screen.picture(path, width, height)
            strip, reason = vgputest.read_strip(path)
            if strip:
                break
        self.assertIsNotNone(strip, reason)
        self.assertGreaterEqual(strip["frame"], 1)
        self.assertEqual(qemu.power_down(), 0)

    def test_2d_device_is_drawn_without_gl(self):
        qemu = Qemu("-device", "virtio-vga", *self.guest.root_options(),
                    *self.guest.qemu_options("mode=full,fps=10"))
        self.addCleanup(qemu.close)
        fields = qemu.wait_first_frame()
        self.assertEqual(fields["renderer"], "dumb buffer on virtio_gpu")
        self.assertIn("drawing without GL on virtio_gpu: the virtio GPU has no 3D", qemu.text)
        self.assertEqual(qemu.power_down(), 0)


if __name__ == "__main__":
    vgputest.main()
