#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever step of a session is the last: nothing is left behind."""

import os
import signal

import vgputest
from vgpuvm import LIGHT, VmTest


class StepTest(VmTest):
    def setUp(self):
        super().setUp()
        self.steps = self.person.good("session-steps").split()
        self.disk = self.person.disk()
        if os.environ.get("VGPUCTL_TEST_HOOKS", "1") == "0":
            self.skipTest("built without test hooks (-Dtest-hooks=true)")

    def run_through(self, variable, step):
        """Runs a VM that ends at `step`, or is asked to when it has come as far as it can."""
        running = self.person.start("run", self.disk, "--name", "point", *LIGHT,
                                    extra={variable: step})
        if step == self.steps[-1]:
            running.wait_for("Stop: ")
            running.send(signal.SIGQUIT)
        return running.wait(), running.text

    def check_all(self, variable, judge):
        hit = 0
        for step in self.steps:
            with self.subTest(step=step):
                judge(step, *self.run_through(variable, step))
                hit += 1
        print(f"# {variable}: {hit} of {len(self.steps)} steps were hit", flush=True)
        self.assertEqual(hit, len(self.steps))

    def test_killed_after_each(self):
        def judge(step, status, text):
            self.assertEqual(status, -signal.SIGKILL, text)
            self.assertEqual(self.person.ps(), [])
            self.person.check_nothing_left()
            self.assertEqual(self.person.good("gc"), "")

        self.check_all("VGPUCTL_TEST_KILL_AFTER", judge)

    def test_failed_after_each(self):
        def judge(step, status, text):
            self.assertEqual(status, 1, text)
            self.assertRegex(text, rf"(?m)^vgpuctl: Injected failure after step {step}$")
            self.person.check_nothing_left()
            self.assertEqual(self.person.good("gc"), "")

        self.check_all("VGPUCTL_TEST_FAIL_AFTER", judge)


if __name__ == "__main__":
    vgputest.main()
