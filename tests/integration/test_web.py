#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libexec/web as a browser sees it, and as those see it who should not. The VNC servers are sockets
of the test, which say whatever it wants."""

import http.client
import json
import os
import select
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

import vgputest
from vgpuweb import CLOSE, PING, PONG, TEXT, Refused, UnixServer, WebServer, WebSocket

CONNECTIONS = 128  # WEB_SERVER_CONNECTIONS of web-server.h
VIEWERS = 64
NO_VM, NO_DISPLAY, BUSY, STUCK = 4001, 4002, 4003, 4004  # web-bridge.h
# what AddressSanitizer keeps of freed memory would hide what we keep
LEAN = {"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}


class WebTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="vgpu-web-")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)
        self.path = self.directory / "vnc.sock"

    def serve(self, *words, **options):
        return WebServer(self, "--vnc-socket", self.path, "--name", "vm", *words, **options)

    def entered(self, *words, **options):
        server = self.serve(*words, **options)
        server.enter()
        return server

    def joined(self, **options):
        """A server, a viewer's WebSocket and the other end of it."""
        vnc = UnixServer(self, self.path)
        server = self.entered(**options)
        viewer = server.websocket("vm")
        self.addCleanup(viewer.close)
        far = vnc.accept()
        self.addCleanup(far.close)
        return server, viewer, far


class GateTest(WebTest):
    def test_token_is_good_once(self):
        server = self.serve()
        self.assertEqual(server.fragment, "vm")
        self.assertEqual(server.host, "127.0.0.1")
        entry = f"{server.prefix}?{server.query}"
        self.assertEqual(server.get(server.prefix)[0], 403)
        self.assertEqual(server.get(f"{server.prefix}?token=x")[0], 403)
        self.assertEqual(server.get(entry, method="HEAD")[0], 405)
        status, headers, body = server.get(entry)
        self.assertEqual(status, 200)
        self.assertIn(b"<!doctype html>", body)
        self.assertRegex(headers["Set-Cookie"], r"HttpOnly; SameSite=Strict")
        status, headers, body = server.get(entry)
        self.assertEqual((status, headers["Set-Cookie"]), (403, None))
        self.assertIn(b"used already", body)

    def test_everything_needs_the_session(self):
        server = self.serve()
        for name in ("main.js", "style.css", "novnc/core/rfb.js", "vms.json", "vnc/vm"):
            self.assertEqual(server.get(server.prefix + name)[0], 403, name)
        with self.assertRaises(Refused) as refused:
            server.websocket("vm", Cookie=None)
        self.assertEqual(refused.exception.status, 403)
        server.enter()
        for name in ("main.js", "style.css", "novnc/core/rfb.js", "vms.json"):
            self.assertEqual(server.get(server.prefix + name)[0], 200, name)
        self.assertEqual(server.get(server.prefix, Cookie="vgpuctl=x")[0], 403)

    def test_host(self):
        server = self.entered()
        for host in ("evil.example", f"evil.example:{server.port}", f"127.0.0.1:{server.port + 1}",
                     "127.0.0.1", "", None):
            self.assertIn(server.get(server.prefix, Host=host)[0], (400, 403), host)
        for host in ("localhost", "127.0.0.1"):
            self.assertEqual(server.get(server.prefix, Host=f"{host}:{server.port}")[0], 200, host)

    def test_origin(self):
        vnc = UnixServer(self, self.path)
        server = self.entered()
        for origin in (None, "null", "", "http://evil.example", f"https://127.0.0.1:{server.port}",
                       f"http://localhost:{server.port}", f"http://127.0.0.1:{server.port + 1}"):
            with self.assertRaises(Refused, msg=origin) as refused:
                server.websocket("vm", Origin=origin)
            self.assertEqual(refused.exception.status, 403)
        self.assertEqual(server.get(server.prefix, Origin="http://evil.example")[0], 403)
        server.websocket("vm").close()
        vnc.accept().close()

    def test_paths(self):
        server = self.entered()
        for path in ("../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd",
                     "novnc/../../../etc/passwd", "novnc/core", "novnc/LICENSE.txt", "meson.build",
                     "//etc/passwd", "index.html%00", "%ff%fe", "main.js/", "vms.json/x"):
            status, _, body = server.get(server.prefix + path)
            self.assertIn(status, (400, 403, 404), path)
            self.assertNotIn(b"root:", body)
        for path in ("/", "/etc/passwd", "*", "http://evil.example/", server.prefix[:-1]):
            self.assertIn(server.get(path)[0], (400, 403, 404), path)

    def test_headers(self):
        server = self.entered()
        for name in ("", "main.js", "vms.json", "none"):
            headers = server.get(server.prefix + name)[1]
            policy = headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotRegex(policy, r"script-src[^;]*unsafe")
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(server.get(server.prefix)[1]["Cache-Control"], "no-store")
        body = server.get(server.prefix)[2].decode()
        self.assertNotRegex(body, r"<script(?![^>]*\bsrc=)|\son\w+=|style=")

    def test_methods(self):
        server = self.entered()
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
            self.assertIn(server.get(server.prefix, method=method)[0], (400, 405, 501), method)
        self.assertEqual(server.get(server.prefix, method="POST", body=b"x" * 1000,
                                    Content_Length="1000")[0], 405)

    def test_confined(self):
        server = self.entered()
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
        self.assertRegex(status, r"NoNewPrivs:\s*1\n")
        self.assertRegex(status, r"Seccomp:\s*2\n")
        for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
            self.assertRegex(status, rf"{name}:\s*0+\n")
        # root's when other processes of its user may not look into it (proc(5)), or when we are root
        self.assertEqual(os.stat(f"/proc/{server.process.pid}").st_uid, 0)


