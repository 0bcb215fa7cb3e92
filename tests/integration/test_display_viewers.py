#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Viewers that others wrote, before the display process: libvncclient and TigerVNC."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import vgpurfb
import vgputest

SHOT = Path(vgputest.LIBEXECDIR) / "shot"
WATCH = os.environ.get("VNC_WATCH", "")
# What libvncclient is told; the first it names is what it gets.
WAYS = {
    "raw": ["--encodings", "raw"],
    "raw, colours the other way round": ["--encodings", "raw", "--foreign-format"],
    "tight": ["--encodings", "copyrect tight"],
    "tight, small": ["--encodings", "tight", "--compress", "9"],
    "tight, colours the other way round": ["--encodings", "tight", "--foreign-format"],
    "zrle": ["--encodings", "copyrect zrle"],
    "jpeg": ["--encodings", "tight", "--quality", "3"],
}
TIGER = {
    "raw": ["-PreferredEncoding=Raw"],
    "tight": ["-PreferredEncoding=Tight", "-NoJPEG"],
    "zrle": ["-PreferredEncoding=ZRLE"],
    "jpeg": ["-PreferredEncoding=Tight", "-QualityLevel=8"],
}


class ViewersTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="vgpu-viewers-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def show(self, spec):
        display = vgpurfb.Display(spec)

        def end():
            status, text = display.close()
            self.assertEqual(status, 0, text)
            self.assertNotIn("Sanitizer", text)

        self.addCleanup(end)
        self.assertTrue(display.is_ready)
        return display


@unittest.skipUnless(os.access(WATCH, os.X_OK), "libvncclient is not here")
class LibvncclientTest(ViewersTest):
    def watch(self, display, *words):
        """Until it has seen what it is to see."""
        answer = vgputest.run(WATCH, display.path, "--seconds", str(vgputest.PATIENCE), *words,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # the library's
        self.assertEqual(answer.returncode, 0, answer.stderr)
        seen = json.loads(answer.stdout)
        self.assertTrue(seen["alive"], answer.stdout)
        self.assertTrue(seen["done"], answer.stdout)
        return seen

    def test_still(self):
        """Every way comes to the same picture; JPEG, too, once it is still."""
        display = self.show("still,size=650x410")
        picture = self.directory / "picture.ppm"
        self.watch(display, "--encodings", "raw", "--frames", "1", "--save", picture)
        strip, reason = vgputest.read_strip(picture)
        self.assertIsNotNone(strip, reason)
        self.assertEqual((strip["width"], strip["height"]), (650, 410))
        for name, words in WAYS.items():
            if "--foreign-format" not in words:
                with self.subTest(name):
                    self.watch(display, *words, "--until", picture)

    def test_moving(self):
        """No picture is made of two frames, whatever moves and however it comes."""
        for pattern in "full", "scroll", "small":
            display = self.show(f"{pattern},size=650x410,rate=60")
            for name, words in WAYS.items():
                if "--foreign-format" in words:
                    continue
                with self.subTest(pattern=pattern, way=name):
                    seen = self.watch(display, *words, "--frames", "20")
                    self.assertEqual(seen["torn"], 0)
                    self.assertLessEqual(seen["unreadable"], 2)  # before the first frame

    def test_foreign_colours(self):
        display = self.show("still,size=650x410")
        picture = self.directory / "picture.ppm"
        self.watch(display, "--encodings", "raw", "--frames", "1", "--save", picture)
        for name, words in WAYS.items():
            if "--foreign-format" in words:
                with self.subTest(name):
                    self.watch(display, *words, "--until", picture)


@unittest.skipIf(shutil.which("xtigervncviewer") is None, "TigerVNC's viewer is not installed")
class TigerTest(ViewersTest):
    def start(self, words, environment):
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=environment)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def environment_of_screen(self):
        if shutil.which("Xvfb") is None:
            self.skipTest("Xvfb is not installed")
        xvfb = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-ac"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(xvfb.stdout.close)
        self.addCleanup(xvfb.wait)
        self.addCleanup(xvfb.kill)
        number = xvfb.stdout.readline().strip()
        if not number:
            self.skipTest("Xvfb does not start")
        return {**os.environ, "DISPLAY": f":{number}", "HOME": str(self.directory)}

    def strip_in_window(self, viewer, environment):
        """The number in the viewer's window, or (None, reason)."""
        self.assertIsNone(viewer.poll(), "the viewer has ended")
        picture = self.directory / "window.png"
        shot = subprocess.run([SHOT, "--window", str(viewer.pid), "--output", picture],
                              env=environment, capture_output=True, text=True, check=False)
        if shot.returncode != 0:
            return None, shot.stderr
        return vgputest.read_strip(picture)

    def test_window(self):
        """The animation goes on in its window."""
        environment = self.environment_of_screen()
        display = self.show("full,size=640x400,rate=4")
        for name, words in TIGER.items():
            with self.subTest(name):
                viewer = self.start(
                    ["xtigervncviewer", "-SecurityTypes=None", "-AutoSelect=0", *words,
                     "-RemoteResize=0", "-Shared", str(display.path)], environment)
                numbers, reason = set(), None
                deadline = time.monotonic() + vgputest.PATIENCE
                while len(numbers) < 3 and time.monotonic() < deadline:
                    strip, reason = self.strip_in_window(viewer, environment)
                    if strip is not None:
                        numbers.add(strip["frame"])
                self.assertGreaterEqual(len(numbers), 3, reason)
                viewer.kill()
                viewer.wait()


if __name__ == "__main__":
    vgputest.main()
