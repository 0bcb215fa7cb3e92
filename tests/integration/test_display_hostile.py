#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever strangers send to the display process: who is honest sees the right pixels after it."""

import os
import random
import socket
import struct
import tempfile
import unittest
from pathlib import Path

import vgpurfb
import vgputest
from vgpurfb import NONE, VENCRYPT, VERSION, Viewer

SHOT = Path(vgputest.LIBEXECDIR) / "shot"
CROWD = 200
# What a viewer says that can mean nothing, each after a good handshake.
BROKEN_MESSAGES = {
    "unknown type": b"\7",
    "another unknown type": b"\xfe" * 100,
    "giant list": b"\2\0\xff\xff" + b"\0" * 1000,
    "giant text": b"\6\0\0\0\x7f\xff\xff\xff",
    "giant clipboard": b"\6\0\0\0\x80\0\0\0",
    "giant fence": b"\xf8\0\0\0\0\0\0\0\xff" + b"x" * 255,
    "giant layout": b"\xfb\0\xff\xff\xff\xff\xff\0" + b"\xff" * 4080,
    "unknown extension": b"\xff\x80",
    "pixels of 7 bits": b"\0\0\0\0\7\7\0\1\0\7\0\7\0\3\0\3\6\0\0\0",
    "colours that overlap": b"\0\0\0\0\x20\x18\0\1\0\xff\0\xff\0\xff\0\0\0\0\0\0",
}
# What is of no use and harms nobody.
ODD_MESSAGES = {
    "text": b"\6\0\0\0\0\1\0\0" + b"x" * 0x10000,
    "clipboard": b"\6\0\0\0\xff\xff\xff\xf0" + b"\xff" * 16,
    "no encodings": b"\2\0\0\0",
    "a thousand encodings": b"\2\0\4\0" + b"\x80\0\0\1" * 1024,
    "nothing of the picture": b"\3\0\0\0\0\0\0\0\0\0",
    "more than the picture": b"\3\0\xff\xff\xff\xff\xff\xff\xff\xff",
    "keys without names": b"\4\1\0\0\xff\xff\xff\xff" * 100,
    "all buttons far away": b"\5\xff\xff\xff\xff\xff" * 100,
    "sound": b"\xff\1\0\0\xff\1\0\2\3\2\0\0\xac\x44\xff\1\0\1",
    "shut down": b"\xfa\0\1\2",
    "an answer nobody asked for": b"\xf8\0\0\0\0\0\0\1\10abcdefgh",
    "updates of nothing": b"\x96\1\0\0\0\0\0\0\0\0",
    "a screen of one pixel": b"\xfb\0\0\0\0\0\0\0",
}


