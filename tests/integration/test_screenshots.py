#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture of a running guest is saved, whatever kind of virtio vGPU and display it has."""

import json
import re
import shutil
import subprocess
import unittest
from pathlib import Path

import vgputest
from vgpuguest import Guest
from vgpuvm import Person, readable_guest

# What stands for no device at all: QEMU's off-screen OpenGL renders there by the processor.
NO_DEVICE = "/dev/null"


class ScreenshotTest(unittest.TestCase):
    def setUp(self):
        self.person = Person(self)
        self.qemu = json.loads(self.person.good("qemu", "--json"))

    def run_guest(self, guest, *options, extra=None):
        """A VM that draws; the fields of its first frame, and what `run` said."""
        disk = []
        if guest.root_image is not None:
            disk = ["--disk", f"{guest.root_image},format=raw,readonly"]
        said = self.person.good(
            "run", "--detach", "--name", "shot", "--accel", "tcg", "--memory", "512M", "--network",
            "none", "--kernel", guest.kernel, "--initrd", guest.initrd, "--append",
            f"{guest.append} vgpuctl.guest=mode=full,fps=5", *disk, *options, extra=extra)
        logs = self.person.start("logs", "--serial", "--follow", "shot")
        match = logs.wait_for(r"vgpuctl-guest: first-frame (.*)\n")
        fields = {key: quoted or plain for key, quoted, plain in
                  re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', match.group(1))}
        return fields, said, logs

    def frame(self):
        """The picture's frame; one taken while the guest was drawing is taken again, and one from
        before it drew: QEMU's VNC server looks up to three seconds later (ui/vnc.c).

        It is wanted from outside the session that a window is in: DISPLAY is not set.
        """
        picture = self.person.directory / "shot.png"
        for _ in range(50):
            printed = self.person.good("screenshot", "shot", "--output", picture)
            self.assertEqual(printed, f"{picture}\n")
            strip, reason = vgputest.read_strip(picture)
            if strip:
                break
        self.assertIsNotNone(strip, reason)
        return strip

    @staticmethod
    def wait_later(logs, frame):
        """Waits until the guest says that it has drawn more than `frame`."""
        told = []
        while not told or int(told[-1]) <= frame:
            logs.wait_for(r"(?:frames number=\d+ (?:.|\n)*){%d}" % (len(told) + 1))
            told = re.findall(r"frames number=(\d+) ", logs.text)

    def check(self, guest, way, renderer, *options, extra=None):
        """The guest's own words tell that a later picture shows a later frame."""
        fields, said, logs = self.run_guest(guest, *options, extra=extra)
        self.assertRegex(fields["renderer"], renderer)
        self.assertEqual(self.person.vm("shot")["screenshot_way"], way)
        first = self.frame()
        self.assertEqual((first["width"], first["height"]),
                         (int(fields["width"]), int(fields["height"])))
        self.assertGreaterEqual(first["frame"], 1)
        self.wait_later(logs, first["frame"])
        self.assertGreater(self.frame()["frame"], first["frame"])
        self.person.good("stop", "shot")
        self.assertEqual(logs.wait(), 0)
        self.person.check_nothing_left()
        return said

    def need_software_gl(self):
        answer = json.loads(vgputest.run(Path(vgputest.LIBEXECDIR) / "probe-gl", "--node",
                                         NO_DEVICE).stdout)
        if "virtio-vga-gl" not in self.qemu["devices"] or \
           "egl-headless" not in self.qemu["displays"]:
            self.skipTest("this QEMU has no virtio-vga-gl, or no egl-headless")
        if not (answer["works"] and answer["surfaceless_context"] and answer["dmabuf_export"]):
            self.skipTest(f"EGL on {NO_DEVICE}: {answer['failure'] or 'not what QEMU needs'}")

    def plain_guest(self):
        """Draws with its processor, whichever guest was built: Mesa is on the disk it lacks."""
        guest = readable_guest(Guest.find(), self.person)
        guest.root_image = None
        return guest

    def guest_with_mesa(self):
        guest = Guest.find("--3d")
        if guest.root_image is None:
            self.skipTest("the guest was built without Mesa (run guest/build-guest --3d)")
        return readable_guest(guest, self.person)

    def test_2d(self):
        guest = self.plain_guest()
        for display in ("none", "vnc", "qemu-vnc", "spice"):
            with self.subTest(display=display):
                if display == "spice" and not self.qemu["spice"]:
                    self.skipTest("this QEMU has no SPICE")
                self.check(guest, "screendump", "^dumb buffer on virtio_gpu$", "--vgpu", "2d",
                           "--display", display)

    def test_virgl_off_screen(self):
        """The console is a texture even when its guest does not draw by OpenGL."""
        self.need_software_gl()
        guest = self.plain_guest()
        for display in ("none", "spice"):
            with self.subTest(display=display):
                self.check(guest, "qemu-vnc", "^dumb buffer on virtio_gpu$", "--vgpu", "virgl",
                           "--display", display)

    def test_virgl_on_vnc(self):
        """Our server in front of QEMU's: where textures cannot be exported."""
        self.need_software_gl()
        said = self.check(self.guest_with_mesa(), "vnc", "^virgl", "--vgpu", "virgl", "--display",
                          "vnc")
        self.assertIn("Note:     OpenGL is drawn by the processor of this host (llvmpipe", said)

    def start_xvfb(self):
        """The environment of programs on a screen of their own."""
        if shutil.which("Xvfb") is None:
            self.skipTest("Xvfb is not installed")
        xvfb = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp", "-ac",
             "-noreset", "+extension", "GLX"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(xvfb.stdout.close)
        self.addCleanup(xvfb.wait)
        self.addCleanup(xvfb.kill)
        number = xvfb.stdout.readline().strip()
        if not number:
            self.skipTest("Xvfb does not start")
        return {"DISPLAY": f":{number}"}

    def check_window(self, display, platform):
        if not {display, "egl-headless"} <= set(self.qemu["displays"]):
            self.skipTest(f"this QEMU has no {display}, or no OpenGL")
        screen = self.start_xvfb()
        answer = json.loads(vgputest.run(Path(vgputest.LIBEXECDIR) / "probe-gl", platform,
                                         env={**self.person.environment, **screen}).stdout)
        if not answer["works"]:
            self.skipTest(f"no OpenGL on Xvfb here: {answer['failure']}")
        self.check(self.guest_with_mesa(), "window", "^virgl", "--vgpu", "virgl", "--display",
                   display, extra=screen)

    def test_virgl_in_gtk_window(self):
        self.check_window("gtk", "--x11")

    def test_virgl_in_sdl_window(self):
        self.check_window("sdl", "--glx")


if __name__ == "__main__":
    vgputest.main()
