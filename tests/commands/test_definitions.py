#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`define`, `undefine`, `modify`, `start`, `stop --uuid` and `start-parent-mdevs` on a machine made from
text. What mdevctl does the same is compared with it in tests/integration/test_mdevctl_verbs.py; here
are our manners. Its kernel does not answer: a device that is started does not appear."""

import json
import os
import re
import unittest

import vgpufake
import vgputest

LIVE, BOTH, DEFINED = (f"c0ffee00-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
NEW = "c0ffee00-0000-4000-8000-00000000000a"
PARENT = "0000:00:02.0"
T4, T8 = "i915-GVTg_V5_4", "i915-GVTg_V5_8"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n")


class Case(unittest.TestCase):
    def setUp(self):
        self.machine = vgpufake.FakeRoot("gvt-g-used")
        self.addCleanup(self.machine.close)

    def good(self, *words, **options):
        result = self.machine.run(*words, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def refused(self, status, said, *words, **options):
        """One line, and nothing on stdout."""
        result = self.machine.run(*words, **options)
        self.assertEqual((result.returncode, result.stdout), (status, ""), result.stderr)
        self.assertRegex(result.stderr, r"\Avgpuctl: [^\n]*\n\Z")
        self.assertIn(said, result.stderr)

    def definition(self, uuid, parent=PARENT):
        return json.loads((self.machine.path / "etc/mdevctl.d" / parent / uuid).read_text())

    def file(self, path):
        return (self.machine.path / path).read_text()


class Define(Case):
    def test_random_uuid_is_printed(self):
        said = self.good("define", "--parent", "00:02.0", "--type", "V5_4", "--auto")
        self.assertRegex(said, UUID)
        self.assertEqual(self.definition(said.strip()),
                         {"mdev_type": T4, "start": "auto", "attrs": []})

    def test_given_uuid_is_not(self):
        self.assertEqual(self.good("define", "-u", NEW.upper(), "-p", PARENT, "-t", T8), "")
        self.assertEqual(self.definition(NEW)["start"], "manual")
        said = self.good("define", "--json", "-u", NEW, "-p", "MTTY", "-t", "anything")
        self.assertEqual(json.loads(said), {"uuid": NEW})
        self.assertEqual(self.definition(NEW, "MTTY")["mdev_type"], "anything")

    def test_one_that_lives(self):
        self.good("define", "-u", "desk")
        self.assertEqual(self.definition(LIVE)["mdev_type"], T8)

    def test_from_a_file(self):
        text = json.dumps({"mdev_type": T4, "start": "auto", "attrs": [{"a/b": "1"}]})
        self.good("define", "-u", NEW, "-p", "00:02.0", "--jsonfile", "/dev/stdin", input=text)
        self.assertEqual(self.definition(NEW)["attrs"], [{"a/b": "1"}])

    def test_domain_is_added(self):
        """The device need not be there."""
        self.good("define", "-u", NEW, "-p", "0A:00.0", "-t", "x")
        self.definition(NEW, "0000:0a:00.0")

    def test_refused(self):
        for status, said, words in (
                (2, "--parent", ()),
                (2, "name the device with --parent", ("-u", NEW)),
                (2, "name it with --type", ("-p", PARENT)),
                (2, "leave --type and --auto out", ("-p", PARENT, "-t", "x", "--jsonfile", "y")),
                (1, "vgpuctl modify changes it", ("-u", BOTH, "-p", PARENT, "-t", T8)),
                (1, "Unable to read jsonfile", ("-p", PARENT, "--jsonfile", "/nosuch")),
                (1, "stream did not contain valid UTF-8; vgpuctl-define(1)",
                 ("-p", PARENT, "--jsonfile", "/bin/true")),
                (2, "Unable to find parent device '../x'", ("-p", "../x", "-t", "y")),
                (2, "one operand too many", ("-p", PARENT, "-t", "y", "word"))):
            with self.subTest(" ".join(words)):
                self.refused(status, said, "define", *words)

    def test_without_rights(self):
        options = vgpufake.as_nobody()
        if not options:
            self.skipTest("needs root, to drop it")
        self.refused(1, "Permission denied: sudo vgpuctl define -p 00:02.0 -t V5_4", "define", "-p",
                     "00:02.0", "-t", "V5_4", **options)


class Undefine(Case):
    def test_gone(self):
        self.assertEqual(self.good("undefine", "-u", DEFINED), "")
        self.refused(1, "vgpuctl list --defined shows", "undefine", "-u", DEFINED)

    def test_of_one_parent(self):
        self.good("define", "-u", DEFINED, "-p", "mtty", "-t", "x")
        self.good("undefine", "-u", DEFINED, "-p", "00:02.0")
        self.definition(DEFINED, "mtty")

    def test_refused(self):
        self.refused(2, "--uuid", "undefine")
        self.refused(1, "nobody", "undefine", "-u", "nobody")


class Modify(Case):
    def test_changes(self):
        for words, wanted in (
                (("--auto",), {"start": "auto"}),
                (("--manual",), {"start": "manual"}),
                (("--type", "V5_8", "-p", "00:02.0"), {"mdev_type": T8}),
                (("--addattr", "x", "--value", "1"), {"attrs": [{"x": "1"}]}),
                (("--addattr", "y", "--value", "", "-i", "0"), {"attrs": [{"y": ""}, {"x": "1"}]}),
                (("--delattr",), {"attrs": [{"y": ""}]}),
                (("--delattr", "--index", "0"), {"attrs": []})):
            with self.subTest(" ".join(words)):
                self.assertEqual(self.good("modify", "-u", DEFINED, *words), "")
                self.assertEqual({**self.definition(DEFINED), **wanted}, self.definition(DEFINED))

    def test_what_others_wrote_is_kept(self):
        path = self.machine.path / "etc/mdevctl.d" / PARENT / DEFINED
        path.write_text('{"ours": {"deep": [1]}, "start": "manual", "mdev_type": "x"}')
        path.chmod(0o640)
        self.good("modify", "-u", DEFINED, "--auto")
        self.assertEqual(list(self.definition(DEFINED)), ["mdev_type", "start", "attrs", "ours"])
        self.assertEqual(path.stat().st_mode & 0o777, 0o640)

    def test_refused(self):
        for status, said, words in (
                (2, "--uuid", ()),
                (2, "say what to change", ("-u", DEFINED)),
                (2, "exclude each other", ("-u", DEFINED, "-a", "-m")),
                (2, "belong together", ("-u", DEFINED, "--addattr", "x")),
                (2, "belong together", ("-u", DEFINED, "--value", "x")),
                (2, "the first is 0", ("-u", DEFINED, "--delattr", "-i", "0")),
                (2, "--live takes", ("-u", DEFINED, "--live", "-a")),
                (2, "name the device with --parent", ("-u", DEFINED, "--jsonfile", "/dev/null")),
                (1, "is not defined; vgpuctl list", ("-u", NEW, "-a"))):
            with self.subTest(" ".join(words)):
                self.refused(status, said, "modify", *words)

    def test_several(self):
        self.good("define", "-u", DEFINED, "-p", "mtty", "-t", "x")
        self.refused(2, "say which with --parent", "modify", "-u", DEFINED, "--auto")


class Start(Case):
    create = f"sys/devices/pci0000:00/{PARENT}/mdev_supported_types/{T4}/create"

    def setUp(self):
        super().setUp()
        (self.machine.path / self.create).write_text("")

    def offer(self, count):
        path = self.machine.path / self.create
        (path.parent / "available_instances").write_text(f"{count}\n")

    def test_transient(self):
        self.offer(1)
        said = self.good("start", "--parent", "00:02.0", "--type", "V5_4")
        self.assertRegex(said, UUID)
        self.assertEqual(self.file(self.create), said.strip())

    def test_defined(self):
        self.offer(1)
        self.assertEqual(self.good("start", "-u", DEFINED[:36]), "")
        self.assertEqual(self.file(self.create), DEFINED)

    def test_json(self):
        self.offer(1)
        said = json.loads(self.good("start", "--json", "-u", DEFINED))
        self.assertEqual(said["uuid"], DEFINED)

    def test_refused(self):
        self.offer(0)
        for status, said, words in (
                (2, "--parent and --type", ()),
                (2, "give --parent and --type", ("-u", NEW)),
                (2, "give --parent and --type", ("-p", PARENT)),
                (2, "leave --type out", ("-p", PARENT, "-t", "x", "--jsonfile", "y")),
                (1, "No available instances of i915-GVTg_V5_4 on 0000:00:02.0; vgpuctl types", ("-u", DEFINED)),
                (1, "does not support mdev type x; vgpuctl types lists", ("-p", PARENT, "-t", "x")),
                (1, "Unable to find parent device '0000:00:09.0'; vgpuctl types",
                 ("-p", "00:09.0", "-t", "x")),
                (1, "Device already exists; vgpuctl list shows it", ("-u", BOTH)),
                (1, "with type i915-GVTg_V5_4; vgpuctl list", ("-u", DEFINED, "-t", "other"))):
            with self.subTest(" ".join(words)):
                self.refused(status, said, "start", *words)

    def test_with_the_parent(self):
        """One that lives already is as it should be; of those that fail each is named. Whose it is
        gets access again, if somebody else started it."""
        node = self.machine.path / "dev/vfio/4"
        node.parent.mkdir(parents=True, exist_ok=True)
        node.write_text("")
        node.chmod(0o640)
        record = next(self.machine.path.glob("etc/vgpuctl/vgpu.d/*"))
        record.write_text(record.read_text().replace("4242424", str(os.getuid())))
        self.assertEqual(self.good("start-parent-mdevs", "00:02.0"), "")
        self.assertEqual(node.stat().st_mode & 0o777, 0o600)
        self.good("modify", "-u", DEFINED, "--auto")
        self.offer(0)
        self.refused(1, f"vGPU {DEFINED}: No available instances", "start-parent-mdevs", PARENT)
        self.offer(1)
        self.good("start-parent-mdevs", PARENT)
        self.assertEqual(self.file(self.create), DEFINED)
        self.assertEqual(self.good("start-parent-mdevs", "nosuch"), "")
        self.refused(2, "BDF", "start-parent-mdevs")


class Stop(Case):
    def remove(self, uuid):
        path = self.machine.path / f"sys/devices/pci0000:00/{PARENT}/{uuid}/remove"
        if not path.exists():
            path.write_text("")
        return path

    def test_stopped(self):
        path = self.remove(BOTH)
        self.assertEqual(self.good("stop", "--uuid", BOTH), "")
        self.assertEqual(path.read_text(), "1")
        self.definition(BOTH)

    def test_held(self):
        path = self.remove(LIVE)
        self.refused(1, "qemu-system-x86 (pid 812", "stop", "--uuid", "desk")
        self.assertEqual(path.read_text(), "")

    def test_refused(self):
        self.refused(1, "No such file or directory", "stop", "-u", NEW)
        self.refused(2, "one operand too many", "stop", "-u", NEW, "word")
        self.refused(2, "NAME", "stop")


if __name__ == "__main__":
    vgputest.main()
