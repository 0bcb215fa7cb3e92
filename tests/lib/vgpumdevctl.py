# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's mdevctl and ours side by side.

    with vgpumdevctl.Pair() as pair:
        pair.fresh(lambda host: host.parent("0000:00:02.0", types={"i915-GVTg_V5_4": 2}))
        pair.check("define", "-p", "0000:00:02.0", "-t", "i915-GVTg_V5_4")
        pair.check("list", "-d", "--dumpjson")

check() runs the same command line in two machines that were made alike and raises an AssertionError
where standard output, standard error, exit status or any file of the machine differs afterwards.
Times in log lines and UUIDs that nobody named are the only things that are not compared.
"""

import difflib
import os
import re
import shlex
import stat
import unittest
from pathlib import Path

import vgputest
import vgputestbed
from vgpuroom import OWN, Room

VERSION = b"mdevctl 1.2.0\n"
NAMES = ("mdevctl", "lsmdev")
PCI = "sys/devices/pci0000:00"
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LOG_TIME = re.compile(rb"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|(?<=\[\x1b\[0m)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def debian_mdevctl():
    """The path of Debian's program: unpacked by ./check, or installed."""
    layer = vgputest.run(vgputestbed.TESTBED / "layer", "--print-path",
                         *vgputestbed.simulated_packages()).stdout.strip()
    for path in (Path(layer, "usr/bin/mdevctl"), Path("/usr/bin/mdevctl")):
        if layer and path.exists():
            return path
    raise unittest.SkipTest("Debian's mdevctl is not unpacked "
                            "(run testbed/layer $(tools/packages simulated))")


class Host:
    """Puts files below a root directory, as a kernel and an administrator would."""

    def __init__(self, path):
        self.path = Path(path)

    def write(self, path, text, mode=0o644):
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        target.chmod(mode)

    def mkdir(self, path, mode=0o755):
        (self.path / path).mkdir(mode=mode, parents=True, exist_ok=True)

    def link(self, path, target):
        """@target is in the machine: the link is relative as those of sysfs are."""
        place = self.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(self.path / target, place.parent))

    def mdevctl(self):
        """The directories without which mdevctl does nothing."""
        for name in ("callouts", "notifiers"):
            self.mkdir(f"etc/mdevctl.d/scripts.d/{name}")

    def parent(self, name, types=None, device_api="vfio-pci", bus=PCI):
        """A parent device; @types: {type: available} or {type: {attribute: text}}."""
        device = f"{bus}/{name}"
        self.mkdir(f"{device}/mdev_supported_types")
        for mdev_type, attributes in (types or {}).items():
            if not isinstance(attributes, dict):
                attributes = {"available_instances": f"{attributes}\n"}
            attributes = {"device_api": f"{device_api}\n", "create": "", **attributes}
            for attribute, text in attributes.items():
                self.write(f"{device}/mdev_supported_types/{mdev_type}/{attribute}", text)
        self.link(f"sys/class/mdev_bus/{name}", device)

    def device(self, uuid, parent, mdev_type, attributes=None, bus=PCI):
        """A running mediated device of a parent that is there."""
        device = f"{bus}/{parent}/{uuid}"
        self.write(f"{device}/remove", "", mode=0o200)
        for name, text in (attributes or {}).items():
            self.write(f"{device}/{name}", text)
        self.link(f"{device}/mdev_type", f"{bus}/{parent}/mdev_supported_types/{mdev_type}")
        self.link(f"sys/bus/mdev/devices/{uuid}", device)

    def definition(self, parent, uuid, text):
        self.write(f"etc/mdevctl.d/{parent}/{uuid}", text)

    def script(self, kind, name, body, mode=0o755):
        """@kind: callouts or notifiers; @body: what stands behind #!/bin/sh."""
        self.write(f"etc/mdevctl.d/scripts.d/{kind}/{name}", f"#!/bin/sh\n{body}\n", mode)


def describe(path):
    """One entry of a directory as bytes that two trees can be compared by."""
    info = path.lstat()
    if stat.S_ISLNK(info.st_mode):
        return b"link to " + os.fsencode(os.readlink(path))
    mode = f"{stat.S_IMODE(info.st_mode):04o}".encode()
    if stat.S_ISDIR(info.st_mode):
        return b"directory " + mode
    if stat.S_ISREG(info.st_mode):
        path.chmod(stat.S_IMODE(info.st_mode) | stat.S_IRUSR)
        content = path.read_bytes()
        path.chmod(stat.S_IMODE(info.st_mode))
        return b"file " + mode + b"\n" + content
    return b"special " + mode


