#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs of mdevctl: Debian's 1.2.0 and ours do the same on machines that are alike.

Every verb meets every state a device can be in; then callout scripts of every answer, broken files
and what cannot be written. Standard output, standard error, exit status and all files are compared.
Where we differ on purpose, a test says how.
"""

import json
import os
import unittest

import vgpumdevctl
import vgputest

P = "0000:00:02.0"
Q = "0000:00:03.0"
U = "550e8400-e29b-41d4-a716-446655440000"
V = "00000000-0000-4000-8000-00000000000a"
W = "00000000-0000-4000-8000-00000000000b"
T4 = "i915-GVTg_V5_4"
T8 = "i915-GVTg_V5_8"
ATTRS = [{"assign_adapter": "5"}, {"assign_domain": "0xab"}, {"assign_adapter": "6"}]


def definition(mdev_type=T4, start="manual", attrs=None, **more):
    """As mdevctl writes it."""
    return json.dumps({"mdev_type": mdev_type, "start": start, "attrs": attrs or [], **more}, indent=2)


def parents(host):
    host.parent(P, types={T4: {"available_instances": "1\n", "name": "GVTg_V5_4\n",
                               "description": "low_gm_size: 128MB\nfence: 4\n"}, T8: 0})
    host.parent(Q, types={T4: 2})


def defined(host):
    parents(host)
    host.definition(P, U, definition(attrs=ATTRS))


def active(host):
    parents(host)
    host.device(U, P, T4)


def both(host):
    active(host)
    host.definition(P, U, definition(start="auto", attrs=ATTRS[:2]))


def twice(host):
    defined(host)
    host.definition(Q, U, definition(start="auto"))


def elsewhere(host):
    """Lives on one parent and is defined for the other one."""
    active(host)
    host.definition(Q, U, definition())


def other_type(host):
    active(host)
    host.definition(P, U, definition(T8))


def crowd(host):
    """Several of everything, made in an order that is not the one of a list."""
    twice(host)
    host.device(W, Q, T4)
    host.device(V, P, T8)
    host.device(U, P, T4)
    host.definition(P, W, definition(T8))
    host.definition(P, V, definition(T8, "auto", ATTRS))


STATES = {"nothing": lambda host: None, "parents": parents, "defined": defined, "active": active,
          "both": both, "twice": twice, "elsewhere": elsewhere, "other-type": other_type,
          "crowd": crowd}

READERS = """
list
list -d
list -v
list -d -v
list --dumpjson
list -d --dumpjson
list -u {U}
list -d -u {U}
list -u {U} --dumpjson
list -d -u {U} --dumpjson
list -v -p {P}
list -d -p {Q}
list -d --dumpjson -p nosuch
types
types --dumpjson
types -p {Q}
types -p nosuch --dumpjson
""".strip().splitlines()

WRITERS = """
define -u {U}
define -u {U} -p {P}
define -u {U} -t {T4}
define -u {U} -p {P} -t {T8} -a
define -u {U} -p {Q} -t {T4}
define -p {P} -t {T4} --auto
define -p {P}
define -u {U} -p {P} --jsonfile {auto}
define -u {U} --jsonfile {auto}
define -p {Q} --jsonfile {attrs}
define -u {U} -p {Q} --jsonfile /nosuch
undefine -u {U}
undefine -u {U} -p {P}
undefine -u {U} -p nosuch
modify -u {U}
modify -u {U} -p {P} --auto
modify -u {U} -p {Q} --manual
modify -u {U} -p {P} --type {T8}
modify -u {U} -p {P} --addattr name --value text
modify -u {U} -p {P} --addattr name --value text -i 0
modify -u {U} -p {P} --addattr name --value text -i 9
modify -u {U} -p {P} --delattr
modify -u {U} -p {P} --delattr -i 1
modify -u {U} -p {P} --delattr -i 9
start -u {U}
start -u {U} -p {P}
start -u {U} -t {T4}
start -u {U} -p {P} -t {T4}
start -u {U} -p {P} -t {T8}
start -u {U} -p {Q} -t {T4}
start -u {V} -p {P} -t {T4}
start -p {P} -t {T4}
start -p {P} -t nosuch
start -p nosuch -t {T4}
start -p {P}
start -p {P} -t {T8}
start -u {V} -p {Q} --jsonfile {auto}
start -u {V} --jsonfile {auto}
start -p {Q} --jsonfile {attrs}
stop -u {U}
stop -u {V}
start-parent-mdevs {P}
start-parent-mdevs {Q}
start-parent-mdevs nosuch
""".strip().splitlines()


def words(line):
    return line.format(U=U, V=V, P=P, Q=Q, T4=T4, T8=T8, auto="/etc/auto.json",
                       attrs="/etc/attrs.json").split()


def json_files(host):
    host.write("etc/auto.json", '{"start": "auto", "mdev_type": "%s"}' % T4)
    host.write("etc/attrs.json", json.dumps({"mdev_type": T4, "start": "manual", "attrs": ATTRS}))


class Verbs(unittest.TestCase):
    """@pair is made once for each class, as are the machines' directories."""

    @classmethod
    def setUpClass(cls):
        cls.pair = cls.enterClassContext(vgpumdevctl.Pair())

    def check_each(self, lines, *builders, **what):
        """Each command on a machine of its own."""
        for line in lines:
            with self.subTest(command=line, **what):
                self.pair.fresh(*builders)
                self.pair.check(*words(line))


