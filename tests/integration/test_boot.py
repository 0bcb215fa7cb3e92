#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is installed starts the vGPUs that are defined to start with their parent: under systemd, at
boot and when the driver comes later, and where udev runs without systemd."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import vgputest
import vgputestbed

AUTO = "00000000-0000-4000-8000-000000000001"
MANUAL = "00000000-0000-4000-8000-000000000002"
MTTY = "00000000-0000-4000-8000-000000000003"
DEFINITIONS = {
    f"0000:00:02.0/{AUTO}": ("i915-GVTg_V5_8", "auto"),
    f"0000:00:02.0/{MANUAL}": ("i915-GVTg_V5_8", "manual"),
    f"mtty/{MTTY}": ("mtty-1", "auto"),
}

# Nothing says when systemd or udev is done with what is wished: "await COUNT" looks until so many
# devices live, and says which.
PRELUDE = r"""
devices=/sys/bus/mdev/devices
answer() {
  key=$1
  shift
  echo "$key: $("$@" | tr '\n' ' ' | sed 's/ $//')"
}
await() {
  count=$1
  shift
  for _ in $(seq 1000); do
    set -- $(ls $devices)
    [ $# -lt "$count" ] || break
    sleep 0.1
  done
  ls $devices
}
load_again() {
  rmmod kvmgt
  udevadm settle
  answer "$1, unloaded" ls $devices
  modprobe kvmgt
  udevadm settle
  answer "$1" await 1
}
"""

# mdevctl's rule calls /usr/sbin/mdevctl, which Debian 12 lacks: then it does, too
SYSTEMD_SCRIPT = PRELUDE + r"""
unit=vgpuctl-parent@0000:00:02.0.service
ended() {
  for _ in $(seq 1000); do
    case $(systemctl show --value -p ActiveState "$1") in inactive | failed) break ;; esac
    sleep 0.1
  done
  systemctl show --value -p Result "$1"
}
answer "first process" cat /proc/1/comm
answer "at boot" await 1
answer "unit" ended $unit
load_again "driver again"
ln -s ../bin/mdevctl /usr/sbin/mdevctl
load_again "beside mdevctl's rule"
answer "unit beside mdevctl's rule" ended $unit
answer "started already" sh -c "systemctl start $unit && echo ok"
answer "no second one" ls $devices
rm /usr/sbin/mdevctl
modprobe mtty
answer "parent that is no PCI device" await 2
rm /etc/mdevctl.d/mtty/*
rmmod mtty
modprobe mtty
modprobe mdpy
udevadm settle
answer "nothing to start" ls $devices
answer "units of mdpy" systemctl list-units --all --plain --no-legend 'vgpuctl-parent@mdpy*'
answer "failed" systemctl --failed --plain --no-legend list-units 'vgpuctl*'
"""

UDEV_SCRIPT = PRELUDE + r"""
/lib/systemd/systemd-udevd --daemon 2>/dev/null
answer "before udev looks" ls $devices
udevadm trigger --action=add
udevadm settle
answer "at boot" await 1
load_again "driver again"
answer "systemd" sh -c "test -d /run/systemd/system || echo absent"
"""


def install(directory):
    """What `meson install` installs, and definitions."""
    environment = {**os.environ, "PATH": f"/usr/bin:/bin:{os.environ.get('PATH', '')}"}
    subprocess.run(["meson", "install", "-C", vgputest.BUILD_DIR, "--destdir", directory,
                    "--no-rebuild", "--quiet"], env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    for path, (mdev_type, start) in DEFINITIONS.items():
        file = Path(directory, "etc", "mdevctl.d", path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"mdev_type": mdev_type, "start": start, "attrs": []}),
                        encoding="ascii")


class BootTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.packages = vgputestbed.simulated_packages()
        vgputestbed.require(*cls.packages)
        cls.directory = tempfile.TemporaryDirectory(prefix="vgpuctl-boot-")
        cls.addClassCleanup(cls.directory.cleanup)
        os.chmod(cls.directory.name, 0o755)
        install(cls.directory.name)

    def check_answers(self, script, wanted, *options):
        text = vgputestbed.simulated_host(script, "--layer", self.directory.name, "--with",
                                          " ".join(self.packages), *options)
        said = vgputestbed.answers(text.replace(": \n", ":  \n"))
        for key, answer in wanted.items():
            with self.subTest(key):
                self.assertEqual(said.get(key, "(no answer)").strip(), answer)

    def test_systemd(self):
        self.check_answers(SYSTEMD_SCRIPT, {
            "first process": "systemd",
            "at boot": AUTO,
            "unit": "success",
            "driver again, unloaded": "",
            "driver again": AUTO,
            "beside mdevctl's rule, unloaded": "",
            "beside mdevctl's rule": AUTO,
            "unit beside mdevctl's rule": "success",
            "started already": "ok",
            "no second one": AUTO,
            "parent that is no PCI device": f"{AUTO} {MTTY}",
            "nothing to start": AUTO,
            "units of mdpy": "",
            "failed": "",
        }, "--systemd")

    def test_without_systemd(self):
        self.check_answers(UDEV_SCRIPT, {
            "before udev looks": "",
            "at boot": AUTO,
            "driver again, unloaded": "",
            "driver again": AUTO,
            "systemd": "absent",
        })


if __name__ == "__main__":
    vgputest.main()
