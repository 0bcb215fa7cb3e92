#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's libvirt on the simulated host, driven by virsh, with vgpuctl as its mdevctl: it does and
says what it does and says with Debian's own mdevctl, step by step in the same boot."""

import unittest

import vgputest
import vgputestbed

# virtlogd, polkit and the like are not there, and not needed; the user is made by a package that
# would bring them. The steps stand in the order in which they run, each as "== WHO STEP".
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
  for _ in $(seq 100); do
    answer=$(ask "$@")
    echo "$answer" | grep -q "$pattern" && break
    sleep 0.1
  done
  echo "$answer"
}
step() { echo "== $who $*"; }
sysfs() {
  echo "live: $(ls /sys/bus/mdev/devices | tr '\n' ' ')"
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
  step "define without a UUID"; ask nodedev-define /tmp/device.xml | mask; files | mask
  # libvirt 9.0 gives the UUID as a word, too: that of the device
  made=$(ls -t /etc/mdevctl.d/0000:00:02.0 | grep -v '^0000')
  step "undefine it"; ask nodedev-undefine "mdev_$(echo "$made" | tr - _)_0000_00_02_0" | mask; files
  step "create without a UUID"; ask nodedev-create /tmp/device.xml | mask; sysfs | mask
  made=$(ls /sys/bus/mdev/devices | grep -v '^0000')
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
  step "lists what is left"; await '^mdev_[^1]*$' nodedev-list --all --cap mdev
  disconnect
}
mask() { sed -E 's/[0-9a-f]{8}([-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}/UUID/'; }
flow peer
"""


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
        cls.text = vgputestbed.simulated_host(PRELUDE + FLOW, "--with", " ".join(packages))

    def test_same(self):
        print(self.text)


if __name__ == "__main__":
    vgputest.main()