class BridgeTest(WebTest):
    def test_both_ways(self):
        server, viewer, far = self.joined()
        for size in (1, 125, 126, 65535, 65536, 100000):
            data = os.urandom(size)
            viewer.send(data)
            self.assertEqual(far.recv(size, socket.MSG_WAITALL), data)
            far.sendall(data)
            self.assertEqual(viewer.receive_bytes(size), data)
        viewer.send(b"still there?", PING)
        self.assertEqual(viewer.receive(), (PONG, b"still there?"))
        viewer.send(b"\x03\xe8", CLOSE)
        self.assertEqual(viewer.close_code(), 1000)
        self.assertEqual(far.recv(1), b"")
        self.assertIsNone(server.process.poll())

    def test_text_is_refused(self):
        _, viewer, far = self.joined()
        viewer.send(b"RFB 003.008\n", TEXT)
        self.assertEqual(viewer.close_code(), 1003)
        self.assertEqual(far.recv(1), b"")

    def test_giant_length_is_refused(self):
        server, viewer, far = self.joined(environment=LEAN)
        before = server.memory()
        viewer.socket.sendall(b"\x82\xff\x7f" + b"\xff" * 7 + b"mask" + b"x" * 70000)
        try:
            viewer.close_code()
        except ConnectionError:
            pass
        self.assertEqual(far.recv(1), b"")
        self.assertLess(server.memory() - before, 4 << 20)
        self.assertEqual(server.get(server.prefix)[0], 200)

    def test_end_of_the_display(self):
        server, viewer, far = self.joined()
        far.sendall(b"last words")
        far.close()
        self.assertEqual(viewer.receive_bytes(10), b"last words")
        self.assertEqual(viewer.close_code(), NO_DISPLAY)
        self.path.unlink()
        self.assertEqual(server.websocket("vm").close_code(), NO_DISPLAY)
        for name in ("other", "", "vm/", "VM", "vm%20"):
            self.assertEqual(server.websocket(name).close_code(), NO_VM, name)
        for name in ("%2e%2e%2fvm", "../vm", "vm%00"):
            self.assertRaises(Refused, server.websocket, name)

    def test_stalled_viewer_costs_little(self):
        """The VNC server feels that nobody reads; nothing is lost when the viewer goes on."""
        vnc = UnixServer(self, self.path)
        server = self.entered(environment=LEAN)
        viewer = server.websocket("vm", receive_buffer=32 << 10)
        self.addCleanup(viewer.close)
        far = vnc.accept()
        self.addCleanup(far.close)
        far.setblocking(False)
        before, sent, block = server.memory(), 0, bytes(range(251)) * 261
        while select.select([], [far], [], 1)[1] and sent < 256 << 20:
            offset = sent % 251
            sent += far.send(block[offset:])
        # the kernel's buffers on both sides are in it
        self.assertLess(sent, 16 << 20)
        self.assertLess(server.memory() - before, 4 << 20)
        far.shutdown(socket.SHUT_WR)
        got = 0
        while True:
            opcode, data = viewer.receive()
            if opcode == CLOSE:
                break
            offset = got % 251
            self.assertEqual(data, (block * 2)[offset:offset + len(data)])
            got += len(data)
        self.assertEqual(got, sent)

    def test_stuck_display_costs_little(self):
        server, viewer, _ = self.joined(environment=LEAN)
        before = server.memory()
        viewer.socket.settimeout(vgputest.PATIENCE)
        code = None
        for _ in range(1000):
            try:
                viewer.send(b"x" * 65536)
            except OSError:
                break
            if select.select([viewer.socket], [], [], 0)[0]:
                code = viewer.close_code()
                break
        self.assertEqual(code, STUCK)
        self.assertLess(server.memory() - before, 8 << 20)

    def test_many_viewers(self):
        UnixServer(self, self.path)
        server = self.entered()
        viewers = [server.websocket("vm") for _ in range(VIEWERS)]
        self.assertEqual(server.websocket("vm").close_code(), BUSY)
        self.assertEqual(server.get(server.prefix)[0], 200)
        viewers[0].send(b"\x03\xe8", CLOSE)
        viewers[0].close_code()
        viewers[0] = server.websocket("vm")
        viewers[0].send(b"?", PING)
        self.assertEqual(viewers[0].receive(), (PONG, b"?"))
        for viewer in viewers:
            viewer.close()


