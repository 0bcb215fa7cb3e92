# SPDX-License-Identifier: LGPL-2.1-or-later
"""A viewer that keeps a picture of the screen: raw rectangles, and the sizes of ExtendedDesktopSize
(rfbproto.rst). It shares no code with vgpuctl."""

import socket
import struct

import vgpurfb

RAW, DESKTOP_SIZE, EXTENDED_DESKTOP_SIZE = 0, -223, -308
# 32 bits, depth 24, little-endian, true colour, 8 bits a colour at 16, 8, 0
PIXELS = struct.pack(">BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


class Watcher(vgpurfb.Viewer):
    """What `pixels` holds is BGRX, `width` pixels a row."""

    def __init__(self, path, timeout):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(timeout)
        line.connect(str(path))
        super().__init__(line)
        self.enter()
        self.pixels = bytearray(4 * self.width * self.height)
        self.updates = 0
        self.answer = None  # to the last wish for a size: 0, or why not
        kinds = (RAW, DESKTOP_SIZE, EXTENDED_DESKTOP_SIZE)
        self.say(b"\0xxx" + PIXELS + struct.pack(f">BxH{len(kinds)}i", 2, len(kinds), *kinds))
        self.request()

    def close(self):
        self.line.close()

    def resize(self, width, height):
        self.say(struct.pack(">BxHHBxIHHHHI", 251, width, height, 1, 0, 0, 0, width, height, 0))

    def key(self, keysym):
        """Pressed and let go."""
        for down in (1, 0):
            self.say(struct.pack(">BBxxI", 4, down, keysym))

    def _set_size(self, width, height):
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            self.pixels = bytearray(4 * width * height)
            self.request()

    def _read_rectangle(self):
        x, y, width, height, kind = struct.unpack(">HHHHi", self.hear(12))
        if kind == EXTENDED_DESKTOP_SIZE:
            self.hear(16 * struct.unpack(">Bxxx", self.hear(4))[0])
            if x == 1:  # we asked
                self.answer = y
        if kind in (DESKTOP_SIZE, EXTENDED_DESKTOP_SIZE):
            self._set_size(width, height)
        elif kind == RAW:
            for row in range(y, y + height):
                at = 4 * (row * self.width + x)
                self.pixels[at:at + 4 * width] = self.hear(4 * width)
        else:
            raise AssertionError(f"a rectangle of kind {kind}")

    def update(self):
        """Waits for the next one and asks for one more."""
        kind, count = struct.unpack(">BxH", self.hear(4))
        if kind != 0:
            raise AssertionError(f"a message of kind {kind}")
        for _ in range(count):
            self._read_rectangle()
        self.updates += 1
        self.request(True)

    def until(self, good):
        """Takes updates until good() is true."""
        while not good():
            self.update()

    def sees(self, width, height, picture):
        """Whether it has this one: BGRX, the fourth byte of each pixel 0."""
        if (self.width, self.height) != (width, height):
            return False
        pixels = bytearray(self.pixels)
        pixels[3::4] = bytes(len(pixels) // 4)
        return pixels == picture
