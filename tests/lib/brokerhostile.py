# SPDX-License-Identifier: LGPL-2.1-or-later
"""What should not do anything to anybody, whoever sends it to the broker."""

import random

from brokeractors import COLLECT, claim, release

OTHER = "00000000-0000-4000-8000-0000000000aa"    # bob's, alive
DEFINED = "00000000-0000-4000-8000-0000000000bb"  # the administrator's, not started
POOL = "00000000-0000-4000-8000-0000000000cc"     # made by root, without a claim


def hostile_table():
    good = claim()
    deep = b'{"version":1,"op":"claim","type":' + b"[" * 400 + b"]" * 400 + b"}"
    text = [
        b"", b"\0", b"\n", b"{", b"}", b"null", b"[]", b"{}", b'"claim"', b"0", good + good,
        good + b"\0", good + b" x", b"\xef\xbb\xbf" + good, good[:-1], b"\xff" + good,
        good[:-1] + b',"op":"release"}', good[:-1] + b',"type":"mtty-1"}',
        good[:-1] + b',"uid":0}', good[:-1] + b',"owner":"pid:1"}', good[:-1] + b',"user":"root"}',
        good[:-1] + b',"vm":null}', good[:-1] + b',"vm":"a\\u0000b"}',
        good[:-1] + b',"vm":"\xff"}', good + b" " * 1024, good + b" " * 100000,
        deep, b"[" * 1024, b'{"a":' * 170, b'{"version":1}', b'{"op":"collect"}',
        b'{"version":2,"op":"collect"}', b'{"version":-1,"op":"collect"}',
        b'{"version":1e0,"op":"collect"}', b'{"version":"1","op":"collect"}',
        b'{"version":18446744073709551617,"op":"collect"}', b'{"version":1,"op":1}',
        b'{"version":1,"op":"destroy","uuid":"' + OTHER.encode() + b'"}',
        b'{"version":1,"op":"CLAIM","type":"a"}', b'{"version":1,"op":["claim"],"type":"a"}',
        b"GET / HTTP/1.0\r\n\r\n", b"\x7fELF\x02\x01\x01", b"%n%s%p" * 20,
        b"AUTH EXTERNAL 30\r\nBEGIN\r\n",
    ]
    claims = [
        {"type": "../../../../../etc"}, {"type": "/etc/passwd"}, {"type": ".."}, {"type": "."},
        {"type": ""}, {"type": "a" * 65}, {"type": "a\nb"}, {"type": "-h"}, {"type": "$(id)"},
        {"type": ";id"}, {"type": "no-such-type"}, {"type": 1}, {"type": {}},
        {"parent": "../mtty"}, {"parent": "/sys"}, {"parent": "no-such-parent"},
        {"parent": "0000:00:02.0/../0000:00:02.0"}, {"parent": True},
        {"uuid": "../../../../tmp/aaaaaaaaaaaaaaaaaaaa"}, {"uuid": OTHER.upper()},
        {"uuid": OTHER}, {"uuid": DEFINED}, {"uuid": POOL}, {"uuid": OTHER + "\n"},
        {"uuid": ""}, {"uuid": "0000:00:02.0"}, {"vm": "../x"}, {"vm": "x y"}, {"vm": "\u202e"},
    ]
    releases = [OTHER, DEFINED, POOL, "../" + OTHER, "", "*", OTHER + "/..", OTHER[:-1],
                "0000:00:02.0.lock", "00000000-0000-4000-8000-0000000000dd"]
    return text + [claim(**keys) for keys in claims] + [release(uuid) for uuid in releases]


def hostile_bytes(count):
    """Mutations of good requests and plain noise, the same each time."""
    source = random.Random(1)
    seeds = [claim(uuid=OTHER), release(OTHER), COLLECT]
    for _ in range(count):
        message = bytearray(source.choice(seeds))
        for _ in range(source.randrange(1, 8)):
            if source.random() < 0.5:
                message[source.randrange(len(message))] = source.randrange(256)
            else:
                at = source.randrange(len(message))
                message[at:at + source.randrange(4)] = source.randbytes(source.randrange(6))
            message = message or bytearray(b"{")
        yield bytes(message) if source.random() < 0.7 else source.randbytes(source.randrange(1500))
