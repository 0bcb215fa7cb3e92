#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""VMs of ordinary users on vGPUs that the broker makes for them, on the simulated host.
tests/lib/broker-run.py is what runs there."""

import json
import unittest

import vgputest
import vgputestbed

SCRIPT = vgputest.SOURCE_DIR / "tests" / "lib" / "broker-run.py"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class BrokerRunTest(unittest.TestCase):
    maxDiff = None

    def test_run(self):
        vgputestbed.require()
        result = vgputest.run(vgputestbed.TESTBED / "run", "--memory", "1024", "--build",
                              vgputest.BUILD_DIR, "--limit", str(vgputest.PATIENCE - 10), SCRIPT,
                              f"/host{vgputest.BUILD_DIR}")
        lines = [line[2:].split(": ", 1) for line in result.stdout.splitlines()
                 if line.startswith("= ")]
        said = {key: json.loads(value) for key, value in lines}
        if "broken" in said or "end" not in said:
            raise AssertionError(said.get("broken", "") + result.stdout + result.stderr)
        with self.subTest("without it: the administrator's command"):
            self.assertEqual(said["without"][0], 1)
            self.assertRegex(said["without"][1], r"sudo vgpuctl create \S+ --user alice")
        with self.subTest("with it"):
            self.assertEqual(said["alice"][0], 0, said["alice"][1])
            supervisor, uid, left = said["qemu"]
            self.assertEqual(uid, 1000)
            self.assertEqual(left, {"devices": 1, "claims": [[1000, "mine", supervisor]]})
            self.assertEqual(said["bob"][0], 0, said["bob"][1])
        with self.subTest("a third is told who holds what"):
            self.assertEqual(said["third"][0], 1)
            self.assertRegex(said["third"][1], rf"{UUID}.*for 'mine'.*{UUID}.*for 'his'"
                                               rf"|{UUID}.*for 'his'.*{UUID}.*for 'mine'")
        with self.subTest("it is given back"):
            self.assertEqual(said["stop"][0], 0, said["stop"][1])
            self.assertEqual(said["after stop"], 1)
        with self.subTest("the next command takes back what a killed one left"):
            self.assertEqual(said["ps"][0], 0, said["ps"][1])
            self.assertEqual(said["after ps"], {"devices": 0, "claims": []})


if __name__ == "__main__":
    vgputest.main()
