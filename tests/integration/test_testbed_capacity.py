#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What vgpuctl calculates of vGPUs, and what it says when one cannot be made, removed or opened, is
what a real kernel and our GVT-g look-alike do: in one boot of the simulated host."""

import json
import os
import random
import tempfile
import unittest

import vgpufake
import vgputest
import vgputestbed

MDEV_TRY = os.environ.get("MDEV_TRY", "")
GPU = "0000:00:02.0"
SIZES = ("8", "4", "2", "1")

# Settings of the firmware, aperture and GTT: some bind by the aperture, some by what is hidden, one
# by the number of vGPUs, and in the last the driver's counts overflow.
SETTINGS = ((256, 8), (512, 4), (512, 8), (1024, 4), (1024, 8), (2048, 8), (4096, 8))
MIXES = 5  # tried with each
GMCH = {8: 0x1C1, 4: 0x181, 2: 0x141}  # word 0x50 of the configuration space


def type_id(size):
    return f"i915-GVTg_V5_{size}"


def mix_text(mix):
    return ",".join(f"V5_{size}={mix[size]}" for size in SIZES if mix.get(size))


def mix_of(items):
    return {item["type"].rpartition("_")[2]: item["count"] for item in items}


def words(mix):
    """The sizes of a mix, one for each vGPU."""
    return " ".join(size for size in SIZES for _ in range(mix.get(size, 0)))


def ask(facts, *arguments):
    """The exit status and the JSON of vgpuctl on the machine that @facts describe."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(facts, file)
        file.flush()
        result = vgputest.run(vgputest.VGPUCTL, "--facts", file.name, "--json", *arguments)
    if result.stderr:
        raise AssertionError(result.stderr)
    return result.returncode, json.loads(result.stdout)


class Host:
    """A GPU of some size as a facts file, and what vgpuctl says of it."""

    def __init__(self, gpu, aperture, gtt):
        self.gpu = gpu | {"gmch_control": GMCH[gtt]}
        self.gpu["regions"] = [
            region | ({"size_bytes": aperture << 20} if region["index"] == 2 else {})
            for region in gpu["regions"]]
        empty = ask(self.facts({}, ()), "types", "--what-if", f"aperture={aperture},gtt={gtt}")
        rows = {row["type"]: row for row in empty[1]["parents"][0]["types"]}
        self.listed = [size for size in SIZES if rows[type_id(size)]["listed"]]
        self.shown = [rows[type_id(size)]["available"] for size in SIZES]

    def facts(self, live, listed=None, shown=None):
        """@shown: what the driver says of each type, in order; else nothing."""
        devices = [{"uuid": f"aaaaaaaa-0000-4000-8000-{number:012x}", "parent": GPU,
                    "type": type_id(size)} for number, size in enumerate(words(live).split())]
        types = [{"id": type_id(size),
                  "available": -1 if shown is None else shown[SIZES.index(size)]}
                 for size in (self.listed if listed is None else listed)]
        return {"version": 1, "gpus": [self.gpu], "gvt": {},
                "mdev": {"core": True, "devices": devices,
                         "parents": [{"name": GPU, "driver": "i915", "types": types}]}}

    def creatable(self, live, facts=None):
        parent = ask(facts or self.facts(live), "types")[1]["parents"][0]
        assert parent["gvt"]
        counts = {row["type"]: row["creatable"] for row in parent["types"] if row["listed"]}
        return " ".join(str(counts.get(type_id(size), "-")) for size in SIZES)

    def creatable_for_users(self, live, shown):
        """As who is not root, and cannot read the size of the GTT, sees it."""
        facts = self.facts(live, shown=shown)
        facts["gpus"] = [self.gpu | {"gmch_control": -1}]
        return self.creatable(live, facts)

    def fit(self, live, mix):
        status, answer = ask(self.facts(live), "capacity", "--fit", mix_text(mix))
        assert status == (0 if answer["fits"] else 1)
        return answer


def random_mix(generator, most):
    mix = {}
    for size in generator.choices(SIZES, weights=(8, 4, 2, 1), k=generator.randint(1, most)):
        mix[size] = mix.get(size, 0) + 1
    return mix


