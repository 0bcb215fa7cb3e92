#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people and machines get wrong: one line that names it and the way out, and nothing left."""

import json
import os
import shutil
import signal
import stat
import subprocess
import unittest
from pathlib import Path

import vgputest
from vgpuguest import QEMU
from vgpuvm import LIGHT, Person, VmTest, need_namespaces

# Is QEMU to whoever asks what it can do, and something else to who starts a VM with it.
FALSE_QEMU = """#!/bin/sh
for word; do
    case $word in
    socket,id=supervisor,*) {misbehave} ;;
    esac
done
exec {qemu} "$@"
"""
DIES = "echo 'qemu-system-x86_64: the stars are wrong' >&2; exit 3"
ABORTS = "kill -ABRT $$"
BREAKS = "kill -SYS $$"
HANGS = "sleep 3600; exit"
FLOODS = "yes 'qemu-system-x86_64: and another thing' >&2"
CHATS = "exec {python} -c 'import socket, sys; word = [w for w in sys.argv if \"supervisor\" in " \
        "w][0]; s = socket.socket(fileno=int(word.split(\"fd=\")[1])); " \
        "s.sendall(b\"HTTP/1.1 400 Bad Request\\n\"); s.recv(1)' \"$@\""


class RefusalTest(VmTest):
    def refused(self, status, pattern, *arguments, **options):
        return self.person.refused(status, pattern, *arguments, **options)

    def run_refused(self, status, pattern, *arguments, **options):
        """In the foreground, in the background and as a plan; where the last can know it."""
        self.refused(status, pattern, "run", *LIGHT, *arguments, **options)
        self.refused(status, pattern, "run", "--detach", *LIGHT, *arguments, **options)


class DiskTest(RefusalTest):
    def test_missing(self):
        self.run_refused(1, r"Disk /\S+/none.qcow2: no such file; .*size=20G.* makes a new disk",
                         "--disk", "none.qcow2")
        self.run_refused(1, r"There is no file 'none.qcow2'; .*--disk FILE,size=20G", "none.qcow2")
        self.run_refused(1, r"none\.iso", "--cdrom", "none.iso")

    def test_empty(self):
        self.run_refused(1, r"empty.raw: it is empty; .*size=", self.person.disk("empty.raw", b""))

    def test_directory(self):
        place = self.person.directory / "folder"
        place.mkdir()
        self.run_refused(1, r"Disk \S+/folder: it is a directory", "--disk", place)
        self.run_refused(1, r"\S+/folder: it is a directory", place)

    def test_locked(self):
        disk = self.person.disk()
        self.person.good("run", "--detach", "--name", "first", *LIGHT, disk)
        pid = self.person.vm("first")["qemu_pid"]
        self.run_refused(1, rf"Disk \S+/light.raw is in use by process {pid} \(qemu-system\S*\); "
                            r"stop that, or open a copy", disk, "--name", "second")
        self.stop("first")

    def test_corrupt_qcow2(self):
        path = self.person.directory / "bad.qcow2"
        self.assertEqual(vgputest.run("qemu-img", "create", "-q", "-f", "qcow2", path,
                                      "8M").returncode, 0)
        data = bytearray(path.read_bytes())
        data[40:48] = b"\xff" * 8  # l1_table_offset (docs/interop/qcow2.txt): far outside
        path.write_bytes(data)
        self.person.own(path)
        self.run_refused(1, r"bad.*(damaged|corrupt|L1|offset)", path)

    def test_cut_qcow2(self):
        path = self.person.disk("cut.qcow2", b"QFI\xfb\0\0\0\3" + bytes(20))
        self.run_refused(1, r"cut\.qcow2", path)

    def test_qcow2_named_raw(self):
        path = self.person.directory / "plain.raw"
        self.assertEqual(vgputest.run("qemu-img", "create", "-q", "-f", "qcow2", path,
                                      "8M").returncode, 0)
        self.person.own(path)
        self.run_refused(1, r"plain.raw: the name says raw, the content says qcow2: .* add "
                            r"format=qcow2, else format=raw", path)
        forced = self.person.good("run", "--dry-run", *LIGHT, "--disk", f"{path},format=raw")
        self.assertRegex(forced, r"driver=raw[^\n]*plain\.raw")

    def test_unreadable(self):
        if os.geteuid() == 0 and not self.person.drops:
            self.skipTest("root may read everything")
        path = self.person.disk("secret.raw")
        path.chmod(0)
        self.run_refused(1, r"secret.raw.*Permission denied", path)

    def test_disk_option(self):
        self.run_refused(2, r"sise.*(size|format)", "--disk", "a.qcow2,sise=3G")
        self.run_refused(2, r"3.5X|size", "--disk", "a.qcow2,size=3.5X")