def snapshot(root):
    """{path: description} of all that the machine has of its own."""
    return {os.fsencode(path.relative_to(root)): describe(path)
            for name in OWN for path in sorted((root / name).rglob("*"))}


def tree_text(tree):
    return b"".join(b"--- " + path + b": " + what + b"\n" for path, what in sorted(tree.items()))


def readable(text):
    """Bytes as lines on which a difference in white space shows."""
    return [line.decode(errors="backslashreplace").replace("\t", "\\t").replace("\x1b", "\\e")
            for line in text.split(b"\n")]


class Pair:
    """Two machines, one with each program. Skips where that cannot be had.

    @leaks: whether a sanitized program of ours looks for them at its end, which takes as long again
    as its start.
    """

    def __init__(self, leaks=True):
        self.sanitizers = {name: text for name, text in os.environ.items()
                           if name.endswith("SAN_OPTIONS")}
        if not leaks:
            asan = self.sanitizers.get("ASAN_OPTIONS", "")
            self.sanitizers["ASAN_OPTIONS"] = f"{asan}:detect_leaks=0".lstrip(":")
        oracle = debian_mdevctl()
        self.rooms = [Room(oracle, NAMES)]
        try:
            self.rooms.append(Room(vgputest.VGPUCTL, NAMES))
            self.fresh()
            version = self.rooms[0].run("mdevctl", ["--version"])
            if version.stdout != VERSION:
                raise unittest.SkipTest(f"{oracle} is not 1.2.0: {version}")
        except BaseException:
            self.close()
            raise

    def close(self):
        for room in self.rooms:
            room.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def fresh(self, *builders, bare=False):
        """Makes both machines anew; each of @builders gets a Host. @bare: without mdevctl's own
        directories."""
        self.recipe = builders, bare
        for room in self.rooms:
            room.clean()
            host = Host(room.path)
            if not bare:
                host.mdevctl()
            for build in builders:
                build(host)
        self.beginning = snapshot(self.rooms[0].path)
        self.named = UUID.findall(tree_text(self.beginning))
        self.unnamed = [{}, {}]

    def fresh_if_changed(self):
        """Makes both machines as they were after fresh(), if a run changed one."""
        if any(snapshot(room.path) != self.beginning for room in self.rooms):
            builders, bare = self.recipe
            self.fresh(*builders, bare=bare)

    def run(self, *arguments, program="mdevctl", stdin=b"", environment=None, stdout="pipe"):
        """Both outcomes, Debian's first, each with its tree; nothing is compared."""
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **(environment or {})}
        for room, more in zip(self.rooms, ({}, self.sanitizers)):
            room.start(program, arguments, stdin=stdin, environment={**variables, **more},
                       stdout=stdout)
        outcomes = [room.finish() for room in self.rooms]
        given = b" ".join(os.fsencode(word) for word in arguments) + stdin
        self.named += UUID.findall(given.lower())
        return [(outcome, snapshot(room.path)) for outcome, room in zip(outcomes, self.rooms)]

    def _name(self, text, names):
        """@names: {UUID: name} of those that nobody gave, in the order in which they came up."""
        for uuid in UUID.findall(text):
            if uuid not in self.named:
                names.setdefault(uuid, b"RANDOM-%d" % len(names))
        return UUID.sub(lambda match: names.get(match[0], match[0]), text)

    def _comparable(self, outcome, tree, names):
        """One text of all that must be equal."""
        said = self._name(b"".join([
            f"exit status {outcome.status}\n".encode(),
            b"=== stdout\n", LOG_TIME.sub(b"[TIME", outcome.stdout),  # a terminal has the log, too
            b"\n=== stderr\n", LOG_TIME.sub(b"[TIME", outcome.stderr)]), names)
        files = {self._name(path, names): self._name(what, names) for path, what in tree.items()}
        return said + b"\n=== files\n" + tree_text(files)

    def assert_equal(self, outcomes, words):
        """@outcomes: of run(); @words: what the complaint names."""
        expected, found = (self._comparable(outcome, tree, names)
                           for (outcome, tree), names in zip(outcomes, self.unnamed))
        if expected == found:
            return
        difference = difflib.unified_diff(readable(expected), readable(found), "Debian's", "ours",
                                          lineterm="", n=2)
        raise AssertionError(shlex.join(os.fsdecode(word) for word in words) + "\n" +
                             "\n".join(difference))

    def check(self, *arguments, **options):
        """run(), and all must be equal. Returns Debian's outcome."""
        outcomes = self.run(*arguments, **options)
        self.assert_equal(outcomes, (options.get("program", "mdevctl"), *arguments))
        return outcomes[0][0]
