#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line of mdevctl and lsmdev: ours answers as Debian's, byte for byte."""

import itertools
import os
import random
import re
import shlex
import signal
import unittest

import vgpumdevctl
import vgputest

U = "550e8400-e29b-41d4-a716-446655440000"
PARENT, TYPE = "0000:00:02.0", "i915-GVTg_V5_4"

# What each verb has in 1.2.0: options with a value (name: letter, a good value) and flags (name:
# letter).
UUID = {"uuid": ("u", U)}
PARENTS = {"parent": ("p", PARENT)}
TYPES = {"type": ("t", TYPE)}
JSONFILE = {"jsonfile": (None, "/tmp/absent.json")}
VERBS = {
    "define": ({**UUID, **PARENTS, **TYPES, **JSONFILE}, {"auto": "a"}),
    "undefine": ({**UUID, **PARENTS}, {}),
    "modify": ({**UUID, **PARENTS, **TYPES, "addattr": (None, "name"), "index": ("i", "3"),
                "value": (None, "v")}, {"delattr": None, "auto": "a", "manual": "m"}),
    "start": ({**UUID, **PARENTS, **TYPES, **JSONFILE}, {}),
    "stop": (UUID, {}),
    "list": ({**UUID, **PARENTS}, {"defined": "d", "dumpjson": None, "verbose": "v"}),
    "types": (PARENTS, {"dumpjson": None}),
    "start-parent-mdevs": ({}, {}),
}

# What ours takes besides, from mdevctl 1.3: where Debian's refuses one of these, nothing is compared.
FORCE = {"--force", "-f"}
ADDITIONS = {
    "define": FORCE, "undefine": FORCE, "start": FORCE, "stop": FORCE,
    "modify": FORCE | {"--live", "-l", "--defined", "-d", "--jsonfile"},
}
REFUSED = re.compile(rb"error: Found argument '([^']*)' which wasn't expected")

UUID_FORMS = (U.upper(), U.replace("-", ""), f"{{{U}}}", f"urn:uuid:{U}")
WRONG_UUIDS = (
    "", "x", "0", "-", U[:-1], U + "0", U.replace("-", "", 1), U.replace("-", "--", 1), f"{{{U}",
    f"{U}}}", f"{{{U[:-1]}}}", f"{{{U}0}}", "{}", f"urn:uuid:{U[:-1]}", f"urn:uuid:{U}0", "urn:uuid:",
    f"URN:UUID:{U}", f"{U} ", f" {U}", "----", "5-5-5-5-5", U.replace("5", "g"), U[:-1] + "é", "é" * 18,
    "\u0100" + U[1:], "a\nb", 'a"b', "a\\b", "a'b", "\t", "\x01", "\x7f", "\u200b", "\u00a0", "\ue000",
    "😀", "a\u0301", "\U000e0100", U[:35] + "x", U[1:] + "g", "{" + U[:-2] + "x}", "=" + U,
)
WRONG_INDEXES = ("", "-1", "+", "-", "+-1", "x", "3x", "0x3", " 3", "3 ", "4294967296",
                 "99999999999x", "x99999999999", "1.5", "٣")
GOOD_INDEXES = ("0", "+5", "007", "4294967295")


