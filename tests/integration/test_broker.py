#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The broker on the simulated host: what users get from it and what not, what hostile requests do
(nothing), and what it has given up. tests/lib/broker-host.py is what runs there."""

import json
import unittest

import vgputest
import vgputestbed

SCRIPT = vgputest.SOURCE_DIR / "tests" / "lib" / "broker-host.py"
# of linux/capability.h: CAP_CHOWN, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_SYS_PTRACE
CAPABILITIES = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 19
MOST = 4  # of one user, by default


class BrokerTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        vgputestbed.require()
        result = vgputest.run(vgputestbed.TESTBED / "run", "--aperture", "1024", "--gtt", "8",
                              "--build", vgputest.BUILD_DIR, "--limit",
                              str(vgputest.PATIENCE - 10), SCRIPT)
        lines = [line[2:].split(": ", 1) for line in result.stdout.splitlines()
                 if line.startswith("= ")]
        cls.said = {key: json.loads(value) for key, value in lines}
        if "broken" in cls.said or "log" not in cls.said:
            raise AssertionError(cls.said.get("broken", "") + result.stdout[-2000:] + result.stderr)

    def check(self, key, *expected):
        with self.subTest(key):
            self.assertIn(self.said[key], expected)

    def check_message(self, key, result, pattern):
        with self.subTest(key):
            self.assertEqual(self.said[key]["result"], result)
            self.assertRegex(self.said[key]["message"], pattern)
            self.assertNotIn("uuid", self.said[key])

    def test_without_it_a_user_can_nothing(self):
        self.check("create without", "Permission denied")
        self.check("ask without", "No such file or directory")

    def test_a_user_gets_a_vgpu_that_only_they_can_open(self):
        first = self.said["first"]
        self.assertEqual((first["result"], first["parent"], first["type"]),
                         ("done", "0000:00:02.0", "i915-GVTg_V5_2"))
        self.check("node", ["0o600", 1000, 0])
        self.check("opened by", ["opened", "Permission denied", "Permission denied"])
        file = self.said["claim file"]
        self.assertEqual((file["uid"], file["vm"], file["owner"]["kind"], file["owner"]["pid"]),
                         (1000, "win", "pid", first["pid"]))
        self.assertEqual((file["made"], file["kept"]), (True, False))
        self.assertEqual(self.said["second"]["type"], "i915-GVTg_V5_2")

    def test_others_cannot_take_it_away(self):
        self.check_message("release by bob", "access", "no claim of this user")
        self.check_message("same uuid by bob", "exists", "There is a vGPU")
        self.check("live", 2)
        self.check("of a stranger", "Permission denied")

    def test_none_is_left(self):
        first, second = self.said["first"], self.said["second"]
        self.check_message("third", "busy",
                           rf"{first['uuid']}.* process {first['pid']} .*for 'win'.*")
        self.assertIn(second["uuid"], self.said["third"]["message"])

    def test_the_next_takes_back_what_the_dead_left(self):
        self.check("after bob", {"version": 1, "result": "done", "collected": 1})
        self.check("live after bob", True)
        self.check("next", "done")
        self.check("collected by a claim", "done")

    def test_release(self):
        self.check("release", {"version": 1, "result": "done"})
        self.check("release again", "not-found")
        self.check("node after it", False)
        self.check("live at the end", [])

    def test_a_vgpu_that_is_open_counts(self):
        """Else who lets the claim's process end while another has it open could have them all."""
        self.check_message("left open", "busy", "You hold 1 vGPU")
        self.check("closed", "done")

    def test_a_hidden_descriptor_is_no_way_to_keep_a_vgpu(self):
        """Nothing waits in the kernel for it, and it stays a vGPU of that user."""
        self.check("hide", "hidden")
        self.check_message("release of the hidden", "busy", "descriptor that no process shows")
        self.check("hidden live", True)
        self.check("hidden no more", {"version": 1, "result": "done", "collected": 1})

    def test_policy(self):
        self.check_message("policy, stranger", "access", "does not serve user 1002.*usermod -aG vgpu")
        self.check("policy, stranger collects", "access")
        self.check("policy, bob", "access")
        self.check_message("policy, other type", "access", "allows i915-GVTg_V5_4")
        self.check("policy, type", "i915-GVTg_V5_4")
        self.check_message("policy, one more", "busy", "You hold 1 vGPU")
        self.check_message("policy, wrong file", "failed", "serves nobody: .*broker.conf:2: ")
        self.check("policy, live at the end", [])

    def test_what_it_has_given_up(self):
        status = self.said["status"]
        self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
        for name in ("CapEff", "CapPrm"):
            self.assertEqual(int(status[name], 16), CAPABILITIES, name)
        for name in ("CapBnd", "CapInh", "CapAmb"):
            self.assertEqual(int(status[name], 16), 0, name)
        # its socket as 3, the root directory as 4, and nothing of what its starter had open
        self.check("descriptors", [0, 1, 2, 3, 4])

    def test_hostile_requests_change_nothing(self):
        """Those that are well formed name what is not theirs, or there is none left."""
        results = self.said["hostile"]
        self.assertGreaterEqual(len(results), 80)
        self.assertLessEqual(set(results) - {None},
                             {"invalid", "access", "exists", "not-found", "busy"})
        self.assertGreater(results.count("invalid"), 60)
        self.assertEqual(results.count(None), 1)  # the empty message
        self.check("hostile changed", [])
        # a mutated uuid or type is another one, of nobody
        self.assertLessEqual(set(self.said["random"]),
                             {"invalid", "None", "busy", "not-found", "access", "exists", "done"})
        self.assertIn("invalid", self.said["random"])
        self.check("random changed", [])
        self.check("still serves", "done")
        self.check("descriptors after it", [0, 1, 2, 3, 4])

    def test_odd_connections(self):
        oddly = self.said["oddly"]
        self.assertEqual(oddly["with descriptors"], "invalid")
        self.assertEqual(oddly["two messages"], ["invalid", None])
        self.assertIsNone(oddly["hung up"])
        self.assertEqual({oddly["1"], oddly["2"]}, {"Protocol wrong type for socket"})

    def test_two_hundred_at_once(self):
        self.assertEqual(self.said["many"], {"done": MOST, "busy": 200 - MOST})
        self.check("many live", MOST)
        self.check("many collected", {"version": 1, "result": "done", "collected": MOST})

    def test_the_silent_are_in_nobodys_way(self):
        self.check("silent", 200)
        self.check("beside the silent", "done")

    def test_who_does_not_wait_for_the_answer_gets_nothing(self):
        self.check("left live", [])

    def test_other_ways_to_start_it(self):
        for number in (3, 0):
            self.check(f"one connection as {number}", {"version": 1, "result": "done"})
        self.check("idle", 0)
        self.check("a peer that listens", 2)
        self.check("a stream", 2)

    def test_root_vouches_for_a_user(self):
        said = self.said["vouched"]
        self.assertEqual([said[key]["result"] for key in ("first", "second", "released")],
                         ["done"] * 3)
        self.assertEqual(said["opened"], "opened")
        self.check("vouched live", True)
        self.check("vouched, after its end", [])
        self.check("as a user", [2, 1])  # --uid 0 is wrong usage
        self.check("a user's socket", 1)

    def test_one_line_a_request(self):
        log = self.said["log"]
        uuid = self.said["first"]["uuid"]
        self.assertEqual(len([line for line in log if f"gave {uuid}," in line]), 1)
        for line in log:
            self.assertRegex(line, r"^(vgpuctl-broker: |usage: |       broker)[ -~]*$")


if __name__ == "__main__":
    vgputest.main()
