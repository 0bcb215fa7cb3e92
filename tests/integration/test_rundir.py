#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands about VMs on run directories that a VM has not filled yet, or left in disorder."""

import fcntl
import json
import os
import signal
import struct
import subprocess
import time
from pathlib import Path

import vgputest
from vgpuvm import VmTest


def lock(path):
    """Holds a VM's lock as its supervisor does; returns what must stay open."""
    file = open(path, "w")
    fcntl.fcntl(file, fcntl.F_OFD_SETLK,
                struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    return file


def start_ticks(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[19])


class Logs(VmTest):
    """A process of ours stands for the supervisor of a VM about to start."""

    def setUp(self):
        super().setUp()
        self.person.good("ps")
        self.directory = self.person.run_directory("web")
        self.directory.mkdir(mode=0o700)
        held = lock(self.directory / "lock")
        self.addCleanup(held.close)
        self.log = self.person.directory / "state/vgpuctl/log/web.log"
        self.log.parent.mkdir(parents=True)
        self.log.write_text("first\n")
        for path in (self.directory, self.directory / "lock", self.log.parent.parent,
                     self.log.parent, self.log):
            self.person.own(path)
        self.supervisor = subprocess.Popen(["sleep", "infinity"])
        self.addCleanup(self.supervisor.wait)
        self.addCleanup(self.supervisor.kill)

    def write_state(self):
        made = self.directory / "state.json.new"
        made.write_text(json.dumps({
            "name": "web", "pid": self.supervisor.pid, "phase": "running",
            "supervisor_started_ticks": start_ticks(self.supervisor.pid)}))
        self.person.own(made)
        made.rename(self.directory / "state.json")

    def wait_watching(self, follower):
        """Until it waits for a state, which nothing else shows."""
        fds = Path(f"/proc/{follower.process.pid}/fd")
        deadline = time.monotonic() + vgputest.PATIENCE
        while not any(os.path.basename(os.readlink(fd)) == "anon_inode:inotify"
                      for fd in fds.iterdir() if fd.is_symlink()):
            self.assertIsNone(follower.process.poll(), "it does not wait")
            self.assertLess(time.monotonic(), deadline, "it does not wait")
            time.sleep(0.01)

    def test_about_to_start_is_followed(self):
        follower = self.person.start("logs", "--follow", "web")
        self.wait_watching(follower)
        self.write_state()
        follower.wait_for("first\n")
        with open(self.log, "a") as file:
            file.write("second\n")
        follower.wait_for("second\n")
        self.supervisor.send_signal(signal.SIGKILL)
        self.supervisor.wait()
        self.assertEqual(follower.wait(), 0)

    def test_reader_goes_away(self):
        """It is noticed though nothing more is written."""
        self.write_state()
        follower = self.person.start("logs", "--follow", "web")
        follower.wait_for("first\n")
        follower.process.stdout.close()
        self.assertEqual(follower.process.wait(vgputest.PATIENCE), -signal.SIGPIPE)


class Stale(VmTest):
    WARNING = r"\Avgpuctl: [^\n]*/bad/lock[^\n]*, ignoring [^\n]*\n"

    def setUp(self):
        super().setUp()
        self.person.good("ps")
        for path in (self.person.run_directory("bad"), self.person.run_directory("bad") / "lock"):
            path.mkdir(mode=0o700)
            self.person.own(path)

    def test_ps_goes_on(self):
        answer = self.person.run("ps", "--json")
        self.assertEqual((answer.returncode, json.loads(answer.stdout)), (0, []))
        self.assertRegex(answer.stderr, self.WARNING + r"\Z")

    def test_gc_fails(self):
        answer = self.person.run("gc")
        self.assertEqual((answer.returncode, answer.stdout), (1, ""))
        self.assertRegex(answer.stderr, r"\Avgpuctl: [^\n]*/bad/lock[^\n]*\n\Z")

    def test_only_its_name_is_taken(self):
        disk = self.person.disk()
        for name, word in (("good", "nonsense"), ("bad", "bad/lock")):
            answer = self.person.run("run", "--name", name, "--vgpu", "2d", disk, "--",
                                     "-device", "nonsense")
            self.assertEqual(answer.returncode, 1)
            self.assertRegex(answer.stderr, self.WARNING)
            self.assertIn(word, answer.stderr.splitlines()[-1])


if __name__ == "__main__":
    vgputest.main()
