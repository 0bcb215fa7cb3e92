#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""VMs on vGPUs of the simulated host: `vgpuctl run --vgpu` takes one, shows its picture, and gives it
back however the VM ends. Called with --inside it is the program that runs there and prints a line
"KEY: ANSWER" for each observation."""

import json
import os
import re
import shlex
import signal
import struct
import subprocess
import sys
import unittest
from pathlib import Path

import vgpuguest
import vgpuplane
import vgputest
import vgputestbed

GPU = "0000:00:02.0"
TYPE = "i915-GVTg_V5_8"
TYPES = Path("/sys/class/mdev_bus", GPU, "mdev_supported_types")
DEVICES = Path("/sys/bus/mdev/devices")
CLAIMS = Path("/run/vgpuctl/claims")
DMABUF_MMAP = Path("/sys/module/kvmgt/parameters/dmabuf_mmap")
UID = 1000
GUEST_WORDS = "tsc=reliable no_timer_check nokaslr iommu=noaperture"
WIDTH, HEIGHT = 640, 480  # a whole number of pages
DISPI = 0x500  # of the registers of bochs-display in region 2
LOOKS = 5  # of a viewer
NO_GUEST = ["--memory", "64M"]  # the firmware, with nothing to start

UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
WHO = rf"process \d+ \(vgpuctl\), for '(one|two)'"


def say(key, *words):
    print(f"{key}:", *words, flush=True)


class User:
    """Root, or a user of whom nobody has heard; vgpuctl's words for one VM after the other."""

    def __init__(self, guest, uid=0, environment=None):
        self.guest = guest
        self.uid = uid
        self.home = Path("/tmp", f"user-{uid}")
        self.runtime = Path("/run/user", str(uid))
        for path in (self.home, self.runtime):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.chown(path, uid, uid)
        self.environment = {**os.environ, "HOME": str(self.home), **(environment or {})}
        if uid != 0:
            self.environment["XDG_RUNTIME_DIR"] = str(self.runtime)

    def become(self):
        if self.uid == 0:
            return []
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]

    def get_ready(self):
        """Has QEMU and KVM asked what they can do, which is kept for this boot: on a machine that
        does much else that takes longer than vgpuctl waits."""
        for _ in range(10):
            said = self.vgpuctl(*self.run_words("ready", *NO_GUEST, "--vgpu", "V5_8", "--dry-run",
                                                "--refresh")).stderr
            if "Asking" not in said and "needs KVM" not in said:
                return
        raise AssertionError(said)

    def vgpuctl(self, *words, extra=None):
        return vgputest.run(*self.become(), "vgpuctl", *words, cwd=self.home,
                            env={**self.environment, **(extra or {})})

    def good(self, *words):
        answer = self.vgpuctl(*words)
        if answer.returncode != 0:
            raise AssertionError(f"{words}: {answer.stderr}")
        return answer.stdout

    def line(self, *words):
        """The one line that is said, and the exit status."""
        answer = self.vgpuctl(*words)
        return f"{answer.returncode} {(answer.stdout + answer.stderr).strip()}"

    def run_words(self, name, *options):
        guest = ["--kernel", self.guest.kernel, "--initrd", self.guest.initrd, "--append",
                 f"{self.guest.append} {GUEST_WORDS} vgpuctl.guest=mode=still",
                 "--memory", "256M"]
        if options[:2] == tuple(NO_GUEST):
            guest = ["--disk", self.home / "empty.raw,format=raw"]
        as_root = ["--as-root"] if self.uid == 0 and "SUDO_UID" not in self.environment else []
        return ["run", "--name", name, *guest, "--cpus", "1", "--network", "none", "--display",
                "none", *as_root, *options]

    def run(self, name, *options):
        """In the background."""
        return self.vgpuctl(*self.run_words(name, *options, "--detach"))

    def run_through(self, name, *options, extra=None, running=None):
        """In the foreground: its exit status and words. `running` is called when it runs."""
        words = ""
        with subprocess.Popen([*self.become(), "vgpuctl", *self.run_words(name, *options)],
                              env={**self.environment, **(extra or {})}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            for line in run.stdout:
                words += line
                if line.startswith("Stop:") and running:
                    running(run, words)
        return run.returncode, words

    def wait_first_frame(self, name):
        with subprocess.Popen([*self.become(), "vgpuctl", "logs", "--serial", "--follow", name],
                              env=self.environment, stdout=subprocess.PIPE, text=True) as logs:
            for line in logs.stdout:
                if "first-frame" in line:
                    logs.terminate()
                    return re.sub(r".*first-frame number=(\d+) width=(\d+) height=(\d+) .*\n",
                                  r"\1 \2 \3", line)
        return "none"

    def screenshot(self, name):
        """What the strip in the picture says, or why there is none."""
        path = self.home / f"{name}.png"
        answer = self.vgpuctl("screenshot", name, "--output", path)
        if answer.returncode != 0:
            return answer.stderr.strip()
        strip, reason = vgputest.read_strip(path)
        return " ".join(f"{key}={value}" for key, value in strip.items()) if strip else reason

    def look(self, name):
        """What a viewer of our display server sees, as a file; or why not."""
        shot = Path(os.environ["VGPUCTL_LIBEXECDIR"], "shot")
        path = self.home / f"{name}-seen.png"
        answer = vgputest.run(*self.become(), shot, "--vnc",
                              Path(self.state(name)["run_directory"], "vnc.sock"), "--output", path)
        return (path, None) if answer.returncode == 0 else (None, answer.stderr.strip())

    def seen(self, name):
        """What the strip says. On a slow machine the first picture is that of the last viewer."""
        for _ in range(LOOKS):
            path, reason = self.look(name)
            strip, reason = vgputest.read_strip(path) if path else (None, reason)
            if strip:
                return " ".join(f"{key}={value}" for key, value in strip.items())
        return reason

    def server(self, name):
        """The process id of a VM's display server."""
        pid = self.state(name)["pid"]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return next(int(child) for child in children
                    if Path(f"/proc/{child}/comm").read_text() == "display\n")

    def state(self, name):
        return next(vm for vm in json.loads(self.good("ps", "--json")) if vm["name"] == name)


def left():
    """What there is of vGPUs and of claims."""
    devices = len(list(DEVICES.iterdir()))
    claims = [path for path in CLAIMS.iterdir() if re.fullmatch(UUID, path.name)] \
        if CLAIMS.exists() else []
    available = (TYPES / TYPE / "available_instances").read_text().strip()
    nodes = [path for path in Path("/dev/vfio").iterdir() if path.name != "vfio"]
    return f"{devices} devices, {len(claims)} claims, {len(nodes)} nodes, {available} available"


# --- inside: root ---


def observe_two(root):
    say("one", root.run("one", "--vgpu", "V5_8", "--display", "vnc").returncode)
    say("two", root.run("two", "--vgpu", TYPE).returncode)
    say("three", root.run("three", "--vgpu", "V5_8").stderr.strip())
    say("ps", root.state("one")["vgpu"])
    say("first frame of one", root.wait_first_frame("one"))
    say("first frame of two", root.wait_first_frame("two"))
    say("picture of one", root.screenshot("one"))
    say("picture of two", root.screenshot("two"))
    say("seen of one", root.seen("one"))
    first = root.server("one")
    os.kill(first, signal.SIGKILL)
    say("seen of one again", root.seen("one"), root.server("one") != first)


def observe_returned(root):
    say("stop", root.line("stop", "--force", "one"))
    say("after stop", left())
    two = root.state("two")
    qemu = os.pidfd_open(two["qemu_pid"])
    os.kill(two["pid"], signal.SIGKILL)
    say("ps after kill", root.line("ps"))
    say("after kill", left())
    say("gc", root.line("gc"))
    os.close(qemu)


def draw(pid, uuid):
    """A picture on the vGPU of a VM without guest: bochs' registers 1 to 4 (width, height, bits,
    on), and each pixel another."""
    device = vgpuplane.Device(pid, uuid)
    memory, registers = (device.region_info(index)[0] for index in (0, 2))
    pixels = struct.pack(f"={WIDTH * HEIGHT}I", *(n * 2654435761 % 2**24
                                                  for n in range(WIDTH * HEIGHT)))
    os.pwrite(device.fd, pixels, memory)
    for number, value in enumerate((WIDTH, HEIGHT, 32, 1), 1):
        os.pwrite(device.fd, struct.pack("=H", value), registers + DISPI + 2 * number)
    device.close()


def shoot(root, name, *options):
    """The program that reads the picture: the file's content, or why there is none."""
    shot = Path(os.environ["VGPUCTL_LIBEXECDIR"], "shot")
    door = Path(root.state(name)["run_directory"], "vgpu.sock")
    picture = root.home / "shot.png"
    answer = vgputest.run(shot, "--plane", door, *options, "--output", picture)
    return picture.read_bytes() if answer.returncode == 0 else answer.stderr


def observe_unmapped(root):
    """As on the real one, where only the GPU can read its pictures."""
    mapped = shoot(root, "named")
    say("mapped", len(mapped) > WIDTH * HEIGHT)
    DMABUF_MMAP.write_text("0")
    say("unmapped", root.screenshot("named"))
    vgputest.run("modprobe", "labdrm")
    drawn = shoot(root, "named", "--node", "/dev/dri/card0")
    say("drawn", drawn == mapped, drawn if isinstance(drawn, str) else "")
    DMABUF_MMAP.write_text("1")


def observe_named(root):
    """One that lives is taken by its uuid and stays."""
    uuid = "00000000-0000-4000-8000-000000000001"
    (TYPES / TYPE / "create").write_text(uuid)
    say("by uuid", root.run("named", *NO_GUEST, "--vgpu", uuid.upper()).returncode)
    say("no picture", root.screenshot("named"))
    say("again", root.run("other", *NO_GUEST, "--vgpu", uuid).stderr.strip())
    draw(root.state("named")["qemu_pid"], uuid)
    observe_unmapped(root)
    root.good("stop", "--force", "named")
    say("stays", left())
    (DEVICES / uuid / "remove").write_text("1")


def stop(run, _):
    run.send_signal(signal.SIGQUIT)


def observe_steps(root):
    """Whatever step is the last: the next command finds nothing."""
    steps = root.good("session-steps").split()
    for variable, status, tried in (("KILL", -signal.SIGKILL, steps),
                                    ("FAIL", 1, ["vgpu", "monitor", "plane"])):
        hit = []
        for step in tried:
            ended, _ = root.run_through(
                "point", *NO_GUEST, "--vgpu", "V5_8",
                extra={f"VGPUCTL_TEST_{variable}_AFTER": step},
                running=stop if step == steps[-1] else None)
            root.good("ps")
            if ended == status and left().startswith("0 devices, 0 claims"):
                hit.append(step)
        say(f"{variable} after", f"{len(hit)} of {len(tried)} steps", *set(tried) - set(hit))


# --- inside: a user ---


def observe_user(root, user):
    say("user without pool", user.run("mine", *NO_GUEST, "--vgpu", "V5_8").stderr.strip())
    say("create", root.line("create", "V5_8", "--user", str(UID), "--name", "pooled"))
    say("user", user.run("mine", *NO_GUEST, "--vgpu", "V5_8", "--display", "vnc").returncode)
    say("user again", user.run("other", *NO_GUEST, "--vgpu", "V5_8").stderr.strip())
    mine = user.state("mine")
    draw(mine["qemu_pid"], mine["vgpu_uuid"])
    user.good("screenshot", "mine", "--output", user.home / "mine.png")
    say("picture of user", (user.home / "mine.png").stat().st_size > WIDTH * HEIGHT)
    wanted = (user.home / "mine.png").read_bytes()
    looks = (user.look("mine")[0] for _ in range(LOOKS))
    say("seen by user", any(path and path.read_bytes() == wanted for path in looks))
    say("user's stop", user.line("stop", "--force", "mine"))
    say("pool stays", left())
    say("by name", user.run("mine", *NO_GUEST, "--vgpu", "pooled").returncode)
    user.good("stop", "--force", "mine")
    say("destroy", root.line("destroy", "pooled"))


def observe_sudo(guest):
    """Root on behalf of a user: QEMU is the user's, the vGPU is made and removed by root."""
    home = Path("/tmp", f"user-{UID}")
    Path("/etc/passwd").unlink()  # the one of the machine that runs this host
    Path("/etc/passwd").write_text(f"root:x:0:0::/root:/bin/sh\nann:x:{UID}:{UID}::{home}:/bin/sh\n")
    sudo = User(guest, environment={"SUDO_UID": str(UID), "SUDO_GID": str(UID)})
    sudo.home = home

    def running(run, words):
        qemu = int(re.search(r"QEMU pid (\d+)", words)[1])
        say("sudo", Path(f"/proc/{qemu}").stat().st_uid, left())
        stop(run, words)

    ended, words = sudo.run_through("mine", *NO_GUEST, "--vgpu", "V5_8", running=running)
    say("sudo ended", ended, words if ended != 0 else "")
    say("after sudo", left())


def inside(guest_directory, *parts):
    """All parts, or those that are named, for who looks for a fault."""
    vgputest.run("modprobe", "kvm_amd")
    os.chmod("/dev/kvm", 0o666)
    guest = vgpuguest.Guest(guest_directory)
    root, user = User(guest), User(guest, UID)
    for person in (root, user):
        (person.home / "empty.raw").write_bytes(bytes(1 << 20))
        os.chown(person.home / "empty.raw", person.uid, person.uid)
        person.get_ready()
    for part, arguments in ((observe_two, (root,)), (observe_returned, (root,)),
                            (observe_named, (root,)), (observe_steps, (root,)),
                            (observe_user, (root, user)), (observe_sudo, (guest,))):
        if not parts or part.__name__.removeprefix("observe_") in parts:
            part(*arguments)


# --- outside ---

NONE = "0 devices, 0 claims, 0 nodes, 2 available"
WANTED = {
    "one": "0",
    "two": "0",
    "three": rf"vgpuctl: --vgpu V5_8: of 128 MB aperture for vGPUs 128 MB are taken.*; who has what: "
             rf"V5_8 {UUID}: {WHO}, V5_8 {UUID}: {WHO}; .*",
    "ps": rf"mdev {TYPE} {UUID} on {GPU}",
    "first frame of one": "1 1024 768",
    "first frame of two": "1 1024 768",
    "picture of one": "frame=1 width=1024 height=768",
    "picture of two": "frame=1 width=1024 height=768",
    "seen of one": "frame=1 width=1024 height=768",
    "seen of one again": "frame=1 width=1024 height=768 True",
    "unmapped": rf"vgpuctl: Screenshot of VM 'named': vGPU {UUID}: the picture cannot be read by the "
                r"processor \(its driver does not let it be mapped: No such device\), and its GPU has "
                r"no render node that this user could draw it on",
    "mapped": "True",
    "drawn": "True ",
    "stop": "0 ",
    "after stop": "1 devices, 1 claims, 1 nodes, 1 available",
    "ps after kill": "0 ",
    "after kill": NONE,
    "gc": "0 ",
    "by uuid": "0",
    "no picture": r"vgpuctl: Screenshot of VM 'named': the guest has not initialised its display yet: "
                  r".*",
    "again": rf"vgpuctl: --vgpu {UUID}: {UUID} is in use: qemu-system-x86_64 \(pid \d+, VM 'named'\); "
             r".*",
    "stays": "1 devices, 0 claims, 1 nodes, 1 available",
    "KILL after": r"(\d+) of \1 steps",
    "FAIL after": r"(\d+) of \1 steps",
    "user without pool": rf"vgpuctl: --vgpu V5_8: .*sudo vgpuctl create {TYPE} --user \S+; .*",
    "create": "0 .*",
    "user": "0",
    "user again": rf"vgpuctl: --vgpu V5_8: those that you may open are taken \(V5_8 {UUID}: process "
                  rf"\d+ \(vgpuctl\), for 'mine'\); .*sudo vgpuctl create {TYPE} --user .*",
    "picture of user": "True",
    "seen by user": "True",
    "user's stop": "0 ",
    "pool stays": "1 devices, 0 claims, 1 nodes, 1 available",
    "by name": "0",
    "destroy": "0 .*",
    "sudo": f"{UID} 1 devices, 1 claims, 1 nodes, 1 available",
    "sudo ended": "0 ",
    "after sudo": NONE,
}


class RunVgpuTest(unittest.TestCase):
    maxDiff = None

    def test_run(self):
        vgputestbed.require()
        guest = vgpuguest.Guest.find()
        build, source = vgputest.BUILD_DIR, vgputest.SOURCE_DIR
        # a user may not walk through the directories of whoever runs the tests
        script = f"""
          mkdir /tmp/build /tmp/guest
          mount --bind {shlex.quote(f'/host{build}')} /tmp/build
          mount --bind {shlex.quote(f'/host{guest.directory}')} /tmp/guest
          export PATH=/tmp/build/src:$PATH VGPUCTL_LIBEXECDIR=/tmp/build/src/libexec
          export STRIP_READ=/tmp/build/guest/strip-read LSAN_OPTIONS=detect_leaks=0
          export PYTHONPATH={shlex.quote(f'/host{source}/tests/lib')}
          python3 {shlex.quote(f'/host{__file__}')} --inside /tmp/guest 2>&1
        """
        said = vgputestbed.simulated_host(script, "--memory", "1536", limit=900)
        print("\n".join(f"# {line}" for line in said.splitlines()), flush=True)
        answers = vgputestbed.answers(said)
        for key, answer in WANTED.items():
            with self.subTest(key):
                self.assertRegex(answers.get(key, f"(no answer)"), rf"^{answer}$")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(*sys.argv[2:])
    else:
        vgputest.main()
