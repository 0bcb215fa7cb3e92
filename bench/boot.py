# SPDX-License-Identifier: LGPL-2.1-or-later
"""One boot of the guest up to its first frame: by `vgpuctl run`, or by QEMU's command by hand.

Both sides run the very same QEMU command line, taken from `vgpuctl run --dry-run --json`. By hand
its descriptors are socket pairs as they are there, and the other ends are held here. The guest's
words reach us without polling on both sides: by hand from the socket, from vgpuctl through a FIFO
in the place of the serial file, so that what the supervisor adds on their way is on its bill.
"""

import ctypes
import json
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import time

FIRST_FRAME = re.compile(rb"vgpuctl-guest: first-frame [^\n]*\n")
PLACEHOLDER = re.compile(r"@fd:(\w+)@")
IN_OPEN = 0x20  # linux/inotify.h
TICKS_S = os.sysconf("SC_CLK_TCK")


class BootFailed(RuntimeError):
    """The guest did not get to its first frame; says what was heard of it."""


class OpenWatch:
    """Tells when a file is opened first: how it is known that QEMU has begun to load the guest."""

    def __init__(self, path):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self.fd < 0 or self.libc.inotify_add_watch(self.fd, os.fsencode(path), IN_OPEN) < 0:
            raise OSError(ctypes.get_errno(), f"inotify on {path}")

    def close(self):
        os.close(self.fd)


def plan_argv(plan, replacements):
    """QEMU's words, with `replacements` in the place of what is known at the start only."""
    words = [plan["binary"]]
    for option in plan["options"]:
        words += [word for word in (option["name"], option["value"]) if word is not None]
    for placeholder, value in replacements.items():
        words = [word.replace(placeholder, value) for word in words]
    return words


def cpu_s(pid):
    """Processor time of a running process with all its threads; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def memory_kib(pid):
    """VmRSS and its parts, VmHWM: the fields of /proc/PID/status."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        found = re.findall(r"^(VmHWM|VmRSS|RssAnon|RssFile):\s+(\d+) kB$", file.read(), re.M)
    return {name: int(value) for name, value in found}


class Boot:
    """A running boot. `watch` sees the file that QEMU loads; descriptors are owned."""

    def __init__(self, argv, environment, serial_fd, watch, pass_fds=()):
        self.serial_fd = serial_fd
        self.watch = watch
        self.text = b""
        self.said = tempfile.TemporaryFile()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            argv, env=environment, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said,
            pass_fds=pass_fds, start_new_session=True)

    def _failed(self, what):
        self.said.seek(0)
        words = self.said.read().decode(errors="replace").strip()
        serial = self.text[-500:].decode(errors="replace").strip()
        return BootFailed(f"{what}; the program said: {words or 'nothing'}; "
                          f"the serial line: {serial or 'nothing'}")

    def await_load(self, limit_s):
        """Seconds from the start until QEMU opens the guest's initrd."""
        return self._await(self.watch.fd, limit_s, lambda: os.read(self.watch.fd, 4096))

    def await_first_frame(self, limit_s):
        """Seconds from the start to the line that reports the first frame."""
        def take_words():
            self.text += os.read(self.serial_fd, 65536)
            return FIRST_FRAME.search(self.text)
        return self._await(self.serial_fd, limit_s, take_words)

    def _await(self, fd, limit_s, take):
        """Seconds from the start until what `take` reads of `fd` is what is waited for."""
        pidfd = os.pidfd_open(self.process.pid)
        try:
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            poll.register(pidfd, select.POLLIN)
            while True:
                left = self.started + limit_s - time.monotonic()
                ready = [each for each, _ in poll.poll(max(left, 0) * 1000)]
                now = time.monotonic() - self.started
                if not ready:
                    raise self._failed(f"not there within {limit_s} s")
                if fd not in ready:
                    raise self._failed("it ended too early")
                if take():
                    return now
        finally:
            os.close(pidfd)

    def close(self, stop_signal, limit_s):
        self.process.send_signal(stop_signal)
        try:
            self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.serial_fd)
        self.watch.close()
        self.said.close()


class Side:
    """One of the two ways to boot; boots are made one after the other."""

    def __init__(self, plan, environment, directory, initrd):
        self.plan = plan
        self.environment = environment
        self.directory = directory
        self.initrd = initrd

    def measure(self, limit_s, start_only=False):
        """Starts, waits for the first frame (or the loading), ends it; the figures as a dict."""
        boot = self.start()
        try:
            if start_only:
                return {"load_s": boot.await_load(limit_s)}
            return {"first_frame_s": boot.await_first_frame(limit_s),
                    **self.figures(boot.process.pid)}
        finally:
            boot.close(self.stop_signal, limit_s=60)
            self.clean()

    def figures(self, pid):
        return {"cpu_s": cpu_s(pid)}

    def clean(self):
        pass


class ByHand(Side):
    """QEMU's command, started as a shell would, by us."""

    stop_signal = signal.SIGKILL  # there is nothing to be saved

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.held = []

    def start(self):
        environment = {**self.environment,
                       **dict(pair.split("=", 1) for pair in self.plan["environment"] or ())}
        names = sorted(set(PLACEHOLDER.findall(" ".join(plan_argv(self.plan, {})))))
        pairs = {name: socket.socketpair() for name in names}
        self.held = [end for pair in pairs.values() for end in pair]
        replacements = {f"@fd:{name}@": str(pair[1].fileno()) for name, pair in pairs.items()}
        replacements["@run@"] = str(self.directory)
        boot = Boot(plan_argv(self.plan, replacements), environment,
                    os.dup(pairs["serial"][0].fileno()), OpenWatch(self.initrd),
                    [pair[1].fileno() for pair in pairs.values()])
        for _, theirs in pairs.values():
            theirs.close()
        return boot

    def clean(self):
        for end in self.held:
            end.close()
        for path in self.directory.iterdir():  # its socket
            path.unlink()


class ByVgpuctl(Side):
    """`vgpuctl run` with the options that made the plan."""

    stop_signal = signal.SIGQUIT  # QEMU quits at once

    def __init__(self, command, *arguments):
        super().__init__(*arguments)
        self.fifo = self.directory / "serial"
        self.command = [*command, "--serial", str(self.fifo)]
        os.mkfifo(self.fifo)

    def start(self):
        # both ends: opening it blocks nobody, and it has no end before ours is closed
        serial_fd = os.open(self.fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        return Boot(self.command, self.environment, serial_fd, OpenWatch(self.initrd))

    def figures(self, pid):
        return {"cpu_s": cpu_s(pid) + sum(map(cpu_s, children(pid))),
                "supervisor_cpu_s": cpu_s(pid), "memory_kib": memory_kib(pid)}


def read_plan(command, environment):
    """What `vgpuctl run` would start; the facts are asked and cached by the first call."""
    answer = subprocess.run([*command, "--dry-run", "--json"], env=environment,
                            capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise BootFailed(f"{' '.join(command)} --dry-run: {answer.stderr.strip()}")
    return json.loads(answer.stdout)
