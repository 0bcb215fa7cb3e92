#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definitions of VMs, commands that meet each other, and the removal of what dead VMs left."""

import json
import os
import select
import signal
import tempfile
from pathlib import Path

import vgputest
from vgpuguest import QEMU
from vgpuvm import LIGHT, VmTest


class DefinitionTest(VmTest):
    def path(self, name):
        return self.person.directory / "config/vgpuctl/vms" / f"{name}.vm"

    def editor(self, script):
        """$EDITOR with an argument of its own, that changes a file as sed would."""
        return {"EDITOR": f"sed -i -e {script}", "TMPDIR": str(self.person.directory)}

    def test_life(self):
        self.person.disk("web.raw")
        self.assertEqual(self.person.good("vm", "list"), "")
        said = self.person.good("vm", "define", "web", *LIGHT, "--disk", "web.raw", "--", "-S")
        self.assertEqual(said, f"{self.path('web')}\n")
        rows = json.loads(self.person.good("vm", "list", "--json"))
        self.assertEqual([(row["name"], row["file"]) for row in rows],
                         [("web", str(self.path("web")))])
        self.assertEqual(rows[0]["memory_bytes"], 64 << 20)

        self.assertIn("memory=64M\n", self.path("web").read_text())

        # from anywhere: the disk was named from where the user stood
        plan = self.person.good("run", "web", "--dry-run", before=["env", "--chdir=/"])
        self.assertIn(f"file.filename={self.person.directory}/web.raw", plan)
        self.assertIn("\n  -S ", plan + " ")
        self.person.good("run", "web", "--detach")
        self.assertEqual(self.person.vm("web")["phase"], "running")
        self.person.good("vm", "undefine", "web")  # the VM stays
        self.assertEqual(self.person.good("vm", "list"), "")
        self.stop("web")

    def test_file_of_another_place(self):
        """Names in a file are seen from the file."""
        place = self.person.directory / "vms"
        place.mkdir()
        self.person.disk("vms/web.raw")
        (place / "web.vm").write_text("[vm]\nname=web\n[disk]\npath=web.raw\n")
        wanted = f"file.filename={place}/web.raw"
        self.assertIn(wanted, self.person.good("run", "vms/web.vm", "--dry-run"))
        self.person.good("vm", "define", "vms/web.vm")
        self.assertIn(wanted, self.person.good("run", "web", "--dry-run"))

    def test_qemu_on_path(self):
        plan = self.person.good("run", self.person.disk(), "--dry-run", "--qemu", QEMU)
        self.assertRegex(plan, rf"(?m)^/\S+/{QEMU}$")

    def test_options_win_over_definition(self):
        self.person.disk("web.raw")
        self.person.good("vm", "define", "web", *LIGHT, "--disk", "web.raw")
        plan = self.person.good("run", "web", "--dry-run", "--memory", "96M")
        self.assertRegex(plan, r"-m 96M")

    def test_defined_twice(self):
        self.person.disk("web.raw")
        self.person.good("vm", "define", "web", *LIGHT, "--disk", "web.raw")
        before = self.path("web").read_text()
        self.person.refused(1, r"web.*--replace", "vm", "define", "web", "--memory", "1G")
        self.assertEqual(self.path("web").read_text(), before)
        self.person.good("vm", "define", "web", "--replace", "--memory", "1G")
        self.assertNotEqual(self.path("web").read_text(), before)

    def test_edit(self):
        self.person.disk("web.raw")
        self.person.good("vm", "define", "web", *LIGHT, "--disk", "web.raw")
        self.person.good("vm", "edit", "web", extra=self.editor("s/64M/80M/"))
        self.assertIn("memory=80M", self.path("web").read_text())
        before = self.path("web").read_text()
        with tempfile.TemporaryDirectory(prefix="vgpu-edit-") as name:
            place = Path(name)
            self.person.own(place)
            said = self.person.refused(
                1, r"Nothing was changed: .*:\d+: .*memroy.*memory.*; your text is kept in ", "vm",
                "edit", "web", extra={**self.editor("s/memory/memroy/"), "TMPDIR": name})
            kept, = place.iterdir()
            self.assertIn(str(kept), said)
            self.assertIn("memroy", kept.read_text())
        self.person.refused(1, r"Editor 'false' failed.*EDITOR", "vm", "edit", "web",
                            extra={"EDITOR": "false", "TMPDIR": str(self.person.directory)})
        self.assertEqual(self.path("web").read_text(), before)

    def test_wrong_names(self):
        self.person.good("vm", "define", "web", *LIGHT)
        self.person.refused(1, r"'wed'; did you mean 'web'\?", "vm", "undefine", "wed")
        self.person.refused(1, r"'wed'; did you mean 'web'\?", "run", "wed")
        self.person.refused(2, r"VM name 'a b'", "vm", "define", "a b")
        self.person.refused(2, r"nothing to boot", "run", "web")
        self.person.refused(2, r"'vm lits' is no vgpuctl command; did you mean 'vm list'\?",
                            "vm", "lits")
        answer = self.person.run("vm")
        self.assertEqual(answer.returncode, 2)
        self.assertRegex(answer.stderr, r"vm define .*\n.*vm edit ")

    def test_bad_definition_is_listed(self):
        self.person.good("vm", "define", "web", *LIGHT)
        self.path("web").write_text("[vm]\nmemroy=1G\n")
        self.assertRegex(self.person.good("vm", "list"), r"web .*web\.vm:2: .*memroy")
        self.assertIn("memroy", json.loads(self.person.good("vm", "list", "--json"))[0]["error"])
        self.person.refused(1, r"web\.vm:2: .*memroy", "run", "web")


