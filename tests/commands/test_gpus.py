#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`gpus` and `gpu` on machines of all kinds."""

import json
import re
import shutil
import unittest

import vgpufake
import vgputest

MACHINES = {
    "notes-machine": ["00:02.0"],
    "notes-machine-root": ["00:02.0"],
    "gvt-g": ["00:02.0"],
    "two-gpus": ["00:02.0", "01:00.0"],
    "nvidia": ["01:00.0"],
    "amd": ["2b:00.0"],
    "virtio": ["00:01.0"],
    "bochs": ["00:02.0"],
    "aspeed": ["04:00.0"],
    "none": [],
}


class FakeRootCase(unittest.TestCase):
    def machine(self, name):
        machine = vgpufake.FakeRoot(name)
        self.addCleanup(machine.close)
        return machine

    def output(self, machine, *arguments, **options):
        result = machine.run(*arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout


class GoldenTest(FakeRootCase):
    def test_gpus(self):
        for name in MACHINES:
            with self.subTest(name):
                machine = self.machine(name)
                vgpufake.check_golden(self, f"gpus/{name}.table", self.output(machine, "gpus"))
                vgpufake.check_golden(self, f"gpus/{name}.json",
                                      self.output(machine, "gpus", "--json"))

    def test_gpu(self):
        for name, addresses in MACHINES.items():
            for address in addresses:
                with self.subTest(f"{name} {address}"):
                    text = self.output(self.machine(name), "gpu", address)
                    vgpufake.check_golden(self, f"gpus/{name}-{address}.text", text)

    def test_unreadable(self):
        machine = self.machine("unreadable")
        options = vgpufake.as_nobody()
        try:
            machine.run("--version", **options)
        except PermissionError:
            self.skipTest("nobody may not enter the build directory")
        vgpufake.check_golden(self, "gpus/unreadable.table",
                              self.output(machine, "gpus", **options))
        vgpufake.check_golden(self, "gpus/unreadable-00:02.0.text",
                              self.output(machine, "gpu", "00:02.0", **options))


class NotesTest(FakeRootCase):
    def test_every_line_of_the_notes(self):
        notes = (vgpufake.GOLDEN / "gpus" / "notes-lspci.txt").read_text(encoding="utf-8")
        printed = self.output(self.machine("notes-machine"), "gpu", "00:02.0")
        lines = [line.strip() for line in printed.splitlines()]
        for line in notes.splitlines():
            with self.subTest(line.strip().split(":")[0]):
                self.assertIn(line.strip(), lines)


def without_details(text):
    """The lines both programs have: no registers of capabilities, no modules (lspci asks libkmod,
    which looks at the machine it runs on), capabilities by name only."""
    lines = [line.strip() for line in text.split("\n\n")[0].splitlines()
             if not line.startswith("\t\t") and "Kernel modules:" not in line]
    return [line for line in lines if line]


class LspciTest(FakeRootCase):
    """lspci itself, pointed at the same machine, says the same."""

    def lspci(self, machine, address):
        result = vgputest.run(
            "lspci", "-nnvv", "-s", address, "-O", f"sysfs.path={machine.path}/sys/bus/pci",
            "-O", "hwdb.disable=1", "-i", machine.path / "usr/share/misc/pci.ids")
        self.assertEqual(result.returncode, 0, result.stderr)
        return without_details(result.stdout)

    def check_capability(self, theirs, ours):
        place = re.compile(r"Capabilities: \[([0-9a-f]+)(?: v\d+)?\] (.*)")
        their_match, our_match = place.match(theirs), place.match(ours)
        self.assertEqual(their_match[1], our_match[1])
        self.assertTrue(their_match[2].startswith(our_match[2]), f"{theirs} / {ours}")

    def test_same_as_lspci(self):
        if shutil.which("lspci") is None:
            self.skipTest("lspci is not installed (package pciutils)")
        for name, addresses in MACHINES.items():
            for address in addresses:
                with self.subTest(f"{name} {address}"):
                    machine = self.machine(name)
                    theirs = self.lspci(machine, address)
                    ours = without_details(self.output(machine, "gpu", address))
                    self.assertEqual(len(theirs), len(ours), "\n".join(theirs))
                    for their_line, our_line in zip(theirs, ours):
                        if their_line.startswith("Capabilities: ["):
                            self.check_capability(their_line, our_line)
                        else:
                            self.assertEqual(their_line, our_line)


class FactsTest(FakeRootCase):
    def test_a_facts_file_gives_the_same(self):
        empty = self.machine("none")
        for name in MACHINES:
            with self.subTest(name):
                printed = self.output(self.machine(name), "gpus", "--json")
                facts = empty.path / "facts.json"
                facts.write_text(json.dumps({"version": 1, "gpus": json.loads(printed)}))
                self.assertEqual(self.output(empty, "--facts", facts, "gpus", "--json"), printed)

    def test_facts_without_gpus(self):
        machine = self.machine("none")
        facts = machine.path / "facts.json"
        facts.write_text('{"version": 1}')
        result = machine.run("--facts", facts, "gpus")
        self.assertEqual(result.returncode, 1)
        self.assertIn('has no "gpus"', result.stderr)


class MistakeTest(FakeRootCase):
    def check_error(self, machine, status, message, *arguments):
        result = self.machine(machine).run(*arguments)
        self.assertEqual((result.returncode, result.stdout), (status, ""))
        self.assertEqual(result.stderr, f"vgpuctl: {message}\n")

    def test_near_address(self):
        self.check_error("two-gpus", 1, "No GPU 0000:00:02.1; did you mean 0000:00:02.0?",
                         "gpu", "0000:00:02.1")

    def test_far_address(self):
        self.check_error("two-gpus", 1, "No GPU intel; there is 0000:00:02.0, 0000:01:00.0",
                         "gpu", "intel")

    def test_no_gpu_at_all(self):
        self.check_error("none", 1, "No GPU 00:02.0: this machine has no PCI display device",
                         "gpu", "00:02.0")

    def test_no_address(self):
        self.check_error("none", 2, "gpu: ADDRESS is missing; see vgpuctl gpu --help", "gpu")

    def test_address_in_capitals(self):
        machine = self.machine("amd")
        self.assertEqual(self.output(machine, "gpu", "2B:00.0"),
                         self.output(machine, "gpu", "0000:2b:00.0"))


if __name__ == "__main__":
    vgputest.main()
