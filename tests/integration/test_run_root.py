#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""VMs run by root: refused, through sudo, and on a bridge."""

import json
import os
import re
import shutil
import unittest
from pathlib import Path

import vgputest
from vgpuguest import QEMU
from vgpuvm import LIGHT, Cell, Person


class RootTest(unittest.TestCase):
    def setUp(self):
        self.person = Person(self, as_root=True)

    def test_refuses_root(self):
        cell = Cell(self, self.person)
        self.person.refused(1, "QEMU would run as root; .*--as-root", "run", self.person.disk(),
                            *LIGHT, before=cell.enter)
        self.person.refused(1, "QEMU would run as root", "run", "--detach", self.person.disk(),
                            *LIGHT, before=cell.enter)

    def test_bridge(self):
        if shutil.which("ip") is None:
            self.skipTest("iproute2 is not installed")
        cell = Cell(self, self.person, network=True,
                    more="mkdir -p /etc/qemu && echo allow br0 >/etc/qemu/bridge.conf && "
                         "ip link add br0 type bridge && ip link set br0 up")
        if not os.access("/dev/net/tun", os.W_OK):
            self.skipTest("no /dev/net/tun")

        def ports():
            listed = vgputest.run(*cell.enter, "ip", "-o", "link", "show", "master", "br0")
            self.assertEqual(listed.returncode, 0, listed.stderr)
            return listed.stdout.splitlines()

        self.assertEqual(ports(), [])
        self.person.good("run", "--as-root", "--detach", "--name", "net", self.person.disk(),
                         *LIGHT, "--network", "bridge=br0", before=cell.enter)
        self.assertEqual(len(ports()), 1)
        vm = json.loads(self.person.good("ps", "--json", before=cell.enter))[0]
        words = self.person.command_line(vm["qemu_pid"])
        fd = next(re.search(r"^tap,.*\bfd=(\d+)", word) for word in words if "tap," in word)
        self.assertEqual(os.readlink(f"/proc/{vm['qemu_pid']}/fd/{fd.group(1)}"), "/dev/net/tun")
        self.person.good("stop", "--force", "net", before=cell.enter)
        self.assertEqual(ports(), [])

    def test_missing_bridge(self):
        if not os.path.exists("/dev/net/tun"):
            self.skipTest("there is no /dev/net/tun, which the bridge helper wants first")
        cell = Cell(self, self.person, network=True,
                    more="mkdir -p /etc/qemu && echo allow br7 >/etc/qemu/bridge.conf")
        self.person.refused(1, "bridge=br7.*[Nn]o.*(device|bridge)", "run", "--as-root",
                            self.person.disk(), *LIGHT, "--network", "bridge=br7",
                            before=cell.enter)

    def lend(self):
        """A cell in which user 1000 has a home, and the environment of their sudo."""
        home = self.person.directory / "home"
        os.chown(home, 1000, 1000)
        line = f"vgputest:x:1000:1000::{home}:/bin/sh"
        cell = Cell(self, self.person,
                    more=f"sed -i /:1000:/d /etc/passwd && echo {line} >>/etc/passwd && "
                         "mkdir -p /run/user/1000 && chown 1000 /run/user/1000 && "
                         "chmod 700 /run/user/1000")
        return home, cell, {"SUDO_UID": "1000", "SUDO_GID": "1000"}

    def test_sudo_asks_qemu_as_the_caller(self):
        home, cell, sudo = self.lend()
        seen = home / "seen"
        qemu = home / "qemu-system-x86_64"
        qemu.write_text(f"#!/bin/sh\nid -u >>{seen}\nexec {shutil.which(QEMU)} \"$@\"\n")
        qemu.chmod(0o755)
        self.person.run("qemu", "--binary", qemu, "--refresh", before=cell.enter, extra=sudo)
        self.assertEqual(set(seen.read_text().split()), {"1000"})

    def test_sudo_runs_as_the_caller(self):
        _, cell, sudo = self.lend()
        disk = self.person.disk()
        os.chown(disk, 1000, 1000)
        self.person.good("run", "--detach", "--name", "lent", disk, *LIGHT, before=cell.enter,
                         extra=sudo)
        vm = json.loads(self.person.good("ps", "--json", before=cell.enter, extra=sudo))[0]
        for pid in (vm["pid"], vm["qemu_pid"]):
            status = Path(f"/proc/{pid}/status").read_text()
            self.assertRegex(status, r"(?m)^Uid:\t1000\t1000\t1000\t1000$")
            self.assertNotRegex(status, r"(?m)^Groups:\t(.* )?0 ")
        self.assertTrue(vm["run_directory"].startswith("/run/user/1000/"), vm)
        self.person.good("stop", "--force", "lent", before=cell.enter, extra=sudo)
        self.assertEqual(json.loads(self.person.good("ps", "--json", before=cell.enter)), [])


if __name__ == "__main__":
    vgputest.main()
