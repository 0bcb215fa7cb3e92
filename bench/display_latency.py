# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a key that a viewer sends to the pixel that it sees, for bench/display."""

import contextlib
import json
import math
import statistics
import subprocess

import display_sides as sides
import vgpucolours
import vgpuguest

BATCH = 20  # keys of one viewer


@contextlib.contextmanager
def colours_qemu(directory):
    """A guest that shows its keys as colours, its screen on D-Bus and in a VNC server."""
    disk = directory / "colours.raw"
    disk.write_bytes(vgpucolours.BOOT_SECTOR.ljust(1 << 20, b"\0"))
    qemu = vgpuguest.Qemu(
        "-drive", f"file={disk},format=raw,if=ide", "-name", "bench,debug-threads=on",
        "-device", "virtio-vga", "-qmp", f"unix:{directory}/qmp.sock,server=on,wait=off",
        "-vnc", f"unix:{directory}/exact.sock,id=exact", display="dbus,p2p=yes")
    try:
        yield qemu
    finally:
        qemu.close()


def press(programs, path, times):
    result = subprocess.run([programs / "press", path, "tight", "-", str(times)], check=True,
                            capture_output=True, text=True, timeout=120 + 6 * times)
    return json.loads(result.stdout)


def percentile(values, share):
    """The least value that so large a share of all does not exceed."""
    return sorted(values)[max(math.ceil(len(values) * share) - 1, 0)]


def summarise(values):
    seen = [value for value in values if value is not None]
    return {"keys": len(values), "lost": len(values) - len(seen), "values": seen} | (
        {"median_ms": statistics.median(seen), "p95_ms": percentile(seen, 0.95),
         "min_ms": min(seen), "max_ms": max(seen)} if seen else {})


def measure(programs, servers, rounds):
    """Batches of keys, the sides in turn, ABBA; one side's display is not there in the other's."""
    taken = {name: [] for name in servers}
    for number in range(rounds):
        for name in list(servers)[::1 if number % 2 == 0 else -1]:
            with servers[name]() as server:
                taken[name] += press(programs, server.path, BATCH)
    return {name: summarise(values) for name, values in taken.items()}
