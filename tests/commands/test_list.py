#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`list` and `capacity` on machines made from text."""

import json
import os
import unittest

import vgpufake
import vgputest

FIRST, SECOND, THIRD = (f"c0ffee00-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))


class Case(unittest.TestCase):
    def machine(self, name):
        machine = vgpufake.FakeRoot(name)
        self.addCleanup(machine.close)
        return machine

    def output(self, machine, *arguments):
        result = machine.run(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout


class ListTest(Case):
    def test_golden(self):
        for name, words in (("used", ("list",)), ("used-defined", ("list", "-d", "-v")),
                            ("used-verbose", ("--verbose", "list"))):
            with self.subTest(name):
                vgpufake.check_golden(self, f"list/{name}.text",
                                      self.output(self.machine("gvt-g-used"), *words))
        vgpufake.check_golden(self, "list/used.json",
                              self.output(self.machine("gvt-g-used"), "list", "--json"))

    def uuids(self, *arguments):
        said = self.output(self.machine("gvt-g-used"), "list", "--json", *arguments)
        return [row["uuid"] for row in json.loads(said)]

    def test_selection(self):
        for words, wanted in (
                ((), [FIRST, SECOND]),
                (("--defined",), [SECOND, THIRD]),
                (("--uuid", SECOND.upper()), [SECOND]),
                (("-u", "desk"), [FIRST]),
                (("-u", THIRD), []),
                (("-d", "-u", THIRD), [THIRD]),
                (("--parent", "00:02.0"), [FIRST, SECOND]),
                (("-p", "mtty"), [])):
            with self.subTest(" ".join(words)):
                self.assertEqual(self.uuids(*words), wanted)

    def test_unknown_name(self):
        result = self.machine("gvt-g-used").run("list", "--uuid", "nothing")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("nothing", result.stderr)

    def test_broken_definition(self):
        machine = self.machine("gvt-g-used")
        (machine.path / f"etc/mdevctl.d/0000:00:02.0/{THIRD}").write_bytes(b"{\xff")
        result = machine.run("list", "--defined")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr,
                         rf"^vgpuctl: .*/etc/mdevctl\.d/0000:00:02\.0/{THIRD}: .*UTF-8; .*\n$")

    def test_odd_file(self):
        machine = self.machine("gvt-g-used")
        (machine.path / "etc/mdevctl.d/0000:00:02.0/backup").write_text("")
        result = machine.run("list", "--defined")
        self.assertEqual(result.returncode, 0)
        self.assertIn(THIRD, result.stdout)
        self.assertEqual(result.stderr, "vgpuctl: Can't determine uuid for file 'backup'\n")

    def test_facts(self):
        machine = self.machine("none")
        path = machine.path / "facts.json"
        path.write_text(json.dumps({"version": 1, "mdev": {"devices": [
            {"uuid": FIRST, "parent": "mtty", "type": "mtty-1", "iommu_group": 1}, {}]}}))
        rows = json.loads(self.output(machine, "--facts", path, "list", "--json"))
        self.assertEqual([(row["uuid"], row["type"], row["active"]) for row in rows],
                         [(FIRST, "mtty-1", True)])
        result = machine.run("--facts", path, "list", "--defined")
        self.assertEqual(result.returncode, 2)
        self.assertIn("not in a facts file", result.stderr)


class CapacityTest(Case):
    def test_golden(self):
        for name in ("gvt-g-used", "mdev-samples", "notes-machine"):
            with self.subTest(name):
                machine = self.machine(name)
                vgpufake.check_golden(self, f"capacity/{name}.text",
                                      self.output(machine, "capacity"))
                vgpufake.check_golden(self, f"capacity/{name}.json",
                                      self.output(machine, "capacity", "--json"))

    def test_owner(self):
        """A claim of a process that lives: this one."""
        machine = self.machine("gvt-g-live")
        with open("/proc/self/stat", encoding="utf-8") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        claims = machine.path / "run/vgpuctl/claims"
        claims.mkdir(parents=True)
        (claims / FIRST).write_text(json.dumps(
            {"uuid": FIRST, "parent": "0000:00:02.0", "type": "i915-GVTg_V5_8", "vm": "win",
             "stage": "held", "uid": -1, "made": True,
             "owner": {"kind": "pid", "pid": os.getpid(), "started_ticks": ticks}}))
        types = json.loads(self.output(machine, "capacity", "--json"))[0]["types"]
        owners = {device["uuid"]: (device["owner"], device["vm"])
                  for row in types for device in row["devices"]}
        self.assertRegex(owners[FIRST][0], rf"^process {os.getpid()} \(.*\)$")
        self.assertEqual((owners[FIRST][1], owners[SECOND]), ("win", (None, None)))

    def test_fit(self):
        for machine, mix, status, wanted in (
                ("gvt-g", "V5_8=2", 0, "V5_8=2 fits\n"),
                ("gvt-g", "V5_4=1,V5_8=1", 1,
                 "V5_4=1,V5_8=1 does not fit: aperture: 192 MB wanted, 128 of 128 MB left; set "
                 "Aperture size 512 MB, GTT 8 MB in the firmware, and it fits\n"
                 "As many of smaller types: V5_8=2\n"
                 "As many of these as fit: V5_4=1\n"),
                ("gvt-g-wraps", "V5_8", 1,
                 "V5_8=1 does not fit: hidden graphics memory: 384 MB wanted, 0 of 0 MB left; set "
                 "Aperture size 256 MB, GTT 8 MB in the firmware, and it fits\n"),
                ("mdev-samples", "mtty-1=2,mdpy-hd", 0, "mtty-1=2,mdpy-hd=1 fits\n"),
                ("mdev-samples", "V5_8,mtty-1", 1,
                 "V5_8=1,mtty-1=1 does not fit: nothing on this host offers V5_8; there is "
                 "mbochs-large, mbochs-small, mdpy-hd, mtty-1, mtty-2\n"),
                ("none", "V5_8", 1,
                 "V5_8=1 does not fit: nothing on this host offers mediated devices; vgpuctl types "
                 "says why\n")):
            with self.subTest(f"{machine} {mix}"):
                result = self.machine(machine).run("capacity", "--fit", mix)
                self.assertEqual((result.returncode, result.stdout, result.stderr),
                                 (status, wanted, ""))

    def test_fit_prints_no_control_characters(self):
        result = self.machine("gvt-g").run("capacity", "--fit", "\x1b[2J=1")
        self.assertEqual(result.returncode, 1)
        self.assertNotIn("\x1b", result.stdout)

    def test_fit_json(self):
        result = self.machine("gvt-g").run("capacity", "--json", "--fit", "V5_4,V5_8")
        self.assertEqual(result.returncode, 1)
        vgpufake.check_golden(self, "capacity/fit.json", result.stdout)

    def test_wrong_mix(self):
        for mix in ("", "V5_8=", "V5_8=0", "=2", "V5_8,,"):
            with self.subTest(mix):
                result = self.machine("gvt-g").run("capacity", "--fit", mix)
                self.assertEqual((result.returncode, result.stdout), (2, ""))

    def test_parent(self):
        machine = self.machine("mdev-samples")
        said = self.output(machine, "capacity", "--parent", "mdpy")
        self.assertNotIn("mtty", said)
        result = machine.run("capacity", "--parent", "mdp")
        self.assertEqual((result.returncode, result.stderr),
                         (1, "vgpuctl: No device mdp; did you mean mdpy?\n"))

    def test_facts(self):
        """No owners of this machine stand in what another one's facts give."""
        machine = self.machine("gvt-g-used")
        path = machine.path / "facts.json"
        path.write_text(json.dumps({"version": 1, "gpus": [], "mdev": {
            "parents": [{"name": "mtty", "types": [{"id": "mtty-1", "available": 3}]}],
            "devices": [{"uuid": FIRST, "parent": "mtty", "type": "mtty-1"}]}}))
        rows = json.loads(self.output(machine, "--facts", path, "capacity", "--json"))
        (mtty,) = rows[0]["types"]
        self.assertEqual((mtty["total"], mtty["free"], mtty["live"]), (4, 3, 1))
        self.assertIsNone(mtty["devices"][0]["holder"])


if __name__ == "__main__":
    vgputest.main()
