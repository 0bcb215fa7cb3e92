#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demonstration's guest boots on plain QEMU, draws, and can be switched off."""

import tempfile
import unittest
from pathlib import Path

import vgputest
from vgpuguest import Guest, Qemu


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


if __name__ == "__main__":
    vgputest.main()
