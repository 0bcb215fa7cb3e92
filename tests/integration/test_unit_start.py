#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""unit-start makes a transient service of a program: what the manager is told, what comes back."""

import os
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import vgputest
from vgpumanager import Bus, FakeManager, UserManager

UNIT_START = str(Path(vgputest.LIBEXECDIR) / "unit-start")
UNIT = "vgpuctl-win10.service"
HAS_TEST_HOOKS = os.environ.get("VGPUCTL_TEST_HOOKS", "1") == "1"
STATUS = f"`systemctl --user status {UNIT}`"
LOG = f"`journalctl --user --unit={UNIT}`"

# Says what it was given, word by word.
SERVICE = 'printf "%s\\n" "$@" "$NAME" "$(pwd)"; echo complaint >&2'


class Case(unittest.TestCase):
    enter = []  # the words in front of a command

    def setUp(self):
        if not os.access(UNIT_START, os.X_OK):
            self.skipTest("unit-start is not built: libsystemd is missing")
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name).resolve()
        self.variables = {"XDG_RUNTIME_DIR": str(self.directory)}

    def start(self, *words, unit=UNIT, environment=None, options=()):
        """The finished unit-start; its stdout is all that the service wrote, up to its end."""
        variables = {key: value for key, value in os.environ.items()
                     if not key.startswith(("DBUS_", "XDG_"))}
        variables.update(self.variables, **(environment or {}))
        return vgputest.run(*self.enter, UNIT_START, "--unit", unit, "--description", "VM win10",
                            *options, "--", *words, env=variables, cwd=self.directory)

    def check_failure(self, answer, status, *parts):
        self.assertEqual(answer.returncode, status, answer.stderr)
        self.assertEqual(answer.stdout, "")
        self.assertRegex(answer.stderr, r"\A[^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, answer.stderr)


class OnBus(Case):
    def manager(self, answer):
        directory = Path(tempfile.mkdtemp(dir=self.directory))
        bus = Bus(self, directory)
        self.variables["DBUS_SESSION_BUS_ADDRESS"] = bus.address
        return FakeManager(self, directory, answer, bus=bus)

    def test_properties(self):
        manager = self.manager("done")
        answer = self.start(
            "/bin/sh", "-c", "exit 0", "sh", "100%", "${HOME}",
            options=["--stop-timeout", "95", "--stop-post", "true", "--stop-post", "--all",
                     "--environment", "NAME=a value", "--environment", "EMPTY="])
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        [call] = manager.calls()
        self.assertEqual((call["unit"], call["mode"], call["aux"]), (UNIT, "fail", False))
        self.assertEqual(
            {name: (value["type"], value["value"]) for name, value in call["properties"].items()},
            {
                "Description": ("s", "VM win10"),
                "Type": ("s", "exec"),
                "KillMode": ("s", "mixed"),
                "CollectMode": ("s", "inactive-or-failed"),
                "WorkingDirectory": ("s", str(self.directory)),
                "TimeoutStopUSec": ("t", 95_000_000),
                "StandardInput": ("s", "null"),
                "StandardOutput": ("s", "null"),
                "StandardOutputFileDescriptor": ("h", True),
                "StandardError": ("s", "journal"),
                "Environment": ("as", ["NAME=a value", "EMPTY="]),
                "ExecStart": ("a(sasb)", [{
                    "path": "/bin/sh", "ignore": False,
                    "words": ["/bin/sh", "-c", "exit 0", "sh", "100%", "$${HOME}"]}]),
                "ExecStopPost": ("a(sasb)", [{
                    "path": "/usr/bin/true", "ignore": False,
                    "words": ["/usr/bin/true", "--all"]}]),
            })

    def test_optional_properties(self):
        manager = self.manager("done")
        self.assertEqual(self.start("/bin/true").returncode, 0)
        names = manager.calls()[0]["properties"].keys()
        self.assertTrue(names.isdisjoint({"TimeoutStopUSec", "Environment", "ExecStopPost"}), names)

    def test_report_comes_back(self):
        self.manager("done")
        answer = self.start("/bin/sh", "-c", SERVICE, "sh", "a b", "$NAME", "é",
                            options=["--environment", "NAME=win 10",
                                     "--stop-post", "/bin/echo", "--stop-post", "down"])
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertEqual(answer.stdout.splitlines(),
                         ["a b", "$NAME", "é", "win 10", str(self.directory), "down"])

    def test_job_fails(self):
        for result in ("failed", "canceled", "timeout", "dependency", "skipped"):
            with self.subTest(result):
                self.manager(result)
                self.check_failure(self.start("/bin/true"), 1, UNIT, f"'{result}'", LOG)

    def test_program_cannot_be_executed(self):
        self.manager("done")
        self.check_failure(self.start("/nonexistent/program"), 1, UNIT, "'failed'", LOG)

    def test_unit_exists(self):
        self.manager("exists")
        self.check_failure(self.start("/bin/true"), 1, f"{UNIT} exists already", STATUS)

    def start_with_limit(self, limit_ms):
        if not HAS_TEST_HOOKS:
            self.skipTest("built without test hooks: the limit is half a minute")
        return self.start("/bin/true", environment={"VGPUCTL_TEST_UNIT_LIMIT_MS": str(limit_ms)})

    def test_manager_vanishes(self):
        # on a bus its name may have another owner at once: it is the time limit that ends this
        self.manager("vanish")
        self.check_failure(self.start_with_limit(200), 1, "did not start in time", STATUS)

    def test_manager_is_silent(self):
        manager = self.manager("silent")
        self.check_failure(self.start_with_limit(200), 1, UNIT, "did not start in time", STATUS)
        # the unit may be another's: it is not stopped
        self.assertFalse([call for call in manager.calls() if "stop" in call])

    def test_job_never_ends(self):
        manager = self.manager("endless")
        self.check_failure(self.start_with_limit(2000), 1, UNIT, "did not start in time", STATUS)
        self.assertEqual(manager.process.stdout.readline(), "stop\n")
        self.assertEqual(manager.calls()[1], {"stop": UNIT, "mode": "replace"})

    def test_system_manager(self):
        if Path("/run/systemd/private").exists():
            self.skipTest("systemd runs here; root would reach it")
        manager = self.manager("exists")
        address = self.variables.pop("DBUS_SESSION_BUS_ADDRESS")
        answer = self.start("/bin/true", options=["--system"],
                            environment={"DBUS_SYSTEM_BUS_ADDRESS": address})
        self.check_failure(answer, 1, f"`systemctl status {UNIT}`")
        self.assertEqual(len(manager.calls()), 1)


class WithoutManager(Case):
    def test_no_bus(self):
        self.check_failure(self.start("/bin/true"), 3, "No user service manager can be reached")

    def test_no_runtime_directory(self):
        del self.variables["XDG_RUNTIME_DIR"]
        self.check_failure(self.start("/bin/true"), 3, "No user service manager can be reached")

    def test_bus_without_manager(self):
        bus = Bus(self, self.directory)
        answer = self.start("/bin/true", environment={"DBUS_SESSION_BUS_ADDRESS": bus.address})
        self.check_failure(answer, 3, "The bus has no service manager")

    def test_dead_private_socket(self):
        (self.directory / "systemd").mkdir()
        (self.directory / "systemd" / "private").touch()
        self.check_failure(self.start("/bin/true"), 3, "No user service manager can be reached")

    def test_private_socket_hangs_up(self):
        (self.directory / "systemd").mkdir()
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.directory / "systemd" / "private"))
        listener.listen()
        peer = threading.Thread(target=lambda: listener.accept()[0].close())
        peer.start()
        self.check_failure(self.start("/bin/true"), 3, "No user service manager can be reached")
        peer.join()

    def test_word_is_not_utf8(self):
        answer = subprocess.run(
            [UNIT_START, "--unit", UNIT, "--description", "d", "--", "/bin/true", b"disk-\xe4.img"],
            capture_output=True, check=False)
        self.assertEqual(answer.returncode, 3)
        self.assertIn("'disk-\ufffd.img' is not UTF-8", answer.stderr.decode())

    def test_program_is_not_in_path(self):
        self.check_failure(self.start("no-such-program"), 1, "no program 'no-such-program'")

    def test_wrong_usage(self):
        for name, arguments in {
                "no program": ["--unit", UNIT, "--description", "d", "--"],
                "no unit": ["--description", "d", "--", "/bin/true"],
                "no description": ["--unit", UNIT, "--", "/bin/true"],
                "no service": ["--unit", "vgpuctl-a.scope", "--description", "d", "--", "true"],
                "slash": ["--unit", "a/b.service", "--description", "d", "--", "/bin/true"],
                "time": ["--stop-timeout", "-1", "--unit", UNIT, "--description", "d", "true"],
                "option": ["--nonsense"]}.items():
            with self.subTest(name):
                self.check_failure(vgputest.run(UNIT_START, *arguments), 2)


