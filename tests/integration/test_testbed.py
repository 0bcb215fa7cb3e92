#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated host: its kernel's mdev core and our GVT-g look-alike answer as real ones do, and
vgpuctl sees the GPU in a real sysfs."""

import itertools
import json
import subprocess
import unittest

import vgpufake
import vgputest
import vgputestbed
from vgputestbed import TESTBED, answers, simulated_host

# aperture: what of V5_8, V5_4, V5_2 and V5_1 is available for a GTT of 8, 4 and 2 MB; "-": the type
# is not listed. From the arithmetic of intel_vgpu_get_available(). WRAPS: the hidden part is smaller
# than what the host keeps of it, the unsigned difference overflows, and none of those shown can be
# created.
WRAPS = "7 7 3 1"
CAPACITY = {
    128: ("- - - -", "- - - -", "- - - -"),
    256: ("2 1 - -", "2 1 - -", "1 0 - -"),
    512: ("6 3 1 -", "3 2 1 -", "0 0 0 -"),
    1024: ("7 5 2 1", "1 1 0 0", WRAPS),
    2048: ("4 3 1 0", WRAPS, WRAPS),
    4096: (WRAPS, WRAPS, WRAPS),
}
GTT_SIZES = (8, 4, 2)

# Functions for the scripts that run on the simulated host. Every answer is a line "KEY: ANSWER".
PRELUDE = r"""
gpu=/sys/bus/pci/devices/0000:00:02.0
types=$gpu/mdev_supported_types
devices=/sys/bus/mdev/devices
uuid() { printf '00000000-0000-4000-8000-%012x' "$1"; }
available() {
  for type in "$@"; do
    cat $types/i915-GVTg_$type/available_instances 2>/dev/null || echo -
  done | tr '\n' ' ' | sed 's/ $//'
}
reload() {
  rmmod kvmgt && rmmod i915 && modprobe i915 "$@" && modprobe kvmgt
}
answer() {
  key=$1
  shift
  echo "$key: $("$@")"
}
list() { ls "$@" 2>&1 | tr '\n' ' ' | sed 's/ $//'; }
create() { write-attr $types/i915-GVTg_$1/create "$2"; }
"""

CAPACITY_SCRIPT = PRELUDE + r"""
for aperture in 128 256 512 1024 2048 4096; do
  for gtt in 8 4 2; do
    reload aperture_mb=$aperture gtt_mb=$gtt
    answer "$aperture $gtt" available V5_8 V5_4 V5_2 V5_1
    answer "$aperture $gtt create" create V5_8 "$(uuid 1)"
  done
done
answer log sh -c "dmesg | grep -c 'gvt: fail to alloc high gm space from host'"
"""

ERRNO_SCRIPT = PRELUDE + r"""
for type in V5_8 V5_4; do
  answer "$type name" cat $types/i915-GVTg_$type/name
  answer "$type api" cat $types/i915-GVTg_$type/device_api
  echo "$type description: $(tr '\n' '/' <$types/i915-GVTg_$type/description)"
done
answer "fresh" available V5_8 V5_4
answer "create" create V5_8 "$(uuid 1)"
answer "id" cat $devices/"$(uuid 1)"/intel_vgpu/vgpu_id
answer "one taken" available V5_8 V5_4
answer "duplicate" create V5_8 "$(uuid 1)"
modprobe -a mtty mdpy mbochs
mtty=/sys/class/mdev_bus/mtty/mdev_supported_types
answer "duplicate of another parent" write-attr $mtty/mtty-1/create "$(uuid 1)"
answer "newline" create V5_8 "$(uuid 2)
"
answer "none left" create V5_8 "$(uuid 3)"
answer "remove 0" write-attr $devices/"$(uuid 2)"/remove 0
answer "remove x" write-attr $devices/"$(uuid 2)"/remove x
answer "remove 1" write-attr $devices/"$(uuid 2)"/remove 1
answer "remove again" write-attr $devices/"$(uuid 2)"/remove 1
answer "upper case" create V5_8 ABCDEF00-0000-4000-8000-000000000000
answer "lower case name" ls $devices/abcdef00-0000-4000-8000-000000000000/intel_vgpu
answer "too short" create V5_8 0000
answer "too long" create V5_8 "$(uuid 4)00"
answer "not hexadecimal" create V5_8 0000000g-0000-4000-8000-000000000000
answer "no such type" create V5_1 "$(uuid 4)"

