#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What test_broker_run.py does on the simulated host: users run VMs on vGPUs, without the broker and
with it. Every answer is a line "= KEY: JSON"."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import traceback

from brokeractors import ALICE, BOB, GROUP, Activator, answer, end_all, prepare

DEVICES = pathlib.Path("/sys/bus/mdev/devices")
CLAIMS = pathlib.Path("/run/vgpuctl/claims")
BUILD = pathlib.Path("/tmp/build")


class User:
    def __init__(self, name, uid):
        self.name, self.uid = name, uid
        self.home = pathlib.Path("/tmp", name)
        self.runtime = pathlib.Path("/run/user", str(uid))
        for path in (self.home, self.runtime):
            path.mkdir(mode=0o700, parents=True)
            os.chown(path, uid, uid)
        # an emulated processor is slow to load QEMU for the first time; what it said is kept
        for _ in range(5):
            if self.vgpuctl("qemu")[0] == 0:
                break

    def vgpuctl(self, *words):
        """[exit status, what it said]"""
        environment = {**os.environ, "HOME": str(self.home), "USER": self.name,
                       "XDG_RUNTIME_DIR": str(self.runtime), "LSAN_OPTIONS": "detect_leaks=0",
                       "VGPUCTL_LIBEXECDIR": str(BUILD / "src/libexec")}
        done = subprocess.run([BUILD / "src/vgpuctl", *words], user=self.uid, group=self.uid,
                              extra_groups=[GROUP], cwd=self.home, env=environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
        return [done.returncode, (done.stdout + done.stderr).strip()]

    def run(self, vm):
        """The firmware of a VM, with nothing to start."""
        disk = self.home / f"{vm}.raw"
        disk.write_bytes(bytes(1 << 20))
        os.chown(disk, self.uid, self.uid)
        return self.vgpuctl("run", "--name", vm, "--disk", f"{disk},format=raw",
                            "--memory", "64M", "--cpus", "1", "--network", "none", "--display",
                            "none", "--vgpu", "V5_8", "--detach")

    def state(self, vm):
        status, said = self.vgpuctl("ps", "--json")
        return next(found for found in json.loads(said) if found["name"] == vm)


def left():
    claims = [json.loads(path.read_text()) for path in CLAIMS.iterdir() if len(path.name) == 36]
    return {"devices": len(os.listdir(DEVICES)),
            "claims": sorted([claim["uid"], claim["vm"], claim["owner"]["pid"]] for claim in claims)}


def main():
    prepare()
    subprocess.run(["modprobe", "kvm_amd"], check=True)
    os.chmod("/dev/kvm", 0o666)
    # a user may not walk through the directories of whoever runs the tests
    BUILD.mkdir()
    subprocess.run(["mount", "--bind", sys.argv[1], BUILD], check=True)
    alice, bob = User("alice", ALICE), User("bob", BOB)
    answer("without", alice.run("mine"))
    activator = Activator()
    answer("alice", alice.run("mine"))
    mine = alice.state("mine")
    answer("qemu", [mine["pid"], os.stat(f"/proc/{mine['qemu_pid']}").st_uid, left()])
    answer("bob", bob.run("his"))
    answer("third", alice.run("third"))
    answer("stop", alice.vgpuctl("stop", "--force", "mine"))
    answer("after stop", left()["devices"])
    his = bob.state("his")
    qemu = os.pidfd_open(his["qemu_pid"])
    os.kill(his["pid"], signal.SIGKILL)
    answer("ps", bob.vgpuctl("ps"))
    answer("after ps", left())
    os.close(qemu)
    activator.end()


try:
    main()
except Exception:
    answer("broken", traceback.format_exc())
answer("end", True)
end_all()
