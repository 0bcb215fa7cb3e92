#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's frame is taken where QMP's screendump has no surface: from consoles drawn by GL."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import vgputest
from vgpuguest import Guest, Qemu

NO_DEVICE = "/dev/null"


def probe(*options):
    return json.loads(vgputest.run(Path(vgputest.LIBEXECDIR) / "probe-gl", *options).stdout)


class ShotTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def boot(self, guest, display, *options):
        qemu = Qemu("-display", display, "-device", "virtio-vga-gl", *options,
                    *guest.qemu_options("mode=full,fps=5"))
        self.addCleanup(qemu.close)
        return qemu

    def frame(self, *source):
        """The picture's frame; one taken while the guest was drawing is taken again."""
        picture = self.directory / "shot.png"
        for _ in range(50):
            shot = vgputest.run(Path(vgputest.LIBEXECDIR) / "shot", *source, "--output", picture)
            self.assertEqual((shot.returncode, shot.stderr), (0, ""))
            strip, reason = vgputest.read_strip(picture)
            if strip or "torn" not in reason:
                break
        self.assertIsNotNone(strip, reason)
        return strip

    def check_frames(self, qemu, *source):
        qemu.wait_first_frame()
        first = self.frame(*source)
        self.assertEqual((first["width"], first["height"]), (1280, 800))
        match = qemu.wait_serial(r"frames number=(\d+) ", start=len(qemu.text))
        while int(match.group(1)) <= first["frame"]:
            match = qemu.wait_serial(r"frames number=(\d+) ", start=match.end())
        self.assertGreater(self.frame(*source)["frame"], first["frame"])

    def need_software_gbm(self):
        answer = probe("--node", NO_DEVICE)
        if not (answer["works"] and answer["surfaceless_context"] and answer["dmabuf_export"]):
            self.skipTest(f"EGL on {NO_DEVICE}: {answer['failure'] or 'not what QEMU needs'}")

    def check_vnc(self, guest, *options):
        self.need_software_gbm()
        socket = self.directory / "vnc"
        qemu = self.boot(guest, f"egl-headless,rendernode={NO_DEVICE}", "-vnc", f"unix:{socket}",
                         *options)
        self.check_frames(qemu, "--vnc", socket)
        return qemu

    def test_vnc(self):
        self.check_vnc(Guest.find())

    def test_vnc_3d(self):
        guest = Guest.find("--3d")
        qemu = self.check_vnc(guest, "-drive",
                              f"file={guest.root_image},if=virtio,format=raw,snapshot=on")
        self.assertIn('renderer="virgl', qemu.text)

    def start_xvfb(self):
        """Its display, which becomes that of all programs started later."""
        if shutil.which("Xvfb") is None:
            self.skipTest("Xvfb is not installed")
        xvfb = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "2600x2000x24", "-nolisten", "tcp",
             "-noreset", "+extension", "GLX"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(xvfb.stdout.close)
        self.addCleanup(xvfb.wait)
        self.addCleanup(xvfb.kill)
        number = xvfb.stdout.readline().strip()
        if not number:
            self.skipTest("Xvfb does not start")
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ["DISPLAY"] = f":{number}"
        os.environ.pop("WAYLAND_DISPLAY", None)

    def test_window(self):
        guest = Guest.find()
        self.start_xvfb()
        if not probe("--glx")["works"]:
            self.skipTest("no GLX on Xvfb here")
        qemu = self.boot(guest, "sdl,gl=on")
        self.check_frames(qemu, "--window", qemu.process.pid)


if __name__ == "__main__":
    vgputest.main()
