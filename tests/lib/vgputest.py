# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs unittest cases and prints TAP; finds what the build made.

A test file ends with `if __name__ == "__main__": vgputest.main()`. A test method is one TAP line; a
method with subtests is one line for each of them. The paths come from the environment that meson
sets, or are found from here when a test is run by hand.
"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

SOURCE_DIR = Path(os.environ.get("VGPUCTL_SOURCE_DIR", Path(__file__).resolve().parents[2]))
BUILD_DIR = Path(os.environ.get("VGPUCTL_BUILD_DIR", SOURCE_DIR / "build"))
VGPUCTL = os.environ.get("VGPUCTL", str(BUILD_DIR / "src" / "vgpuctl"))
LIBEXECDIR = os.environ.get("VGPUCTL_LIBEXECDIR", str(BUILD_DIR / "src" / "libexec"))
STRIP_READ = os.environ.get("STRIP_READ", str(BUILD_DIR / "guest" / "strip-read"))

# Seconds after which something that should happen has gone wrong: far above any honest wait, so
# that a busy machine fails no test.
PATIENCE = 300


class TapResult(unittest.TestResult):
    """One line for each test or subtest; why a test failed stands before its line, as comments."""

    def __init__(self, stream):
        super().__init__()
        self.tap = stream
        self.count = 0
        self.subtests = 0

    def _line(self, test, is_ok, skip=None, diagnosis=None):
        self.count += 1
        for line in (diagnosis or "").splitlines():
            print("#", line, file=self.tap)
        name = str(test).split(" (", 1)[0]
        if isinstance(test, unittest.case._SubTest):  # the case's name, then what differs
            name = f"{test.test_case._testMethodName} {test._subDescription()}"
        reason = f" # SKIP {' '.join(skip.split())}" if skip is not None else ""
        clean = name.replace("#", "").replace("\n", " ")
        print(f"{'ok' if is_ok else 'not ok'} {self.count} - {clean}{reason}",
              file=self.tap, flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.subtests = 0

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        self.subtests += 1
        diagnosis = self._exc_info_to_string(err, test) if err else None
        self._line(subtest, err is None, diagnosis=diagnosis)

    def addSuccess(self, test):
        super().addSuccess(test)
        if self.subtests == 0:
            self._line(test, True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line(test, False, diagnosis=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._line(test, False, diagnosis=self.errors[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(test, True, skip=reason)

    def addExpectedFailure(self, test, err):
        self.addFailure(test, err)

    def addUnexpectedSuccess(self, test):
        self.addSuccess(test)


def main(module="__main__"):
    """Runs the tests of the calling file, or those named on the command line (Class.test_name)."""
    loader = unittest.defaultTestLoader
    names = [f"{module}.{name}" for name in sys.argv[1:]]
    suite = loader.loadTestsFromNames(names) if names else loader.loadTestsFromName(module)
    result = TapResult(sys.stdout)
    print("TAP version 13", flush=True)
    suite.run(result)
    print(f"1..{result.count}")
    sys.exit(0 if result.wasSuccessful() else 1)


def run(*command, **options):
    """The finished process with its output as text."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=PATIENCE, check=False, **options)


def read_strip(path):
    """The frame number, width and height of a picture as a dict of int, or (None, reason)."""
    answer = run(STRIP_READ, path)
    if answer.returncode != 0:
        return None, answer.stderr.strip()
    return {key: int(value) for key, value in
            (word.split("=") for word in answer.stdout.split())}, None
