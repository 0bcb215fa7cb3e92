# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user with directories of their own, in which vgpuctl runs VMs, and what is left of those."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import vgputest

UID = 1000  # whom QEMU shall run as when the tests run as root
# A VM with nothing in it: the firmware, and a disk that it cannot start from.
LIGHT = ["--memory", "64M", "--vgpu", "2d", "--network", "none"]
KEPT = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "VGPUCTL_LIBEXECDIR")


def need_namespaces(*options):
    """The words that run a command in private namespaces; skips the test without the right."""
    command = ["unshare", *options]
    if os.geteuid() != 0:
        command.insert(1, "--map-root-user")
    try:
        answer = vgputest.run(*command, "true")
    except FileNotFoundError:
        raise unittest.SkipTest("unshare is not installed") from None
    if answer.returncode != 0:
        raise unittest.SkipTest(f"no namespaces here: {answer.stderr.strip()}")
    return command


class Running:
    """A vgpuctl that goes on; all it prints is kept in `text`, errors too."""

    def __init__(self, command, environment, directory):
        self.text = ""
        self.process = subprocess.Popen(
            [str(word) for word in command], env=environment, cwd=directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _read(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
            raise AssertionError(f"nothing more within {vgputest.PATIENCE} s after:\n{self.text}")
        data = os.read(self.process.stdout.fileno(), 65536)
        self.text += data.decode(errors="replace").replace("\r", "")
        return data != b""

    def wait_for(self, pattern):
        """Waits until `pattern` was printed; returns the match."""
        deadline = time.monotonic() + vgputest.PATIENCE
        while True:
            match = re.search(pattern, self.text)
            if match:
                return match
            if not self._read(deadline):
                raise AssertionError(f"ended without /{pattern}/:\n{self.text}")

    def wait(self):
        """Its exit status, once it has ended."""
        deadline = time.monotonic() + vgputest.PATIENCE
        while self._read(deadline):
            pass
        return self.process.wait(vgputest.PATIENCE)

    def send(self, number):
        self.process.send_signal(number)


class Person:
    """Runs vgpuctl as user 1000 where the tests run as root, else as who runs them.

    The answers of QEMU and KVM are asked once for a test program: its persons share a cache.
    """

    caches = None

    def __init__(self, case, as_root=False):
        temporary = tempfile.TemporaryDirectory(prefix="vgpu-", ignore_cleanup_errors=True)
        case.addCleanup(temporary.cleanup)
        self.case = case
        self.directory = Path(temporary.name)
        self.drops = os.geteuid() == 0 and not as_root
        self.uid = UID if self.drops else os.geteuid()
        self.directory.chmod(0o755)
        for name in ("run", "state", "config", "home"):
            (self.directory / name).mkdir(mode=0o700)
            self.own(self.directory / name)
        self.own(self.directory)
        self.environment = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.directory / "home"),
            "XDG_RUNTIME_DIR": str(self.directory / "run"),
            "XDG_STATE_HOME": str(self.directory / "state"),
            "XDG_CONFIG_HOME": str(self.directory / "config"),
            "XDG_CACHE_HOME": str(self._cache()),
        }
        if self.drops and not self._may_execute():
            case.skipTest(f"{vgputest.VGPUCTL} is not to be reached by user {UID}")
        case.addCleanup(self._end_all)

    def _cache(self):
        if Person.caches is None:
            Person.caches = tempfile.TemporaryDirectory(prefix="vgpu-cache-",
                                                        ignore_cleanup_errors=True)
            os.chmod(Person.caches.name, 0o755)
        path = Path(Person.caches.name) / str(self.uid)
        if not path.exists():
            path.mkdir(mode=0o700)
            self.own(path)
        return path

    def _may_execute(self):
        return vgputest.run(*self.become(), vgputest.VGPUCTL, "--version").returncode == 0

    def _end_all(self):
        """What a test that failed left behind."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def own(self, path):
        if self.drops:
            os.chown(path, self.uid, self.uid)

    def become(self):
        """The words that run a command as this person."""
        if not self.drops:
            return []
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]

    def run(self, *arguments, extra=None, before=(), **options):
        """vgpuctl at its end. `extra` is more environment, `before` words in front."""
        return vgputest.run(*before, *self.become(), vgputest.VGPUCTL, *arguments,
                            env={**self.environment, **(extra or {})}, cwd=self.directory,
                            stdin=subprocess.DEVNULL, **options)

    def start(self, *arguments, extra=None, before=()):
        running = Running([*before, *self.become(), vgputest.VGPUCTL, *arguments],
                          {**self.environment, **(extra or {})}, self.directory)
        self.case.addCleanup(running.close)
        return running

    def good(self, *arguments, **options):
        """What a command that must succeed printed."""
        answer = self.run(*arguments, **options)
        self.case.assertEqual((answer.returncode, answer.stderr), (0, ""), arguments)
        return answer.stdout

    def refused(self, status, pattern, *arguments, **options):
        """Runs what must fail: one line of error, and nothing left behind. Returns the line."""
        before = self.belongings()
        answer = self.run(*arguments, **options)
        self.case.assertRegex(answer.stderr, r"\Avgpuctl: [^\n]*\n\Z")
        self.case.assertRegex(answer.stderr, pattern)
        self.case.assertEqual(answer.returncode, status, answer.stderr)
        self._await_ends(before[1])
        self.case.assertEqual(self.belongings(), before)
        return answer.stderr

    def _await_ends(self, expected):
        """A killed child of a child takes a moment that nobody can wait for."""
        deadline = time.monotonic() + 10
        while self.processes() != expected and time.monotonic() < deadline:
            time.sleep(0.01)

    def disk(self, name="light.raw", content=None):
        path = self.directory / name
        if content is None:
            with open(path, "wb") as file:
                file.truncate(1 << 20)
        else:
            path.write_bytes(content)
        self.own(path)
        return path

    def ps(self):
        return json.loads(self.good("ps", "--json"))

    def vm(self, name):
        """What ps says about the VM `name`."""
        return next(vm for vm in self.ps() if vm["name"] == name)

    def run_directory(self, name):
        return self.directory / "run" / "vgpuctl" / name

    def processes(self):
        """QEMUs and supervisors that work in our directories."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and int(entry.name) != os.getpid() and \
                   str(self.directory).encode() in (entry / "environ").read_bytes() and \
                   (entry / "cmdline").read_bytes() != b"":
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def belongings(self):
        """Run directories with their content, disks and other files, processes."""
        files = {str(path.relative_to(self.directory)) for path in self.directory.rglob("*")}
        usual = {"run/vgpuctl", "run/vgpuctl/.lock", "state/vgpuctl", "state/vgpuctl/log"}
        logs = {name for name in files if re.match(r"state/vgpuctl/log/[^/]+\.log(\.1)?$", name)}
        return files - usual - logs, self.processes()

    def check_nothing_left(self):
        run = self.directory / "run" / "vgpuctl"
        left = [path.name for path in run.iterdir() if path.name != ".lock"] if run.exists() else []
        self.case.assertEqual(left, [])
        self.case.assertEqual([self.command_line(pid) for pid in self.processes()], [])

    @staticmethod
    def command_line(pid):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")


def readable_guest(guest, person):
    """The guest's files where `person` may read them."""
    place = person.directory / "guest"
    place.mkdir()
    for name in ("kernel", "initrd", "root_image"):
        path = getattr(guest, name)
        if path is None:
            continue
        try:
            os.link(path, place / path.name)
        except OSError:
            shutil.copyfile(path, place / path.name)
        (place / path.name).chmod(0o644) if person.drops else None
        setattr(guest, name, place / path.name)
    return guest


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