class HostileTest(unittest.TestCase):
    def setUp(self):
        self.display = vgpurfb.Display()
        self.addCleanup(self.end)
        self.assertTrue(self.display.is_ready)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.picture = Path(directory.name) / "picture.png"

    def end(self):
        status, text = self.display.close()
        self.assertEqual(status, 0, text)
        self.assertNotIn("Sanitizer", text)
        self.assertNotIn("runtime error", text)

    def check_strip(self):
        strip, reason = vgputest.read_strip(self.picture)
        self.assertIsNotNone(strip, reason)
        self.assertEqual((strip["width"], strip["height"]), (640, 400))
        return strip["frame"]

    def frame(self):
        """The number of the frame that an honest viewer sees."""
        shot = vgputest.run(SHOT, "--vnc", self.display.path, "--output", self.picture)
        self.assertEqual((shot.returncode, shot.stderr), (0, ""))
        return self.check_strip()

    def check_viewer(self, viewer):
        vgpurfb.write_png(viewer.picture(), self.picture)
        self.check_strip()

    def check_honest(self):
        """The picture is right, and goes on."""
        first = self.frame()
        while self.frame() == first:
            pass
        with self.display.tls_viewer() as viewer:
            self.assertEqual(viewer.name, "trial")
            self.check_viewer(viewer)

    def open(self, connect):
        line = connect()
        self.addCleanup(line.close)
        return line

    def test_honest(self):
        self.check_honest()
        for key, value in {"Seccomp": "2", "NoNewPrivs": "1", "CapEff": "0" * 16,
                           "CapPrm": "0" * 16, "CapInh": "0" * 16}.items():
            self.assertEqual(self.display.status(key), value, key)

    def test_half_open(self):
        for _ in range(20):
            self.open(self.display.connect_unix)
            self.open(self.display.connect_tcp)
            self.open(self.display.connect_tcp).sendall(VERSION[:5])
        self.check_honest()

    def test_half_open_tls(self):
        """A thread of GIO's does the TLS handshake: silent viewers must not use them up."""
        for _ in range(30):
            viewer = Viewer(self.open(self.display.connect_tcp))
            viewer.choose_tls()
        self.check_honest()

    def test_small_pieces(self):
        for connect, enter in ((self.display.connect_unix, Viewer.enter),
                               (self.display.connect_tcp, Viewer.enter_tls)):
            viewer = Viewer(self.open(connect), pieces=1)
            enter(viewer)
            self.check_viewer(viewer)
        slow = self.display.viewer()
        with slow:
            slow.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            slow.request()
            for _ in range(20000):
                slow.hear(1)
            self.check_honest()

    def test_broken_messages(self):
        for name, message in BROKEN_MESSAGES.items():
            for enter in self.display.viewer, self.display.tls_viewer:
                with self.subTest(name), enter() as viewer:
                    viewer.say(message)
                    self.assertTrue(viewer.is_ended())
        self.check_honest()

    def test_odd_messages(self):
        with self.display.viewer() as viewer:
            for message in ODD_MESSAGES.values():
                viewer.say(message)
        for name, message in ODD_MESSAGES.items():
            if name.startswith(("more than", "updates", "a screen")):
                continue  # answered by more than what is asked for next
            with self.subTest(name), self.display.viewer() as viewer:
                viewer.say(message)
                self.check_viewer(viewer)
        self.check_honest()

    def test_broken_handshakes(self):
        def say(*parts):
            def script(line):
                for part in parts:
                    line.sendall(part)
            return script

        for connect, security in ((self.display.connect_unix, NONE),
                                  (self.display.connect_tcp, VENCRYPT)):
            for script in (say(b"GET / HTTP/1.1\r\n\r\n"), say(b"\x16\3\1\2\0\1\0\1\xfc\3\3\0"),
                           say(b"RFB 004.001\n"), say(b"RFB 003.\xff08\n"), say(b"\0" * 12),
                           say(VERSION, b"\0"), say(VERSION, b"\2"), say(VERSION, b"\xff"),
                           say(VERSION[:11], b"\0")):
                viewer = Viewer(self.open(connect))
                script(viewer.line)
                self.assertTrue(viewer.is_ended())
            other = VENCRYPT if security == NONE else NONE
            viewer = Viewer(self.open(connect))
            say(VERSION, bytes([other]))(viewer.line)
            self.assertTrue(viewer.is_ended())
        self.check_honest()

    def test_broken_tls(self):
        noise = random.Random(1)
        for data in (b"", b"\x16", b"\x16\3\1\xff\xff" + noise.randbytes(5000),
                     b"\x16\3\1\0\5" + b"\1\0\xff\xff\xff", b"\x15\3\3\0\2\2\x28",
                     noise.randbytes(10000), b"secret\n", VERSION * 100):
            viewer = Viewer(self.open(self.display.connect_tcp))
            viewer.choose_tls()
            viewer.say(data)
            viewer.line.shutdown(socket.SHUT_WR)
            self.assertTrue(viewer.is_ended())
        # TLS is good, what is within is not
        for data in (b"\xff" * 8, struct.pack(">II", 257, 0), struct.pack(">II", 256, 256)):
            viewer = Viewer(self.open(self.display.connect_tcp))
            viewer.choose_tls()
            viewer.start_tls()
            viewer.say(data)
            if data[0] or data[3] == 1:
                self.assertTrue(viewer.is_ended())
        self.check_honest()

    def test_noise(self):
        noise = random.Random(2)
        for _ in range(60):
            connect = noise.choice((self.display.connect_unix, self.display.connect_tcp))
            viewer = Viewer(self.open(connect))
            try:
                viewer.say(noise.choice((b"", VERSION, VERSION + b"\1", VERSION + b"\1\1",
                                         VERSION + b"\x13\0\2", VERSION + b"\x13\0\2\0\0\1\6")))
                viewer.say(noise.randbytes(noise.randrange(3000)))
            except ConnectionError:
                pass  # it has heard enough
            if noise.random() < 0.5:
                viewer.line.close()
        self.check_honest()

    def test_crowd(self):
        for number in range(CROWD):
            connect = (self.display.connect_unix, self.display.connect_tcp)[number % 2]
            line = self.open(connect)
            if number % 3:
                line.sendall(VERSION[:6 * (number % 3)])
        self.check_honest()
        if os.geteuid() == 0:  # its descriptors are not for other processes of its user
            with self.display.viewer():
                there = len(os.listdir(f"/proc/{self.display.process.pid}/fd"))
                self.assertLess(there, CROWD // 2)

    def test_too_many_viewers(self):
        inside = [self.display.viewer() for _ in range(16)]
        with Viewer(self.display.connect_unix()) as viewer:
            self.assertEqual(viewer.refusal(), "There are too many viewers already")
        with Viewer(self.display.connect_tcp()) as viewer:
            self.assertEqual(viewer.refusal(), "There are too many viewers already")
        self.check_viewer(inside[-1])
        for viewer in inside:
            viewer.line.close()
        self.wait_for_room()
        self.check_honest()

    def wait_for_room(self):
        """Until those who left are gone for the server, too."""
        while True:
            with Viewer(self.display.connect_unix()) as viewer:
                viewer.hear(12)
                viewer.say(VERSION)
                if viewer.hear(1) == b"\1":
                    return

    def test_wrong_passwords(self):
        for _ in range(5):
            with Viewer(self.display.connect_tcp()) as viewer:
                self.assertEqual(viewer.enter_tls(b"Secret"), "Wrong password")
        with Viewer(self.display.connect_tcp()) as viewer:
            self.assertEqual(viewer.refusal(), "Too many wrong passwords: wait some minutes")
        # who needs none is not in this
        self.frame()

    def wait_frames(self, count):
        last = self.frame() + count
        while self.frame() < last:
            pass

    def check_memory(self):
        """It does not grow any more, although pictures come and nobody reads them."""
        self.wait_frames(60)
        before = self.display.memory()
        self.wait_frames(120)
        self.assertLess(self.display.memory() - before, 24 << 20)

    def test_stalled(self):
        """Ask for everything, in every encoding, and read nothing."""
        for encoding in (0, 7, 16):
            for connect in self.display.viewer, self.display.tls_viewer:
                viewer = connect()
                self.addCleanup(viewer.line.close)
                # ContinuousUpdates and Fence, so that the server may send without being asked
                viewer.say(struct.pack(">BxHiiiii", 2, 5, encoding, -313, -312, -223, -239))
                viewer.say(struct.pack(">BBHHHH", 150, 1, 0, 0, 640, 400))
                viewer.request()
                viewer.request(incremental=True)
        self.check_memory()
        self.check_honest()

    def test_floods(self):
        """Say without end what must be answered, and read nothing."""
        floods = (struct.pack(">BBHHHH", 3, 0, 0, 0, 640, 400),
                  b"\xf8\0\0\0\x80\0\0\0\x40" + b"x" * 64,
                  b"\xfb\0\2\x80\1\x90\1\0" + b"\0" * 8 + b"\2\x80\1\x90" + b"\0" * 4,
                  b"\x96\1\0\0\0\0\2\x80\1\x90\x96\0\0\0\0\0\2\x80\1\x90",
                  b"\0\0\0\0\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"
                  b"\3\0\0\0\0\0\2\x80\1\x90")
        for message in floods:
            viewer = self.display.viewer()
            self.addCleanup(viewer.line.close)
            viewer.say(struct.pack(">BxHiiiii", 2, 5, 0, -313, -312, -308, -239))
            viewer.line.setblocking(False)
            try:
                for _ in range(200):
                    viewer.line.send(message * 500)
            except (BlockingIOError, ConnectionError):
                pass  # it listens no more, or has heard enough
        self.check_memory()
        self.check_honest()


class RefusedTest(unittest.TestCase):
    """What it was told wrongly: no byte that says that it serves, and the reason."""

    def check(self, display, status, words):
        self.assertFalse(display.is_ready)
        ended, text = display.close()
        self.assertEqual(ended, status, text)
        self.assertIn(words, text)

    def test_refused(self):
        self.check(vgpurfb.Display("full", "--keymap", "nowhere"), 1, "no keyboard layout 'nowhere'")
        self.check(vgpurfb.Display("full", "--keymap", "../us"), 2, "is no keyboard layout")
        self.check(vgpurfb.Display("nothing"), 2, "nothing")
        self.check(vgpurfb.Display("full", "--source", "none"), 2, "'none' is no source")
        self.check(vgpurfb.Display("full", "--tcp", "5"), 2, "'--tcp' is no option")
        self.check(vgpurfb.Display("full", "--password-file", "/nonexistent"), 1,
                   "Reading the password")
        self.check(vgpurfb.Display("full", password_mode=0o640), 1, "Others may read the password")


if __name__ == "__main__":
    vgputest.main()