class WordTest(RefusalTest):
    def test_names(self):
        disk = self.person.disk()
        for name in ("a/b", "..", ".", "", "-rf", "new\nline", "bell\a", "é" * 3, "x" * 65,
                     "\x1b[31mred"):
            with self.subTest(name=ascii(name)):
                line = self.refused(2, "name", "run", disk, *LIGHT, "--name", name)
                self.assertNotRegex(line, r"[\x00-\x09\x0b-\x1f\x7f]")
                for verb in ("stop", "screenshot", "logs"):
                    line = self.refused(2, "name|option", verb, name)
                    self.assertNotRegex(line, r"[\x00-\x09\x0b-\x1f\x7f]")

    def test_control_characters_elsewhere(self):
        for words in (["run", "/a\nb\x1b[31m.qcow2"], ["run", "--disk", "a\nb\x1b[31m.raw"],
                      ["run", "a\nb\x1b[31m.iso"], ["run", "--kernel", "a\nb\x1b[31m"],
                      ["run", "--disk", "x", "--qemu", "/a\nb\x1b[31m"], ["a\nb\x1b[31m"],
                      ["run", "--a\nb\x1b[31m"], ["run", "--memory", "a\nb\x1b[31m"]):
            with self.subTest(words=ascii(words)):
                answer = self.person.run(*words)
                self.assertRegex(answer.stderr, r"\Avgpuctl: [^\x00-\x1f\x7f]*\n\Z")

    def test_control_characters_in_a_plan(self):
        disk = self.person.disk("a\nb\x1b[31m.raw")
        plan = self.person.good("run", disk, "--dry-run", *LIGHT)
        self.assertIn(r"a\x0ab\x1b[31m.raw", plan)
        exact = json.loads(self.person.good("run", disk, "--dry-run", "--json", *LIGHT))
        self.assertTrue([option for option in exact["options"]
                         if str(disk) in str(option.get("value"))])

    def test_name_too_long_for_a_socket(self):
        name = "n" * 64
        deep = self.person.directory / ("d" * 60)
        deep.mkdir(mode=0o700)
        self.person.own(deep)
        answer = self.person.run("run", self.person.disk(), *LIGHT, "--name", name,
                                 extra={"XDG_RUNTIME_DIR": str(deep)})
        self.assertRegex(answer.stderr, r"\Avgpuctl: Socket [^\n]* shorter[^\n]*\n\Z")

    def test_two_of_one_name(self):
        self.person.good("run", "--detach", "--name", "twin", *LIGHT, self.person.disk())
        pid = self.person.vm("twin")["pid"]
        self.run_refused(1, rf"VM 'twin' is running \(pid {pid}\): 'vgpuctl stop twin' ends it, "
                            r"--name", self.person.disk("other.raw"), "--name", "twin")
        self.stop("twin")

    def test_definition(self):
        path = self.person.directory / "a.vm"
        cases = {
            "[vm]\nmemory=64M\nmemroy=1G\n": r"a\.vm:3: .*memroy.*'memory'",
            "[vm]\n\n[dsik]\npath=x\n": r"a\.vm:3: .*dsik.*disk",
            "[vm]\nmemory=lots\n": r"a\.vm:2: .*lots",
            "memory=1G\n": r"a\.vm:1: ",
            "[vm\n": r"a\.vm:1: ",
            "[vm]\nfirmware=efi\n": r"a\.vm:2: .*efi.*uefi",
            "[vm]\nname=../up\n": r"a\.vm:2: .*name",
            "\0\xff\xfe": r"a\.vm",
            "": r"nothing to boot|a\.vm",
        }
        for text, pattern in cases.items():
            with self.subTest(text=ascii(text)):
                path.write_bytes(text.encode("latin-1"))
                answer = self.person.run("run", path)
                self.assertRegex(answer.stderr, r"\Avgpuctl: [^\n]*\n\Z")
                self.assertRegex(answer.stderr, pattern)
                self.assertIn(answer.returncode, (1, 2))

    def test_definition_without_name(self):
        """It has that of its file."""
        path = self.person.directory / "web server.vm"
        path.write_text(f"[disk]\npath={self.person.disk()}\n")
        plan = self.person.good("run", "--dry-run", *LIGHT, path)
        self.assertRegex(plan, r"-name guest=web-server,")

    def test_definition_of_an_image(self):
        path = self.person.good("vm", "define", self.person.disk("own.raw")).strip()
        self.assertRegex(path, r"/vms/own\.vm$")

    def edit(self, editor, **options):
        """vm edit of a definition 'web' whose copy is made in a place of its own."""
        place = self.person.directory / "copies"
        if not place.exists():
            place.mkdir(mode=0o700)
            self.person.own(place)
            self.person.good("vm", "define", "web", "--disk", self.person.disk())
        extra = {"VISUAL": editor, "TMPDIR": str(place)}
        return place, self.person.run("vm", "edit", "web", extra=extra, **options)

    def test_edit_keeps_what_it_refuses(self):
        place, answer = self.edit("echo memroy=1G >>")
        self.assertEqual(answer.returncode, 1)
        copies = list(place.iterdir())
        self.assertEqual(len(copies), 1)
        self.assertRegex(answer.stderr, r"\Avgpuctl: Nothing was changed: [^\n]*memroy[^\n]*; "
                                        rf"your text is kept in {copies[0]}\n\Z")
        self.assertIn("memroy=1G", copies[0].read_text())

    def test_edit_leaves_no_copy(self):
        for editor in ("true", "false", "printf '[vm]\\nmemory=1G\\n[disk]\\npath=/x\\n' >"):
            place, answer = self.edit(editor)
            self.assertEqual(answer.returncode, 1 if editor == "false" else 0, answer.stderr)
            self.assertEqual(list(place.iterdir()), [])
        listed = json.loads(self.person.good("vm", "list", "--json"))
        self.assertEqual(listed[0]["memory_bytes"], 1 << 30)

    def test_edit_outlives_keys_of_the_editor(self):
        place, answer = self.edit("kill -INT $PPID; kill -QUIT $PPID; test -w")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertEqual(list(place.iterdir()), [])

    def test_edit_without_room_for_the_copy(self):
        self.edit("true")
        place, answer = self.edit("true", before=["sh", "-c", "trap '' XFSZ; ulimit -f 0; "
                                                              'exec "$@"', "-"])
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, rf"\Avgpuctl: Writing a copy to edit, {place}/\S+: "
                                        r"File too large\n\Z")
        self.assertEqual(list(place.iterdir()), [])

    def test_typing_errors(self):
        disk = self.person.disk()
        self.refused(2, r"--dispaly; did you mean --display\?", "run", disk, "--dispaly", "none")
        self.refused(2, r"'rnu' is no vgpuctl command; did you mean 'run'\?", "rnu", disk)
        self.refused(2, r"--frobnicate; vgpuctl run --help", "run", disk, "--frobnicate")
        self.refused(2, r"stop: NAME is missing; see vgpuctl stop --help", "stop")
        self.refused(2, r"vm define: NAME\|FILE\.vm is missing; see vgpuctl vm define --help", "vm",
                     "define")
        self.refused(2, r"stop: 'two' is one operand too many; see vgpuctl stop --help", "stop",
                     "one", "two")
        self.refused(2, r"'vm defin' is no vgpuctl command; did you mean 'vm define'\?", "vm",
                     "defin")
        for words in (["help", "vm"], ["vm", "--help"]):
            self.assertRegex(self.person.good(*words), r"(?m)^  vm undefine  +\S")
        answer = self.person.run("vm")
        self.assertEqual((answer.returncode, answer.stdout), (2, ""))
        self.assertRegex(answer.stderr, r"(?m)^  vm define  +\S")
        self.refused(2, r"nothing to boot", "run")
        self.refused(2, r"--memory|memory", "run", disk, "--memory", "2GG")
        self.refused(2, r"cpus", "run", disk, "--cpus", "0")
        self.refused(2, r"vcn.*vnc", "run", disk, "--display", "vcn")
        self.refused(2, r"bridge", "run", disk, "--network", "brigde=br0")
        self.refused(2, r"--timeout", "stop", "x", "--timeout", "-1")

    def test_values(self):
        disk = self.person.disk()
        self.refused(2, r"--vgpu 4d: .* did you mean '2d'", "run", disk, "--vgpu", "4d")
        self.refused(1, r"parent|0000:ff:1f\.7", "run", disk, "--vgpu", "2d", "--parent",
                     "0000:ff:1f.7")
        self.refused(1, r"--kernel /\S+/vmlinuz", "run", "--kernel", "vmlinuz")
        self.refused(1, r"serial", "run", disk, *LIGHT, "--serial", "/nowhere/serial")

    def test_not_running(self):
        for words in (["stop", "ghost"], ["screenshot", "ghost"]):
            self.refused(1, r"No VM 'ghost' is running: 'vgpuctl ps' lists", *words)
        self.refused(1, r"'ghost'", "logs", "ghost")
        self.refused(1, r"'ghost'", "run", "ghost")

    def test_memory_larger_than_the_host(self):
        disk = self.person.disk()
        self.refused(1, r"memory|Memory", "run", disk, "--vgpu", "2d", "--network", "none",
                     "--memory", "900T")
        self.refused(2, r"memory|Memory|900000000T", "run", disk, "--memory", "900000000T")