class MeetingTest(VmTest):
    def start_many(self, *commands):
        return [self.person.start(*words) for words in commands]

    def test_one_of_many_gets_the_name(self):
        disks = [self.person.disk(f"{i}.raw") for i in range(4)]
        runs = self.start_many(*(["run", "--detach", "--name", "same", *LIGHT, disk]
                                 for disk in disks))
        statuses = [run.wait() for run in runs]
        self.assertEqual(sorted(statuses), [0, 1, 1, 1], [run.text for run in runs])
        for run, status in zip(runs, statuses):
            if status == 1:
                self.assertRegex(run.text, r"\Avgpuctl: VM 'same' is [^\n]*\n\Z")
        self.assertEqual(len(self.person.ps()), 1)
        self.stop("same")

    def test_pictures_at_the_same_time(self):
        self.person.good("run", "--detach", "--name", "star", *LIGHT, self.person.disk())
        shots = self.start_many(*(["screenshot", "star", "--output", f"{i}.png"]
                                  for i in range(4)), ["ps"], ["logs", "star"])
        self.assertEqual([(shot.wait(), shot.text.count("vgpuctl:")) for shot in shots],
                         [(0, 0)] * 6, [shot.text for shot in shots])
        for i in range(4):
            data = (self.person.directory / f"{i}.png").read_bytes()
            self.assertTrue(data.startswith(b"\x89PNG") and data.endswith(b"IEND\xaeB`\x82"))
        self.stop("star")

    def test_stops_at_the_same_time(self):
        self.person.good("run", "--detach", "--name", "end", *LIGHT, self.person.disk())
        stops = self.start_many(*([["stop", "--force", "end"]] * 3), ["gc"], ["ps"])
        for stop in stops:
            self.assertIn(stop.wait(), (0, 1), stop.text)
            self.assertRegex(stop.text, r"\A(vgpuctl: No VM 'end' is running[^\n]*\n)?|NAME")
        self.assertIn(0, [stop.process.returncode for stop in stops[:3]])
        self.person.check_nothing_left()

    def test_follower_of_a_vm_that_ended(self):
        self.person.good("run", "--detach", "--name", "past", *LIGHT, self.person.disk())
        self.stop("past")
        self.person.good("logs", "--follow", "past")  # comes to an end by itself


class LeftTest(VmTest):
    def leave(self):
        self.person.good("run", "--detach", "--name", "dead", *LIGHT, self.person.disk())
        supervisor = os.pidfd_open(self.person.vm("dead")["pid"])
        signal.pidfd_send_signal(supervisor, signal.SIGKILL)
        select.select([supervisor], [], [])  # it has ended, and with it its locks
        os.close(supervisor)
        return self.person.run_directory("dead")

    def test_gc(self):
        left = self.leave()
        self.assertEqual(self.person.good("gc", "--dry-run"), f"{left}\n")
        self.assertTrue(left.exists())
        self.assertEqual(json.loads(self.person.good("gc", "--dry-run", "--json")), [str(left)])
        self.assertEqual(self.person.good("gc"), f"{left}\n")
        self.person.check_nothing_left()
        self.assertEqual(self.person.good("gc"), "")

    def test_name_is_free_again(self):
        self.leave()
        self.person.good("run", "--detach", "--name", "dead", *LIGHT, self.person.disk())
        self.assertEqual(len(self.person.ps()), 1)
        self.stop("dead")

    def test_other_commands_know_it_is_dead(self):
        self.leave()
        for verb in ("stop", "screenshot"):
            answer = self.person.run(verb, "dead")
            self.assertEqual(answer.returncode, 1)
            self.assertRegex(answer.stderr, r"\Avgpuctl: No VM 'dead' is running[^\n]*\n\Z")
        self.person.good("logs", "dead")

    def test_gc_leaves_the_living(self):
        self.person.good("run", "--detach", "--name", "alive", *LIGHT, self.person.disk())
        self.assertEqual(self.person.good("gc"), "")
        self.assertEqual(self.person.vm("alive")["phase"], "running")
        self.stop("alive")


if __name__ == "__main__":
    vgputest.main()
