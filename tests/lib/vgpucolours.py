# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that is a boot sector: the upper half of its screen has the colour of the last key's ASCII
code in the VGA palette, the lower half another one with every tick of the clock."""

import struct
import zlib
from pathlib import Path

BOOT_SECTOR = bytes.fromhex(
    "b81300 cd10"      # mov ax, 0x13; int 0x10: 320x200, 256 colours
    "6800a0 07"        # push 0xa000; pop es
    # next:
    "b401 cd16 7406"   # mov ah, 1; int 0x16; jz draw: no key
    "b400 cd16 88c3"   # mov ah, 0; int 0x16; mov bl, al
    # draw:
    "31ff"             # xor di, di
    "88d8 b9007d f3aa"  # mov al, bl; mov cx, 32000; rep stosb
    "fec7"             # inc bh
    "88f8 b9007d f3aa"  # mov al, bh; mov cx, 32000; rep stosb
    "f4 ebdf"          # hlt; jmp next
).ljust(510, b"\0") + b"\x55\xaa"
RED, LIGHT_BLUE, LIGHT_MAGENTA = (170, 0, 0), (85, 85, 255), (255, 85, 255)  # 4, 9, 13


def disk_of(person, name):
    """A disk of that person with the guest on it; firmware wants more of a disk than a sector."""
    return person.disk(f"{name}.raw", BOOT_SECTOR.ljust(1 << 20, b"\0"))


def near(colour, wanted):
    """Pictures may be lossy."""
    return colour is not None and all(abs(a - b) < 24 for a, b in zip(colour, wanted))


def _unfilter(kind, row, above, step):
    for i, value in enumerate(row):
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        if kind == 4:  # Paeth
            guess = left + above[i] - corner
            nearest = min((left, above[i], corner), key=lambda old: abs(guess - old))
        else:
            nearest = (0, left, above[i], (left + above[i]) // 2)[kind]
        row[i] = (value + nearest) & 255


def read_png(path):
    """Rows of an RGB picture of 8 bits a colour: bytes, three a pixel."""
    data, position, packed = Path(path).read_bytes(), 8, b""
    while position < len(data):
        length, kind = struct.unpack_from("!I4s", data, position)
        body = data[position + 8:position + 8 + length]
        if kind == b"IHDR":
            width, _, depth, colour = struct.unpack_from("!IIBB", body)
            assert (depth, colour) == (8, 2), "not RGB"
        elif kind == b"IDAT":
            packed += body
        position += length + 12
    raw, rows, above = zlib.decompress(packed), [], bytes(3 * width)
    for start in range(0, len(raw), 3 * width + 1):
        row = bytearray(raw[start + 1:start + 1 + 3 * width])
        _unfilter(raw[start], row, above, 3)
        rows.append(row)
        above = row
    return rows
