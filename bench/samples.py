# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures that were taken several times, and short commands run for their figures."""

import itertools
import math
import os
import statistics
import time


class Samples:
    """What was measured of one thing, in one unit."""

    def __init__(self, values=()):
        self.values = list(values)

    def add(self, value):
        self.values.append(value)

    @property
    def median(self):
        return statistics.median(self.values)

    def as_json(self):
        return {"median": self.median, "min": min(self.values), "max": max(self.values),
                "values": self.values}

    def row(self, digits):
        return [f"{value:.{digits}f}" for value in
                (self.median, min(self.values), max(self.values))]


def median_interval(values, confidence=0.95):
    """Between which of the values the true median is: it is as likely below as above each of them,
    so how many are below it follows from coin throws. Of few values, all their range."""
    ordered, count = sorted(values), len(values)
    tails = itertools.accumulate(2 * math.comb(count, k) / 2 ** count
                                 for k in range((count + 1) // 2))
    cut = max((k for k, tail in enumerate(tails) if tail <= 1 - confidence), default=0)
    return [ordered[cut], ordered[count - 1 - cut]]


def compare(ours, theirs):
    """How much more `ours` is: of the medians, and the median of what each pair says."""
    pairs = list(zip(ours.values, theirs.values))
    return {
        "pair_ratio_interval": median_interval([a / b for a, b in pairs]),
        "ratio_of_medians": ours.median / theirs.median,
        "median_of_pair_ratios": statistics.median(a / b for a, b in pairs),
        "difference_of_medians": ours.median - theirs.median,
        "median_of_pair_differences": statistics.median(a - b for a, b in pairs),
    }


class ShortCommand:
    """A command that ends by itself: wall and processor time of each of its runs, in ms."""

    def __init__(self, label, argv, environment):
        self.label = label
        self.argv = [str(word) for word in argv]
        self.environment = environment
        self.wall_ms = Samples()
        self.cpu_ms = Samples()

    def run(self, record=True):
        silence = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        started = time.monotonic()
        pid = os.posix_spawn(self.argv[0], self.argv, self.environment, file_actions=silence)
        _, status, usage = os.wait4(pid, 0)
        wall = time.monotonic() - started
        if status != 0:
            raise RuntimeError(f"{' '.join(self.argv)} ended with status "
                               f"{os.waitstatus_to_exitcode(status)}")
        if record:
            self.wall_ms.add(wall * 1000)
            self.cpu_ms.add((usage.ru_utime + usage.ru_stime) * 1000)


def run_interleaved(commands, runs):
    """Each command in turn, `runs` times: what else the machine does falls on all alike."""
    for command in commands:
        command.run(record=False)
    for _ in range(runs):
        for command in commands:
            command.run()
