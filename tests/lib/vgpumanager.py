# SPDX-License-Identifier: LGPL-2.1-or-later
"""Service managers for tests: fake-systemd on a private bus, and systemd --user in namespaces."""

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import vgputest

FAKE_SYSTEMD = os.environ.get("FAKE_SYSTEMD",
                              str(vgputest.BUILD_DIR / "tests" / "integration" / "fake-systemd"))

# What a bus needs to have and no more. The activation file is systemd's own for the session bus:
# it makes the bus answer "could not be started" in place of "is not there".
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={directory}/bus</listen>
  <servicedir>{directory}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
ACTIVATION = "[D-BUS Service]\nName=org.freedesktop.systemd1\nExec=/bin/false\n"


def _end(process):
    process.kill()
    process.wait()
    process.stdout.close()


class Bus:
    """A private session bus at `address`; nothing is on it. `before`: words in front of it."""

    def __init__(self, case, directory, before=()):
        daemon = shutil.which("dbus-daemon")
        if daemon is None:
            case.skipTest("dbus-daemon is not installed")
        (directory / "services").mkdir()
        (directory / "services" / "systemd.service").write_text(ACTIVATION)
        config = directory / "bus.conf"
        config.write_text(BUS_CONFIG.format(directory=directory))
        self.process = subprocess.Popen(
            [*before, daemon, f"--config-file={config}", "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE, text=True)
        case.addCleanup(_end, self.process)
        self.address = self.process.stdout.readline().strip()
        case.assertTrue(self.address, "dbus-daemon did not start")


class FakeManager:
    """fake-systemd, answering every call in the way that `answer` names. `before`: words in front
    of it."""

    def __init__(self, case, directory, answer, bus=None, private=None, before=()):
        self.path = directory / "record"
        command = [*before, FAKE_SYSTEMD, "--answer", answer, "--record", str(self.path)]
        environment = dict(os.environ)
        if private is not None:
            command += ["--private", str(private)]
        else:
            environment["DBUS_SESSION_BUS_ADDRESS"] = bus.address
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        case.addCleanup(_end, self.process)
        case.assertEqual(self.process.stdout.readline(), "ready\n")

    def calls(self):
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]


class UserManager:
    """A real systemd --user, whose private socket is in `runtime`.

    It refuses to run where systemd is not PID 1 and wants a control group of its own: it gets a
    /run that says so, and groups that are removed again. That takes root. It hears only from the
    processes of its own PID namespace: commands for it start with the words `enter`, and run in the
    directory `runtime`, or where `directory` says. It is the manager of the user `uid`, whom the
    words `become` make of root.
    """

    CGROUPS = [Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified")]
    PROGRAM = Path("/usr/lib/systemd/systemd")
    # the shell is the namespace's init: when its stdin ends, all in there is killed
    SCRIPT = """
        mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system || exit 1
        "$@" --user --unit=basic.target --log-target=null </dev/null &
        read -r _
    """

    def __init__(self, case, runtime, directory=None, uid=0, become=()):
        self._skip_unless_possible(case)
        self.groups = [group / f"vgpuctl-test-{os.getpid()}" for group in self.CGROUPS]
        for group in self.groups:
            group.mkdir()
            case.addCleanup(self._remove_group, group)
            for path in (group, group / "cgroup.procs"):
                os.chown(path, uid, uid)
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        case.addCleanup(ready.close)
        ready.bind(str(runtime / "ready"))
        os.chown(runtime / "ready", uid, uid)
        ready.settimeout(vgputest.PATIENCE)
        self.process = self._start(runtime, become)
        case.addCleanup(self._stop)
        namespaces = f"/proc/{self.process.pid}/ns"
        self.enter = ["nsenter", f"--pid={namespaces}/pid_for_children",
                      f"--mount={namespaces}/mnt", f"--wd={directory or runtime}"]
        while b"READY=1" not in ready.recv(4096):  # systemd is a Type=notify service of its own
            pass
        ready.close()  # or the manager waits for us to read how long its jobs take

    def _skip_unless_possible(self, case):
        if os.geteuid() != 0:
            case.skipTest("only root may give a manager its control group")
        if Path("/run/systemd/system").exists():
            case.skipTest("systemd runs here; its control groups are not for tests")
        if not self.PROGRAM.exists() or shutil.which("unshare") is None:
            case.skipTest("systemd or unshare is not installed")
        for group in self.CGROUPS:
            if not os.access(group / "cgroup.procs", os.W_OK):
                case.skipTest(f"no control groups at {group}")
        if vgputest.run("unshare", "--mount", "--pid", "--fork", "true").returncode != 0:
            case.skipTest("no namespaces here")

    def _start(self, runtime, become):
        environment = {"PATH": os.environ["PATH"], "HOME": str(runtime),
                       "XDG_RUNTIME_DIR": str(runtime), "XDG_CONFIG_HOME": str(runtime / "config"),
                       "NOTIFY_SOCKET": str(runtime / "ready")}
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c",
             self.SCRIPT, "sh", *become, str(self.PROGRAM)],
            env=environment, stdin=subprocess.PIPE, preexec_fn=self._enter_groups)

    def _enter_groups(self):
        for group in self.groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def _stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(vgputest.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    @staticmethod
    def _remove_group(group):
        for directory, _, _ in os.walk(group, topdown=False):
            os.rmdir(directory)
