#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Screens of running VMs: who can reach them, and what they ask."""

import json
import re
import socket
import stat

import vgputest
from vgpuvm import LIGHT, VmTest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RfbPeer:
    """The first words of a VNC client (RFC 6143, 7.1)."""

    def __init__(self, connection):
        self.connection = connection
        self.connection.settimeout(vgputest.PATIENCE)
        self.version = self.read(12)
        self.connection.sendall(self.version)
        self.security = set(self.read(self.read(1)[0]))

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.connection.recv(count - len(data))
            if not more:
                raise AssertionError(f"the VNC server closed after {data!r}")
            data += more
        return data

    def try_password(self):
        """The result for an answer that no password gives but by chance."""
        self.connection.sendall(b"\x02")
        self.read(16)
        self.connection.sendall(bytes(16))
        return int.from_bytes(self.read(4), "big")


class DisplayTest(VmTest):
    def test_vnc_socket_is_private(self):
        self.run_light("screen", "--display", "vnc", "--disk", self.person.disk())
        place = self.person.run_directory("screen")
        self.assertEqual(stat.S_IMODE(place.stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(place.parent.stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE((place / "vnc.sock").stat().st_mode) & 0o077, 0)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(place / "vnc.sock"))
            self.assertEqual(RfbPeer(connection).security, {1})  # none: the directory guards it
        self.stop("screen")

    def check_password_hidden(self, password, vm):
        for pid in (vm["pid"], vm["qemu_pid"]):
            self.assertNotIn(password, " ".join(self.person.command_line(pid)))
        self.assertNotIn(password, json.dumps(self.person.ps()))
        holders = []
        for directory in ("run", "state", "config"):
            for path in (self.person.directory / directory).rglob("*"):
                if path.is_file() and password.encode() in path.read_bytes():
                    holders.append(path)
                    self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        self.assertLessEqual(len(holders), 1)

    def test_vnc_over_tcp_asks_a_password(self):
        port = free_port()
        said = self.person.good("run", "--detach", "--name", "tcp", *LIGHT, "--display",
                                f"vnc:127.0.0.1:{port}", "--disk", self.person.disk())
        passwords = re.findall(r"(?m)^Password: (\S+)$", said)
        self.assertEqual(len(passwords), 1, said)
        self.assertEqual(said.count(passwords[0]), 1)
        self.check_password_hidden(passwords[0], self.person.vm("tcp"))
        with socket.create_connection(("127.0.0.1", port)) as connection:
            peer = RfbPeer(connection)
            self.assertEqual(peer.security, {2})  # VNC authentication, and nothing weaker
            self.assertEqual(peer.try_password(), 1)
        self.stop("tcp")

    def test_passwords_differ(self):
        said = [self.person.good("run", "--detach", "--name", name, *LIGHT, "--display",
                                 f"vnc:127.0.0.1:{free_port()}", "--disk",
                                 self.person.disk(f"{name}.raw"), "--json") for name in "ab"]
        self.assertNotEqual(*(json.loads(text)["credential"] for text in said))
        for name in "ab":
            self.person.good("stop", "--force", name)

    def test_spice_socket_is_private(self):
        facts = json.loads(self.person.good("qemu", "--json"))
        if not facts["spice"]:
            self.skipTest("this QEMU has no SPICE")
        self.run_light("spice", "--display", "spice", "--disk", self.person.disk())
        place = self.person.run_directory("spice") / "spice.sock"
        self.assertTrue(stat.S_ISSOCK(place.stat().st_mode))
        self.assertEqual(stat.S_IMODE(place.parent.stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(place.stat().st_mode) & 0o077, 0)
        self.stop("spice")


if __name__ == "__main__":
    vgputest.main()
