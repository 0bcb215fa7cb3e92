#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""VMs are run, seen, asked and ended, by the commands that a person types."""

import hashlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import zlib
from pathlib import Path

import vgputest
from vgpuguest import Guest
from vgpuvm import LIGHT, VmTest, readable_guest


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


class MediaTest(VmTest):
    def wait_picture(self, name):
        """Takes pictures until one shows something."""
        path = self.person.directory / "screen.png"
        for _ in range(1000):
            self.person.good("screenshot", name, "--output", path)
            data = path.read_bytes()
            if shows_something(data):
                return data
        return self.fail("the screen stays empty")

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
        self.person.good("stop", "--force", "efi")
        self.assertEqual(follower.wait(), 0)
        self.person.check_nothing_left()
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


if __name__ == "__main__":
    vgputest.main()
