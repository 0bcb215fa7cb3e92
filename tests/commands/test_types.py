#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`types` on machines of all kinds."""

import json
import re
import unittest

import vgpufake
import vgputest

MACHINES = ("gvt-g", "gvt-g-live", "gvt-g-wraps", "gvt-g-small", "notes-machine", "mdev-samples",
            "two-gpus", "amd", "none")


class TypesCase(unittest.TestCase):
    def machine(self, name):
        machine = vgpufake.FakeRoot(name)
        self.addCleanup(machine.close)
        return machine

    def output(self, machine, *arguments):
        result = machine.run("types", *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def error(self, machine, *arguments):
        result = self.machine(machine).run("types", *arguments)
        self.assertEqual(result.stdout, "")
        return result.returncode, result.stderr


class GoldenTest(TypesCase):
    def test_text(self):
        for name in MACHINES:
            with self.subTest(name):
                vgpufake.check_golden(self, f"types/{name}.text",
                                      self.output(self.machine(name)))

    def test_json(self):
        for name in ("gvt-g-live", "notes-machine", "mdev-samples"):
            with self.subTest(name):
                vgpufake.check_golden(self, f"types/{name}.json",
                                      self.output(self.machine(name), "--json"))

    def test_what_if(self):
        for sizes in ("aperture=1024,gtt=8", "aperture=4096", "gtt=2", "aperture=128"):
            with self.subTest(sizes):
                said = self.output(self.machine("notes-machine"), "--what-if", sizes)
                vgpufake.check_golden(self, f"types/what-if-{sizes}.text", said)


class ParentTest(TypesCase):
    def test_one_parent(self):
        machine = self.machine("mdev-samples")
        parents = json.loads(self.output(machine, "--json", "--parent", "MTTY"))["parents"]
        self.assertEqual([parent["parent"] for parent in parents], ["mtty"])

    def test_short_address(self):
        machine = self.machine("two-gpus")
        said = json.loads(self.output(machine, "--json", "-p", "01:00.0"))
        self.assertEqual([gpu["gpu"] for gpu in said["absent"]], ["0000:01:00.0"])

    def test_unknown_parent(self):
        self.assertEqual(self.error("mdev-samples", "--parent", "mtyt"),
                         (1, "vgpuctl: No device mtyt; did you mean mtty?\n"))
        self.assertEqual(self.error("none", "--parent", "x"),
                         (1, "vgpuctl: No device x: this machine has no GPU and nothing that "
                             "offers mediated devices\n"))


class MistakeTest(TypesCase):
    def test_sizes(self):
        for sizes in ("", "aperture", "aperture=0", "aperture=1000", "gtt=16", "gtt=", "gtt=-2",
                      "aperture=1024 gtt=8", "x=1", "aperture=1024,"):
            with self.subTest(sizes):
                status, text = self.error("gvt-g", "--what-if", sizes)
                self.assertEqual(status, 2)
                self.assertRegex(text, r"^vgpuctl: --what-if: '.*' is none of aperture=64\|.*\n$")

    def test_nothing_to_predict(self):
        status, text = self.error("amd", "--what-if", "gtt=8")
        self.assertEqual(status, 1)
        self.assertIn("no GPU of this machine has it", text)


class FactsTest(TypesCase):
    def test_a_facts_file_gives_the_same(self):
        """What types needs of a facts file, written from what the other commands print."""
        machine = self.machine("gvt-g-wraps")
        gpus = json.loads(machine.run("gpus", "--json").stdout)
        known = json.loads(self.output(machine, "--json"))["parents"][0]
        types = [{"id": row["type"], "available": row["available"], "name": row["name"],
                  "description": row["description"]} for row in known["types"]]
        facts = {"version": 1, "gpus": gpus, "gvt": {},
                 "mdev": {"parents": [{"name": "0000:00:02.0", "driver": "i915", "types": types}]}}
        path = machine.path / "facts.json"
        path.write_text(json.dumps(facts))
        empty = self.machine("none")
        result = empty.run("--facts", path, "types")
        self.assertEqual((result.returncode, result.stdout), (0, self.output(machine)))

    def test_facts_without_them(self):
        machine = self.machine("none")
        path = machine.path / "facts.json"
        path.write_text('{"version": 1, "gpus": []}')
        result = machine.run("--facts", path, "types")
        self.assertEqual(result.returncode, 1)
        self.assertIn('has no "mdev"', result.stderr)

    def test_bare_facts(self):
        """Records that leave everything out."""
        machine = self.machine("none")
        path = machine.path / "facts.json"
        path.write_text('{"version": 1, "gpus": [{}], "gvt": {}, "mdev": {"parents": [{}, '
                        '{"name": "x", "types": [{}]}], "devices": [{}]}}')
        for options in ((), ("--json",)):
            result = machine.run("--facts", path, "types", *options)
            self.assertEqual((result.returncode, result.stderr), (0, ""))


class HostileTest(TypesCase):
    def test_control_characters(self):
        machine = self.machine("gvt-g")
        types = machine.path / "sys/devices/pci0000:00/0000:00:02.0/mdev_supported_types"
        (types / "i915-GVTg_V5_8" / "name").write_bytes(b"\x1b[2J\xff\n")
        (types / "i915-GVTg_V5_8" / "description").write_bytes(b"\x07\x9b")
        said = self.output(machine)
        self.assertIsNone(re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", said))
        json.loads(self.output(machine, "--json"))


if __name__ == "__main__":
    vgputest.main()