def misspelled(word):
    return {word[:-1], word[1] + word[0] + word[2:], word[:len(word) // 2], word.replace("e", "a")}


def value_spellings(name, letter, value):
    yield [f"--{name}", value]
    yield [f"--{name}={value}"]
    yield [f"--{name}"]
    yield [f"--{name}="]
    yield [f"--{name}", "--", value]
    yield [f"--{name}", f"--{name}"]
    yield [f"--{name}", value, f"--{name}", value]
    yield [f"--{name}={value}", value]
    if letter is not None:
        yield [f"-{letter}", value]
        yield [f"-{letter}{value}"]
        yield [f"-{letter}={value}"]
        yield [f"-{letter}"]
        yield [f"-{letter}="]
        yield [f"-{letter}h", "-h"]
        yield [f"-{letter}", value, f"-{letter}"]


def flag_spellings(name, letter):
    yield [f"--{name}"]
    yield [f"--{name}=1"]
    yield [f"--{name}", "1"]
    yield [f"--{name}", f"--{name}"]
    if letter is not None:
        yield [f"-{letter}"]
        yield [f"-{letter}{letter}"]
        yield [f"-{letter}x"]
        yield [f"-{letter}=1"]


def general_lines():
    yield from ([], ["-h"], ["--help"], ["-V"], ["--version"], ["extra"], ["extra", "more"],
                ["--", "extra"], ["--"], ["-x"], ["--x"], ["extra", "-h"], ["--hel"], ["--ver"])


def odd_lines():
    yield from (["-"], [""], ["help"], ["-Vh"], ["-x", "-h"], ["-h=1"], ["--help=1"], ["--version="], ["--="], ["--=x"], ["---"], ["-="], ["-é"],
                ["--é"], ["-5"], ["--help", "--help"], ["--", "-x"], ["-hV"], [b"\xff"], [b"-\xff"],
                [b"--\xff"], [b"--\xff=x"], [b"-\xc3"], ["--", b"\xff"])


def verb_lines(verb):
    """Every option in every spelling, right ones and wrong ones, and every pair."""
    values, flags = VERBS[verb]
    yield from general_lines()
    for name, (letter, value) in values.items():
        yield from value_spellings(name, letter, value)
        yield [b"--" + name.encode() + b"=a\xe2\x82", "--x"]
    for name, letter in flags.items():
        yield from flag_spellings(name, letter)
    for name in (*values, *flags):
        for wrong in sorted(misspelled(name)):
            yield [f"--{wrong}"]
    words = {name: [f"--{name}={value}"] for name, (_, value) in values.items()}
    words |= {name: [f"--{name}"] for name in flags}
    for one, other in itertools.combinations(words.values(), 2):
        yield other + one
    letters = [letter for letter in flags.values() if letter is not None]
    for group in itertools.permutations(letters, 2):
        yield ["-" + "".join(group) + "p", PARENT]


def complete_lines():
    """Lines that lack nothing but have something wrong."""
    for wrong in WRONG_UUIDS:
        yield ["stop", f"--uuid={wrong}"]
    for form in UUID_FORMS:
        yield ["stop", "-u", form, "-u", form]
    yield ["list", "-u", U, "-u", "x"]
    yield ["list", "-u", "x", "-p", "--dumpjson", "--dumpjson"]
    yield ["list", "-p", "-u", "x"]
    for index in WRONG_INDEXES:
        yield ["modify", "-u", U, f"--index={index}"]
    for index in GOOD_INDEXES:
        yield ["modify", "-u", U, f"--index={index}", f"--index={index}"]
    for rest in (["--addattr", "a"], ["--addattr", "a", "--delattr"], ["--delattr", "--addattr", "a"],
                 ["--addattr", "a", "--delattr", "--value", "v"], ["-am"], ["-ma"], ["-a", "-m", "-a"],
                 ["--addattr", "a", "--value", "v", "-a", "-a"], ["--addattr=a", "--addattr=b", "--value="],
                 ["--value", "v", "--addattr"], ["-m", "--addattr=a", "--auto", "--delattr"]):
        yield ["modify", "-u", U, *rest]
        yield ["modify", *rest]
    for rest in (["-t", TYPE], ["-a"], ["-t", TYPE, "-a"], ["-a", "-t", TYPE]):
        yield ["define", "-p", PARENT, "--jsonfile", "/x", *rest]
        yield ["define", *rest, "--jsonfile", "/x"]
        yield ["start", "--jsonfile", "/x", *rest]


def program_lines():
    """mdevctl without a verb or with a wrong one."""
    yield from general_lines()
    yield from odd_lines()
    yield from (["list", *line] for line in odd_lines())
    for verb in (*VERBS, "help"):
        yield ["--", verb]
        yield ["help", verb]
        yield ["help", verb, "extra"]
        yield ["help", verb, "help"]
        yield ["-x", verb]
        for wrong in sorted(misspelled(verb)):
            yield [wrong]
    for option in ("uuid", "parent", "dumpjson", "defin", "jsonfil", "val", "hel", "versio"):
        for verbs in ([], ["list"], ["define", "list"], ["extra", "modify"], ["list", "define"]):
            yield [f"--{option}", *verbs]
    yield from (["help", "-h"], ["help", "--help"], ["help", ""], ["help", b"\xff"], ["help", "--", "list"],
                ["list", "list"], ["list", "--", "list"], ["-V", "list"], ["-h", "list"], ["LIST"])
    yield from (["start-parent-mdevs", "a", "b"], ["start-parent-mdevs", "--", "-a", "-b"],
                ["start-parent-mdevs", b"\xff"], ["start-parent-mdevs", "a", "-x"],
                ["start-parent-mdevs", "a", "-h"])


def random_lines(seed, count):
    """Words that were right somewhere, in any order."""
    letters = "aptuidvmhVx"
    words = sorted({word for verb in VERBS for line in verb_lines(verb) for word in line
                    if isinstance(word, str)})
    words += [b"\xff", b"-p\xff", b"-d\xff", b"--uuid=\xff"]
    choice = random.Random(seed)
    for _ in range(count):
        line = [choice.choice(words) for _ in range(choice.randrange(7))]
        if choice.random() < 0.8:
            line.insert(0, choice.choice([*VERBS, "help"]))
        if choice.random() < 0.3:
            group = "".join(choice.choices(letters, k=choice.randrange(1, 5)))
            line.insert(choice.randrange(len(line) + 1), f"-{group}")
        yield line


def unique(lines):
    seen = set()
    for line in lines:
        key = tuple(os.fsencode(word) for word in line)
        if key not in seen:
            seen.add(key)
            yield line


def is_addition(line, outcome):
    """Whether Debian's refused what ours takes from mdevctl 1.3."""
    refused = REFUSED.match(outcome.stderr)
    return (refused is not None and len(line) > 0 and
            refused[1].decode(errors="replace") in ADDITIONS.get(line[0], ()))


class Face(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = vgpumdevctl.Pair(leaks=False)  # fuzz-mdevctl-options finds them
        cls.addClassCleanup(cls.pair.close)

    def setUp(self):
        self.pair.fresh()

    def compare(self, line, **options):
        """Equal, but where Debian's panics or knows less: there ours only has to end in order."""
        with self.subTest(line=shlex.join(os.fsdecode(word) for word in line).encode(
                errors="backslashreplace").decode(), **options):
            (theirs, _), (ours, _) = outcomes = self.pair.run(*line, **options)
            self.pair.fresh_if_changed()
            if theirs.status == 101 or is_addition(line, theirs):
                self.assertIn(ours.status, (0, 1, 2))
                self.assertNotIn(b"Sanitizer", ours.stderr)
            else:
                self.pair.assert_equal(outcomes, line)

    def test_program(self):
        for line in unique(program_lines()):
            self.compare(line)

    def test_verbs(self):
        for verb in VERBS:
            for line in unique(verb_lines(verb)):
                self.compare([verb, *line])

    def test_lsmdev(self):
        for line in unique((*general_lines(), *odd_lines(), *flag_spellings("verbose", "v"),
                            *value_spellings("uuid", "u", U), ["list"], ["list", "-h"], ["--veb"])):
            self.compare(line, program="lsmdev")

    def test_values(self):
        for line in unique(complete_lines()):
            self.compare(line)

    def test_random(self):
        seed = int(os.environ.get("VGPUCTL_TEST_SEED", "3"))
        for line in random_lines(seed, 300):
            self.compare(line)

    def test_terminal(self):
        """With colours, without where the user wants none."""
        lines = (["-h"], [], ["define", "--help"], ["list", "-h"], ["help", "help"], ["-V"], ["lis"],
                 ["stat"], ["list", "--uui"], ["--uuid", "list"], ["list", "-u", "x"], ["stop"],
                 ["define", "-a", "--jsonfile=x", "-t", "y"], ["modify", "-am", "-u", U],
                 ["list", "-vv"], ["list", "-u"], ["list", "--verbose=1"], ["--", "list"],
                 ["help", "x"], ["help", "help", "x"], ["start", "-p", b"\xff"], ["help", "start-parent-mdevs"])
        for line in lines:
            self.compare(line, stdout="terminal", environment={"TERM": "xterm"})
        for environment in ({}, {"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"},
                            {"TERM": "xterm", "NO_COLOR": ""}):
            self.compare(["-x"], stdout="terminal", environment=environment)

    def test_log(self):
        """What is said before the command line is read."""
        for level in ("debug", "trace", "TRACE", "info", "", "off", "mdevctl=debug", "mdevctl::environment",
                      "mdevctl::environment=error,debug", "a=b", "a=b=c,d=e", "a/b/c", "debug/sane",
                      " debug , warn ", "other=debug", "mdevctl= debug"):
            self.compare(["-V"], environment={"MDEVCTL_LOG": level})
        for style in ("always", "never", "auto", "x", ""):
            self.compare(["-V"], environment={"MDEVCTL_LOG": "debug", "MDEVCTL_LOG_STYLE": style})
            self.compare(["-V"], environment={"MDEVCTL_LOG": "debug", "MDEVCTL_LOG_STYLE": style,
                                              "TERM": "xterm"}, stdout="terminal")

    def test_self_check(self):
        """Nothing is done, no page is shown where the directories are missing."""
        scripts = "etc/mdevctl.d/scripts.d"
        machines = {
            "nothing": [],
            "definitions": [lambda host: host.mkdir("etc/mdevctl.d")],
            "callouts": [lambda host: host.mkdir(f"{scripts}/callouts")],
            "notifiers": [lambda host: host.mkdir(f"{scripts}/notifiers")],
            "a file": [lambda host: host.write("etc/mdevctl.d", "")],
            "files": [lambda host: host.write(f"{scripts}/callouts", ""),
                      lambda host: host.write(f"{scripts}/notifiers", "")],
            "a link to nothing": [lambda host: host.link("etc/mdevctl.d", "tmp/nothing")],
            "a link": [lambda host: host.mkdir("tmp/there"),
                       lambda host: host.link("etc/mdevctl.d", "tmp/there")],
        }
        for name, builders in machines.items():
            self.pair.fresh(*builders, bare=True)
            for line in ([], ["--help"], ["list"]):
                with self.subTest(machine=name):
                    self.compare(line)

    def test_output_that_nobody_takes(self):
        """Debian's panics with status 101; ours ends as other programs do."""
        for line in (["-h"], ["list", "--help"], ["-V"]):
            for stdout, expected in (("broken", -signal.SIGPIPE), ("full", 1), ("closed", 1)):
                with self.subTest(line=line, stdout=stdout):
                    _, (ours, _) = self.pair.run(*line, stdout=stdout)
                    self.assertEqual(ours.status, expected)
                    self.assertNotIn(b"panicked", ours.stderr)

    def test_additions(self):
        """What mdevctl 1.3 added is read, wrong lines of it are refused."""
        for line in (["modify", "--live", "-u", U], ["modify", "--jsonfile=/x", "-t", "a", "-u", U],
                     ["modify", "--jsonfile=/x", "-a", "-u", U], ["define", "-f"], ["stop", "-ff", "-u", U]):
            with self.subTest(line=line):
                _, (ours, _) = self.pair.run(*line)
                self.assertEqual(ours.status, 2, ours)
                self.assertNotIn(b"wasn't expected", ours.stderr)


if __name__ == "__main__":
    vgputest.main()
