#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's libvirt on the simulated host, driven by virsh, with vgpuctl as its mdevctl: it does and
says what it does and says with Debian's own mdevctl, step by step in the same boot."""

import unittest

import vgputest
import vgputestbed

# libvirtd wants the user that a package makes which is not needed else. The steps stand in the order
# in which they run, each as "== WHO STEP" and what was said.
PRELUDE = r"""
umask 022
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
mkdir -p /var/lib /var/cache /var/log/libvirt
ln -s /run /var/run
for file in passwd group; do
  cp /host/etc/$file /run/$file
  mv /run/$file /etc/$file
done
grep -q ^libvirt-qemu: /etc/passwd || {
  echo libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin >>/etc/passwd
  echo libvirt-qemu:x:64055: >>/etc/group
}
/lib/systemd/systemd-udevd --daemon 2>/dev/null
udevadm trigger
udevadm settle

gpu=pci_0000_00_02_0
devices=/sys/bus/mdev/devices
types=/sys/class/mdev_bus/0000:00:02.0/mdev_supported_types
uuid() { printf '00000000-0000-4000-8000-00000000000%d' "$1"; }
name() { echo "mdev_00000000_0000_4000_8000_00000000000${1}_0000_00_02_0"; }
xml() {
  type=$1
  shift
  echo "<device><parent>$gpu</parent><capability type='mdev'><type id='i915-GVTg_$type'/>$*" \
    "</capability></device>" >/tmp/device.xml
}

# One virsh for all: it takes a second to start on an emulated processor. It repeats what it reads
# after its prompt, and says "end" when it is done with what was asked.
connect() {
  libvirtd -d -p /run/libvirtd.pid
  rm -f /run/ask /run/say
  mkfifo /run/ask /run/say
  virsh </run/ask >/run/say 2>&1 &
  exec 3>/run/ask 4</run/say
  hear >/dev/null
}
hear() {
  echo 'echo --str end' >&3
  while IFS= read -r line <&4 && [ "$line" != end ]; do
    case $line in '' | 'virsh # '*) ;; *) echo "$line" ;; esac
  done
}
ask() {
  echo "$*" >&3
  hear
}
disconnect() {
  echo quit >&3
  exec 3>&- 4<&-
  pid=$(cat /run/libvirtd.pid)
  kill "$pid"
  while [ -e "/proc/$pid" ]; do sleep 0.1; done
}

# libvirt learns from udev and inotify: what it says is what it says in the end.
await() {
  pattern=$1
  shift
  for _ in $(seq 1000); do
    answer=$(ask "$@")
    echo "$answer" | grep -q "$pattern" && break
    sleep 0.1
  done
  echo "$answer"
}
step() { echo "== $who $*"; }
sysfs() {
  echo "live: $(ls $devices | tr '\n' ' ')"
  echo "free: $(cat $types/i915-GVTg_V5_8/available_instances)"
}
files() { (cd /etc/mdevctl.d && find . -type f | sort | while read -r file; do
  echo "$file $(stat -c %a "$file") $(tr -d '\n ' <"$file")"; done) }
"""