class QemuTest(RefusalTest):
    def false_qemu(self, misbehave):
        path = self.person.directory / "qemu-system-x86_64"
        real = shutil.which(QEMU)
        if real is None:
            self.skipTest(f"{QEMU} is not installed")
        path.write_text(FALSE_QEMU.format(misbehave=misbehave, qemu=real))
        path.chmod(0o755)
        return ["--qemu", path, self.person.disk(), "--name", "false"]

    def python(self):
        """One that any user may run."""
        found = shutil.which("python3", path="/usr/bin:/bin")
        return found if found else self.skipTest("no python3 of the system")

    def test_missing(self):
        self.refused(1, r"/nowhere/qemu", "run", self.person.disk(), "--qemu", "/nowhere/qemu")
        tools = self.person.directory / "bin"
        tools.mkdir()
        setpriv = shutil.which("setpriv")
        if self.person.drops:
            (tools / "setpriv").symlink_to(setpriv)
        self.refused(1, r"(?i)qemu.*install", "run", self.person.disk(),
                     extra={"PATH": str(tools)})

    def test_not_qemu(self):
        self.refused(1, r"/bin/true", "run", self.person.disk(), "--qemu", "/bin/true")
        self.refused(1, r"/etc/passwd", "run", self.person.disk(), "--qemu", "/etc/passwd")

    def test_dies_at_once(self):
        self.run_refused(1, r"VM 'false': QEMU exited with status 3 while it was starting: "
                            r"the stars are wrong", *self.false_qemu(DIES))
        self.assertIn("the stars are wrong", self.person.good("logs", "false"))

    def test_aborts(self):
        self.run_refused(1, r"VM 'false': QEMU was killed by SIGABRT", *self.false_qemu(ABORTS))

    def test_breaks_its_sandbox(self):
        self.run_refused(1, r"VM 'false': QEMU was killed by SIGSYS [^\n]*; it made a system call "
                            r"that its -sandbox refuses; leave out", *self.false_qemu(BREAKS))

    def test_daemonize(self):
        self.run_refused(1, r"-daemonize .*'vgpuctl run --detach'", self.person.disk(), "--",
                         "-daemonize")

    def test_hangs(self):
        self.run_refused(1, r"VM 'false': QEMU did not answer its monitor for 1 s",
                         *self.false_qemu(HANGS), "--start-limit", "1")

    def test_interrupt_while_it_hangs(self):
        before = self.person.belongings()
        words = self.false_qemu("exec sleep 3600")
        running = self.person.start("run", *LIGHT, *words)
        while not any(vm.get("phase") == "starting" for vm in self.person.ps()):
            self.assertIsNone(running.process.poll())
        for verb in ("screenshot", "logs"):
            answer = self.person.run(verb, "false")
            self.assertIn(answer.returncode, (0, 1), answer.stderr)
        running.send(signal.SIGINT)
        self.assertEqual(running.wait(), 1)
        self.assertRegex(running.text, r"\Avgpuctl: VM 'false': Interrupted while QEMU was starting")
        self.assertEqual(self.person.belongings()[1], before[1])
        self.person.check_nothing_left()

    def test_floods(self):
        line = self.refused(1, r"VM 'false': QEMU did not answer its monitor for 2 s: "
                               r"and another thing", "run", *LIGHT, *self.false_qemu(FLOODS),
                            "--start-limit", "2")
        self.assertLess(len(line), 500)
        logs = self.person.directory / "state/vgpuctl/log"
        for path in logs.iterdir():
            self.assertLessEqual(path.stat().st_size, 16 << 20, path)

    def test_speaks_another_language(self):
        self.run_refused(1, r"VM 'false': .*(HTTP|QMP|JSON)",
                         *self.false_qemu(CHATS.format(python=self.python())))

    def test_option_qemu_does_not_know(self):
        self.run_refused(1, r"VM 'light': QEMU exited with status 1 .*frobnicate",
                         self.person.disk(), "--", "-frobnicate")

    def test_kvm_not_allowed(self):
        """Asked for, it is refused; not asked for, there is a note and the VM runs without."""
        try:
            mode = os.stat("/dev/kvm")
        except FileNotFoundError:
            self.skipTest("no /dev/kvm")
        if stat.S_IMODE(mode.st_mode) & 0o006 or \
           not self.person.drops and os.access("/dev/kvm", os.R_OK | os.W_OK):
            self.skipTest("this user may open /dev/kvm")
        disk = self.person.disk()
        self.run_refused(1, r"/dev/kvm.*(chmod|adduser|usermod|group)", disk, "--accel", "kvm")
        plan = json.loads(self.person.good("run", "--dry-run", "--json", *LIGHT, disk))
        self.assertIn("/dev/kvm is not yours to use", " ".join(plan["notes"]))
        self.assertIn({"name": "-accel", "value": "tcg"},
                      [{key: option[key] for key in ("name", "value")}
                       for option in plan["options"] if option["name"] == "-accel"])