class CrowdTest(WebTest):
    def silent(self, server, words=b""):
        connection = socket.create_connection((server.host, server.port), vgputest.PATIENCE)
        self.addCleanup(connection.close)
        connection.sendall(words)
        return connection

    def test_two_hundred_connections(self):
        """Those that say nothing make room, oldest first; a viewer stays."""
        server, viewer, far = self.joined()
        crowd = [self.silent(server, b"GET / HTTP/1.1\r\nHo" if i % 2 else b"")
                 for i in range(200)]
        self.assertEqual(server.get(server.prefix)[0], 200)
        self.assertEqual(crowd[0].recv(1), b"")
        crowd[-1].setblocking(False)
        self.assertRaises(BlockingIOError, crowd[-1].recv, 1)
        far.sendall(b"picture")
        self.assertEqual(viewer.receive_bytes(7), b"picture")
        if os.geteuid() == 0:  # its descriptors are not for other processes of its user
            descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            self.assertLess(descriptors, CONNECTIONS + 32)

    @unittest.skipUnless(os.environ.get("VGPUCTL_TEST_HOOKS") == "1", "built without test hooks")
    def test_silence_has_an_end(self):
        server, viewer, far = self.joined(environment={"VGPUCTL_TEST_WEB_PATIENCE_S": "1"})
        crowd = [self.silent(server, words) for words in
                 (b"", b"G", b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n")]
        for connection in crowd:
            while connection.recv(4096):
                pass
        far.sendall(b"picture")
        self.assertEqual(viewer.receive_bytes(7), b"picture")

    def test_what_is_no_http(self):
        server = self.entered(environment=LEAN)
        for words in (b"\x00" * 4096, b"RFB 003.008\n\x01\x01", b"\x16\x03\x01\x02\x00\x01\x00",
                      b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n", b"\r\n" * 2000,
                      b"GET /\xff HTTP/1.1\r\nHost: \xff\r\n\r\n",
                      b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
                      b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                      b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
            connection = self.silent(server, words)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while data := connection.recv(4096):
                    answer += data
            except ConnectionResetError:
                pass
            self.assertNotIn(b" 200 ", answer)
        before = server.memory()
        connection = self.silent(server, b"GET / HTTP/1.1\r\nX: ")
        try:
            for _ in range(256):
                connection.sendall(b"x" * 65536)
        except OSError:
            pass
        self.assertLess(server.memory() - before, 8 << 20)
        self.assertEqual(server.get(server.prefix)[0], 200)

    def test_bad_requests_leave_nothing(self):
        """libsoup 3.2 would keep the method of each."""
        server = self.entered(environment=LEAN)
        before = server.memory()
        for _ in range(500):
            connection = self.silent(server, b"G" * 30000 + b" / HTTP/9\r\n\r\n")
            try:
                connection.recv(1)
            except ConnectionResetError:
                pass
            connection.close()
        self.assertLess(server.memory() - before, 8 << 20)


class ListTest(WebTest):
    def test_follow(self):
        vnc = UnixServer(self, self.path)
        server = WebServer(self, "--follow", stdin=subprocess.PIPE)
        self.assertEqual(server.process.stdout.readline(), "\n")
        server.enter()

        def tell(*vms):
            server.process.stdin.write(json.dumps(vms) + "\n")
            server.process.stdin.flush()

        def names():
            return [vm["name"] for vm in json.loads(server.get(f"{server.prefix}vms.json")[2])]

        def wait_for(expected):
            while names() != expected:
                pass

        self.assertEqual(names(), [])
        vm = {"name": "a", "socket": str(self.path), "vgpu": "V5_4", "new": "field"}
        tell(vm)
        wait_for(["a"])
        viewer = server.websocket("a")
        far = vnc.accept()
        self.addCleanup(far.close)
        tell(vm, {"name": "b", "socket": "/b"})
        wait_for(["a", "b"])
        self.assertNotIn(b"/b", server.get(f"{server.prefix}vms.json")[2])
        tell({"name": "b", "socket": "/b"})
        self.assertEqual(viewer.close_code(), NO_VM)
        server.process.stdin.close()
        self.assertEqual(server.process.wait(vgputest.PATIENCE), 0)

    def test_bad_list_ends_it(self):
        server = WebServer(self, "--follow", stdin=subprocess.PIPE)
        server.process.stdin.write('[{"name": "../x", "socket": "/x"}]\n')
        server.process.stdin.flush()
        self.assertEqual(server.process.wait(vgputest.PATIENCE), 2)

    def refused(self, status, pattern, *words):
        answer = vgputest.run(Path(vgputest.LIBEXECDIR) / "web", *words)
        self.assertEqual((answer.returncode, answer.stdout), (status, ""), answer.stderr)
        self.assertRegex(answer.stderr, rf"\A[^\n]*{pattern}[^\n]*\n\Z")

    def test_usage(self):
        self.refused(2, "--nonsense", "--nonsense")
        self.refused(2, "'word' is no option", "word")
        self.refused(2, "go together", "--name", "a")
        self.refused(2, "--vm a: .*full path", "--vm", "a")
        self.refused(2, "--vm a=b: .*full path", "--vm", "a=b")
        self.refused(2, "named twice", "--vm", "a=/b", "--vm", "a=/c")
        self.refused(2, "'nowhere.invalid:1' is no address", "--listen", "nowhere.invalid:1")
        for address in ("0.0.0.0:0", ":0", "[::]:0"):
            self.refused(1, "is open to other machines", "--listen", address)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.refused(1, "in use", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")

    def test_ready(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        server = self.serve("--ready-fd", writing, pass_fds=[writing])
        os.close(writing)
        self.assertEqual(os.read(reading, 2), b"\0")
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(server.process.wait(vgputest.PATIENCE), 0)

    def test_tls(self):
        vnc = UnixServer(self, self.path)
        words = ["--listen", "0.0.0.0:0", "--tls-directory", self.directory / "tls"]
        try:
            server = self.serve(*words)
        except AssertionError as error:
            if "glib-networking" in str(error):
                self.skipTest("GIO has no TLS here")
            raise
        self.assertEqual(server.scheme, "https")
        context = ssl.create_default_context(cafile=self.directory / "tls" / "certificate.pem")
        connection = http.client.HTTPSConnection("localhost", server.port, context=context,
                                                 timeout=vgputest.PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", f"{server.prefix}?{server.query}")
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(answer.status, 200)
        self.assertIn("; Secure", answer.headers["Set-Cookie"])
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        origin = f"https://localhost:{server.port}"
        viewer = WebSocket("127.0.0.1", server.port, f"{server.prefix}vnc/vm", wrap=lambda plain:
                           context.wrap_socket(plain, server_hostname="localhost"),
                           headers=[("Host", origin[8:]), ("Origin", origin), ("Cookie", cookie)])
        self.addCleanup(viewer.close)
        far = vnc.accept()
        self.addCleanup(far.close)
        data = os.urandom(300000)
        far.sendall(data)
        self.assertEqual(viewer.receive_bytes(len(data)), data)
        # who speaks no TLS gets nothing, and is in nobody's way
        with socket.create_connection(("127.0.0.1", server.port), vgputest.PATIENCE) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            try:
                self.assertNotIn(b"HTTP", plain.recv(4096))
            except ConnectionResetError:
                pass
        far.sendall(b"picture")
        self.assertEqual(viewer.receive_bytes(7), b"picture")


if __name__ == "__main__":
    vgputest.main()