class Case:
    """vGPUs that live, more that are wanted, and vgpuctl's prediction."""

    def __init__(self, key, host, generator):
        self.key, self.host = key, host
        self.live = random_mix(generator, 3)
        if not host.fit({}, self.live)["fits"]:
            self.live = {}
        self.mix = random_mix(generator, generator.choice((1, 3, 8)))
        self.answer = host.fit(self.live, self.mix)
        self.others = [mix_of(self.answer[name] or []) for name in ("smaller", "fewer")]

    def script(self):
        lines = ["clear", f"attempt '{self.key} live' aaaaaaaa {words(self.live)}",
                 f"echo \"{self.key} left: $(available)\"",
                 f"attempt '{self.key} mix' bbbbbbbb {words(self.mix)}", "clear_attempt"]
        for number, mix in enumerate(self.others):
            lines += [f"attempt '{self.key} other {number}' bbbbbbbb {words(mix)}", "clear_attempt"]
        return "\n".join(lines)


SCRIPT_HEAD = r"""
types=/sys/bus/pci/devices/0000:00:02.0/mdev_supported_types
devices=/sys/bus/mdev/devices
available() {
  for size in 8 4 2 1; do
    if [ -e $types/i915-GVTg_V5_$size ]; then
      read -r count <$types/i915-GVTg_V5_$size/available_instances
    else
      count=-
    fi
    echo "$count"
  done | tr '\n' ' ' | sed 's/ $//'
}
remove_all() {
  for device; do
    [ ! -e "$device" ] || write-attr "$device"/remove 1 >/dev/null
  done
}
clear() { remove_all $devices/*; }
clear_attempt() { remove_all $devices/bbbbbbbb-*; }
# KEY PREFIX SIZE...: whether all of these can be made
attempt() {
  key=$1 prefix=$2 number=0 made=yes
  shift 2
  for size; do
    number=$((number + 1))
    uuid=$(printf '%s-0000-4000-8000-%012x' "$prefix" $number)
    [ "$(write-attr $types/i915-GVTg_V5_$size/create "$uuid")" = ok ] || made=no
  done
  echo "$key: $made"
}
"""

# Every errno that a 6.1 kernel gives for real where the simulated host has what it takes, the others
# by kvmgt's parameters.
ERRNO_SCRIPT = r"""
clear
rmmod kvmgt && rmmod i915 && modprobe i915 aperture_mb=256 gtt_mb=8 && modprobe kvmgt
modprobe -a mdpy mbochs mtty
u() { printf 'cccccccc-0000-4000-8000-%012x' "$1"; }
new() { echo "$1: create 0000:00:02.0 i915-GVTg_V5_8 $(u "$2")"; }
injected() { # errno, name
  echo "set: write /sys/module/kvmgt/parameters/inject_create_errno $1"
  new "injected create $2" 9
  echo "set: write /sys/module/kvmgt/parameters/inject_create_errno 0"
}
injected_removal() {
  echo "set: write /sys/module/kvmgt/parameters/inject_remove_errno $1"
  echo "injected remove $2: remove $(u 1)"
  echo "set: write /sys/module/kvmgt/parameters/inject_remove_errno 0"
}
{
  new "create" 1
  new "create EEXIST" 1
  echo "create EEXIST elsewhere: create mtty mtty-1 $(u 1)"
  echo "create EINVAL: create 0000:00:02.0 i915-GVTg_V5_8 0000"
  echo "create without type: create 0000:00:02.0 i915-GVTg_V5_1 $(u 2)"
  echo "create without parent: create nothing i915-GVTg_V5_1 $(u 2)"
  echo "set: user 65534"
  new "create EACCES" 2
  echo "remove EACCES: remove $(u 1)"
  echo "access EACCES: open $(u 1)"
  echo "set: user 0"
  echo "open ESRCH: open $(u 1)"
  echo "create ENOSPC of types: create 0000:00:02.0 i915-GVTg_V5_4 $(u 2)"
  new "create second" 2
  new "create ENOSPC" 3
  for number in 11 12 13 14; do echo "set: create mdpy mdpy-vga $(u $number)"; done
  echo "create EUSERS: create mdpy mdpy-vga $(u 15)"
  for number in 21 22 23 24; do echo "set: create mbochs mbochs-large $(u $number)"; done
  echo "create ENOSPC of mbochs: create mbochs mbochs-large $(u 25)"
  echo "remove ENOENT: remove $(u 99)"
  echo "hold: hold $(u 24)"
  echo "access EBUSY: open $(u 24)"
  echo "remove held: remove $(u 24)"
  echo "remove second: remove $(u 2)"
  injected 5 EIO
  injected 12 ENOMEM
  injected 19 ENODEV
  injected 22 EINVAL
  injected 28 ENOSPC
  injected 71 EPROTO
  injected_removal 5 EIO
  injected_removal 11 EAGAIN
  injected_removal 16 EBUSY
  injected_removal 19 ENODEV
  injected_removal 22 EINVAL
  echo "remove: remove $(u 1)"
} >/tmp/commands
ASAN_OPTIONS=detect_leaks=0 MDEV_TRY </tmp/commands
"""