cd /sys/class/mdev_bus/mdpy/mdev_supported_types
for number in 11 12 13 14; do write-attr mdpy-vga/create "$(uuid $number)" >/dev/null; done
answer "mdpy none left" write-attr mdpy-vga/create "$(uuid 15)"
cd /sys/class/mdev_bus/mbochs/mdev_supported_types
for number in 21 22 23 24; do write-attr mbochs-large/create "$(uuid $number)" >/dev/null; done
answer "mbochs none left" write-attr mbochs-large/create "$(uuid 25)"
answer "mbochs shares" cat mbochs-small/available_instances
answer "attributes of mtty" list $mtty/mtty-1
cd /

echo 5 >/sys/module/kvmgt/parameters/inject_create_errno
write-attr $devices/"$(uuid 1)"/remove 1 >/dev/null
answer "injected create" create V5_8 "$(uuid 5)"
echo 0 >/sys/module/kvmgt/parameters/inject_create_errno
answer "create after it" create V5_8 "$(uuid 5)"
echo 16 >/sys/module/kvmgt/parameters/inject_remove_errno
answer "injected remove" write-attr $devices/"$(uuid 5)"/remove 1
echo 0 >/sys/module/kvmgt/parameters/inject_remove_errno
answer "remove after it" write-attr $devices/"$(uuid 5)"/remove 1

answer "rmmod with an idle one" rmmod kvmgt
answer "after rmmod" list $devices/abcdef00-0000-4000-8000-000000000000
modprobe kvmgt
answer "loaded again" available V5_8 V5_4
reload enable_gvt=0
answer "without enable_gvt" list $types
answer "kvmgt is loaded" ls -d /sys/module/kvmgt
"""

# QEMU on the simulated host, with the KVM that the emulated processor gives; its guest never runs.
USE_SCRIPT = PRELUDE + r"""
modprobe kvm_amd
create V5_8 "$(uuid 1)" >/dev/null
create V5_8 "$(uuid 2)" >/dev/null
start() {
  accelerator=$1
  shift
  words=
  for number; do
    words="$words -device vfio-pci,sysfsdev=$devices/$(uuid "$number"),display=off"
  done
  qemu-system-x86_64 -nodefaults -no-user-config -vga none -display none -S -m 64 -M pc \
    -accel "$accelerator" $words -daemonize -pidfile /run/vm.pid 2>&1 | tr '\n' ' '
}
answer "without KVM" start tcg 1
answer "two for one VM" start kvm 1 2
answer "start" start kvm 1
answer "rmmod" sh -c 'rmmod kvmgt 2>&1'
write-attr $devices/"$(uuid 1)"/remove 1 >/tmp/said &
writer=$!
# the file goes away first, then the writer waits
until [ ! -e $devices/"$(uuid 1)"/remove ] && grep -q '^State:.S' /proc/$writer/status; do
  sleep 0.05
