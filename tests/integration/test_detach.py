#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`vgpuctl run --detach`: a VM apart from who started it, as a process or as a systemd unit."""

import json
import os
import pwd
import select
import signal
import tempfile
import unittest
from pathlib import Path

import vgputest
from vgpumanager import Bus, FakeManager, UserManager
from vgpuvm import LIGHT, Person, need_namespaces

UNIT = "vgpuctl-tiny.service"
HAS_TEST_HOOKS = os.environ.get("VGPUCTL_TEST_HOOKS", "1") == "1"
BAD = ["--", "-device", "nonsense"]  # words that QEMU itself refuses
NO_SYSTEMD = not Path("/run/systemd/system").exists()

# Holds a VM's start, which it tells by the FIFO "held", until something comes by the FIFO "go".
SLOW_QEMU = """#!/bin/sh
case "$*" in *tiny.raw*) echo held > {place}/held; read -r _ < {place}/go ;; esac
exec {qemu} "$@"
"""


def stat_of(pid):
    """Parent, process group and session of a process: proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return dict(zip(("parent", "group", "session"), map(int, fields[1:4])))


def links(pid):
    """Number of descriptor -> what it is."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found[int(entry.name)] = os.readlink(entry)
        except FileNotFoundError:
            pass
    return found


def wait_end(pid):
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([pidfd], [], [], vgputest.PATIENCE)[0]:
            raise AssertionError(f"process {pid} does not end")
    finally:
        os.close(pidfd)


class DetachTest(unittest.TestCase):
    before = ()  # words in front of vgpuctl

    def setUp(self):
        self.person = Person(self)
        self.person.disk("tiny.raw")
        self.arguments = ["run", "tiny.raw", "--detach", *LIGHT, "--display", "none"]

    def good(self, *arguments):
        answer = self.person.run(*arguments, before=self.before)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        return answer.stdout

    def refused(self, pattern, *arguments, **options):
        answer = self.person.run(*arguments, before=self.before, **options)
        self.assertRegex(answer.stderr, r"\Avgpuctl: [^\n]*\n\Z")
        self.assertRegex(answer.stderr, pattern)
        self.assertEqual((answer.returncode, answer.stdout), (1, ""))

    def start(self, *more):
        said = self.good(*self.arguments, *more)
        self.assertRegex(said, r"\AVM: +tiny \(QEMU pid \d+\)\n")
        self.assertIn("Stop:     vgpuctl stop tiny\n", said)
        return said

    def stop(self):
        self.good("stop", "--force", "tiny")
        self.check_over()

    def check_over(self):
        self.person.check_nothing_left()

    def check_descriptors(self, vm):
        """Nothing of the caller's: its streams, or the pipe of the report."""
        output = links(vm["qemu_pid"])[1]
        for pid in (vm["pid"], vm["qemu_pid"]):
            pipes = {what for number, what in links(pid).items()
                     if number != 2 and what.startswith("pipe:")}  # 2: a unit's is the manager's
            self.assertLessEqual(pipes, {output}, self.person.command_line(pid))
        self.assertEqual([links(vm["pid"])[i] for i in (0, 1)], ["/dev/null"] * 2)
        self.assertNotIn(b"VGPUCTL_REPORT_FD",
                         Path(f"/proc/{vm['qemu_pid']}/environ").read_bytes())