FIRST, SECOND = "cccccccc-0000-4000-8000-000000000001", "cccccccc-0000-4000-8000-000000000002"
MAKING = r"Making vGPU cccccccc-0000-4000-8000-0000000000\d\d on 0000:00:02\.0: "
REMOVING = f"Removing vGPU {FIRST}: "
ADVICE = r"set Aperture size 1024 MB, GTT 8 MB in the firmware"
ERRNO_ANSWERS = {
    "create": "ok",
    "create EEXIST": f"EEXIST: {MAKING}the UUID is in use by a vGPU of 0000:00:02.0; choose another "
                     "UUID",
    "create EEXIST elsewhere": r"EEXIST: Making vGPU \S+ on mtty: the UUID is in use by a vGPU of "
                               r"0000:00:02\.0; choose another UUID",
    "create EINVAL": r"EINVAL: Making vGPU 0000 on 0000:00:02\.0: the kernel takes a UUID of 36 "
                     "characters .*, which this is not",
    "create without type": r"0: Making vGPU \S+: 0000:00:02\.0 has no type i915-GVTg_V5_1; .*",
    "create without parent": r"0: Making vGPU \S+: nothing has no mediated devices to give; .*",
    "create EACCES": f"EACCES: {MAKING}only root may make one; use sudo, .*",
    "remove EACCES": f"EACCES: {REMOVING}only root may remove one; use sudo",
    "access EACCES": f"EACCES: Opening vGPU {FIRST}: it belongs to another user; .*",
    "open ESRCH": f"ESRCH: Opening vGPU {FIRST}: GVT-g needs KVM, .*",
    "create ENOSPC of types":
        f"ENOSPC: {MAKING}no i915-GVTg_V5_4 is left: of 128 MB aperture for vGPUs 64 MB are taken, "
        f"and one takes 128 MB; remove a vGPU, or {ADVICE}",
    "create second": "ok",
    "create ENOSPC":
        f"ENOSPC: {MAKING}no i915-GVTg_V5_8 is left: of 128 MB aperture for vGPUs 128 MB are taken, "
        f"and one takes 64 MB; remove a vGPU, or {ADVICE}",
    "create EUSERS": r"EUSERS: Making vGPU \S+ on mdpy: mdpy has as many devices as its driver "
                     r"\(mdpy\) allows; remove one \(vgpuctl list --parent mdpy\)",
    "create ENOSPC of mbochs": r"ENOSPC: Making vGPU \S+ on mbochs: no mbochs-large is left: all "
                               "are used: 4 of this type and 0 of others live; remove one",
    "remove ENOENT": r"0: There is no vGPU \S+; .*",
    "hold": "ok",
    "access EBUSY": r"EBUSY: Opening vGPU \S+: .*mdev-try \(pid \d+\) has it open; end that first",
    "remove held": r"0: Removing vGPU \S+: it is held open by .*mdev-try \(pid \d+\); .*",
    "remove second": "ok",
    "injected create EIO": rf"EIO: {MAKING}the driver \(i915\) fails; .*",
    "injected create ENOMEM": f"ENOMEM: {MAKING}the kernel has no memory for it; .*",
    "injected create ENODEV": rf"ENODEV: {MAKING}the driver of 0000:00:02\.0 \(i915\) is being "
                              "unloaded; load it again",
    "injected create EINVAL": rf"EINVAL: {MAKING}the driver \(i915\) refuses it as invalid; .*",
    "injected create ENOSPC": f"ENOSPC: {MAKING}GVT-g counts room for one more i915-GVTg_V5_8, but "
                              "the host's own pictures lie in it; .*",
    "injected create EPROTO": f"EPROTO: {MAKING}Protocol error; .*",
    "injected remove EIO": f"EIO: {REMOVING}its driver fails; .*",
    "injected remove EAGAIN": f"EAGAIN: {REMOVING}another program is removing it at this moment",
    "injected remove EBUSY": f"EBUSY: {REMOVING}it is in use; .*",
    "injected remove ENODEV": f"ENODEV: {REMOVING}it is gone already",
    "injected remove EINVAL": f"EINVAL: {REMOVING}the kernel takes no number but 1 there",
    "remove": "ok",
}