done
echo "while in use: $(cat /tmp/said)"
kill "$(cat /run/vm.pid)"
wait $writer
echo "after its end: $(cat /tmp/said)"
answer "given back" available V5_8
"""

GPU_SCRIPT = PRELUDE + r"""
# libpci 3.9 forgets its udev handle where there is no hwdb.bin
echo leak:udev_new >/tmp/suppressions
export LSAN_OPTIONS=suppressions=/tmp/suppressions:print_suppressions=0
vgpuctl gpus --json | tr -d '\n'
echo
vgpuctl gpu 00:02.0
echo == types
create V5_8 "$(uuid 1)"
vgpuctl types
reload enable_gvt=0
echo == without enable_gvt
vgpuctl gpu 00:02.0 | grep 'mdev:'
echo == types without enable_gvt
vgpuctl types
"""

# of GPU_SCRIPT, with an aperture of 1024 MB and a GTT of 4 MB
TYPES = r"""ok
0000:00:02\.0 \(i915\), aperture 1024 MB, GTT 4 MB; used: aperture 64 of 896 MB, hidden 384 of 640 MB, 1 of 7 vGPUs
TYPE +AVAILABLE +LIVE +TOTAL +DESCRIPTION
i915-GVTg_V5_1 +0 +0 +0 +low_gm_size: 512MB, .*
i915-GVTg_V5_2 +0 +0 +0 +low_gm_size: 256MB, .*
i915-GVTg_V5_4 +0 +0 +1 +low_gm_size: 128MB, .*
i915-GVTg_V5_8 +0 +1 +1 +low_gm_size: 64MB, .*
i915-GVTg_V5_1 has none left: .*
i915-GVTg_V5_2 has none left: .*
i915-GVTg_V5_4 has none left: of 640 MB hidden graphics memory for vGPUs 384 MB are taken, .*
i915-GVTg_V5_8 has none left: .*
"""


class TestbedTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        vgputestbed.require()

    def check_answers(self, script, wanted, *options):
        said = answers(simulated_host(script, *options))
        for key, answer in wanted.items():
            with self.subTest(key):
                self.assertRegex(said.get(key, "(no answer)"), rf"^{answer}$")

    def test_capacity(self):
        wanted = {}
        for (aperture, row), (column, gtt) in itertools.product(CAPACITY.items(),
                                                                enumerate(GTT_SIZES)):
            wanted[f"{aperture} {gtt}"] = row[column]
            created = {"-": "open: ENOENT", "0": "write: ENOSPC"}.get(row[column][0], "ok")
            wanted[f"{aperture} {gtt} create"] = "write: ENOSPC" if row[column] == WRAPS else created
        wraps = [row for rows in CAPACITY.values() for row in rows].count(WRAPS)
        self.check_answers(CAPACITY_SCRIPT, wanted | {"log": str(wraps)})

    def test_what_if(self):
        """vgpuctl calculates the same table, and that none of an overflowed count can be made."""
        machine = vgpufake.FakeRoot("notes-machine")
        self.addCleanup(machine.close)
        for aperture, row in CAPACITY.items():
            for gtt, shown in zip(GTT_SIZES, row):
                sizes = f"aperture={aperture},gtt={gtt}"
                with self.subTest(sizes):
                    said = json.loads(machine.run("types", "--json", "--what-if", sizes).stdout)
                    types = said["parents"][0]["types"]
                    self.assertEqual(" ".join(str(row["available"]) if row["listed"] else "-"
                                              for row in types), shown)
                    creatable = [row["creatable"] for row in types if row["listed"]]
                    self.assertEqual(creatable, [0, 0, 0, 0] if shown == WRAPS else
                                     [int(count) for count in shown.split() if count != "-"])

    def test_errno(self):
        self.check_answers(ERRNO_SCRIPT, {
            "V5_8 name": "GVTg_V5_8",
            "V5_8 api": "vfio-pci",
            "V5_8 description": "low_gm_size: 64MB/high_gm_size: 384MB/fence: 4/"
                                "resolution: 1024x768/weight: 2/",
            "V5_4 description": "low_gm_size: 128MB/high_gm_size: 512MB/fence: 4/"
                                "resolution: 1920x1200/weight: 4/",
            "fresh": "2 1",
            "create": "ok",
            "id": "1",
            "one taken": "1 0",
            "duplicate": "write: EEXIST",
            "duplicate of another parent": "write: EEXIST",
            "newline": "ok",
            "none left": "write: ENOSPC",
            "remove 0": "ok",
            "remove x": "write: EINVAL",
            "remove 1": "ok",
            "remove again": "open: ENOENT",
            "upper case": "ok",
            "lower case name": "vgpu_id",
            "too short": "write: EINVAL",
            "too long": "write: EINVAL",
            "not hexadecimal": "write: EINVAL",
            "no such type": "open: ENOENT",
            "mdpy none left": "write: EUSERS",
            "mbochs none left": "write: ENOSPC",
            "mbochs shares": "0",
            "attributes of mtty": "available_instances create device_api devices name",
            "injected create": "write: EIO",
            "create after it": "ok",
            "injected remove": "write: EBUSY",
            "remove after it": "ok",
            "rmmod with an idle one": "",
            "after rmmod": "ls: .*: No such file or directory",
            "loaded again": "2 1",
            "without enable_gvt": "ls: .*/mdev_supported_types: No such file or directory",
            "kvmgt is loaded": "/sys/module/kvmgt",
        })

    def test_use(self):
        self.check_answers(USE_SCRIPT, {
            "without KVM": ".*: error getting device from group 0: No such process .*",
            "two for one VM": ".*: error getting device from group 1: File exists .*",
            "rmmod": "rmmod: .*: Resource temporarily unavailable",
            "while in use": "",
            "after its end": "ok",
            "given back": "1",
        }, "--memory", "1024")

    def test_gpu(self):
        said = simulated_host(GPU_SCRIPT, "--aperture", "1024", "--gtt", "4")
        gpus, _, rest = said.partition("\n")
        self.assertIn("0000:00:02.0", gpus)
        json.loads(gpus)
        text, _, off = rest.partition("== without enable_gvt\n")
        for line in (
                r"00:02\.0 VGA compatible controller \[0300\]: Intel .*\[8086:3e98\] \(rev 02\).*",
                r"\tSubsystem: .*\[1458:d000\]",
                r"\tControl: I/O\+ Mem\+ BusMaster\+ .*",
                r"\tInterrupt: pin A routed to IRQ \d+",
                r"\tRegion 0: Memory at \w+ \(64-bit, non-prefetchable\) \[size=16M\]",
                r"\tRegion 2: Memory at \w+ \(64-bit, prefetchable\) \[size=1G\]",
                r"\tRegion 4: I/O ports at \w+ \[size=64\]",
                r"\tCapabilities: \[d0\] Power Management",
                r"\tKernel driver in use: i915",
                r"\tKernel modules: i915",
                r"\tAperture: (1024 MB|1 GB)",
                r"\tGTT: 4 MB",
                r"\tMediated device types: i915-GVTg_V5_1, i915-GVTg_V5_2, i915-GVTg_V5_4, "
                r"i915-GVTg_V5_8",
                r"\tmdev: ready; .*"):
            with self.subTest(line):
                self.assertRegex(text, f"(?m)^{line}$")
        text, _, types = text.partition("== types\n")
        off, _, absent = off.partition("== types without enable_gvt\n")
        with self.subTest("types"):
            self.assertRegex(types, rf"^{TYPES}$")
        with self.subTest("types without enable_gvt"):
            self.assertRegex(absent, r"^0000:00:02\.0 \(.*\) offers no types: i915\.enable_gvt is "
                                     r"N though /etc/modprobe\.d/testbed\.conf sets it: .*\n"
                                     r"To do: .*initramfs.*\n$")
        with self.subTest("without enable_gvt"):
            self.assertRegex(off, r"^\tmdev: possible, to be set up; .* enable_gvt=1 .*\n$")

    def test_exit_status(self):
        script = "test $(id -u) = 0 || exit 1; echo said; exit 7"
        result = vgputest.run(TESTBED / "run", "-c", script)
        self.assertEqual((result.returncode, result.stdout), (7, "said\n"), result.stderr)
        result = vgputest.run(TESTBED / "run", "--aperture", "100", "-c", "true")
        self.assertEqual((result.returncode, result.stderr),
                         (125, "testbed/run: an aperture of 100 MB: it is 128, 256, 512, 1024, "
                               "2048 or 4096\n"))

    def test_terminated(self):
        """QEMU holds our end of its output: that ends when QEMU does."""
        run = subprocess.Popen([TESTBED / "run", "-c", "echo up; sleep 100000"], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(run.stdout.readline(), "up\n")
        run.terminate()
        run.communicate(timeout=vgputest.PATIENCE)
        self.assertEqual(run.returncode, 125)


if __name__ == "__main__":
    vgputest.main()