@unittest.skipUnless(NO_SYSTEMD, "systemd runs here: there would be units")
class AsProcess(DetachTest):
    def shell(self, script, **options):
        """Runs a script, in a session of its own, whose words "$@" start the VM."""
        return vgputest.run(*self.person.become(), "setsid", "sh", "-c", script, "sh",
                            vgputest.VGPUCTL, *self.arguments, env=self.person.environment,
                            cwd=self.person.directory, **options)

    def test_outlives_session(self):
        answer = self.shell('"$@" && kill -HUP 0')
        self.assertEqual((answer.returncode, answer.stderr), (-signal.SIGHUP, ""))
        vm = self.person.vm("tiny")
        self.assertEqual(vm["phase"], "running")
        self.assertEqual(stat_of(vm["pid"])["session"], vm["pid"])
        self.assertEqual(stat_of(vm["qemu_pid"])["parent"], vm["pid"])
        self.stop()

    def test_lets_go_of_callers_descriptors(self):
        # the answer comes only when nobody holds the pipes any more
        answer = self.shell('"$@" 3>&1 4>&2 5</dev/zero | cat')
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertIn("VM:       tiny", answer.stdout)
        vm = self.person.vm("tiny")
        self.check_descriptors(vm)
        for pid in (vm["pid"], vm["qemu_pid"]):
            self.assertNotIn("/dev/zero", links(pid).values())
        self.assertEqual(links(vm["pid"])[2], "/dev/null")
        self.stop()

    def test_closed_streams(self):
        answer = self.shell('"$@" <&- >&- 2>&-')
        self.assertEqual((answer.returncode, answer.stdout, answer.stderr), (0, "", ""))
        vm = self.person.vm("tiny")
        self.check_descriptors(vm)
        self.stop()

    def test_failure_is_reported(self):
        self.refused("VM 'tiny': QEMU exited with status 1 while it was starting: .*nonsense",
                     *self.arguments, *BAD)
        self.person.check_nothing_left()

    def test_name_is_taken(self):
        self.start()
        self.refused("VM 'tiny' is running .*'vgpuctl stop tiny' ends it", *self.arguments)
        self.assertEqual(len(self.person.ps()), 1)
        self.stop()

    def test_supervisor_is_killed(self):
        if not HAS_TEST_HOOKS:
            self.skipTest("built without test hooks")
        self.refused("VM 'tiny': its supervisor was killed while it was starting .*signal 9",
                     *self.arguments, extra={"VGPUCTL_TEST_KILL_AFTER": "spawn"})
        self.person.check_nothing_left()

    def slow_qemu(self):
        qemu = json.loads(self.person.good("qemu", "--json"))["binary"]
        place = self.person.directory
        for name in ("held", "go"):
            os.mkfifo(place / name)
            self.person.own(place / name)
        path = place / "slow-qemu"
        path.write_text(SLOW_QEMU.format(place=place, qemu=qemu))
        path.chmod(0o755)
        return path

    def test_caller_leaves_before_it_runs(self):
        """Who pressed Ctrl-C does not know of a VM: there shall be none."""
        self.arguments += ["--qemu", self.slow_qemu()]
        caller = self.person.start(*self.arguments)
        (self.person.directory / "held").read_text()
        [supervisor] = [pid for pid in self.person.processes()
                        if stat_of(pid)["parent"] == caller.process.pid]
        caller.send(signal.SIGINT)
        self.assertEqual(caller.wait(), -signal.SIGINT, caller.text)
        (self.person.directory / "go").write_text("go\n")
        wait_end(supervisor)
        self.person.check_nothing_left()


class UnitTest(DetachTest):
    """systemd seems to run, and the person has a user manager. A private /run says so."""

    more = "true"  # what else is in the private mounts
    fake = None

    def setUp(self):
        super().setUp()
        if not os.access(Path(vgputest.LIBEXECDIR) / "unit-start", os.X_OK):
            self.skipTest("unit-start is not built: libsystemd is missing")
        script = (f"mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && {self.more} && "
                  'exec "$@"')
        self.before = [*need_namespaces("--mount"), "sh", "-c", script, "sh"]

    def manager(self, answer):
        try:
            pwd.getpwuid(self.person.uid)
        except KeyError:
            self.skipTest(f"dbus-daemon serves known users only, and uid {self.person.uid} is not in "
                          "/etc/passwd")
        # not in the person's directory: it is no process of theirs that a VM could leave
        temporary = tempfile.TemporaryDirectory(prefix="vgpu-bus-")
        self.addCleanup(temporary.cleanup)
        place = Path(temporary.name)
        self.person.own(place)
        bus = Bus(self, place, before=self.person.become())
        self.person.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.address
        self.fake = FakeManager(self, place, answer, bus=bus, before=self.person.become())
        return self.fake

    def check_over(self):
        """What the unit runs when it is down has ended, too."""
        if self.fake is not None and self.fake.calls():
            self.assertEqual(self.fake.process.stdout.readline(), "down\n")
        super().check_over()


