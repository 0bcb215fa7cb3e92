#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The display process on QEMU's D-Bus display, with a guest that draws, on each QEMU that is here."""

import signal
import time
import unittest
from pathlib import Path

import vgputest
from vgpudisplay import Display, Place, Viewer, memory_of, qemus
from vgpuguest import Guest, Qemu

MODE = "mode=full,fps=15"
SIZE = (1024, 768)  # which no display has by itself
RIGHT, KEY_A = 4, 0x1E
# What may be under way without being too much: a few pictures in each of QEMU's and our places.
GROWTH_MIB = 64


class DbusTest(unittest.TestCase):
    def start(self, program):
        self.place = Place()
        self.addCleanup(self.place.close)
        qemu = Qemu("-device", "virtio-vga", "-device", "virtio-tablet-pci",
                    "-device", "virtio-keyboard-pci", *self.place.qemu_options(),
                    *self.guest.qemu_options(MODE), display="dbus,p2p=yes", program=program)
        self.addCleanup(qemu.close)
        return qemu

    def display(self):
        display = Display(self.place, "--source", "dbus", "--qmp", self.place.qmp)
        self.addCleanup(display.close)
        return display

    def viewer(self):
        viewer = Viewer(self.place.vnc)
        self.addCleanup(viewer.close)
        return viewer

    def next_frame(self, viewer, after=-1):
        """The number of a frame that is newer; those that were drawn on meanwhile are left out."""
        deadline = time.monotonic() + vgputest.PATIENCE
        while time.monotonic() < deadline:
            strip, _ = viewer.strip(Path(self.place.directory.name) / "viewer.ppm")
            if strip and strip["frame"] > after:
                return strip["frame"]
            viewer.update()
        raise AssertionError(f"no frame after {after}")

    def check_resize(self, viewer, qemu):
        """Asked for while the firmware still runs, it is the mode that the guest finds."""
        viewer.resize(*SIZE)
        fields = qemu.wait_first_frame()
        self.assertEqual((int(fields["width"]), int(fields["height"])), SIZE)
        self.next_frame(viewer)
        self.assertEqual((viewer.width, viewer.height), SIZE)

    def check_live(self, viewer):
        frames = [self.next_frame(viewer)]
        while len(frames) < 10:
            frames.append(self.next_frame(viewer, frames[-1]))

    def check_pixels(self, viewer, qemu):
        """Of a machine that stands still the picture is QEMU's own, pixel for pixel."""
        dump = Path(self.place.directory.name) / "dump.ppm"
        qemu.qmp("stop")
        qemu.qmp("screendump", filename=str(dump), format="ppm")
        head = b"P6\n%d %d\n255\n" % SIZE
        expected = dump.read_bytes()
        self.assertTrue(expected.startswith(head))
        while head + viewer.colours() != expected:
            viewer.update()
        qemu.qmp("cont")

    def await_log(self, *words):
        """Until QEMU has told of all these events, in this order."""
        deadline = time.monotonic() + vgputest.PATIENCE
        at = 0
        for word in words:
            while (found := self.place.log.read_text("utf-8").find(word, at)) < 0:
                if time.monotonic() > deadline:
                    raise AssertionError(f"no '{word}' in:\n{self.place.log.read_text('utf-8')}")
                time.sleep(0.02)
            at = found + len(word)

    def check_input(self, viewer):
        viewer.key(KEY_A, True)
        viewer.key(KEY_A, False)
        self.await_log("qcode a, down 1", "qcode a, down 0")
        viewer.pointer(0, 0)
        viewer.pointer(SIZE[0] - 1, SIZE[1] - 1, RIGHT)
        viewer.pointer(SIZE[0] - 1, SIZE[1] - 1)
        self.await_log("axis x, value 0x0\n", "axis y, value 0x0\n", "axis x, value 0x7f",
                       "axis y, value 0x7f", "button right, down 1", "button right, down 0")

    def check_slow_viewer(self, viewer, qemu, display):
        """One that stops reading costs neither QEMU nor the display more than what is under way."""
        viewer.update()
        before = memory_of(qemu.process.pid), memory_of(display.process.pid)
        match = qemu.wait_serial(r"frames number=(\d+) ", start=len(qemu.text))
        drawn = int(match.group(1))
        while int(match.group(1)) < drawn + 30:
            match = qemu.wait_serial(r"frames number=(\d+) ", start=match.end())
        after = memory_of(qemu.process.pid), memory_of(display.process.pid)
        self.assertLess(after[0] - before[0], GROWTH_MIB, "QEMU")
        self.assertLess(after[1] - before[1], GROWTH_MIB, "the display")
        self.next_frame(viewer, int(match.group(1)))  # it reads on, and sees the newest

    def check_restart(self, display, qemu):
        """The VM does not notice that its display dies; the next one shows it again."""
        display.kill()
        self.assertEqual(display.wait()[0], -signal.SIGKILL)
        match = qemu.wait_serial(r"frames number=(\d+) ", start=len(qemu.text))
        display = self.display()
        self.next_frame(self.viewer(), int(match.group(1)))
        return display

    def check_all(self, program):
        qemu = self.start(program)
        display = self.display()
        viewer = self.viewer()
        self.check_resize(viewer, qemu)
        self.check_live(viewer)
        self.check_pixels(viewer, qemu)
        self.check_input(viewer)
        self.check_slow_viewer(viewer, qemu, display)
        display = self.check_restart(display, qemu)
        qemu.qmp("quit")
        status, text = display.wait()
        self.assertEqual(status, 0, text)
        self.assertNotIn("Sanitizer", text)

    def test_guest(self):
        self.guest = Guest.find()
        for name, program in qemus():
            with self.subTest(qemu=name):
                if program is None:
                    self.skipTest("this QEMU is not here (tools/other-qemu)")
                try:
                    self.check_all(program)
                finally:
                    self.doCleanups()


if __name__ == "__main__":
    vgputest.main()
