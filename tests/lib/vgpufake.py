# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines made from text (tests/fixtures/NAME.root) and golden files, for tests of commands."""

import os
import sys
import tempfile
from pathlib import Path

import vgputest

FIXTURES = vgputest.SOURCE_DIR / "tests" / "fixtures"
GOLDEN = vgputest.SOURCE_DIR / "tests" / "golden"
REGENERATE = os.environ.get("VGPUCTL_TEST_REGENERATE") == "1"
NOBODY = 65534


class FakeRoot:
    """A directory that stands in for /; remove it with close()."""

    def __init__(self, name):
        self.directory = tempfile.TemporaryDirectory(prefix="vgpuctl-fake-")
        self.path = Path(self.directory.name)
        self.path.chmod(0o755)
        made = vgputest.run(sys.executable, vgputest.SOURCE_DIR / "tests" / "lib" / "fake-root",
                            FIXTURES / f"{name}.root", self.path)
        if made.returncode != 0:
            raise RuntimeError(made.stderr.strip())

    def close(self):
        self.directory.cleanup()

    def run(self, *arguments, **options):
        """vgpuctl on this machine, with an environment that says nothing of ours."""
        kept = {name: value for name, value in os.environ.items()
                if name in ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
        environment = {**kept, "LC_ALL": "C.UTF-8", "VGPUCTL_ROOT": str(self.path)}
        return vgputest.run(vgputest.VGPUCTL, *arguments, env=environment, **options)


def check_golden(case, path, text):
    """Compares with tests/golden/PATH, or writes it when asked to."""
    golden = GOLDEN / path
    if REGENERATE:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    case.assertTrue(golden.exists(), f"{golden} is missing; VGPUCTL_TEST_REGENERATE=1 writes it")
    case.maxDiff = None
    case.assertMultiLineEqual(golden.read_text(encoding="utf-8"), text)


def as_nobody():
    """Options for FakeRoot.run() that drop root's right to read everything."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}
