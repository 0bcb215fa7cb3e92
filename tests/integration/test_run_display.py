#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Screens of running VMs: who can reach them, what they ask, and that they show the guest."""

import json
import os
import re
import shutil
import signal
import socket
import stat
from pathlib import Path

import vgputest
from vgpuguest import Guest
from vgpuvm import LIGHT, VmTest, readable_guest

NONE, VNC_PASSWORD, VENCRYPT = 1, 2, 19  # security types of RFB


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
    def check_private(self, path):
        self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            self.assertEqual(RfbPeer(connection).security, {NONE})  # its mode guards it

    def test_vnc_socket_is_private(self):
        for display, name in (("vnc", "vnc.sock"), ("qemu-vnc", "qemu-vnc.sock")):
            with self.subTest(display):
                self.run_light("screen", "--display", display, "--disk", self.person.disk())
                place = self.person.run_directory("screen")
                self.assertEqual(stat.S_IMODE(place.stat().st_mode), 0o700)
                self.assertEqual(stat.S_IMODE(place.parent.stat().st_mode), 0o700)
                self.check_private(place / name)
                self.stop("screen")

    def test_socket_of_the_user(self):
        """It is there besides the private one, replaces what a dead VM left, and goes with its VM."""
        path = self.person.directory / "state" / "my screen.sock"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        self.person.own(path)
        self.run_light("own", "--display", f"vnc:unix:{path}", "--disk", self.person.disk())
        self.check_private(path)
        self.check_private(self.person.run_directory("own") / "vnc.sock")
        self.stop("own")
        self.assertFalse(path.exists())

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

    def run_on_tcp(self, display, port):
        """What `run` said of a VM on TCP, with one password."""
        said = self.person.good("run", "--detach", "--name", "tcp", *LIGHT, "--display",
                                f"{display}:127.0.0.1:{port}", "--disk", self.person.disk())
        passwords = re.findall(r"(?m)^Password: (\S+)$", said)
        self.assertEqual(len(passwords), 1, said)
        self.assertEqual(said.count(passwords[0]), 1)
        self.check_password_hidden(passwords[0], self.person.vm("tcp"))
        return said

    def test_qemus_vnc_over_tcp_asks_a_password(self):
        port = free_port()
        self.run_on_tcp("qemu-vnc", port)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            peer = RfbPeer(connection)
            self.assertEqual(peer.security, {VNC_PASSWORD})  # and nothing weaker
            self.assertEqual(peer.try_password(), 1)
        self.stop("tcp")

    def test_vnc_over_tcp_encrypts(self):
        port = free_port()
        prints = []
        for _ in range(2):
            said = self.run_on_tcp("vnc", port)
            prints += re.findall(r"(?m)^Certificate: ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$", said)
            with socket.create_connection(("127.0.0.1", port)) as connection:
                self.assertEqual(RfbPeer(connection).security, {VENCRYPT})
            self.stop("tcp")
        self.assertEqual(len(prints), 2)
        self.assertEqual(*prints)  # who has accepted it once is not asked again

    def test_address_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.person.refused(1, rf"Listening on 127\.0\.0\.1 port {port}: Address already in use",
                                "run", "--name", "taken", *LIGHT, "--display",
                                f"vnc:127.0.0.1:{port}", "--disk", self.person.disk())

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


