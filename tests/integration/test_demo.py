#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The story of ./demo --simulated-host, without VMs; with ./check --full with one. What it does with
VMs is also tested by test_run_vgpu."""

import os
import shlex
import tempfile
import unittest
from pathlib import Path

import vgpuguest
import vgputest
import vgputestbed


class DemoTest(unittest.TestCase):
    def test_simulated_host(self):
        vgputestbed.require()
        guest = vgpuguest.Guest.find()
        names = ["guest"] if os.environ.get("VGPUCTL_CHECK_FULL") else []
        words = shlex.join(map(str, [
            f"/host{vgputestbed.TESTBED}/demo", f"/host{guest.directory}",
            f"/host{Path(vgputest.STRIP_READ).resolve()}", *names]))
        with tempfile.TemporaryDirectory() as directory:
            # libpci 3.9 forgets its udev handle where there is no hwdb.bin
            said = vgputestbed.simulated_host(
                f"LSAN_OPTIONS=detect_leaks=0 {words} 2>&1; echo status $?", "--memory", "1024",
                "--output", directory)
            self.assertRegex(said, r"(?s)UHD Graphics 630.*i915-GVTg_V5_8 +2 +0 +2 .*"
                                   r"i915-GVTg_V5_8 +2 +0 +2 .*\nstatus 0\n$")
            for name in names:
                strip, reason = vgputest.read_strip(Path(directory, f"{name}.png"))
                self.assertIsNotNone(strip, reason)
                self.assertEqual((strip["width"], strip["height"]), (1024, 768))


if __name__ == "__main__":
    vgputest.main()
