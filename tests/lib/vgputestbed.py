# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scripts on the simulated host of testbed/, whose every answer is a line "KEY: ANSWER"."""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

import vgputest

TESTBED = vgputest.SOURCE_DIR / "testbed"


def require(*packages):
    """Skips what cannot run here: nothing is built or downloaded by a test."""
    if shutil.which("qemu-system-x86_64") is None:
        raise unittest.SkipTest("qemu-system-x86_64 is not installed")
    path = vgputest.run(TESTBED / "build", "--print-path").stdout.strip()
    if not path or not Path(path, "initrd.cpio").exists():
        raise unittest.SkipTest("the simulated host is not built (run testbed/build)")
    if packages:
        path = vgputest.run(TESTBED / "layer", "--print-path", *packages).stdout.strip()
        if not path or not Path(path).is_dir():
            raise unittest.SkipTest(
                f"packages are not unpacked (run testbed/layer {' '.join(packages)})")


def simulated_packages():
    """What ./check unpacks for the simulated host."""
    return subprocess.run([vgputest.SOURCE_DIR / "tools" / "packages", "simulated"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.split()


def plainly(script):
    """The script with the vgpuctl that is built without sanitizers, where that is quicker."""
    plain = os.environ.get("VGPUCTL_PLAIN")
    if plain is None or os.environ.get("VGPUCTL_CHECK_FULL"):
        return script
    return f"PATH=/host{Path(plain).parent}:$PATH\n{script}"


def simulated_host(script, *options, limit=vgputest.PATIENCE):
    """What the script says on a simulated host within `limit` seconds."""
    command = [TESTBED / "run", "--build", vgputest.BUILD_DIR, "--limit", str(limit), *options,
               "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 125:
        raise AssertionError(result.stdout + result.stderr)
    return result.stdout


def answers(text):
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