class PictureTest(VmTest):
    """Our display server shows what the guest draws, and is not needed for the guest to go on."""

    def run_guest(self, *options):
        guest = readable_guest(Guest.find(), self.person)
        said = self.person.good(
            "run", "--detach", "--name", "guest", "--accel", "tcg", "--memory", "512M", "--vgpu",
            "2d", "--network", "none", "--kernel", guest.kernel, "--initrd", guest.initrd,
            "--append", f"{guest.append} vgpuctl.guest=mode=full,fps=5", *options)
        self.logs = self.person.start("logs", "--serial", "--follow", "guest")
        self.logs.wait_for(r"vgpuctl-guest: first-frame ")
        return said

    def stop_guest(self):
        self.person.good("stop", "--force", "guest")
        self.assertEqual(self.logs.wait(), 0)
        self.person.check_nothing_left()

    def seen(self):
        """What a viewer sees in the strip of the picture."""
        shot = Path(vgputest.LIBEXECDIR) / "shot"
        place = self.person.run_directory("guest")
        picture = self.person.directory / "seen.png"
        for _ in range(50):
            answer = vgputest.run(*self.person.become(), shot, "--vnc", place / "vnc.sock",
                                  "--output", picture, env=self.person.environment)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""))
            strip, reason = vgputest.read_strip(picture)
            if strip or "torn" not in reason:
                break
        self.assertIsNotNone(strip, reason)
        return strip["frame"]

    def wait_for_later(self, frame):
        while self.seen() <= frame:
            pass

    def server(self, name="display"):
        """The process id of a program beside QEMU; it lets nobody read its environment."""
        path = str(Path(vgputest.LIBEXECDIR) / name)
        pid = self.person.vm("guest")["pid"]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return next(int(child) for child in children
                    if self.person.command_line(child)[0] == path)

    def test_guest_is_seen_and_outlives_its_server(self):
        said = self.run_guest("--display", "vnc")
        self.assertRegex(said, r"(?m)^Watch: +vncviewer \S+/vnc\.sock$")
        before = self.person.vm("guest")
        frame = self.seen()
        self.wait_for_later(frame)
        for _ in range(2):
            first, frame = self.server(), self.seen()
            os.kill(first, signal.SIGKILL)
            self.wait_for_later(frame)
            self.assertNotEqual(self.server(), first)
        self.assertEqual(self.person.vm("guest"), before)
        self.assertIn("display: it was killed by SIGKILL, and was started again",
                      self.person.good("logs", "guest"))
        self.stop_guest()

    def test_web(self):
        said = self.run_guest("--display", "web")
        url = re.search(r"(?m)^Watch: +(http://127\.0\.0\.1:\d+/\S+)$", said)
        self.assertIsNotNone(url, said)
        self.assertEqual(self.person.vm("guest")["watch"], url[1])
        self.assertGreater(self.seen(), 0)
        self.stop_guest()


class ViewTest(VmTest):
    """The command line that would open a viewer."""

    def view(self, *words, programs=(), status=0):
        """With these viewers alone on PATH, on an X display that is asked nothing."""
        place = self.person.directory / "viewers"
        place.mkdir(exist_ok=True)
        for path in place.iterdir():
            path.unlink()
        for word in self.person.become()[:1]:
            (place / word).symlink_to(shutil.which(word))
        for name in programs:
            (place / name).write_text("#!/bin/sh\n")
            (place / name).chmod(0o755)
        with socket.socket(socket.AF_UNIX) as screen:
            screen.bind(str(place / "x"))
            self.person.own(place / "x")
            screen.listen()
            answer = self.person.run("view", "--dry-run", *words,
                                     extra={"PATH": str(place), "DISPLAY": str(place / "x")})
        self.assertEqual(answer.returncode, status, answer.stderr)
        return answer.stdout + answer.stderr

    def test_view(self):
        self.assertIn("No VM runs", self.view(status=1))
        self.run_light("one", "--display", "vnc", "--disk", self.person.disk())
        path = self.person.run_directory("one") / "vnc.sock"
        self.assertRegex(self.view(programs=["gvncviewer", "vncviewer"]),
                         rf"^vncviewer -Shared {path}  # TigerVNC .*\n$")
        self.assertRegex(self.view("one", programs=["gvncviewer"]), rf"^gvncviewer {path}  # .*\n$")
        self.assertRegex(self.view("one", programs=["xdg-open"]),
                         r"^vgpuctl serve --open one  # .*\n$")
        self.assertRegex(self.view("one", status=1),
                         r"no viewer for it is installed; apt install tigervnc-viewer or gvncviewer")
        self.run_light("two", "--display", "none", "--disk", self.person.disk("two.raw"))
        self.assertRegex(self.view(status=2), r"Several VMs run; name one of one, two$")
        self.assertRegex(self.view("two", programs=["vncviewer"], status=1),
                         r"no viewer reaches its screen \(no display\); run it with --display vnc$")
        for name in ("one", "two"):
            self.person.good("stop", "--force", name)
        self.person.check_nothing_left()


if __name__ == "__main__":
    vgputest.main()