class EveryState(Verbs):
    def test_readers(self):
        for name, state in STATES.items():
            self.pair.fresh(state)
            for line in READERS:
                with self.subTest(state=name, command=line):
                    self.pair.check(*words(line))

    def test_writers(self):
        for name, state in STATES.items():
            self.check_each(WRITERS, state, json_files, state=name)

    def test_lsmdev(self):
        self.pair.fresh(crowd)
        for line in ("", "-d", "-v --dumpjson"):
            with self.subTest(command=line):
                self.pair.check(*line.split(), program="lsmdev")


# What a script does; it first writes down how it was called, in a file of its own.
RECORD = 'echo "$@" >>/tmp/log; cat >>/tmp/log; echo " ($0)" >>/tmp/log\n'
ANSWERS = {
    "agrees": "exit 0",
    "refuses": "echo no >&2; exit 1",
    "refuses with 77": "printf 'no newline' >&2; exit 77",
    "is not for it": "echo not mine >&2; exit 2",
    "warns": "echo careful >&2; exit 0",
    "is killed": "kill -9 $$",
    "fails afterwards": '[ $4 = post ] && { echo late >&2; exit 1; }; exit 0',
    "has attributes": """[ $4 = get ] && printf '[{"a":"1"},{"b":"2"}]'; exit 0""",
    "has no attributes": """[ $4 = get ] && printf '[{}]'; exit 0""",
    "has attributes in lines": """[ $4 = get ] && echo '[
{"a":"1"}]'; exit 0""",
    "prints no JSON": "[ $4 = get ] && echo nonsense; exit 0",
    "prints an object": "[ $4 = get ] && echo '{}'; exit 0",
    "prints numbers": "[ $4 = get ] && echo '[1]'; exit 0",
    "prints no UTF-8": "[ $4 = get ] && printf '\\377'; exit 0",
    "cannot tell attributes": "[ $4 = get ] && { echo broken >&2; exit 1; }; exit 0",
}
AROUND = """
list -v
define -u {U}
define -p {Q} -t {T4}
undefine -u {V}
modify -u {V} --addattr name --value text
start -u {V}
start -p {P} -t {T8}
stop -u {U}
stop -u {W}
start-parent-mdevs {P}
""".strip().replace("{W}", W).splitlines()


def scripted(host):
    active(host)
    host.definition(P, V, definition(start="auto", attrs=ATTRS[:2]))