class OutputTest(VmTest):
    def test_full_disk_at_screenshot(self):
        self.person.good("run", "--detach", "--name", "full", *LIGHT, self.person.disk())
        answer = self.person.run("screenshot", "full", "--output", "/dev/full")
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, r"\Avgpuctl: [^\n]*/dev/full[^\n]*\n\Z")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))
        with open("/dev/full", "wb") as full:
            answer = subprocess.run(
                [*self.person.become(), vgputest.VGPUCTL, "screenshot", "full", "--output", "-"],
                stdout=full, stderr=subprocess.PIPE, env=self.person.environment, text=True,
                timeout=vgputest.PATIENCE, check=False)
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, r"\Avgpuctl: [^\n]*No space left on device\n\Z")
        self.stop("full")

    def test_full_file_system_at_screenshot(self):
        if not self.person.drops:
            self.skipTest("needs root: who may mount here may not be another user besides")
        command = need_namespaces("--mount")
        self.person.good("run", "--detach", "--name", "full", *LIGHT, self.person.disk())
        place = self.person.directory / "small"
        place.mkdir()
        script = (f"mount -t tmpfs -o size=4k,mode=777 tmpfs {place} || exit 77; "
                  f'head -c 4096 /dev/zero >{place}/filler; "$@"; status=$?; ls -A {place}; exit $status')
        answer = self.person.run("screenshot", "full", "--output", place / "a.png",
                                 before=[*command, "sh", "-c", script, "-"])
        if answer.returncode == 77:
            self.skipTest("no private mounts here")
        self.assertEqual((answer.returncode, answer.stdout), (1, "filler\n"))  # no half a picture
        self.assertRegex(answer.stderr,
                         r"\Avgpuctl: [^\n]*small/a\.png[^\n]*No space left on device[^\n]*\n\Z")
        self.stop("full")

    def test_closed_output(self):
        """Whoever does not want our words gets none; nobody gets a crash."""
        disk = self.person.disk()
        for words in (["ps", "--json"], ["run", disk, "--dry-run"], ["--help"],
                      ["--version"], ["qemu"], ["gpus"], ["run", "--help"]):
            with self.subTest(words=" ".join(map(str, words))):
                reader, writer = os.pipe()
                os.close(reader)
                answer = subprocess.run(
                    [*self.person.become(), vgputest.VGPUCTL, *words], stdout=writer,
                    stderr=subprocess.PIPE, env=self.person.environment, text=True,
                    timeout=vgputest.PATIENCE, check=False)
                os.close(writer)
                self.assertIn(answer.returncode, (1, -13), answer.stderr)  # 13: SIGPIPE
                self.assertNotIn("Sanitizer", answer.stderr)
                full = self.person.run(*words, before=["sh", "-c", 'exec "$@" >&-', "-"])
                self.assertEqual(full.returncode, 1)
                self.assertRegex(full.stderr, r"\Avgpuctl: Writing to standard output: [^\n]*\n\Z")

    def test_no_escape_sequences_in_a_pipe(self):
        for words in (["ps"], ["gpus"], ["qemu"], ["run", "ghost"], ["--help"]):
            answer = self.person.run(*words)
            self.assertNotIn("\033", answer.stdout + answer.stderr)


class PlaceTest(RefusalTest):
    """Directories that are not what they should be."""

    def test_run_directory_of_somebody_else(self):
        place = self.person.directory / "run" / "vgpuctl"
        place.mkdir(mode=0o755)
        self.person.own(place)
        self.refused(1, r"Run directory \S+ is open to others .*chmod 700", "ps")
        place.rmdir()
        place.symlink_to("/tmp")
        self.refused(1, r"Run directory \S+ is a symbolic link", "ps")
        place.unlink()
        place.write_text("")
        self.refused(1, r"Run directory \S+ is no directory", "run", self.person.disk(), *LIGHT)

    def test_state_directory_not_writable(self):
        if os.geteuid() == 0 and not self.person.drops:
            self.skipTest("root may write everywhere")
        place = self.person.directory / "state"
        place.chmod(0o500)
        self.run_refused(1, r"state/vgpuctl.*Permission denied", self.person.disk())


if __name__ == "__main__":
    vgputest.main()
