#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mdevctl and ours on one real kernel: the same commands, one program after the other, with the drivers
loaded anew in between; each command must say and leave the same. What harms mdevctl's files is shown of
ours alone. All of it is one run of the simulated host."""

import re
import unittest

import vgputest
import vgputestbed

U, V, W = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
P = "0000:00:02.0"
T8, T4 = "i915-GVTg_V5_8", "i915-GVTg_V5_4"
LOG_TIME = re.compile(r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

# A line is a command whose answer is compared; one with "!" in front only prepares.
STEPS = r"""
types
types --dumpjson
types -p mtty --dumpjson
list --dumpjson
start -u {U} -p {P} -t {T8}
start -u {U} -p {P} -t {T8}
start -u {U} -p mtty -t mtty-1
start -u {U} -p {P} -t {T4}
list
list --dumpjson
types -p {P}
define -u {U}
list -v
list -d
start -u {V} -p {P} -t {T8}
start -u {W} -p {P} -t {T8}
stop -u {V}
define -u {V} -p {P} -t {T8} --auto
define -u {W} -p mtty -t mtty-2 --auto
start-parent-mdevs mtty
start-parent-mdevs {P}
start-parent-mdevs nosuch
list
list -d --dumpjson
stop -u {V}
stop -u {V}
stop -u {W}
undefine -u {W}
# attributes that the kernel takes, refuses and does not have
modify -u {V} --addattr power/control --value auto
start -u {V}
! cat /sys/bus/mdev/devices/{V}/power/control
stop -u {V}
modify -u {V} --addattr power/control --value nonsense
start -u {V}
list
modify -u {V} --delattr
modify -u {V} --addattr remove --value 0
modify -u {V} --addattr nosuch --value 1
start -u {V}
list
modify -u {V} --delattr
modify -u {V} --addattr uevent/deep --value 1
start -u {V}
modify -u {V} --delattr
modify -u {V} --addattr iommu_group/type --value DMA
start -u {V}
list
undefine -u {V}
# errors of the kernel's
! stop_all
! echo 5 >/sys/module/kvmgt/parameters/inject_create_errno
start -u {V} -p {P} -t {T8}
! echo 87 >/sys/module/kvmgt/parameters/inject_create_errno
start -u {V} -p {P} -t {T8}
! echo 0 >/sys/module/kvmgt/parameters/inject_create_errno
start -u {V} -p {P} -t {T8}
! echo 16 >/sys/module/kvmgt/parameters/inject_remove_errno
stop -u {V}
list
! echo 0 >/sys/module/kvmgt/parameters/inject_remove_errno
stop -u {V}
# the parent goes away, before and in between
define -u {V} -p {P} -t {T8} --auto
! cp /tmp/unload /etc/mdevctl.d/scripts.d/callouts/unload
start -u {V}
! rm /etc/mdevctl.d/scripts.d/callouts/unload
list
types
start -u {V}
start-parent-mdevs {P}
stop -u {V}
! modprobe kvmgt
start -u {V}
list -v
# a disk that is full, and one that cannot be written
! mount -t tmpfs -o size=64k,mode=755 none /etc/mdevctl.d
! mkdir -p /etc/mdevctl.d/scripts.d/callouts /etc/mdevctl.d/scripts.d/notifiers
! mkdir -p /etc/mdevctl.d/{P} && mdevctl define -u {U} -p {P} -t {T8}
! dd if=/dev/zero of=/etc/mdevctl.d/fill bs=4k count=100
define -u {W} -p {P} -t {T4}
! rm -f /etc/mdevctl.d/{P}/{W} /etc/mdevctl.d/fill
! mount -o remount,ro /etc/mdevctl.d
define -u {W} -p {P} -t {T4}
define -u {W} -p mtty -t mtty-1
modify -u {U} --auto
undefine -u {U}
list -d
! umount /etc/mdevctl.d
""".strip().format(U=U, V=V, W=W, P=P, T8=T8, T4=T4).splitlines()

PRELUDE = rf"""
mkdir -p /tmp/ours /tmp/theirs
ln -s /usr/bin/mdevctl /tmp/theirs/mdevctl
ln -s "$(command -v vgpuctl)" /tmp/ours/mdevctl
printf '#!/bin/sh\n[ $4 = pre ] && rmmod kvmgt; exit 0\n' >/tmp/unload
chmod 755 /tmp/unload
stop_all() {{
  for device in /sys/bus/mdev/devices/*; do
    [ -e "$device/remove" ] && echo 1 >$device/remove
  done
}}
anew() {{
  umount /etc/mdevctl.d 2>/dev/null
  stop_all
  rmmod mtty kvmgt 2>/dev/null
  rm -rf /etc/mdevctl.d
  mkdir -p /etc/mdevctl.d/scripts.d/callouts /etc/mdevctl.d/scripts.d/notifiers
  modprobe kvmgt
  modprobe mtty
}}
step() {{
  echo "@@@ $1"
  shift
  "$@" >/tmp/out 2>/tmp/err
  echo "exit $?"
  cat /tmp/out
  echo "--- stderr"
  cat /tmp/err
  echo "--- files"
  (cd /etc/mdevctl.d && find . ! -name fill | sort | while read -r path; do
    echo "$path"
    [ -f "$path" ] && cat "$path" && echo
  done)
  ls /sys/bus/mdev/devices
}}
"""

OURS_ALONE = rf"""
anew
echo "@@@@ alone"
PATH=/tmp/ours:$PATH
mount -t tmpfs -o size=64k,mode=755 none /etc/mdevctl.d
mkdir -p /etc/mdevctl.d/scripts.d/callouts /etc/mdevctl.d/scripts.d/notifiers
mdevctl define -u {U} -p mtty -t mtty-1
dd if=/dev/zero of=/etc/mdevctl.d/fill bs=4k count=100 2>/dev/null
step full mdevctl modify -u {U} --auto
step full-new mdevctl define -u {V} -p mtty -t mtty-1
umount /etc/mdevctl.d
echo "@@@ end"
"""


def script():
    parts = [PRELUDE]
    for who in ("theirs", "ours"):
        parts.append(f"anew\necho '@@@@ {who}'\nkept=$PATH\nPATH=/tmp/{who}:$PATH")
        for number, line in enumerate(STEPS):
            if line.startswith("#"):
                continue
            if line.startswith("!"):
                parts.append(f"{{ {line[1:].strip()}; }} >/dev/null 2>&1")
            else:
                parts.append(f"step {number} mdevctl {line}")
        parts.append("echo '@@@ end'\nPATH=$kept")
    return "\n".join([*parts, OURS_ALONE])


def sections(text):
    """{who: {step: answer}}"""
    found = {}
    for part in re.split(r"^@@@@ ", text, flags=re.MULTILINE)[1:]:
        who, _, rest = part.partition("\n")
        steps = re.split(r"^@@@ ", rest, flags=re.MULTILINE)[1:]
        found[who] = dict(step.split("\n", 1) for step in steps)
    return found


class Kernel(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        packages = vgputestbed.simulated_packages()
        vgputestbed.require(*packages)
        text = vgputestbed.simulated_host(vgputestbed.plainly(script()), "--with", " ".join(packages))
        cls.text = LOG_TIME.sub("[TIME", text)
        cls.said = sections(cls.text)

    def test_same(self):
        theirs, ours = self.said["theirs"], self.said["ours"]
        for number, line in enumerate(STEPS):
            if line[0] in "#!":
                continue
            with self.subTest(step=number, command=line):
                # a full disk leaves mdevctl's file there, without content
                left = f"./{P}/{W}\n\n"
                self.assertMultiLineEqual(theirs[str(number)].replace(left, ""), ours[str(number)])

    def test_the_kernel_did_it(self):
        """Not both in the same wrong way."""
        ours = {line: self.said["ours"][str(number)] for number, line in enumerate(STEPS)
                if line[0] not in "#!"}
        for line, wanted in (
                (f"start -u {W} -p {P} -t {T8}", f"Error: No available instances of {T8} on {P}"),
                (f"start -u {U} -p mtty -t mtty-1", "Error: Device exists under different parent"),
                (f"define -u {W} -p mtty -t mtty-1", "Error: Read-only file system (os error 30)"),
                (f"define -u {W} -p {P} -t {T4}", "Read-only file system (os error 30)")):
            with self.subTest(command=line):
                self.assertIn(wanted, ours[line])
        everything = set("".join(self.said["ours"].values()).splitlines())
        for wanted in ("    Input/output error (os error 5)", "    Too many users (os error 87)",
                       "    Device or resource busy (os error 16)", "    No space left on device (os error 28)",
                       "Error: Invalid attribute 'nosuch'", f"Error: Unable to find parent device '{P}'",
                       "Error: Failed to write nonsense to attribute power/control"):
            with self.subTest(text=wanted):
                self.assertTrue(wanted in everything)

    def test_full(self):
        """A definition is as it was, or as it is to be; nothing half-written is left."""
        alone = self.said["alone"]
        for name, uuid in (("full", U), ("full-new", V)):
            with self.subTest(name):
                self.assertTrue(alone[name].startswith("exit 1\n"), alone[name])
                self.assertIn(f"Failed to write config for device {uuid}", alone[name])
                self.assertIn("No space left on device (os error 28)", alone[name])
                files = alone[name].partition("--- files")[2]
                self.assertIn(f'./mtty/{U}\n{{\n  "mdev_type": "mtty-1",\n  "start": "manual"', files)
                self.assertNotIn(V, files)


if __name__ == "__main__":
    vgputest.main()
