# SPDX-License-Identifier: LGPL-2.1-or-later
"""JPEG of moving pictures at equal PSNR, for bench/display."""

import contextlib
import json
import math
import statistics
import subprocess

import display_sides as sides

QUALITIES = (0, 1, 3, 5, 7)
MOST_DB = 50  # beyond, most of the picture came exact
# QEMU sends no JPEG of what changes less often than eight (quality up to 3) to 35 times a second (9)
MODE = "mode=full,fps=40,size=1280x800"
CAPTURE_S = 5
SETTLE = 0.4  # of that; QEMU counts ten changes first


def pictures(process):
    """What a capturing viewer got: bytes by the number of the frame."""
    lines = process.communicate(timeout=sides.PATIENCE_S + CAPTURE_S)[0].splitlines()
    if process.returncode != 0:
        raise RuntimeError(f"{process.args[1]}: a viewer ended")
    return {one["number"]: one["bytes"] for one in map(json.loads, lines)}


@contextlib.contextmanager
def capture(programs, path, encoding, quality, directory):
    """A viewer that keeps each frame's pixels."""
    directory.mkdir(exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    process = subprocess.Popen([programs / "watch", path, encoding, quality, str(CAPTURE_S),
                                directory], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def mean_square(programs, one, other):
    return float(subprocess.run([programs / "compare", one, other], check=True, text=True,
                                capture_output=True).stdout)


def measure(programs, directory, server, exact, quality):
    """
    Bytes and PSNR of frames that came as JPEG, against the same ones of an exact viewer, at the socket
    `exact`. What is one whole frame on one side may be torn on the other: the median counts.
    """
    truth, lossy = directory / "exact", directory / "lossy"
    with capture(programs, exact, "raw", "-", truth) as one, \
            capture(programs, server.path, "tight", str(quality), lossy) as other:
        seen, known = pictures(other), pictures(one)
    both = sorted(set(seen) & set(known))
    both = both[int(len(both) * SETTLE):]
    errors = [mean_square(programs, truth / str(number), lossy / str(number)) for number in both]
    least = 255 ** 2 / 10 ** (MOST_DB / 10)
    coded = [(seen[number], error) for number, error in zip(both, errors) if error > least]
    result = {"quality": quality, "frames": len(both), "as_jpeg": len(coded)}
    if 2 * len(coded) > len(both):
        result["bytes"] = statistics.median(size for size, _ in coded)
        result["psnr_db"] = 10 * math.log10(255 ** 2 / statistics.median(e for _, e in coded))
    return result


def bytes_at(curve, wanted):
    """Between the two measured qualities around that PSNR; None outside of them."""
    points = sorted((one["psnr_db"], one["bytes"]) for one in curve if "bytes" in one)
    for (low, less), (high, more) in zip(points, points[1:]):
        if low <= wanted <= high and high > low:  # bytes grow by a factor with each dB
            return less * (more / less) ** ((wanted - low) / (high - low))
    return None


def equal_quality(curves):
    """At the PSNRs of QEMU's, and how many bytes ours takes for each of its."""
    rows = []
    for point in curves["qemu"]:
        ours = bytes_at(curves["ours"], point["psnr_db"]) if "bytes" in point else None
        if ours is not None:
            rows.append({"psnr_db": point["psnr_db"], "ours": ours, "qemu": point["bytes"],
                         "ratio": ours / point["bytes"]})
    return rows
