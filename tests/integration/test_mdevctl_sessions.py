#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Administrators at random: machines with running and defined devices, broken files and scripts, and
commands one behind the other. Debian's mdevctl and ours leave the same.

VGPUCTL_TEST_SEED gives other machines, VGPUCTL_TEST_SESSIONS more of them.
"""

import os
import random
import re
import shlex
import unittest

import vgpumdevctl
import vgputest

COMMANDS = 8  # of a session
UUIDS = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(6)]
PARENTS = ["0000:00:02.0", "mtty", "0.0.26ab", "matrix"]
TYPES = ["i915-GVTg_V5_4", "i915-GVTg_V5_8", "mtty-1", "x y"]

ATTRS = ("[]", "null", '[{"a": "1"}]', '[{"b/c": "\\u00e9\\n"}, {"a": "\\""}, {"a": "2"}]', '[{"z": ""}]')
STARTS = ("auto", "manual", "Auto", "", "later")
# Files that are no definition, or one only after a closer look. Where Debian's panics ours fails.
ODD_DEFINITIONS = (
    "", "{", "[]", "null", '"x"', "1", "{} x", '{"mdev_type": "a"}', '{"start": "auto"}',
    '{"mdev_type": 1, "start": "auto"}', '{"mdev_type": "a", "start": 1}', '{"mdev_type": "a", "start": "auto"}',
    '{"mdev_type": "a", "start": "auto", "attrs": 1}', '{"mdev_type": "a", "start": "auto", "attrs": [1]}',
    '{"mdev_type": "a", "start": "auto", "attrs": [{"a": 1}]}', '{"mdev_type": "a", "start": "auto"} x',
    '{"mdev_type": "a", "start": "auto", "attrs": {"a": "b"}}', '{"mdev_type": "a", "start": "auto",}',
    '{"mdev_type": "a", "start": "auto", "attrs": [{"a": "1", "b": "2"}]}', '{"start": "auto", "mdev_type": "a"}',
    '{"mdev_type": "a", "start": "auto", "attrs": [{}]}', '{"mdev_type": "a", "mdev_type": "b", "start": "auto"}',
    b'{"mdev_type": "\xff", "start": "auto"}', b'\xef\xbb\xbf{"mdev_type": "a", "start": "auto"}',
    '{"mdev_type": "\\ud83d\\ude00\\"\\\\/\\u007f\\u0001", "start": "manual", "attrs": [{"a": "\\t"}]}',
    '{"mdev_type": "\\ud83d", "start": "auto"}', "{'mdev_type': 'a'}", '{"mdev_type": "a\nb", "start": "auto"}',
    "[" * 200 + "]" * 200,
)
ODD_INSTANCES = ("", "x\n", "-1\n", " 3 \n", "+4\n", "007\n", "99999999999\n", b"\xff\n")
ANSWERS = (
    "exit 0", "exit 2", "exit 1", "echo no >&2; exit 1", "exit 3", "kill -9 $$", "echo out; exit 0",
    """[ "$6" = attributes ] && echo '[{"a": "7"}]'; exit 0""", '[ "$6" = attributes ] && echo junk; exit 0',
    '[ "$4" = pre ] && exit 1; exit 0',
)


def definition(choice):
    return (f'{{\n  "mdev_type": "{choice.choice(TYPES)}",\n  "start": "{choice.choice(STARTS)}",\n'
            f'  "attrs": {choice.choice(ATTRS)}\n}}')


class Machine:
    """The same one each time for the same seed. At most one thing in it is odd: of several, the
    order of a directory decides which is met first."""

    def __init__(self, seed):
        self.seed = seed

    def __call__(self, host):
        choice = random.Random(self.seed)
        odd = choice.choice(("nothing", "nothing", "definition", "name", "instances", "driver"))
        running = set()
        for name in PARENTS:
            if choice.random() < 0.7:
                self.add_parent(host, choice, name, running)
            elif odd == "driver":  # that was unbound
                host.mkdir(f"{vgpumdevctl.PCI}/{name}")
                host.link(f"sys/class/mdev_bus/{name}", f"{vgpumdevctl.PCI}/{name}")
            for uuid in UUIDS:
                if choice.random() < 0.3:
                    host.definition(name, uuid, definition(choice))
        if odd == "definition":
            host.definition(choice.choice(PARENTS), choice.choice(UUIDS), choice.choice(ODD_DEFINITIONS))
        elif odd == "name":
            host.definition(choice.choice(PARENTS), choice.choice(("x", UUIDS[0].upper(), "{", "é")),
                            definition(choice))
        elif odd == "instances":
            host.parent("odd", {"type": {"available_instances": choice.choice(ODD_INSTANCES)}})
        for kind in ("callouts", "notifiers"):
            if choice.random() < 0.3:
                record = f'echo "{kind} $*" >>/tmp/log\ncat >>/tmp/log\necho >>/tmp/log\n'
                host.script(kind, "script", record + choice.choice(ANSWERS), choice.choice((0o755, 0o755, 0o644)))

    @staticmethod
    def add_parent(host, choice, name, running):
        types = {}
        for mdev_type in TYPES:
            if choice.random() < 0.6:
                types[mdev_type] = {"available_instances": choice.choice(("1\n", "5\n", "0\n", "16"))}
                if choice.random() < 0.5:
                    types[mdev_type]["name"] = choice.choice(("GVTg_V5_4\n", "", "  n \n"))
                if choice.random() < 0.5:
                    types[mdev_type]["description"] = choice.choice(
                        ("low_gm_size: 128MB\nfence: 4\n", "", "one\n", "\n a\n\nb \n"))
        host.parent(name, types)
        for mdev_type in types:  # all that is created looks the same, whichever came last
            path = host.path / vgpumdevctl.PCI / name / "mdev_supported_types" / mdev_type / "create"
            path.unlink()
            path.symlink_to("/dev/null")
        for uuid in UUIDS:
            if types and uuid not in running and choice.random() < 0.2:
                running.add(uuid)
                host.device(uuid, name, choice.choice(list(types)), {"a": "", "b/c": "x"})


class Command:
    """One that makes sense, mostly."""

    def __init__(self, choice):
        self.choice = choice
        self.stdin = b""
        verb = choice.choice(("define", "define", "undefine", "modify", "modify", "modify", "start", "start",
                              "stop", "list", "list", "lsmdev", "types", "start-parent-mdevs"))
        self.program = verb if verb == "lsmdev" else "mdevctl"
        options = getattr(self, "list" if verb == "lsmdev" else verb.replace("-", "_"))()
        self.words = options if verb == "lsmdev" else [verb, *options]

    def some(self, chance, *words):
        return list(words) if self.choice.random() < chance else []

    def uuid(self):
        return self.choice.choice(UUIDS)

    def parent(self):
        return self.choice.choice(PARENTS)

    def what(self):
        if self.choice.random() < 0.3:
            text = definition(self.choice) if self.choice.random() < 0.7 else self.choice.choice(ODD_DEFINITIONS)
            self.stdin = text if isinstance(text, bytes) else text.encode()
            return ["--jsonfile=/dev/stdin"]
        return self.some(0.8, "-t", self.choice.choice(TYPES))

    def define(self):
        words = self.some(0.7, "-u", self.uuid()) + self.some(0.8, "-p", self.parent()) + self.what()
        return words + (self.some(0.3, "-a") if not self.stdin else [])

    def start(self):
        return self.some(0.7, "-u", self.uuid()) + self.some(0.8, "-p", self.parent()) + self.what()

    def undefine(self):
        return ["-u", self.uuid(), *self.some(0.4, "-p", self.parent())]

    def modify(self):
        words = ["-u", self.uuid()] + self.some(0.5, "-p", self.parent())
        words += self.some(0.2, "-t", self.choice.choice(TYPES)) + self.some(0.3, self.choice.choice(("-a", "-m")))
        where = self.some(0.5, "-i", self.choice.choice(("0", "1", "2", "9")))
        change = self.choice.random()
        if change < 0.4:
            name, value = self.choice.choice(("a", "b/c", "z", "../x", "")), self.choice.choice(("1", "", "é", "a\nb", '"'))
            return words + ["--addattr", name, "--value", value] + where
        return words + (["--delattr"] + where if change < 0.6 else [])

    def stop(self):
        return ["-u", self.uuid()]

    def list(self):
        return (self.some(0.5, "-d") + self.some(0.5, "--dumpjson") + self.some(0.3, "-v") +
                self.some(0.3, "-u", self.uuid()) + self.some(0.3, "-p", self.parent()))

    def types(self):
        return self.some(0.3, "-p", self.parent()) + self.some(0.5, "--dumpjson")

    def start_parent_mdevs(self):
        return [self.parent()]


def without_order(outcome, tree):
    """Debian's takes files in the order of their directory: warnings and what the scripts noted come
    in any, and before an error any number of them."""
    text = re.sub(vgpumdevctl.LOG_TIME, b"[TIME", outcome.stderr)
    error = text.find(b"Error: ")
    outcome.stderr = text[error:] if error >= 0 else b"\n".join(sorted(text.split(b"\n")))
    if b"tmp/log" in tree:
        tree[b"tmp/log"] = b"\n".join(sorted(tree[b"tmp/log"].split(b"\n")))


class Sessions(unittest.TestCase):
    def setUp(self):
        self.pair = vgpumdevctl.Pair()
        self.addCleanup(self.pair.close)

    def session(self, seed):
        choice = random.Random(seed)
        self.pair.fresh(Machine(choice.random()))
        for _ in range(COMMANDS):
            command = Command(choice)
            outcomes = self.pair.run(*command.words, program=command.program, stdin=command.stdin)
            (theirs, _), (ours, _) = outcomes
            if theirs.status == 101:
                self.assertIn(ours.status, (0, 1), f"{shlex.join(command.words)}: {ours}")
                return
            for outcome, tree in outcomes:
                without_order(outcome, tree)
            self.pair.assert_equal(outcomes, [command.program, *command.words])

    def test_sessions(self):
        first = int(os.environ.get("VGPUCTL_TEST_SEED", "1")) * 1000
        for seed in range(first, first + int(os.environ.get("VGPUCTL_TEST_SESSIONS", "25"))):
            with self.subTest(seed=seed):
                self.session(seed)


if __name__ == "__main__":
    vgputest.main()
