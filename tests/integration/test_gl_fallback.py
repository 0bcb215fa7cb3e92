#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenGL that was found to work and fails at QEMU's start: the next lower vGPU, or the reason."""

import json
import shutil
import unittest
from pathlib import Path

import vgputest
from vgpuguest import QEMU
from vgpuvm import Person

# Answers as the real one, but never that a processor draws: `auto` shall choose virgl.
PROBE = """#!/bin/sh
{real} "$@" | sed 's/"software": true/"software": false/'
"""

# What `vgpuctl` asks of a QEMU is answered; a VM with OpenGL does not start.
WRAPPER = """#!/bin/sh
case " $* " in *" virtio-vga-gl,"*supervisor*) {end};; esac
exec {real} "$@"
"""

LIGHT = ["--accel", "tcg", "--memory", "64M", "--network", "none", "--name", "light"]


class GlFallbackTest(unittest.TestCase):
    def setUp(self):
        self.person = Person(self)
        qemu = json.loads(self.person.good("qemu", "--json"))
        if "virtio-vga-gl" not in qemu["devices"] or "egl-headless" not in qemu["displays"]:
            self.skipTest("this QEMU has no virtio-vga-gl, or no egl-headless")
        self.extra = {"VGPUCTL_LIBEXECDIR": str(self.make_libexec())}

    def make_program(self, path, text):
        path.write_text(text)
        path.chmod(0o755)
        return path

    def make_libexec(self):
        """Our helper programs with a probe of OpenGL that sees a GPU."""
        place = self.person.directory / "libexec"
        place.mkdir()
        for helper in Path(vgputest.LIBEXECDIR).iterdir():
            if helper.is_file() and helper.name != "probe-gl":
                (place / helper.name).symlink_to(helper)
        self.make_program(place / "probe-gl", PROBE.format(
            real=Path(vgputest.LIBEXECDIR) / "probe-gl"))
        return place

    def options(self, end):
        wrapper = self.make_program(self.person.directory / "qemu",
                                    WRAPPER.format(real=shutil.which(QEMU), end=end))
        options = [*LIGHT, "--disk", self.person.disk(), "--qemu", wrapper]
        plan = self.person.good("run", "--dry-run", *options, extra=self.extra)
        if "virtio-vga-gl" not in plan:
            self.skipTest("OpenGL works on nothing here, not even by the processor")
        return options

    def check_falls_back(self, end, reason):
        running = self.person.start("run", *self.options(end), extra=self.extra)
        running.wait_for(r"(?m)^Stop: .*\n")
        self.assertIn("vGPU:     virtio-gpu 2d: ", running.text)
        self.assertRegex(running.text, rf"(?m)^Note:     no virgl, which was tried first: {reason}")
        command = self.person.command_line(self.person.vm("light")["qemu_pid"])
        self.assertTrue(any(word.startswith("virtio-vga,") for word in command), command)
        self.person.good("stop", "--force", "light")
        self.assertEqual(running.wait(), 0)
        self.person.check_nothing_left()

    def test_lower_one_and_why(self):
        self.check_falls_back("echo 'egl: render node init failed' >&2; exit 1",
                              "VM 'light': QEMU exited with status 1 while it was starting: "
                              "egl: render node init failed; OpenGL does not start on ")

    def test_lower_one_after_a_crash(self):
        self.check_falls_back("kill -SEGV $$",
                              "VM 'light': QEMU was killed by SIGSEGV while it was starting$")

    def test_named_one_or_why_not(self):
        options = self.options("echo 'egl: render node init failed' >&2; exit 1")
        self.person.refused(1, "egl: render node init failed; .*--vgpu 2d needs no OpenGL", "run",
                            "--vgpu", "virgl", *options, extra=self.extra)

    def test_other_failures_are_final(self):
        options = self.options("echo 'qemu: No space left on device' >&2; exit 1")
        self.person.refused(1, "No space left on device; the disk is full", "run", *options,
                            extra=self.extra)


if __name__ == "__main__":
    vgputest.main()
