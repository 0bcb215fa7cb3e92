# SPDX-License-Identifier: LGPL-2.1-or-later
"""The display process beside a QEMU, and a viewer that shares no code with it: RFB 3.8 (RFC 6143),
raw rectangles."""

import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

import vgputest
from vgpuguest import QEMU

DISPLAY = Path(vgputest.LIBEXECDIR) / "display"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
# what is freed is given back: the sanitizer would keep it to find late uses
ASAN = "quarantine_size_mb=1:malloc_context_size=5"


def qemus():
    """Each QEMU that is here: (name, program or None), as tools/other-qemu unpacks them."""
    yield "installed", shutil.which(QEMU)
    for suite in "trixie", "sid":
        program = CACHE / "vgpuctl" / "qemu" / suite / QEMU
        yield suite, str(program) if program.exists() else None


def memory_of(pid):
    """What is resident, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    raise ProcessLookupError(pid)


def processor_time_of(pid):
    """Seconds that it has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Place:
    """A run directory as the display process needs it: QEMU's monitor, and a socket for viewers."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="vgpu-")
        self.qmp = Path(self.directory.name) / "qmp.sock"
        self.vnc = Path(self.directory.name) / "vnc.sock"
        self.log = Path(self.directory.name) / "qemu.log"
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.vnc))
        self.listening.listen(16)

    def close(self):
        self.listening.close()
        self.directory.cleanup()

    def qemu_options(self):
        """Its second monitor, and a log of the input that arrives."""
        return ["-qmp", f"unix:{self.qmp},server=on,wait=off",
                "-trace", "input_event_*", "-D", str(self.log)]


class Display:
    """A display process; viewers are served when this is made."""

    def __init__(self, place, *options):
        ours, theirs = os.pipe()
        self.process = subprocess.Popen(
            [DISPLAY, "--name", "trial", "--unix-fd", str(place.listening.fileno()),
             "--ready-fd", str(theirs), *map(str, options)],
            pass_fds=[place.listening.fileno(), theirs], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env={**os.environ, "ASAN_OPTIONS": ASAN})
        os.close(theirs)
        with open(ours, "rb") as reader:
            if reader.read(1) != b"\n":
                raise AssertionError(f"no display: {self.wait()}")

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)

    def wait(self):
        """Its exit status and what it said."""
        text = self.process.communicate(timeout=vgputest.PATIENCE)[1].decode()
        return self.process.returncode, text

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()


class Viewer:
    """`picture` is what it was sent: BGRX, `width` pixels a row."""

    KINDS = {"raw": 0, "size": -223, "sizes": -308}

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(vgputest.PATIENCE)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb", buffering=1 << 20)
        self.say(self.hear(12))
        if 1 not in self.hear(self.hear(1)[0]):
            raise AssertionError("it asks for security")
        self.say(b"\1")
        if self.hear(4) != bytes(4):
            raise AssertionError("it refuses us")
        self.say(b"\1")
        self.width, self.height = struct.unpack(">HH", self.hear(4))
        self.hear(16)
        self.hear(struct.unpack(">I", self.hear(4))[0])
        self.picture = bytearray(4 * self.width * self.height)
        self.say(b"\0xxx" + struct.pack("BBBB", 32, 24, 0, 1) +
                 struct.pack(">HHHBBBxxx", 255, 255, 255, 16, 8, 0))
        self.say(struct.pack(">BxH", 2, len(self.KINDS)) +
                 b"".join(struct.pack(">i", kind) for kind in self.KINDS.values()))
        self.ask(incremental=False)

    def close(self):
        self.file.close()
        self.socket.close()

    def say(self, data):
        self.socket.sendall(data)

    def hear(self, size):
        data = self.file.read(size)
        if len(data) != size:
            raise EOFError("the display hung up")
        return data

    def ask(self, incremental=True):
        self.say(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    def resize(self, width, height):
        self.say(struct.pack(">BxHHBx", 251, width, height, 1) +
                 struct.pack(">IHHHHI", 0, 0, 0, width, height, 0))

    def pointer(self, x, y, mask=0):
        self.say(struct.pack(">BBHH", 5, mask, x, y))

    def key(self, number, down, keysym=0):
        """QEMU's number of the key."""
        self.say(struct.pack(">BBHII", 255, 0, down, keysym, number))

    def _set_size(self, width, height):
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            self.picture = bytearray(4 * width * height)
            self.ask(incremental=False)

    def _hear_rectangle(self):
        x, y, width, height, kind = struct.unpack(">HHHHi", self.hear(12))
        if kind == self.KINDS["sizes"]:
            self.hear(16 * self.hear(4)[0])
        if kind == self.KINDS["raw"]:
            data = self.hear(4 * width * height)
            for line in range(height):
                at = 4 * ((y + line) * self.width + x)
                self.picture[at:at + 4 * width] = data[4 * width * line:4 * width * (line + 1)]
        elif kind in self.KINDS.values():
            self._set_size(width, height)
        else:
            raise AssertionError(f"a rectangle of kind {kind}")

    def update(self):
        """Waits for news and asks for more."""
        kind = self.hear(1)
        if kind != b"\0":
            raise AssertionError(f"a message of kind {kind}")
        _, count = struct.unpack(">BH", self.hear(3))
        for _ in range(count):
            self._hear_rectangle()
        self.ask()

    def colours(self):
        """The picture as RGB."""
        rgb = bytearray(3 * self.width * self.height)
        rgb[0::3], rgb[1::3], rgb[2::3] = self.picture[2::4], self.picture[1::4], self.picture[0::4]
        return bytes(rgb)

    def strip(self, path):
        """What the picture's strip says, or (None, reason); `path` is for passing it on."""
        path.write_bytes(b"P6\n%d %d\n255\n" % (self.width, self.height) + self.colours())
        return vgputest.read_strip(path)