FLOW = r"""
flow() {
  who=$1
  rm -rf /etc/mdevctl.d/0000:00:02.0
  mkdir /etc/mdevctl.d/0000:00:02.0
  printf '{"mdev_type":"i915-GVTg_V5_4","start":"manual"}' \
    >/etc/mdevctl.d/0000:00:02.0/"$(uuid 9)"
  connect

  step "knows parents"; ask nodedev-list --cap mdev_types
  step "knows types"; ask nodedev-dumpxml $gpu
  step "knows what was defined before"; await _0000_00 nodedev-list --inactive --cap mdev
  step "does not know others"; ask nodedev-dumpxml "$(name 1)"

  xml V5_8 "<uuid>$(uuid 1)</uuid>"
  step "define"; ask nodedev-define /tmp/device.xml; files; sysfs
  step "define again"; ask nodedev-define /tmp/device.xml; files
  step "list"; ask nodedev-list --inactive --cap mdev
  step "autostart"; ask nodedev-autostart "$(name 1)"; files
  step "info"; await 'Autostart: *yes' nodedev-info "$(name 1)"
  step "autostart --disable"; ask nodedev-autostart --disable "$(name 1)"; files
  step "info after it"; await 'Autostart: *no' nodedev-info "$(name 1)"
  step "start"; ask nodedev-start "$(name 1)"; sysfs; files
  step "is active"; await 'Active: *yes' nodedev-info "$(name 1)"
  step "dumpxml"; ask nodedev-dumpxml "$(name 1)"
  step "start again"; ask nodedev-start "$(name 1)"; sysfs
  step "types after start"; ask nodedev-dumpxml $gpu

  xml V5_8 "<uuid>$(uuid 2)</uuid>"
  step "create"; ask nodedev-create /tmp/device.xml; sysfs; files
  step "is transient"; await 'Active: *yes' nodedev-info "$(name 2)"
  xml V5_8 "<uuid>$(uuid 3)</uuid>"
  step "create without an instance"; ask nodedev-create /tmp/device.xml; sysfs
  step "define without an instance"; ask nodedev-define /tmp/device.xml
  step "start without an instance"; ask nodedev-start "$(name 3)"; sysfs
  step "undefine what is not active"; ask nodedev-undefine "$(name 3)"; files
  step "destroy"; ask nodedev-destroy "$(name 2)"; sysfs
  step "is gone"; await 'error' nodedev-info "$(name 2)"
  xml V5_2 "<uuid>$(uuid 4)</uuid>"
  step "create of an absent type"; ask nodedev-create /tmp/device.xml; sysfs

  xml V5_8 "<uuid>$(uuid 5)</uuid><attr name='nosuch' value='1'/>"
  step "define with an attribute"; ask nodedev-define /tmp/device.xml; files
  step "dumpxml with an attribute"; await nosuch nodedev-dumpxml "$(name 5)"
  step "start with an attribute"; ask nodedev-start "$(name 5)"; sysfs
  step "undefine"; ask nodedev-undefine "$(name 5)"; files

  xml V5_8
  step "define without a UUID"; ask nodedev-define /tmp/device.xml | mask
  files | grep -v /0000.*-0000- | mask
  made=$(ls /etc/mdevctl.d/0000:00:02.0 | grep -v ^0000)
  step "undefine it"; ask nodedev-undefine "mdev_$(echo "$made" | tr - _)_0000_00_02_0" | mask; files
  step "create without a UUID"; ask nodedev-create /tmp/device.xml | mask; ls $devices | grep -v ^0000 | mask
  made=$(ls $devices | grep -v ^0000)
  step "destroy it"; ask nodedev-destroy "mdev_$(echo "$made" | tr - _)_0000_00_02_0" | mask; sysfs

  step "sees mdevctl define"
  mdevctl define --auto --uuid "$(uuid 6)" --parent 0000:00:02.0 --type i915-GVTg_V5_8; files
  await "$(name 6)" nodedev-list --inactive --cap mdev
  step "sees mdevctl modify"
  mdevctl modify --uuid "$(uuid 6)" --manual; files
  await 'Autostart: *no' nodedev-info "$(name 6)"
  step "sees mdevctl start"
  mdevctl start --uuid "$(uuid 6)"; sysfs
  await 'Active: *yes' nodedev-info "$(name 6)"
  step "sees mdevctl stop"
  mdevctl stop --uuid "$(uuid 6)"; sysfs
  await 'Active: *no' nodedev-info "$(name 6)"
  step "sees mdevctl undefine"
  mdevctl undefine --uuid "$(uuid 6)"; files
  await 'error' nodedev-info "$(name 6)"

  step "undefine what is active"; ask nodedev-undefine "$(name 1)"; files; sysfs
  step "has become transient"; await 'Persistent: *no' nodedev-info "$(name 1)"
  step "destroy the last"; ask nodedev-destroy "$(name 1)"; sysfs
  step "has forgotten it"; await 'error' nodedev-info "$(name 1)"
  step "lists what is left"; ask nodedev-list --all --cap mdev
  disconnect
}
mask() { sed -E 's/[0-9a-f]{8}([-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}/UUID/'; }
flow peer
rm /usr/bin/mdevctl
ln -s "$(command -v vgpuctl)" /usr/bin/mdevctl
flow ours
"""

NAME_1 = "mdev_00000000_0000_4000_8000_000000000001_0000_00_02_0"
NO_INSTANCE = "Error: No available instances of i915-GVTg_V5_8 on 0000:00:02.0$"
WANTED = {
    "knows parents": "^pci_0000_00_02_0$",
    "knows types": "<type id='i915-GVTg_V5_8'>\n.*\n.*\n *<availableInstances>2<",
    "knows what was defined before": "000000000009_0000_00_02_0$",
    "define": f"^Node device '{NAME_1}' defined from",
    "autostart": '"start":"auto"',
    "autostart --disable": '"start":"manual"',
    "start": f"^Device {NAME_1} started\nlive: 00000000-0000-4000-8000-000000000001 \nfree: 1$",
    "dumpxml": "<iommuGroup number=",
    "create": f"^Node device {NAME_1[:-14]}2_0000_00_02_0 created from .*\nlive: .*2 \nfree: 0$",
    "create without an instance": NO_INSTANCE,
    "start without an instance": NO_INSTANCE,
    "destroy": "^Destroyed node device",
    "start with an attribute": "Error: Invalid attribute 'nosuch'$",
    "undefine": "^Undefined node device",
    "create without a UUID": "^Node device mdev_UUID_0000_00_02_0 created from",
    "sees mdevctl define": "000000000006_0000_00_02_0$",
    "sees mdevctl start": "^Active: *yes",
    "sees mdevctl undefine": "^error: Node device not found",
    "destroy the last": "^live: \nfree: 2$",
}


def steps(text):
    """{who: {step: what was said}}"""
    said = {}
    for block in text.split("== ")[1:]:
        head, _, body = block.partition("\n")
        who, _, step = head.partition(" ")
        said.setdefault(who, {})[step] = body.rstrip("\n")
    return said


class LibvirtTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        packages = vgputestbed.simulated_packages()
        vgputestbed.require(*packages)
        text = vgputestbed.simulated_host(vgputestbed.plainly(PRELUDE + FLOW), "--with", " ".join(packages))
        cls.said = steps(text)

    def test_wanted(self):
        """So that both do not fail alike."""
        for step, pattern in WANTED.items():
            with self.subTest(step):
                self.assertRegex(self.said["ours"].get(step, "(not reached)"), f"(?m){pattern}")

    def test_same(self):
        """What libvirt says, what the kernel has and what the files hold, after each step."""
        self.assertEqual(list(self.said["peer"]), list(self.said["ours"]))
        for step, peer in self.said["peer"].items():
            with self.subTest(step):
                self.assertEqual(self.said["ours"][step], peer)


if __name__ == "__main__":
    vgputest.main()
