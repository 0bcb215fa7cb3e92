# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other side of libexec/web: HTTP, WebSockets (RFC 6455), and a VNC server to show.

Only what the tests need, on sockets, so that they can stop at any byte.
"""

import base64
import http.client
import os
import re
import signal
import socket
import struct
import subprocess
import urllib.parse
from pathlib import Path

import vgputest

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The server did not make it a WebSocket; `status` says what it said."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body!r}")
        self.status = status


class WebSocket:
    """A client. Its socket is `socket`; what was read too far is kept."""

    def __init__(self, host, port, path, headers=(), receive_buffer=None, wrap=lambda plain: plain):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(vgputest.PATIENCE)
        self.socket.connect((host, port))
        self.socket = wrap(self.socket)
        self.read_ahead = b""
        lines = [f"GET {path} HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
                 "Sec-WebSocket-Version: 13", *(f"{name}: {value}" for name, value in headers)]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        head = self._read_until(b"\r\n\r\n")
        status = int(head.split()[1])
        if status != 101:
            self.socket.close()
            raise Refused(status, head)

    def close(self):
        self.socket.close()

    def _read_some(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("closed without a word")
        self.read_ahead += data

    def _read_until(self, mark):
        while mark not in self.read_ahead:
            self._read_some()
        head, self.read_ahead = self.read_ahead.split(mark, 1)
        return head

    def _read(self, length):
        while len(self.read_ahead) < length:
            self._read_some()
        data, self.read_ahead = self.read_ahead[:length], self.read_ahead[length:]
        return data

    def send(self, data, opcode=BINARY):
        mask = os.urandom(4)
        length = len(data)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
        repeated = (mask * (length // 4 + 1))[:length]
        masked = int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")
        self.socket.sendall(head + mask + masked.to_bytes(length, "big"))

    def receive(self):
        """The next message: opcode and data. Fragments are none of this server's."""
        first, second = self._read(2)
        assert first & 0x80 and not second & 0x80, "fragmented or masked"
        length = second & 0x7f
        if length == 126:
            length = struct.unpack("!H", self._read(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self._read(8))[0]
        return first & 0x0f, self._read(length)

    def receive_bytes(self, count):
        """The next `count` bytes of binary messages; the rest of the last one is pushed back."""
        data = b""
        while len(data) < count:
            opcode, more = self.receive()
            if opcode == CLOSE:
                raise ConnectionError(f"closed with {struct.unpack('!H', more[:2])[0]}")
            if opcode == BINARY:
                data += more
        assert len(data) == count, (len(data), count)
        return data

    def close_code(self):
        """Reads until the server closes: with which code."""
        while True:
            opcode, data = self.receive()
            if opcode == CLOSE:
                return struct.unpack("!H", data[:2])[0]


class WebServer:
    """libexec/web, and where it listens. `words`: its options."""

    def __init__(self, case, *words, environment=None, **options):
        self.process = subprocess.Popen(
            [str(Path(vgputest.LIBEXECDIR) / "web"), *map(str, words)],
            env={**os.environ, **(environment or {})}, stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        case.addCleanup(self.close)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise AssertionError(f"web ended: {self.process.stderr.read()}")
        self._take_apart()

    @classmethod
    def at(cls, url):
        """One that somebody else has started."""
        server = cls.__new__(cls)
        server.process, server.url = None, url
        server._take_apart()
        return server

    def _take_apart(self):
        parts = urllib.parse.urlsplit(self.url)
        self.scheme, self.host, self.port = parts.scheme, parts.hostname, parts.port
        self.prefix, self.query, self.fragment = parts.path, parts.query, parts.fragment
        self.origin = f"{self.scheme}://{self.host}:{self.port}"
        self.cookie = None

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(vgputest.PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def get(self, path, method="GET", body=None, **headers):
        """The answer: status, headers, body. Header names have '_' for '-'; None leaves one out."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=vgputest.PATIENCE)
        sent = {"Host": f"{self.host}:{self.port}", **({"Cookie": self.cookie} if self.cookie else {}),
                **{name.replace("_", "-"): value for name, value in headers.items()}}
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def enter(self):
        """Uses the token up; requests have the session from now on."""
        status, headers, _ = self.get(f"{self.prefix}?{self.query}")
        assert status == 200, status
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def websocket(self, name, receive_buffer=None, **headers):
        sent = {"Host": f"{self.host}:{self.port}", "Origin": self.origin, "Cookie": self.cookie,
                **headers}
        return WebSocket(self.host, self.port, f"{self.prefix}vnc/{name}",
                         [(key, value) for key, value in sent.items() if value is not None],
                         receive_buffer)

    def memory(self):
        """Bytes that it has of its own in memory (RssAnon of proc_pid_status(5))."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"RssAnon:\s*(\d+) kB", status)[1]) << 10


class UnixServer:
    """Listens where a VNC server would, and does what a test says to who connects."""

    def __init__(self, case, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(128)
        self.socket.settimeout(vgputest.PATIENCE)
        case.addCleanup(self.socket.close)

    def accept(self):
        connection, _ = self.socket.accept()
        connection.settimeout(vgputest.PATIENCE)
        return connection