class OnPrivateSocket(Case):
    """Where the manager has its own socket, no bus is asked."""

    def manager(self, answer):
        (self.directory / "systemd").mkdir()
        return FakeManager(self, self.directory, answer,
                           private=self.directory / "systemd" / "private")

    def test_report_comes_back(self):
        manager = self.manager("done")
        answer = self.start("/bin/sh", "-c", SERVICE, "sh", "word")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertEqual(answer.stdout.splitlines(), ["word", "", str(self.directory)])
        self.assertEqual(len(manager.calls()), 1)

    def test_manager_vanishes(self):
        self.manager("vanish")
        self.check_failure(self.start("/bin/true"), 1, f"Whether {UNIT} has started is unknown",
                           STATUS)


class OnSystemd(Case):
    """The same with the real one."""

    def setUp(self):
        super().setUp()
        self.enter = UserManager(self, self.directory).enter

    def systemctl(self, *words):
        return vgputest.run(*self.enter, "systemctl", "--user", *words,
                            env={**os.environ, **self.variables})

    def show(self, *names):
        answer = self.systemctl("show", UNIT, "--property", ",".join(names))
        return dict(line.split("=", 1) for line in answer.stdout.splitlines())

    def start_waiting(self, *options):
        """A service that reports and then lives; the reader of its report, which the manager keeps
        open."""
        process = subprocess.Popen(
            [*self.enter, UNIT_START, "--unit", UNIT, "--description", "VM win10", *options, "--",
             "/bin/sh", "-c", 'echo "up $0 $NAME"; echo complaint >&2; exec sleep infinity',
             "${HOME}%n"],
            stdout=subprocess.PIPE, text=True, cwd=self.directory,
            env={**os.environ, **self.variables})
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.wait(vgputest.PATIENCE), 0)
        return process.stdout

    def test_report_and_end(self):
        answer = self.start("/bin/sh", "-c", SERVICE, "sh", "a b", "$NAME", "$$", "${HOME}%n",
                            options=["--environment", "NAME=win 10", "--stop-post", "/bin/echo",
                                     "--stop-post", "down $SERVICE_RESULT"])
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertEqual(answer.stdout.splitlines(),
                         ["a b", "$NAME", "$$", "${HOME}%n", "win 10", str(self.directory),
                          "down $SERVICE_RESULT"])

    def test_life(self):
        report = self.start_waiting("--environment", "NAME=win10", "--stop-timeout", "95",
                                    "--stop-post", "/bin/echo", "--stop-post", "down")
        self.assertEqual(report.readline(), "up ${HOME}%n win10\n")
        self.assertEqual(
            self.show("Description", "Type", "KillMode", "CollectMode", "TimeoutStopUSec",
                      "WorkingDirectory", "SubState", "StandardInput", "StandardError"),
            {"Description": "VM win10", "Type": "exec", "KillMode": "mixed",
             "CollectMode": "inactive-or-failed", "TimeoutStopUSec": "1min 35s",
             "WorkingDirectory": str(self.directory), "SubState": "running",
             "StandardInput": "null", "StandardError": "journal"})
        self.check_failure(self.start("/bin/true"), 1, f"{UNIT} exists already", STATUS)
        self.assertEqual(self.systemctl("stop", UNIT).returncode, 0)
        self.assertEqual(report.read(), "down\n")
        self.assertEqual(self.systemctl("status", UNIT).returncode, 4)  # no such unit any more

    def test_name_is_about_to_be_free(self):
        self.start_waiting("--stop-post", "/bin/sleep", "--stop-post", "1")  # a slow clean-up
        self.assertEqual(self.systemctl("stop", "--no-block", UNIT).returncode, 0)
        answer = self.start("/bin/echo", "up")
        self.assertEqual((answer.returncode, answer.stdout, answer.stderr), (0, "up\n", ""))

    def test_name_is_free_after_a_failure(self):
        self.check_failure(self.start("/nonexistent/program"), 1, f"{UNIT} did not start",
                           "'failed'", LOG)
        answer = self.start("/bin/echo", "up")
        self.assertEqual((answer.returncode, answer.stdout), (0, "up\n"))


if __name__ == "__main__":
    vgputest.main()