class Scripts(Verbs):
    """Callouts and notifiers: what they are told, in which order, and what their answer does."""

    def test_answers(self):
        for name, body in ANSWERS.items():
            self.check_each(AROUND, scripted,
                            lambda host, body=body: host.script("callouts", "vendor", RECORD + body),
                            answer=name)

    def test_notifiers(self):
        def notifiers(host):
            host.script("notifiers", "one", RECORD + "echo unheard; echo unheard >&2; exit 1")
        self.check_each(AROUND, scripted, notifiers)

    def test_notifier_after_refusal(self):
        def both_kinds(host):
            host.script("callouts", "vendor", RECORD + ANSWERS["refuses"])
            host.script("notifiers", "one", RECORD)
        self.check_each(AROUND, scripted, both_kinds)

    def test_cannot_be_run(self):
        """No right to be executed, no interpreter, no "#!", a directory."""
        def useless(host):
            host.script("callouts", "text", "exit 1", mode=0o644)
            host.write("etc/mdevctl.d/scripts.d/callouts/lost", "#!/nosuch\n", 0o755)
            host.mkdir("etc/mdevctl.d/scripts.d/callouts/directory")
            host.script("notifiers", "text", "exit 1", mode=0o644)
        self.check_each(AROUND, scripted, useless)

        def plain(host):
            host.write("etc/mdevctl.d/scripts.d/callouts/plain", RECORD + "exit 1", 0o755)
        self.check_each(AROUND, scripted, plain, kind="no #!")

    def test_script_that_removes_the_directory(self):
        def wild(host):
            host.script("callouts", "wild", RECORD + f"[ $4 = pre ] && rm -rf /etc/mdevctl.d/{P}; exit 0")
        self.check_each(["undefine -u {V}", "define -u {U}"], scripted, wild)


# Contents of a file that should be a definition.
BROKEN = {
    "empty": "", "spaces": " \n\t", "text": "nonsense", "truncated": definition(attrs=ATTRS)[:60],
    "two": definition() * 2, "comma": '{"mdev_type": "x", "start": "auto",}', "list": "[]",
    "number": "7", "null": "null", "no-type": '{"start": "auto"}', "no-start": '{"mdev_type": "x"}',
    "null-type": '{"mdev_type": null, "start": "auto"}', "binary": bytes(range(256)),
    "latin-1": '{"mdev_type": "\xe4", "start": "auto"}'.encode("latin-1"),
    "bom": b"\xef\xbb\xbf" + definition().encode(), "nul": definition() + "\0",
    "attrs-object": '{"mdev_type": "x", "start": "auto", "attrs": {}}',
    "attrs-text": '{"mdev_type": "x", "start": "auto", "attrs": ["a"]}',
    "attrs-two": '{"mdev_type": "x", "start": "auto", "attrs": [{"a": "1", "b": "2"}]}',
    "attrs-none": '{"mdev_type": "x", "start": "auto", "attrs": [{"a": "1"}, {}]}',
    "attrs-null": '{"mdev_type": "%s", "start": "auto", "attrs": null}' % T4,
    "start-number": '{"mdev_type": "%s", "start": 1}' % T4,
    "start-other": '{"mdev_type": "%s", "start": "AUTO"}' % T4,
    "twice": '{"mdev_type": "x", "start": "auto", "mdev_type": "%s"}' % T4,
    "unicode": '{"mdev_type": "\\u00e4\U0001f600", "start": "auto", "attrs": [{"\\"": "\\u007f\\u001b"}]}',
    "deep": "[" * 500 + "]" * 500,
    "many": definition(attrs=[{f"a{number}": "x" * number} for number in range(300)]),
}
ON_BROKEN = """
list -v
list -d --dumpjson
undefine -u {U}
modify -u {U} --manual
define -u {U} -p {P} -t {T4}
start -u {V} -p {P} --jsonfile /etc/mdevctl.d/{P}/{U}
""".strip().splitlines()


