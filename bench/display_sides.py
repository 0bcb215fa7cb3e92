# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that show a screen, and the viewers that watch them, for bench/display."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

import vgpuguest

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 30


def cpu_ms(pid):
    """Of all its threads, ended ones too, but for those that emulate the guest's processors."""
    def taken(path):
        fields = path.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICKS
    process = Path("/proc") / str(pid)
    return taken(process / "stat") - sum(
        taken(task / "stat") for task in (process / "task").iterdir()
        if (task / "comm").read_text().startswith("CPU "))


def memory_kib(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


class Viewers:
    """So many at once, of one kind."""

    def __init__(self, program, path, encoding, quality, seconds, count=1):
        command = [program, path, encoding, quality, str(seconds)]
        self.processes = []
        for _ in range(count):
            self.processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))

    def wait_ready(self):
        for process in self.processes:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"{' '.join(map(str, process.args))} ended")

    def results(self):
        return [json.loads(process.stdout.readline()) for process in self.processes]

    def stop_reading(self):
        for process in self.processes:
            process.send_signal(signal.SIGSTOP)

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
            process.stdout.close()


class Server:
    """What viewers connect to: a socket, and the processes whose time it costs."""

    def __init__(self, name, path, pids, qemu=None):
        self.name, self.path, self.pids, self.qemu = name, path, pids, qemu

    def cpu_ms(self):
        return sum(cpu_ms(pid) for pid in self.pids)

    def memory_kib(self):
        return sum(memory_kib(pid) for pid in self.pids)


def idle_ms(server, seconds):
    """What it costs without viewers: of a frame that the guest draws, or of a second."""
    number = frame_number(server.qemu) if server.qemu else 0
    before, began = server.cpu_ms(), time.monotonic()
    time.sleep(seconds)
    drawn = frame_number(server.qemu) - number if server.qemu else 0
    took = time.monotonic() - began
    return (server.cpu_ms() - before) / (max(drawn, 1) if server.qemu else took)


def frame_number(qemu):
    """The next one that the guest tells; it does so once a second."""
    while select.select([qemu.process.stdout], [], [], 0)[0]:  # what it told before
        qemu.text += os.read(qemu.process.stdout.fileno(), 65536).decode(errors="replace")
    return int(qemu.wait_serial(r"frames number=(\d+)", len(qemu.text))[1])


@contextlib.contextmanager
def own_server(name, program, directory, source, qemu=None):
    """Our display process with these options; with the QEMU whose screen it shows."""
    path = directory / "own.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(64)
        ready, writer = os.pipe()
        process = subprocess.Popen(
            [program, "--name", "bench", "--viewers", "32", "--unix-fd", str(listening.fileno()),
             "--ready-fd", str(writer), *source],
            stderr=subprocess.PIPE, pass_fds=[listening.fileno(), writer])
        os.close(writer)
    try:
        if os.read(ready, 1) == b"":
            raise RuntimeError(process.stderr.read().decode(errors="replace").strip())
        yield Server(name, path, [process.pid] + ([qemu.process.pid] if qemu else []), qemu)
    finally:
        os.close(ready)
        process.kill()
        process.communicate()


@contextlib.contextmanager
def guest_qemu(guest, directory, mode):
    """A QEMU with the guest's screen on D-Bus and in two VNC servers, one of which may lose."""
    qemu = vgpuguest.Qemu(
        *guest.qemu_options(mode), "-name", "bench,debug-threads=on", "-device", "virtio-vga",
        "-qmp", f"unix:{directory}/qmp.sock,server=on,wait=off",
        "-vnc", f"unix:{directory}/exact.sock,id=exact",
        "-vnc", f"unix:{directory}/lossy.sock,id=lossy,lossy=on",
        display="dbus,p2p=yes")
    try:
        qemu.wait_first_frame()
        yield qemu
    finally:
        qemu.close()


def qemu_server(qemu, directory, lossy):
    return Server("qemu", directory / ("lossy.sock" if lossy else "exact.sock"),
                  [qemu.process.pid], qemu)


def measure(server, watch, encoding, quality, seconds, idle, count=1):
    """Figures of a frame as the average viewer got them; processor time over `idle`, see there."""
    viewers = Viewers(watch, server.path, encoding, quality, seconds, count)
    try:
        viewers.wait_ready()
        before, began = server.cpu_ms(), time.monotonic()
        results = viewers.results()
        took = time.monotonic() - began
        drawn = max(one["drawn"] for one in results)
        busy = server.cpu_ms() - before - idle * (drawn if server.qemu else took)
    finally:
        viewers.close()
    frames = sum(one["frames"] for one in results)
    return {
        "frames_per_s": frames / count / took,
        "drawn_per_s": drawn / took,
        "torn": sum(one["torn"] for one in results),
        "unreadable": sum(one["unreadable"] for one in results),
        "cpu_ms_per_round": busy / max(frames / count, 1),  # a frame for all of them
        "cpu_ms_per_frame": busy / max(frames, 1),
        "bytes_per_frame": sum(one["bytes"] for one in results) / max(frames, 1),
        "bytes_per_s": sum(one["bytes"] for one in results) / took,
        "viewer_cpu_ms_per_frame": sum(one["cpu_ms"] for one in results) / max(frames, 1),
    }


def first_picture(server, watch, encoding, quality, path):
    """The pixels a second after the first frame, as servers may send it in parts; without X bytes."""
    subprocess.run([watch, server.path, encoding, quality, "1", path], check=True,
                   capture_output=True, text=True, timeout=PATIENCE_S)
    pixels = bytearray(path.read_bytes())
    pixels[3::4] = bytes(len(pixels) // 4)
    return bytes(pixels)


def stalled_memory(server, watch, seconds):
    """Memory before, and after a viewer has not read for some time."""
    viewers = Viewers(watch, server.path, "raw", "-", seconds)
    try:
        viewers.wait_ready()
        before = server.memory_kib()
        viewers.stop_reading()
        time.sleep(seconds)
        return {"before_kib": before, "after_kib": server.memory_kib(), "seconds": seconds}
    finally:
        viewers.close()
