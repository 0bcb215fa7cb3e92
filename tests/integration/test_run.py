#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""VMs are run, seen, asked and ended, by the commands that a person types."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import unittest
import zlib
from pathlib import Path

import vgputest
from vgpuguest import Guest
from vgpuvm import LIGHT, Person, need_namespaces, readable_guest


def png_rows(data):
    """Rows of RGB bytes of an 8-bit RGB or RGBA PNG; only what QEMU writes."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    place, packed, width, height, channels = 8, b"", 0, 0, 0
    while place < len(data):
        length = int.from_bytes(data[place:place + 4], "big")
        kind, body = data[place + 4:place + 8], data[place + 8:place + 8 + length]
        if kind == b"IHDR":
            width, height = (int.from_bytes(body[i:i + 4], "big") for i in (0, 4))
            channels = {2: 3, 6: 4}[body[9]]
        elif kind == b"IDAT":
            packed += body
        place += 12 + length
    raw, stride = zlib.decompress(packed), width * channels + 1
    return [raw[y * stride:(y + 1) * stride] for y in range(height)]


def shows_something(data):
    """Whether a picture has text on it. Any filtered row of one colour has few distinct bytes."""
    return sum(1 for row in png_rows(data) if len(set(row[1:])) > 1) > 8


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


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


class VmTest(unittest.TestCase):
    def setUp(self):
        self.person = Person(self)

    def run_light(self, name, *options):
        """A VM without guest in the background; what `ps` says about it."""
        self.person.good("run", "--detach", "--name", name, *LIGHT, *options)
        return self.person.vm(name)

    def stop(self, name):
        self.person.good("stop", "--force", name)
        self.person.check_nothing_left()

    def wait_picture(self, name):
        """Takes pictures until one shows something."""
        path = self.person.directory / "screen.png"
        for _ in range(1000):
            self.person.good("screenshot", name, "--output", path)
            data = path.read_bytes()
            if shows_something(data):
                return data
        return self.fail("the screen stays empty")


class GuestTest(VmTest):
    def setUp(self):
        super().setUp()
        self.guest = readable_guest(Guest.find(), self.person)

    def options(self, mode):
        return ["--kernel", self.guest.kernel, "--initrd", self.guest.initrd, "--append",
                f"{self.guest.append} vgpuctl.guest={mode}", "--memory", "512M", "--vgpu", "2d",
                "--network", "none"]

    def test_life_in_background(self):
        person = self.person
        started = person.good("run", "--detach", "--name", "demo",
                              *self.options("mode=text,fps=10"))
        self.assertIn("vGPU:     virtio-gpu 2d", started)
        self.assertIn("Stop:     vgpuctl stop demo\n", started)
        self.assertRegex(person.good("ps"), r"(?m)^demo +running +\d+ ")
        vm = person.vm("demo")
        self.assertEqual(vm["phase"], "running")
        self.assertEqual(vm["run_directory"], str(person.run_directory("demo")))
        owner = Path(f"/proc/{vm['qemu_pid']}").stat().st_uid
        self.assertEqual(owner, person.uid)
        if os.geteuid() == 0:
            self.assertNotEqual(owner, 0)

        follower = person.start("logs", "--serial", "--follow", "demo")
        follower.wait_for(r"vgpuctl-guest: first-frame [^\n]*\n")
        picture = person.directory / "demo.png"
        for _ in range(50):  # one taken while the guest was drawing is taken again
            said = json.loads(person.good("screenshot", "demo", "--output", picture, "--json"))
            strip, reason = vgputest.read_strip(picture)
            if strip or "torn" not in reason:
                break
        self.assertIsNotNone(strip, reason)
        self.assertEqual(said, {"file": str(picture), "size_bytes": picture.stat().st_size})

        self.assertEqual(person.good("stop", "demo"), "")
        self.assertEqual(follower.wait(), 0)
        self.assertIn("vgpuctl-guest: done\n", follower.text)
        self.assertEqual(person.ps(), [])
        person.check_nothing_left()
        self.assertIn("vgpuctl-guest: done", person.good("logs", "--serial", "demo"))
        person.good("logs", "demo")

    def test_interrupt_powers_guest_off(self):
        running = self.person.start("run", "--name", "fore", "--serial",
                                    self.person.directory / "serial",
                                    *self.options("mode=text,fps=10"))
        running.wait_for(r"Stop: +Ctrl-C, or vgpuctl stop fore\n")
        follower = self.person.start("logs", "--serial", "--follow", "fore")
        follower.wait_for("vgpuctl-guest: first-frame")
        running.send(signal.SIGINT)
        self.assertEqual(running.wait(), 0, running.text)
        self.assertEqual(follower.wait(), 0)
        self.assertIn("vgpuctl-guest: done\n", follower.text)
        self.person.check_nothing_left()

    def test_guest_that_powers_itself_off(self):
        answer = self.person.run("--json", "run", "--name", "short",
                                 *self.options("mode=text,fps=10,seconds=1"))
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertEqual(json.loads(answer.stdout)["name"], "short")
        self.person.check_nothing_left()


class EndTest(VmTest):
    def start(self, name, *options):
        running = self.person.start("run", self.person.disk(), "--name", name, *LIGHT, *options)
        running.wait_for("Stop: ")
        return running

    def test_second_interrupt_quits(self):
        running = self.start("twice", "--grace", "3600")  # far above the test's own patience
        running.send(signal.SIGINT)
        self.wait_signal_taken(running)
        running.send(signal.SIGINT)
        self.assertEqual(running.wait(), 0, running.text)
        self.person.check_nothing_left()

    def wait_signal_taken(self, running):
        """Two equal signals that wait are one: the second may come once the first was read."""
        status = Path(f"/proc/{running.process.pid}/status")
        while int(re.search(r"ShdPnd:\s+(\w+)", status.read_text()).group(1), 16) & 1 << 1:
            pass

    def test_terminate_powers_off_then_quits(self):
        running = self.start("term", "--grace", "0")  # the firmware has no power button
        running.send(signal.SIGTERM)
        self.assertEqual(running.wait(), 0, running.text)
        self.person.check_nothing_left()

    def test_force_on_stopped_guest(self):
        vm = self.run_light("frozen", "--disk", self.person.disk(), "--", "-S")
        self.assertEqual(vm["phase"], "running")
        self.stop("frozen")

    def test_force_on_hung_qemu(self):
        vm = self.run_light("hung", "--disk", self.person.disk())
        os.kill(vm["qemu_pid"], signal.SIGSTOP)
        self.stop("hung")

    def test_stop_in_time_or_not(self):
        self.run_light("slow", "--grace", "3600", "--disk", self.person.disk())
        answer = self.person.run("stop", "--timeout", "0", "slow")
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, r"\Avgpuctl: VM 'slow' has not powered off within 0 s; "
                                        r"end it with: vgpuctl stop --force slow\n\Z")
        self.assertEqual(self.person.vm("slow")["name"], "slow")
        self.stop("slow")

    def test_killed_qemu_is_told(self):
        running = self.start("victim")
        os.kill(self.person.vm("victim")["qemu_pid"], signal.SIGKILL)
        self.assertEqual(running.wait(), 1)
        self.assertRegex(running.text, r"(?m)^vgpuctl: VM 'victim': QEMU was killed by SIGKILL")
        self.person.check_nothing_left()

    def test_killed_supervisor_takes_qemu_along(self):
        vm = self.run_light("orphan", "--disk", self.person.disk())
        os.kill(vm["pid"], signal.SIGKILL)
        self.assertEqual(self.person.ps(), [])
        self.person.check_nothing_left()

    def test_closed_output_ends_no_vm(self):
        """Nobody reads what is said about the start, as under `| head -0`."""
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.Popen(
            [*self.person.become(), vgputest.VGPUCTL, "run", self.person.disk(), "--name", "deaf",
             *LIGHT], stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE,
            env=self.person.environment, cwd=self.person.directory)
        os.close(writer)
        self.addCleanup(process.stderr.close)
        while not any(vm.get("phase") == "running" for vm in self.person.ps()):
            self.assertIsNone(process.poll())
        self.stop("deaf")
        self.assertEqual(process.wait(vgputest.PATIENCE), 0, process.stderr.read())


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


class MediaTest(VmTest):
    def test_disk_image(self):
        path = self.person.directory / "Debian 12 (new).qcow2"
        made = vgputest.run("qemu-img", "create", "-q", "-f", "qcow2", path, "8M")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.person.own(path)
        plan = self.person.good("run", path, "--dry-run", *LIGHT)
        self.assertIn("driver=qcow2", plan)
        said = self.person.good("run", path, "--detach", *LIGHT)
        self.assertRegex(said, r"(?m)^VM: +Debian-12-new \(")
        self.wait_picture("Debian-12-new")  # the firmware says that there is nothing to start
        self.stop("Debian-12-new")

    def test_installer(self):
        volume = bytearray(64 << 10)
        volume[0x8000:0x8007] = b"\x01CD001\x01"  # ECMA-119, 8.4: the primary volume descriptor
        volume[0x8800:0x8807] = b"\xffCD001\x01"
        iso = self.person.disk("installer.iso", bytes(volume))
        plan = self.person.good("run", iso, "--dry-run", *LIGHT)
        self.assertRegex(plan, r"read-only=on[^\n]*installer\.iso")
        self.assertRegex(plan, r"(ide|scsi)-cd")
        self.person.good("run", iso, "--detach", *LIGHT, "--disk", "new.qcow2,size=16M")
        self.assertTrue((self.person.directory / "new.qcow2").exists())
        self.wait_picture("new")
        self.stop("new")
        self.assertEqual(digest(iso), hashlib.sha256(volume).hexdigest())

    def test_snapshot_leaves_disk(self):
        disk = self.person.disk(content=os.urandom(1 << 20))
        before = digest(disk)
        self.run_light("safe", "--snapshot", "--disk", disk)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.person.run_directory("safe") / "qmp.sock"))
            stream = connection.makefile("rw")
            stream.readline()  # the greeting
            write = {"command-line": 'qemu-io disk0 "write -P 7 0 64k"'}
            for command, arguments in (("qmp_capabilities", {}), ("human-monitor-command", write),
                                       ("query-blockstats", {})):
                stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())["return"]
            stream.close()
        self.assertEqual(answer[0]["stats"]["wr_highest_offset"], 64 << 10)  # it was written
        self.stop("safe")
        self.assertEqual(digest(disk), before)

    def test_uefi_keeps_its_variables(self):
        if not any(Path("/usr/share").glob("*/OVMF_CODE*.fd")):
            self.skipTest("no OVMF is installed")
        disk = self.person.disk()
        said = self.person.good("run", "--detach", "--name", "efi", *LIGHT, "--memory", "256M",
                                "--firmware", "uefi", "--disk", disk)
        self.assertIn("VM:       efi", said)
        follower = self.person.start("logs", "--serial", "--follow", "efi")
        follower.wait_for("BdsDxe|UEFI Interactive Shell")  # it has looked for something to start
        variables = self.person.directory / "state/vgpuctl/nvram/efi_VARS.fd"
        self.assertEqual(os.readlink(self.person.run_directory("efi") / "vars.fd"), str(variables))
        self.stop("efi")
        first = digest(variables)
        self.assertEqual(stat.S_IMODE(variables.stat().st_mode), 0o600)
        self.assertNotEqual(first, self.template_digest(disk))

        inode = variables.stat().st_ino
        self.person.good("run", "--detach", "--name", "efi", *LIGHT, "--memory", "256M",
                         "--firmware", "uefi", "--disk", disk, "--", "-S")
        self.stop("efi")
        self.assertEqual((variables.stat().st_ino, digest(variables)), (inode, first))

        # a throw-away run does not even start from them
        self.person.good("run", "--detach", "--name", "efi", *LIGHT, "--memory", "256M",
                         "--firmware", "uefi", "--snapshot", "--disk", disk, "--", "-S")
        copy = self.person.run_directory("efi") / "vars.fd"
        self.assertFalse(copy.is_symlink())
        self.stop("efi")
        self.assertEqual(digest(variables), first)

    def template_digest(self, disk):
        """Variables of a VM that never ran: what --name other starts with."""
        self.person.good("run", "--detach", "--name", "other", *LIGHT, "--firmware", "uefi",
                         "--disk", disk, "--", "-S")
        self.stop("other")
        return digest(self.person.directory / "state/vgpuctl/nvram/other_VARS.fd")


class Cell:
    """Namespaces in which root's directories, /etc and the network are a test's own."""

    SETUP = ("mount -t tmpfs tmpfs {mounts} && cp -a /etc {mounts} && "
             "mount --bind {mounts}/etc /etc && mount -t tmpfs tmpfs /run && "
             "for d in /var/log /var/lib; do mount -t tmpfs tmpfs $d; done && "
             "{more} && echo ready && exec cat")

    def __init__(self, case, person, more="true", network=False):
        if os.geteuid() != 0:
            case.skipTest("needs root, for root's directories")
        options = ["--mount", *(["--net"] if network else [])]
        command = need_namespaces(*options)
        mounts = person.directory / "mounts"
        mounts.mkdir()
        script = self.SETUP.format(mounts=mounts, more=more)
        self.process = subprocess.Popen([*command, "sh", "-c", script], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        case.addCleanup(self.close)
        if self.process.stdout.readline() != "ready\n":
            case.skipTest(f"no private mounts here: {self.process.stderr.read()}")
        self.enter = ["nsenter", "--target", str(self.process.pid), *options]

    def close(self):
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
        self.process.wait()


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
        cell = Cell(self, self.person, network=True,
                    more="mkdir -p /etc/qemu && echo allow br7 >/etc/qemu/bridge.conf")
        self.person.refused(1, "bridge=br7.*[Nn]o.*(device|bridge)", "run", "--as-root",
                            self.person.disk(), *LIGHT, "--network", "bridge=br7",
                            before=cell.enter)

    def test_sudo_runs_as_the_caller(self):
        home = self.person.directory / "home"
        os.chown(home, 1000, 1000)
        line = f"vgputest:x:1000:1000::{home}:/bin/sh"
        cell = Cell(self, self.person,
                    more=f"sed -i /:1000:/d /etc/passwd && echo {line} >>/etc/passwd")
        sudo = {"SUDO_UID": "1000", "SUDO_GID": "1000", "TMPDIR": str(home)}
        disk = self.person.disk()
        os.chown(disk, 1000, 1000)
        self.person.good("run", "--detach", "--name", "lent", disk, *LIGHT, before=cell.enter,
                         extra=sudo)
        vm = json.loads(self.person.good("ps", "--json", before=cell.enter, extra=sudo))[0]
        for pid in (vm["pid"], vm["qemu_pid"]):
            status = Path(f"/proc/{pid}/status").read_text()
            self.assertRegex(status, r"(?m)^Uid:\t1000\t1000\t1000\t1000$")
            self.assertNotRegex(status, r"(?m)^Groups:\t(.* )?0 ")
        self.assertTrue(vm["run_directory"].startswith(str(home)), vm)
        self.person.good("stop", "--force", "lent", before=cell.enter, extra=sudo)
        self.assertEqual(json.loads(self.person.good("ps", "--json", before=cell.enter)), [])


class StepTest(VmTest):
    """Whatever the step: a death or a failure behind it leaves nothing."""

    def setUp(self):
        super().setUp()
        self.steps = self.person.good("session-steps").split()
        self.disk = self.person.disk()
        if os.environ.get("VGPUCTL_TEST_HOOKS", "1") == "0":
            self.skipTest("built without test hooks (-Dtest-hooks=true)")

    def run_through(self, variable, step):
        """Runs a VM that ends at `step`, or is asked to when it has come as far as it can."""
        running = self.person.start("run", self.disk, "--name", "point", *LIGHT,
                                    extra={variable: step})
        if step == self.steps[-1]:
            running.wait_for("Stop: ")
            running.send(signal.SIGQUIT)
        return running.wait(), running.text

    def check_all(self, variable, judge):
        hit = 0
        for step in self.steps:
            with self.subTest(step=step):
                judge(step, *self.run_through(variable, step))
                hit += 1
        print(f"# {variable}: {hit} of {len(self.steps)} steps were hit", flush=True)
        self.assertEqual(hit, len(self.steps))

    def test_killed_after_each(self):
        def judge(step, status, text):
            self.assertEqual(status, -signal.SIGKILL, text)
            self.assertEqual(self.person.ps(), [])
            self.person.check_nothing_left()
            self.assertEqual(self.person.good("gc"), "")

        self.check_all("VGPUCTL_TEST_KILL_AFTER", judge)

    def test_failed_after_each(self):
        def judge(step, status, text):
            self.assertEqual(status, 1, text)
            self.assertRegex(text, rf"(?m)^vgpuctl: Injected failure after step {step}$")
            self.person.check_nothing_left()
            self.assertEqual(self.person.good("gc"), "")

        self.check_all("VGPUCTL_TEST_FAIL_AFTER", judge)


if __name__ == "__main__":
    vgputest.main()