class BrokenFiles(Verbs):
    def test_contents(self):
        for name, text in BROKEN.items():
            self.check_each(ON_BROKEN, active,
                            lambda host, text=text: host.definition(P, U, text), content=name)

    def test_not_a_file(self):
        def directory(host):
            host.mkdir(f"etc/mdevctl.d/{P}/{U}")

        def link(host):
            host.write("etc/elsewhere", definition(start="auto"))
            host.link(f"etc/mdevctl.d/{P}/{U}", "etc/elsewhere")

        def dangling(host):
            host.link(f"etc/mdevctl.d/{P}/{U}", "etc/nosuch")

        def loop(host):
            host.link(f"etc/mdevctl.d/{P}/{U}", f"etc/mdevctl.d/{P}/{U}")

        def file_for_parent(host):
            host.write(f"etc/mdevctl.d/{P}", "")

        def link_for_parent(host):
            host.definition("real", U, definition())
            host.link(f"etc/mdevctl.d/{P}", "etc/mdevctl.d/real")
        for kind in (directory, link, file_for_parent, link_for_parent):
            self.check_each(ON_BROKEN, active, kind, kind=kind.__name__)
        for kind in (dangling, loop):  # what we write over: OurWay
            self.check_each([line for line in ON_BROKEN if not line.startswith("define")], active, kind,
                            kind=kind.__name__)

    def test_names(self):
        """Spellings of a UUID, and what is none."""
        for name in (U.upper(), U.replace("-", ""), f"{{{U}}}", "README", ".hidden", f"{U}~"):
            self.check_each(ON_BROKEN[:5], parents,
                            lambda host, name=name: host.definition(P, name, definition()), name=name)

    def test_sysfs(self):
        """Files of a parent that are not as they should be."""
        odd = {
            "empty": {"available_instances": ""}, "text": {"available_instances": "many\n"},
            "huge": {"available_instances": "99999999999\n"}, "negative": {"available_instances": "-1\n"},
            "spaces": {"available_instances": "  1 \n", "name": " a b \n\n"}, "plus": {"available_instances": "+1"},
            "latin-1": {"available_instances": "1\n", "description": b"\xe4\n"},
            "empty name": {"available_instances": "1\n", "name": "\n", "description": ""},
            "quotes": {"available_instances": "1\n", "name": '"\\\n', "description": "a\tb\n\nc\n"},
        }
        for name, attributes in odd.items():
            self.check_each(["types", "types --dumpjson", "start -u {U} -p {P} -t {T4}"],
                            lambda host, attributes=attributes: host.parent(P, types={T4: attributes}),
                            file=name)

        def no_types(host):
            host.mkdir(f"sys/devices/{P}")
            host.link(f"sys/class/mdev_bus/{P}", f"sys/devices/{P}")

        def no_files(host):
            host.mkdir(f"sys/devices/{P}/mdev_supported_types/{T4}")
            host.link(f"sys/class/mdev_bus/{P}", f"sys/devices/{P}")
        for state in (no_types, no_files):
            self.check_each(["types", "types --dumpjson", "types -p x", "start -p {P} -t {T4}"], state,
                            state=state.__name__)

    def test_parent_names(self):
        def odd(host):
            host.parent("PCI-0A", types={T4: 1}, bus="sys/devices/virtual")
        self.check_each(["start -p pci-0a -t {T4}", "start -p pci-0b -t {T4}", "define -p pci-0a -t x",
                         "start -p PCI-0A -t i915-gvtg_v5_4"], odd)


class Attributes(Verbs):
    """Written to a device that is there already, as its directory outlives the one that is made."""

    def test_values(self):
        def with_directory(host):
            parents(host)
            host.write(f"sys/bus/mdev/devices/{V}/name", "old")
        for value in ("5", "", " spaces ", "two words", "\u00e4"):
            with self.subTest(value=value):
                self.pair.fresh(with_directory, lambda host, value=value: host.definition(
                    P, V, definition(attrs=[{"name": value}])))
                self.pair.check("start", "-u", V)

    def test_missing(self):
        self.pair.fresh(parents, lambda host: host.definition(P, V, definition(attrs=ATTRS)))
        self.pair.check("start", "-u", V)


