#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""TigerVNC's viewer on a screen of its own: by TLS with our certificate, refused without, and its keys
in a guest. Each of its encodings: test_display_viewers.py."""

import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import vgputest
from vgpucolours import LIGHT_MAGENTA, RED, disk_of, near, read_png
from vgpurfb import PASSWORD, Display
from vgpuvm import LIGHT, Person

BLACK, GREY = (0, 0, 0), (170, 170, 170)  # of texts
SHOT = Path(vgputest.LIBEXECDIR) / "shot"


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise unittest.SkipTest(f"{program} is not installed")


class TigerVncTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need("Xvfb", "xtigervncviewer")
        cls.xvfb = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-ac",
             "-noreset"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.xvfb.stdout.close)
        cls.addClassCleanup(cls.xvfb.wait)
        cls.addClassCleanup(cls.xvfb.kill)
        number = cls.xvfb.stdout.readline().strip()
        if not number:
            raise unittest.SkipTest("Xvfb does not start")
        cls.screen = f":{number}"

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="vgpu-viewers-")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def start_display(self, *options):
        display = Display("full,size=640x400,rate=20", *options)
        self.addCleanup(self.end, display)
        self.assertTrue(display.is_ready)
        return display

    def end(self, display):
        status, text = display.close()
        self.assertEqual(status, 0, text)
        self.assertNotIn("Sanitizer", text)
        self.assertNotIn("runtime error", text)

    def view(self, address, *options):
        home = self.directory / "home"
        home.mkdir(exist_ok=True)
        log = open(self.directory / "viewer.log", "w+", encoding="utf-8")
        self.addCleanup(log.close)
        viewer = subprocess.Popen(
            ["xtigervncviewer", str(address), "-ReconnectOnError=0", "-AlertOnFatalError=0",
             "-RemoteResize=0", *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={"PATH": os.environ["PATH"], "DISPLAY": self.screen, "HOME": str(home),
                 "LC_ALL": "C.UTF-8", "VNC_PASSWORD": PASSWORD.decode()})
        self.addCleanup(viewer.wait)
        self.addCleanup(viewer.kill)
        return viewer

    def words(self):
        return (self.directory / "viewer.log").read_text(encoding="utf-8", errors="replace")

    def shoot(self, viewer):
        """A picture of the viewer's window; None and why while there is none."""
        picture = self.directory / "viewer.png"
        self.assertIsNone(viewer.poll(), self.words())
        shot = vgputest.run(SHOT, "--window", viewer.pid, "--output", picture,
                            env={**os.environ, "DISPLAY": self.screen})
        return (None, shot.stderr) if shot.returncode else (picture, None)

    def strip(self, viewer):
        """The frame number in the viewer's window; it may be between two frames, or yet to come."""
        deadline = time.monotonic() + vgputest.PATIENCE
        while True:
            picture, reason = self.shoot(viewer)
            strip, reason = vgputest.read_strip(picture) if picture else (None, reason)
            if strip:
                self.assertEqual((strip["width"], strip["height"]), (640, 400))
                return strip["frame"]
            self.assertLess(time.monotonic(), deadline, f"{reason}\n{self.words()}")

    def check_moves(self, viewer):
        first = self.strip(viewer)
        while self.strip(viewer) == first:
            pass

    def address(self, display):
        return f"localhost::{display.tcp.getsockname()[1]}"

    def test_tls(self):
        """With the certificate as authority, and the password."""
        display = self.start_display()
        certificate = Path(display.directory.name) / "tls" / "certificate.pem"
        viewer = self.view(self.address(display), "-SecurityTypes=X509Vnc",
                           f"-X509CA={certificate}")
        self.check_moves(viewer)

    def test_without_tls(self):
        """Neither without TLS, nor without our certificate, nor with another password."""
        display = self.start_display()
        for options in (["-SecurityTypes=VncAuth,None"], ["-SecurityTypes=TLSVnc,TLSNone"],
                        ["-SecurityTypes=X509None"]):
            viewer = self.view(self.address(display), *options)
            viewer.wait(vgputest.PATIENCE)
            self.assertRegex(self.words(), r"(?i)security|authentication", options)
        # who was refused is in nobody's way
        self.check_moves(self.view(display.path))

    def xdotool(self, *words):
        answer = vgputest.run("xdotool", *words, env={**os.environ, "DISPLAY": self.screen})
        self.assertEqual(answer.returncode, 0, answer.stderr)

    def wait_for_colour(self, viewer, row, is_wanted, key=None):
        """Of a pixel of that row in the window. The key is pressed until then: a window takes none
        before it has the focus."""
        deadline = time.monotonic() + vgputest.PATIENCE
        while True:
            if key is not None:
                self.xdotool("mousemove", "100", "100", "click", "1", "key", key)
            picture, reason = self.shoot(viewer)
            pixel = tuple(read_png(picture)[row][300:303]) if picture else reason
            if picture and is_wanted(pixel):
                return
            self.assertLess(time.monotonic(), deadline, f"{pixel}\n{self.words()}")

    def test_keys(self):
        """A key that is pressed in the window changes the guest's colour."""
        need("xdotool")
        person = Person(self)
        person.good("run", "--detach", "--name", "keys", *LIGHT, "--display", "vnc",
                    disk_of(person, "keys"))
        viewer = self.view(person.run_directory("keys") / "vnc.sock", "-Shared=1")
        # it runs, the firmware does not take the keys
        self.wait_for_colour(viewer, 300, lambda colour: not near(colour, BLACK) and not near(colour, GREY))
        for key, colour in (("Return", LIGHT_MAGENTA), ("ctrl+d", RED)):
            self.wait_for_colour(viewer, 50, lambda pixel, colour=colour: near(pixel, colour), key)
        person.good("stop", "--force", "keys")


if __name__ == "__main__":
    vgputest.main()
