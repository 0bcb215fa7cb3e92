#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program as root of a machine that is a directory.

A Room is a root directory with /usr, /proc and /dev of this machine and an /etc, /sys, /run, /tmp and
/var of its own. One process enters it (in name spaces: no privilege is needed where users may make
them) and starts what it is told to, so that a run costs no more than the program's own start.
"""

import base64
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

import vgputest

BORROWED = ("usr", "proc", "dev")
OWN = ("etc", "sys", "run", "tmp", "var")
PROGRAMS = Path("/program")  # where the program lies in the room, under each of its names


def quick_directory():
    """A place in memory where programs may be started: rooms are made and emptied thousands of times.
    None: there is none."""
    place = "/dev/shm"
    if not os.access(place, os.W_OK) or os.statvfs(place).f_flag & os.ST_NOEXEC:
        return None
    return place


@dataclass
class Outcome:
    """What a program left; stderr is in stdout where that was a terminal."""

    status: int  # negative: the signal that ended it
    stdout: bytes
    stderr: bytes


class Room:
    """@program: a path here; @names: what it is called in the room."""

    def __init__(self, program, names):
        self.directory = tempfile.TemporaryDirectory(prefix="vgpuctl-room-", dir=quick_directory())
        self.path = Path(self.directory.name)
        self.path.chmod(0o755)
        for name in BORROWED:
            (self.path / name).mkdir()
        for name in ("bin", "sbin", "lib", "lib64"):
            (self.path / name).symlink_to(f"usr/{name}")
        inside = self.path / PROGRAMS.relative_to("/")
        inside.mkdir()
        for name in names:
            (inside / name).touch(0o755)
        self.clean()
        self.process = self._enter([str(program), *names])

    def _enter(self, arguments):
        for options in (["--map-root-user"], []):
            command = ["unshare", "--mount", *options, sys.executable, __file__, str(self.path)]
            process = subprocess.Popen(command + arguments, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if process.stdout.readline() == b"ready\n":
                return process
            said = process.communicate()[1].decode(errors="replace").strip()
        self.directory.cleanup()
        raise unittest.SkipTest(f"no root directory of its own can be had here: {said}")

    def close(self):
        self.process.communicate()
        self.directory.cleanup()

    def clean(self):
        """Empties what the room has of its own."""
        for name in OWN:
            path = self.path / name
            if path.exists():
                shutil.rmtree(path)
            path.mkdir(mode=0o755)

    def start(self, name, arguments, stdin=b"", environment=None, stdout="pipe"):
        """Starts a run; finish() waits for it. @stdout: pipe, terminal, broken (a pipe that nobody
        reads), full, closed."""
        words = [os.fsencode(word) for word in (PROGRAMS / name, *arguments)]
        request = {
            "argv": [base64.b64encode(word).decode() for word in words],
            "stdin": base64.b64encode(stdin).decode(),
            "environment": environment or {},
            "stdout": stdout,
        }
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def finish(self):
        answer = json.loads(self.process.stdout.readline())
        return Outcome(answer["status"], base64.b64decode(answer["stdout"]),
                       base64.b64decode(answer["stderr"]))

    def run(self, name, arguments, **options):
        self.start(name, arguments, **options)
        return self.finish()


# --- in the room ---


def mount_all(root, program, names):
    for name in BORROWED:
        subprocess.run(["mount", "--rbind", f"/{name}", f"{root}/{name}"], check=True)
    for name in names:
        subprocess.run(["mount", "--bind", program, f"{root}{PROGRAMS}/{name}"], check=True)


def open_stdout(kind):
    """The program's end and ours, either may be None."""
    if kind == "terminal":
        ours, theirs = pty.openpty()
        return theirs, ours
    if kind == "full":
        return os.open("/dev/full", os.O_WRONLY), None
    if kind == "closed":
        return None, None
    ours, theirs = os.pipe()
    if kind == "broken":
        os.close(ours)
        ours = None
    return theirs, ours


def read_all(fd):
    parts = []
    try:
        while part := os.read(fd, 65536):
            parts.append(part)
    except OSError:  # a terminal whose other side is closed
        pass
    os.close(fd)
    return b"".join(parts)


def serve(root, request):
    argv = [base64.b64decode(word) for word in request["argv"]]
    theirs, ours = open_stdout(request["stdout"])
    is_terminal = request["stdout"] == "terminal"

    def enter():
        os.chroot(root)
        os.chdir("/")
        if theirs is None:
            os.close(1)

    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
        stdin.write(base64.b64decode(request["stdin"]))
        stdin.seek(0)
        process = subprocess.Popen(argv, executable=argv[0], env=request["environment"],
                                   stdin=stdin, stdout=theirs,
                                   stderr=theirs if is_terminal else stderr, preexec_fn=enter)
        if theirs is not None:
            os.close(theirs)
        stdout = read_all(ours) if ours is not None else b""
        status = process.wait(timeout=vgputest.PATIENCE)
        stderr.seek(0)
        return {"status": status, "stdout": base64.b64encode(stdout).decode(),
                "stderr": base64.b64encode(stderr.read()).decode()}


def main(root, program, *names):
    os.umask(0o022)
    mount_all(root, program, names)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(serve(root, json.loads(line))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