def the_gpu():
    """The GPU of the notes, as a facts file has it."""
    machine = vgpufake.FakeRoot("notes-machine-root")
    try:
        return json.loads(machine.run("gpus", "--json").stdout)[0]
    finally:
        machine.close()


def make_cases():
    gpu, generator, cases = the_gpu(), random.Random(1), []
    for aperture, gtt in SETTINGS:
        host = Host(gpu, aperture, gtt)
        cases += [Case(f"{aperture} {gtt} {number}", host, generator) for number in range(MIXES)]
    return cases


def make_script(cases):
    lines, setting = [SCRIPT_HEAD], None
    for case in cases:
        aperture, gtt, _ = case.key.split()
        if (aperture, gtt) != setting:
            setting = (aperture, gtt)
            lines += ["clear", "rmmod kvmgt && rmmod i915 && modprobe i915 "
                               f"aperture_mb={aperture} gtt_mb={gtt} && modprobe kvmgt",
                      f"echo \"{aperture} {gtt} empty: $(available)\""]
        lines.append(case.script())
    lines.append(ERRNO_SCRIPT.replace("MDEV_TRY", f"/host{MDEV_TRY}"))
    return "\n".join(lines)


class TestbedCapacityTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        vgputestbed.require()
        cls.cases = make_cases()
        said = vgputestbed.simulated_host(make_script(cls.cases))
        cls.answers = vgputestbed.answers(said)

    def said(self, key):
        return self.answers.get(key, "(no answer)")

    def test_empty(self):
        """--what-if shows what the driver shows, an overflowed count included."""
        for case in self.cases[::MIXES]:
            key = f"{case.key.rpartition(' ')[0]} empty"
            with self.subTest(key):
                shown = " ".join("-" if count < 0 else str(count) for count in case.host.shown)
                self.assertEqual(self.said(key), shown)

    def test_left(self):
        for case in self.cases:
            with self.subTest(case.key):
                self.assertEqual(self.said(f"{case.key} live"), "yes")
                if "4096" in case.key:  # what is shown is not there
                    self.assertEqual(case.host.creatable(case.live), "0 0 0 0")
                else:
                    self.assertEqual(self.said(f"{case.key} left"), case.host.creatable(case.live))

    def test_left_for_users(self):
        """The size of the GTT is inferred from what the driver shows."""
        for case in self.cases:
            with self.subTest(case.key):
                left = self.said(f"{case.key} left")
                shown = [-1 if count == "-" else int(count) for count in left.split()]
                self.assertEqual(case.host.creatable_for_users(case.live, shown),
                                 "0 0 0 0" if "4096" in case.key else left)

    def test_mixes(self):
        for case in self.cases:
            with self.subTest(f"{case.key}: {mix_text(case.live)} and {mix_text(case.mix)}"):
                self.assertEqual(self.said(f"{case.key} mix"),
                                 "yes" if case.answer["fits"] else "no", case.answer["why"])

    def test_what_fits_instead(self):
        for case in self.cases:
            for number, mix in enumerate(case.others):
                with self.subTest(f"{case.key}: {mix_text(mix)} for {mix_text(case.mix)}"):
                    self.assertEqual(self.said(f"{case.key} other {number}"), "yes")

    def test_both_happen(self):
        """The mixes are worth their while: some fit and some do not."""
        fits = [case.answer["fits"] for case in self.cases]
        self.assertGreater(fits.count(True), 5)
        self.assertGreater(fits.count(False), 5)
        self.assertGreater(sum(bool(mix) for case in self.cases for mix in case.others), 10)

    def test_errno(self):
        for key, answer in ERRNO_ANSWERS.items():
            with self.subTest(key):
                self.assertRegex(self.said(key), rf"^{answer}$")


if __name__ == "__main__":
    vgputest.main()