class OnFakeManager(UnitTest):
    def test_life(self):
        self.person.environment.update(LIBGL_ALWAYS_SOFTWARE="1", SECRET="hidden")
        manager = self.manager("done")
        self.assertNotIn("login session", self.start("--grace", "7"))
        vm = self.person.vm("tiny")
        self.assertEqual(vm["phase"], "running")
        self.assertEqual(stat_of(vm["pid"])["parent"], manager.process.pid)
        self.assertEqual(stat_of(vm["qemu_pid"])["parent"], vm["pid"])
        self.check_descriptors(vm)
        [call] = manager.calls()
        self.check_properties(call)
        self.stop()

    def check_properties(self, call):
        values = {name: value["value"] for name, value in call["properties"].items()}
        self.assertEqual(call["unit"], UNIT)
        self.assertEqual(values["Description"], "Virtual machine tiny")
        self.assertEqual(values["KillMode"], "mixed")
        self.assertGreater(values["TimeoutStopUSec"], 7_000_000)  # --grace comes first
        self.assertEqual(values["WorkingDirectory"], str(self.person.directory))
        program = os.path.realpath(vgputest.VGPUCTL)
        self.assertEqual([command["words"] for command in values["ExecStart"]],
                         [[program, *self.arguments, "--grace", "7"]])
        self.assertEqual([command["words"] for command in values["ExecStopPost"]],
                         [[program, "gc", "--quiet"]])
        environment = dict(pair.split("=", 1) for pair in values["Environment"])
        for name in ("HOME", "PATH", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME",
                     "XDG_CACHE_HOME", "LIBGL_ALWAYS_SOFTWARE"):
            self.assertEqual(environment.get(name), self.person.environment[name], name)
        self.assertNotIn("SECRET", environment)
        self.assertEqual(environment["VGPUCTL_REPORT_FD"], "1")

    def test_failure_is_reported(self):
        self.manager("done")
        self.refused("VM 'tiny': QEMU exited with status 1 while it was starting: .*nonsense",
                     *self.arguments, *BAD)
        self.check_over()

    def test_supervisor_is_killed(self):
        if not HAS_TEST_HOOKS:
            self.skipTest("built without test hooks")
        self.manager("done")
        self.refused("VM 'tiny': its supervisor ended while it was starting; see "
                     f"`journalctl --user --unit={UNIT}`", *self.arguments,
                     extra={"VGPUCTL_TEST_KILL_AFTER": "spawn"})
        self.check_over()

    def test_crash_is_reclaimed(self):
        self.manager("done")
        self.start()
        os.kill(self.person.vm("tiny")["pid"], signal.SIGKILL)
        self.check_over()

    def test_unit_exists(self):
        self.manager("exists")
        self.refused(f"VM 'tiny' was not started: {UNIT} exists already; see "
                     f"`systemctl --user status {UNIT}`", *self.arguments)
        self.person.check_nothing_left()

    def test_name_is_taken(self):
        manager = self.manager("done")
        self.start()
        self.refused("VM 'tiny' is running: 'vgpuctl stop tiny' ends it", *self.arguments)
        self.assertEqual(len(manager.calls()), 1)
        self.stop()

    def test_job_fails(self):
        self.manager("failed")
        self.refused(f"VM 'tiny' was not started: {UNIT} did not start", *self.arguments)
        self.person.check_nothing_left()

    def test_no_manager(self):
        self.start()
        vm = self.person.vm("tiny")
        self.assertEqual(stat_of(vm["pid"])["session"], vm["pid"])
        self.check_descriptors(vm)
        self.stop()

    def test_no_helper(self):
        manager = self.manager("done")
        self.person.environment["VGPUCTL_LIBEXECDIR"] = str(self.person.directory)
        self.start()
        self.assertEqual(manager.calls(), [])
        self.stop()


class Lingering(UnitTest):
    """With logind, whose directories the private mounts have, it matters who lingers."""

    more = ("mkdir /run/systemd/seats && mount -t tmpfs tmpfs /var/lib && "
            "mkdir -p /var/lib/systemd/linger")
    NOTE = "Note:     the VM ends with your last login session; 'loginctl enable-linger' "

    def test_off(self):
        self.manager("done")
        self.assertIn(self.NOTE, self.start())
        self.stop()

    def test_on(self):
        name = vgputest.run("id", "-un", self.person.uid).stdout.strip()
        self.before[-2] = self.before[-2].replace(
            "linger &&", f"linger && touch /var/lib/systemd/linger/{name} &&")
        self.manager("done")
        self.assertNotIn(self.NOTE, self.start())
        self.stop()

    def test_without_unit(self):
        self.assertNotIn(self.NOTE, self.start())
        self.stop()


class OnSystemd(DetachTest):
    """The same with the real one."""

    def setUp(self):
        super().setUp()
        runtime = Path(self.person.environment["XDG_RUNTIME_DIR"])
        manager = UserManager(self, runtime, self.person.directory, self.person.uid,
                              self.person.become())
        self.before = manager.enter

    def systemctl(self, *words):
        return vgputest.run(*self.before, *self.person.become(), "systemctl", "--user", *words,
                            env=self.person.environment)

    def show(self, name):
        return self.systemctl("show", UNIT, "--value", "--property", name).stdout.strip()

    def check_over(self):
        self.assertFalse(self.person.run_directory("tiny").exists())
        self.assertEqual(json.loads(self.good("ps", "--json")), [])

    def test_life(self):
        self.start("--grace", "0")  # the firmware has no power button
        [vm] = json.loads(self.good("ps", "--json"))
        self.assertEqual(self.show("MainPID"), str(vm["pid"]))
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertEqual(self.systemctl("stop", UNIT).returncode, 0)
        self.check_over()

    def test_failure_is_reported(self):
        self.refused("VM 'tiny': QEMU exited with status 1 while it was starting: .*nonsense",
                     *self.arguments, *BAD)
        self.check_over()

    def test_crash_is_reclaimed(self):
        self.start()
        self.systemctl("kill", "--kill-who=main", "--signal=KILL", UNIT)
        self.systemctl("stop", UNIT)  # it is going down, or down: this waits for it
        # before any command of ours could have removed what was left
        self.assertFalse(self.person.run_directory("tiny").exists())
        self.check_over()



if __name__ == "__main__":
    vgputest.main()
