# SPDX-License-Identifier: LGPL-2.1-or-later
"""The display process with its test picture, and viewers of it: honest ones and others."""

import os
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

import vgputest

VERSION = b"RFB 003.008\n"
NONE, VENCRYPT = 1, 19
X509_VNC, X509_PLAIN = 261, 262
PASSWORD = b"secret"
PATIENCE = 60
# what is freed is given back: the sanitizer would keep it to find late uses
ASAN = "quarantine_size_mb=1:malloc_context_size=5"


class Display:
    """A display process, and the sockets that it serves."""

    def __init__(self, spec="full,size=640x400,rate=30", *options, password_mode=0o600):
        self.directory = tempfile.TemporaryDirectory()
        place = Path(self.directory.name)
        self.path = place / "vnc.sock"
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(self.path))
        self.path.chmod(0o600)
        self.tcp = socket.socket()
        self.tcp.bind(("127.0.0.1", 0))
        for listening in self.unix, self.tcp:
            listening.listen(256)
        self.password = place / "password"
        self.password.write_bytes(PASSWORD + b"\n")
        self.password.chmod(password_mode)
        self.log = open(place / "log", "w+", encoding="utf-8")
        ready, says_ready = os.pipe()
        self.process = subprocess.Popen(
            [Path(vgputest.LIBEXECDIR) / "display", "--name", "trial", "--source", "test",
             "--test", spec, "--unix-fd", str(self.unix.fileno()),
             "--tcp-fd", str(self.tcp.fileno()), "--password-file", self.password,
             "--certificate-directory", place / "tls", "--ready-fd", str(says_ready), *options],
            pass_fds=[self.unix.fileno(), self.tcp.fileno(), says_ready], stderr=self.log,
            env=dict(os.environ, ASAN_OPTIONS=ASAN))
        os.close(says_ready)
        self.is_ready = os.read(ready, 1) == b"\n"
        os.close(ready)

    def close(self):
        """Its exit status and what it said."""
        if self.is_ready:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.unix.close()
        self.tcp.close()
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        self.directory.cleanup()
        return status, text

    def status(self, name):
        """A line of /proc/PID/status."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines():
            key, value = line.split(":", 1)
            if key == name:
                return value.strip()
        raise KeyError(name)

    def memory(self):
        """In bytes, what is resident."""
        return int(self.status("VmRSS").split()[0]) * 1024

    def connect_unix(self):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE)
        line.connect(str(self.path))
        return line

    def connect_tcp(self):
        return socket.create_connection(self.tcp.getsockname(), PATIENCE)

    def viewer(self):
        """One that was let in over the unix socket, behind ServerInit."""
        viewer = Viewer(self.connect_unix())
        viewer.enter()
        return viewer

    def tls_viewer(self):
        viewer = Viewer(self.connect_tcp())
        viewer.enter_tls()
        return viewer


class Viewer:
    """Speaks on a connected socket; `pieces` limits how much it says at once."""

    def __init__(self, line, pieces=None):
        self.line = line
        self.pieces = pieces
        self.width = self.height = 0

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.line.close()

    def say(self, data):
        step = self.pieces or max(len(data), 1)
        for start in range(0, len(data), step):
            self.line.sendall(data[start:start + step])

    def hear(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.line.recv(min(size - len(data), 1 << 20))
            if not part:
                raise EOFError(f"{len(data)} of {size} bytes")
            data += part
        return bytes(data)

    def hear_text(self):
        return self.hear(*struct.unpack(">I", self.hear(4))).decode()

    def is_ended(self):
        """Reads until the server ends it."""
        try:
            while self.line.recv(1 << 16):
                pass
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def choose(self, security):
        assert self.hear(12) == VERSION
        self.say(VERSION)
        offered = self.hear(self.hear(1)[0])
        assert offered == bytes([security]), offered
        self.say(offered)

    def result(self):
        """None, or the reason."""
        return self.hear_text() if self.hear(4) != b"\0\0\0\0" else None

    def refusal(self):
        """The reason, told in place of security types."""
        assert self.hear(12) == VERSION
        self.say(VERSION)
        assert self.hear(1) == b"\0"
        return self.hear_text()

    def start(self):
        self.say(b"\1")
        self.width, self.height = struct.unpack(">HH", self.hear(4))
        self.hear(16)
        self.name = self.hear_text()

    def enter(self):
        self.choose(NONE)
        assert self.result() is None
        self.start()

    def choose_tls(self):
        self.choose(VENCRYPT)
        assert self.hear(2) == b"\0\2"
        self.say(b"\0\2")
        assert self.hear(1) == b"\0"
        kinds = struct.unpack(f">{self.hear(1)[0]}I", self.hear(8))
        assert kinds == (X509_VNC, X509_PLAIN), kinds
        self.say(struct.pack(">I", X509_PLAIN))
        assert self.hear(1) == b"\1"

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.line = context.wrap_socket(self.line)

    def say_password(self, password, user=b"alice"):
        self.say(struct.pack(">II", len(user), len(password)) + user + password)

    def enter_tls(self, password=PASSWORD):
        self.choose_tls()
        self.start_tls()
        self.say_password(password)
        reason = self.result()
        if reason is None:
            self.start()
        return reason

    def request(self, incremental=False):
        self.say(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    def picture(self):
        """The whole picture, asked for anew, as rows of 0xXXRRGGBB."""
        self.say(struct.pack(">BxHi", 2, 1, 0))
        self.request()
        kind, count = struct.unpack(">BxH", self.hear(4))
        assert kind == 0, kind
        rows = [bytearray(4 * self.width) for _ in range(self.height)]
        for _ in range(count):
            x, y, width, height, encoding = struct.unpack(">HHHHi", self.hear(12))
            assert encoding == 0, encoding
            for row in rows[y:y + height]:
                row[4 * x:4 * (x + width)] = self.hear(4 * width)
        return rows


def write_png(rows, path):
    """Rows of little endian 0xXXRRGGBB."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    raw = bytearray()
    for row in rows:
        line = bytearray(len(row) // 4 * 3)
        line[0::3], line[1::3], line[2::3] = row[2::4], row[1::4], row[0::4]
        raw += b"\0" + line
    header = struct.pack(">IIBBBBB", len(rows[0]) // 4, len(rows), 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
                     chunk(b"IDAT", zlib.compress(bytes(raw), 1)) + chunk(b"IEND", b""))
