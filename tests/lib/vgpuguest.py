# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demonstration's guest, and a QEMU to boot it in."""

import json
import os
import re
import select
import shutil
import socket
import subprocess
import time
import unittest
from pathlib import Path

import vgputest

QEMU = "qemu-system-x86_64"


class Guest:
    """Kernel, initrd and command line as guest/build-guest made them."""

    def __init__(self, directory):
        self.directory = Path(directory)
        facts = json.loads((self.directory / "guest.json").read_text())
        self.kernel = self.directory / facts["kernel"]
        self.bzimage = self.directory / facts["bzimage"]
        self.initrd = self.directory / facts["initrd"]
        self.append = facts["append"]
        image = facts.get("root_image")
        self.root_image = self.directory / image if image else None

    def qemu_options(self, mode):
        return ["-kernel", str(self.kernel), "-initrd", str(self.initrd),
                "-append", f"{self.append} vgpuctl.guest={mode}"]

    def root_options(self):
        """The disk with Mesa; without it the guest draws with its processor."""
        return ["-drive", f"if=virtio,format=raw,readonly=on,file={self.root_image}"]

    @classmethod
    def find(cls, *variant):
        """The guest that was built, or a skipped test that says how to build it."""
        directory = os.environ.get("VGPUCTL_GUEST")
        if not directory:
            builder = vgputest.SOURCE_DIR / "guest" / "build-guest"
            directory = vgputest.run(builder, *variant, "--print-path").stdout.strip()
        if not directory or not (Path(directory) / "guest.json").exists():
            words = " ".join(["guest/build-guest", *variant])
            raise unittest.SkipTest(f"the guest is not built (run {words})")
        return cls(directory)


class QemuGone(AssertionError):
    """QEMU ended, or did not do what was waited for; carries what it had said."""


class Qemu:
    """A QEMU, usually without window; its serial line is read here, QMP runs over a socket pair."""

    def __init__(self, *options, display="none", environment=None, program=QEMU,
                 machine=("-M", "q35", "-accel", "tcg", "-cpu", "max", "-m", "512")):
        if shutil.which(program) is None:
            raise unittest.SkipTest(f"{program} is not installed")
        ours, theirs = socket.socketpair()
        self.text = ""  # all that came over the serial line
        self.events = []
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [program, "-nodefaults", "-no-user-config", *machine, "-display", display, "-no-reboot",
             "-serial", "stdio", "-chardev", f"socket,id=qmp,fd={theirs.fileno()}",
             "-mon", "chardev=qmp,mode=control", *map(str, options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})}, pass_fds=[theirs.fileno()])
        theirs.close()
        ours.settimeout(vgputest.PATIENCE)
        self.monitor = ours.makefile("rw")
        self._read_message()  # the greeting
        self.qmp("qmp_capabilities")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.monitor.close()
        self.process.stdout.close()
        self.process.stderr.close()

    def _gone(self, what):
        self.process.kill()
        errors = self.process.stderr.read().decode(errors="replace")
        return QemuGone(f"{what}\nserial line:\n{self.text}\nstderr:\n{errors}")

    def _read_message(self):
        line = self.monitor.readline()
        if not line:
            raise self._gone("QEMU closed its monitor")
        return json.loads(line)

    def qmp(self, command, **arguments):
        """What the command returns; an error of QEMU's is raised."""
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.monitor.flush()
        while True:
            message = self._read_message()
            if "error" in message:
                raise AssertionError(f"{command}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]
            self.events.append(message)

    def wait_serial(self, pattern, start=0, timeout=vgputest.PATIENCE):
        """Waits until `pattern` stands on the serial line behind `start`; returns the match."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.compile(pattern).search(self.text, start)
            if match:
                return match
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise self._gone(f"no /{pattern}/ within {timeout} s")
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise self._gone(f"QEMU ended before /{pattern}/")
            self.text += data.decode(errors="replace").replace("\r", "")

    def wait_first_frame(self):
        """Waits for the guest's first frame; its fields as a dict."""
        match = self.wait_serial(r"vgpuctl-guest: first-frame (.*)\n")
        return {key: quoted or plain for key, quoted, plain in
                re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', match.group(1))}

    def screendump(self, path):
        self.qmp("screendump", filename=str(path), format="png")

    def power_down(self):
        """Presses the guest's power button and waits until QEMU has ended; its exit status."""
        self.qmp("system_powerdown")
        try:
            output, _ = self.process.communicate(timeout=vgputest.PATIENCE)
        except subprocess.TimeoutExpired:
            raise self._gone("the guest did not switch itself off") from None
        self.text += output.decode(errors="replace").replace("\r", "")
        return self.process.returncode
