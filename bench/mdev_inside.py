#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bench/mdev runs on the simulated host: reads its wishes and prints the samples as JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path

PARENT = "mbochs"
TYPE = "mbochs-small"
TYPES = Path("/sys/class/mdev_bus", PARENT, "mdev_supported_types")
DEFINITIONS = Path("/etc/mdevctl.d", PARENT)
OURS = Path("/run/bench/mdevctl")
SPARE = "00000000-0000-4000-8000-0000000fffff"  # what is started and stopped


def say(text):
    print(f"bench: {text}", flush=True)


def uuid(number):
    return f"00000000-0000-4000-8000-{number:012x}"


def populate(first, last):
    """Makes devices and definitions up to the last."""
    for number in range(first, last):
        (TYPES / TYPE / "create").write_text(uuid(number), encoding="ascii")
        (DEFINITIONS / uuid(number)).write_text(
            json.dumps({"mdev_type": TYPE, "start": "manual", "attrs": []}, indent=2),
            encoding="ascii")


def sides(wishes):
    """{what is done: {who does it: its commands}}"""
    bare, peer, vgpuctl, ours = wishes["bare"], "/usr/bin/mdevctl", wishes["vgpuctl"], str(OURS)

    def start_and_stop(program):
        return [[program, "start", "--uuid", SPARE, "--parent", PARENT, "--type", TYPE],
                [program, "stop", "--uuid", SPARE]]

    return {
        **{" ".join(words): {
            "mdevctl": [[peer, *words, "--dumpjson"]],
            "vgpuctl as mdevctl": [[ours, *words, "--dumpjson"]],
            "vgpuctl": [[vgpuctl, *words, "--json"]],
            "bare": [[bare, "list-defined" if "-d" in words else words[0]]],
        } for words in (["list"], ["list", "-d"], ["types"])},
        "start, stop": {
            "mdevctl": start_and_stop(peer),
            "vgpuctl as mdevctl": start_and_stop(ours),
            "vgpuctl": start_and_stop(vgpuctl),
            "bare": [[bare, "start", SPARE, PARENT, TYPE], [bare, "stop", SPARE]],
        },
    }


def run(timed, commands):
    """The sums of what the commands took, and the larger of their memories."""
    took = []
    for command in commands:
        result = subprocess.run([timed, *command], stdout=subprocess.PIPE, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed")
        took.append(json.loads(result.stdout))
    return {"wall_ms": sum(one["wall_ms"] for one in took),
            "cpu_ms": sum(one["cpu_ms"] for one in took),
            "rss_kib": max(one["rss_kib"] for one in took)}


def count_calls(commands):
    """All system calls, and those that failed: the last line is "CALLS [ERRORS] total"."""
    total = failed = 0
    for command in commands:
        subprocess.run(["strace", "-f", "-c", "-U", "calls,errors,name", "-o", "/tmp/calls",
                        *command], stdout=subprocess.DEVNULL, check=True)
        words = Path("/tmp/calls").read_text(encoding="ascii").splitlines()[-1].split()
        total += int(words[0])
        failed += int(words[1]) if len(words) == 3 else 0
    return {"total": total, "failed": failed}


def measure(wishes, count):
    results = []
    for what, programs in sides(wishes).items():
        samples = {who: [] for who in programs}
        for turn in range(wishes["runs"] + 1):
            order = list(programs) if turn % 2 == 0 else list(reversed(programs))
            for who in order:  # what drifts falls on all
                sample = run(wishes["timed"], programs[who])
                if turn > 0:  # the first reads the programs into memory
                    samples[who].append(sample)
        results.append({"what": what, "count": count, "samples": samples, "calls": {
            who: count_calls(commands) for who, commands in programs.items()
        } if count in wishes["count_calls_at"] else None})
        say(f"{count}: {what}")
    return results


def main():
    wishes = json.loads(sys.argv[1])
    subprocess.run(["modprobe", PARENT, "count=8192"], check=True)
    DEFINITIONS.mkdir(parents=True, exist_ok=True)
    OURS.parent.mkdir(parents=True)
    OURS.symlink_to(wishes["vgpuctl"])
    os.environ["LC_ALL"] = "C.UTF-8"
    results, done = [], 0
    for count in wishes["counts"]:
        populate(done, count)
        done = count
        results += measure(wishes, count)
    print(json.dumps(results))


main()