class OurWay(Verbs):
    """Where we differ on purpose; mdevctl 1.2.0 is run beside it to show that it does otherwise."""

    def differ(self, line, *builders, **options):
        self.pair.fresh(*builders)
        (theirs, _), (ours, tree) = self.pair.run(*words(line), **options)
        self.assertNotEqual((theirs.status, theirs.stdout, theirs.stderr),
                            (ours.status, ours.stdout, ours.stderr))
        return theirs, ours, tree

    def test_no_panic(self):
        """What makes mdevctl panic with exit status 101 is an error like all others."""
        for name, text, line in (
                ("type", '{"mdev_type": 1, "start": "auto"}', "list -d"),
                ("attribute", '{"mdev_type": "x", "start": "auto", "attrs": [{"a": 1}]}', "list -d"),
                ("index", definition(attrs=ATTRS), "modify -u {U} --delattr -i 3")):
            with self.subTest(what=name):
                theirs, ours, _ = self.differ(
                    line, parents, lambda host, text=text: host.definition(P, U, text))
                self.assertEqual((theirs.status, ours.status), (101, 1))
                self.assertTrue(ours.stderr.startswith(b"Error: "), ours.stderr)

    def test_unknown_keys_survive(self):
        """mdevctl writes the three keys it knows."""
        text = '{"note": {"by": ["me", 1]}, "start": "manual", "mdev_type": "%s", "end": null}' % T4
        self.pair.fresh(parents, lambda host: host.definition(P, U, text))
        _, (ours, tree) = self.pair.run(*words("modify -u {U} --auto"))
        self.assertEqual(ours.status, 0, ours)
        kept = json.loads(tree[f"etc/mdevctl.d/{P}/{U}".encode()].partition(b"\n")[2])
        self.assertEqual(list(kept.items()),
                         [("mdev_type", T4), ("start", "auto"), ("attrs", []), ("note", {"by": ["me", 1]}),
                          ("end", None)])

    def test_parent_leads_elsewhere(self):
        """A parent that is no name of a directory: mdevctl writes outside of its own."""
        for parent in ("..", "../..", "/tmp", "a/b", ""):
            with self.subTest(parent=parent):
                self.pair.fresh(parents)
                _, (ours, tree) = self.pair.run("define", "-u", U, "-p", parent, "-t", T4)
                self.assertEqual(ours.status, 1)
                self.assertIn(f"Unable to find parent device '{parent}'".encode(), ours.stderr)
                self.assertFalse([path for path in tree if U.encode() in path])

    def test_link_in_place_of_a_definition(self):
        """mdevctl writes to where it leads."""
        self.pair.fresh(parents, lambda host: host.link(f"etc/mdevctl.d/{P}/{U}", "etc/victim"))
        (_, followed), (ours, tree) = self.pair.run(*words("define -u {U} -p {P} -t {T4}"))
        self.assertEqual(ours.status, 0, ours)
        self.assertIn(b"etc/victim", followed)
        self.assertNotIn(b"etc/victim", tree)
        self.assertTrue(tree[f"etc/mdevctl.d/{P}/{U}".encode()].startswith(b"file "))

    def test_attribute_leads_elsewhere(self):
        self.pair.fresh(parents, lambda host: host.write("etc/secret", "old"),
                        lambda host: host.write(f"sys/bus/mdev/devices/{V}/name", "old"),
                        lambda host: host.definition(P, V, definition(
                            attrs=[{"../../../../../etc/secret": "new"}])))
        _, (ours, tree) = self.pair.run("start", "-u", V)
        self.assertEqual(ours.status, 1)
        self.assertTrue(tree[b"etc/secret"].endswith(b"old"))

    def test_nvidia_newline(self):
        """NVIDIA's driver takes the last character of vgpu_params away."""
        self.pair.fresh(parents,
                        lambda host: host.write(f"sys/bus/mdev/devices/{V}/nvidia/vgpu_params", ""),
                        lambda host: host.definition(P, V, definition(
                            attrs=[{"nvidia/vgpu_params": "disable_vnc=1"}])))
        (_, plain), (ours, tree) = self.pair.run("start", "-u", V)
        self.assertEqual(ours.status, 0, ours)
        path = f"sys/bus/mdev/devices/{V}/nvidia/vgpu_params".encode()
        self.assertTrue(plain[path].endswith(b"\ndisable_vnc=1"))
        self.assertTrue(tree[path].endswith(b"\ndisable_vnc=1\n"))

    def test_fifo(self):
        """mdevctl waits for a writer for ever."""
        def fifo(host):
            active(host)
            host.mkdir(f"etc/mdevctl.d/{P}")
            os.mkfifo(host.path / f"etc/mdevctl.d/{P}/{U}")
        for line in ("list -d", "undefine -u {U}"):
            with self.subTest(command=line):
                self.pair.fresh(fifo)
                self.pair.check(*words(line))
        self.pair.fresh(fifo)
        outcome = self.pair.rooms[1].run("mdevctl", ["list"])
        self.assertEqual(outcome.stdout, f"{U} {P} {T4} manual (defined)\n\n".encode())


if __name__ == "__main__":
    vgputest.main()
