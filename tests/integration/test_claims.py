#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Claims, names and access on the simulated host: who gets a vGPU, who may open it, and that nothing
is lost whatever ends whom."""

import os
import re
import unittest

import vgputest
import vgputestbed

CROWD = os.environ.get("CLAIM_CROWD",
                       str(vgputest.BUILD_DIR / "tests" / "integration" / "claim-crowd"))

# Functions of all scripts. `left` says what is left of vGPUs and of what we write about them.
PRELUDE = r"""
# libpci 3.9 forgets its udev handle where there is no hwdb.bin
echo leak:udev_new >/tmp/suppressions
export LSAN_OPTIONS=suppressions=/tmp/suppressions:print_suppressions=0
devices=/sys/bus/mdev/devices
left() {
  for directory in $devices /run/vgpuctl/claims /run/vgpuctl/pool /run/vgpuctl/vgpu.d \
      /etc/vgpuctl/vgpu.d /etc/mdevctl.d/0000:00:02.0; do
    ls -A $directory 2>/dev/null
  done | grep -v '\.lock$' | tr '\n' ' '
}
as() { id=$1; shift; /usr/bin/setpriv --reuid "$id" --regid "$id" --clear-groups "$@"; }
open_as() { as "$1" sh -c "exec 3<>$2 && echo opened" 2>&1; }
node() { echo /dev/vfio/$(basename "$(readlink $devices/$1/iommu_group)"); }
exit_of() { "$@" >/tmp/said 2>&1; echo $?; }
"""

CROWD_SCRIPT = PRELUDE + r"""
mkfifo /tmp/end
/host@CROWD@ 200 V5_8 </tmp/end >/tmp/crowd &
exec 3>/tmp/end
until [ "$(wc -l </tmp/crowd)" = 200 ]; do sleep 0.1; done
echo "won: $(grep -c ^won /tmp/crowd)"
echo "refused: $(grep -c '^refused No V5_8 is left on 0000:00:02.0: ' /tmp/crowd)"
echo "who holds what: $(awk '/^refused/ &&
  gsub(/\(i915-GVTg_V5_8\): process [0-9]+ \(claim-crowd\)/, "") == 7 { n++ } END { print n }' /tmp/crowd)"
won=$(sed -n 's/^won //p' /tmp/crowd | sort | tr '\n' ' ')
live=$(ls $devices | tr '\n' ' ')
[ "$won" = "$live" ] && echo "live: the same"
echo "nothing is dead: $(vgpuctl gc --dry-run)"
exec 3>&-
wait
echo "dead: $(vgpuctl gc --dry-run | wc -l)"
echo "next: $(exit_of vgpuctl claim V5_8 --owner pid:$$)"
echo "after next: $(ls $devices | wc -l)"
vgpuctl release --owner pid:$$
echo "left: $(left)"
echo "gc: $(vgpuctl gc)"
"""

KILL_SCRIPT = PRELUDE + r"""
vgpuctl claim-steps >/tmp/steps
echo "count: $(wc -l </tmp/steps)"
for step in $(cat /tmp/steps); do
  case $step in
    claim/*) set -- vgpuctl claim V5_8 --owner pid:$$ --user 1000 ;;
    create/*) set -- vgpuctl create V5_8 --name win --user 1000 --persist ;;
    end/*)
      vgpuctl create V5_8 --name win --user 1000 --persist >/dev/null
      set -- vgpuctl destroy win
      ;;
  esac
  VGPUCTL_TEST_KILL_AFTER=$step "$@" >/dev/null 2>&1
  said=$?
  [ $step = claim/hand-over ] && vgpuctl release --owner pid:$$
  [ $step = create/keep ] && vgpuctl destroy win
  vgpuctl gc >/dev/null
  echo "$step: $said, then $(vgpuctl gc --dry-run) and left $(left)"
done
# without gc: what comes next needs what was left behind
VGPUCTL_TEST_KILL_AFTER=claim/create vgpuctl claim V5_1 --owner pid:$$ >/dev/null 2>&1
echo "next claim: $(exit_of vgpuctl claim V5_1 --owner pid:$$)"
vgpuctl release --owner pid:$$
VGPUCTL_TEST_KILL_AFTER=create/define vgpuctl create V5_1 --name win --persist >/dev/null 2>&1
echo "next create: $(exit_of vgpuctl create V5_1 --name win --persist --ensure)"
VGPUCTL_TEST_KILL_AFTER=end/remove vgpuctl destroy win >/dev/null 2>&1
echo "next destroy: $(exit_of vgpuctl destroy win)"
echo "at the end: $(left)"
"""

OWNER_SCRIPT = PRELUDE + r"""
uuid=$(vgpuctl claim V5_8 --owner lease:1 --for job-1)
until [ -n "$(vgpuctl gc --dry-run)" ]; do sleep 0.2; done
echo "lease: $(vgpuctl gc | grep -c "$uuid") $(left)"

uuid=$(vgpuctl claim V5_8 --owner pid:$$)
echo "pid: $(vgpuctl gc)"
sed -i 's/"started_ticks": /&1/' /run/vgpuctl/claims/"$uuid"
echo "another process of that pid: $(vgpuctl gc | grep -c "$uuid") $(left)"

mkfifo /tmp/input
vgpuctl claim V5_8 --owner fd </tmp/input >/tmp/uuid &
claimer=$!
exec 3>/tmp/input
until [ -s /tmp/uuid ]; do sleep 0.05; done
echo "fd: $(vgpuctl gc)$(ls $devices | grep -c "$(cat /tmp/uuid)")"
kill -9 $claimer
wait $claimer 2>/dev/null
echo "fd is gone: $(vgpuctl gc | grep -c "$(cat /tmp/uuid)") $(left)"
exec 3>&-

vgpuctl claim V5_8 --user 1000 -- sh -c 'stat -c %u:%a $VGPUCTL_NODE >/tmp/said
  [ -e '$devices'/$VGPUCTL_UUID ] && exit 7'
echo "command: $? $(cat /tmp/said) $(left)"
# who holds the claim dies, what it runs does not
vgpuctl claim V5_8 -- sh -c 'echo up >/tmp/up; exec sleep 100000' &
claimer=$!
until [ -s /tmp/up ]; do sleep 0.05; done
command=$(cat /proc/$claimer/task/$claimer/children)
kill -9 $claimer
wait $claimer 2>/dev/null
echo "command outlives us: $(vgpuctl gc)$(ls $devices | wc -l)"
kill $command
echo "and ends: $(vgpuctl gc | wc -l) $(left)"

vgpuctl claim V5_8 --owner pid:$$ --for job-2 >/dev/null
rmmod kvmgt && modprobe kvmgt
echo "reload: $(vgpuctl gc | wc -l) $(left)"
echo "epilogue: $(exit_of vgpuctl release --for job-2)"
"""

POOL_SCRIPT = PRELUDE + r"""
rm -f /etc/passwd /etc/group
printf '%s\n' root:x:0:0::/root:/bin/sh alice:x:1000:1000::/tmp:/bin/sh bob:x:1001:1001::/tmp:/bin/sh \
  >/etc/passwd
uuid=$(vgpuctl create V5_8 --name win --user alice)
node=$(node $uuid)
echo "node: $(stat -c %u:%g:%a $node)"
echo "alice: $(open_as 1000 $node)"
echo "bob: $(open_as 1001 $node | grep -c 'Permission denied')"
echo "again: $(vgpuctl create V5_8 --name win --ensure | grep -c $uuid)"
echo "taken: $(vgpuctl create V5_8 --name win 2>&1 | grep -c "is named 'win' already: $uuid")"
echo "other type: $(vgpuctl create V5_4 --name win --ensure 2>&1 | grep -c 'of type i915-GVTg_V5_8')"
echo "not root: $(as 1000 vgpuctl create V5_8 --user alice 2>&1 | sed 's/.*: //')"
echo "destroy as alice: $(as 1000 vgpuctl destroy win 2>&1 | sed 's/.*: //')"
as 1000 sh -c "exec 3<>$node; echo \$\$ >/tmp/held; exec sleep 1000" &
opener=$!
until [ -s /tmp/held ]; do sleep 0.05; done
echo "by force: $(as 1000 vgpuctl destroy --force win 2>&1 | sed 's/.*: //')"
kill "$(cat /tmp/held)" && echo "who has it open: lived"; wait $opener
as 1000 vgpuctl claim V5_8 -- sh -c 'echo "takes: $(id -u) $VGPUCTL_UUID"
  echo "takes another: $(vgpuctl claim V5_8 -- true 2>&1)"' | sed "s/$uuid/UUID/"
echo "has none: $(as 1001 vgpuctl claim V5_8 -- true 2>&1)"
echo "one of that type: $(as 1000 vgpuctl claim V5_4 -- true 2>&1)"
echo "root takes it: $(vgpuctl claim V5_8 --owner pid:$$ --user alice --pool | grep -c $uuid)"
echo "alice waits: $(as 1000 vgpuctl claim V5_8 -- true 2>&1 | grep -c 'is taken: win: process')"
vgpuctl release win
echo "free again: $(as 1000 vgpuctl claim V5_8 -- echo yes)"
echo "stays: $(stat -c %u:%a $node)"
as 1000 vgpuctl claim V5_8 -- sh -c 'echo up >/tmp/in-use; exec sleep 100000' &
until [ -s /tmp/in-use ]; do sleep 0.05; done
echo "owner in the list: $(vgpuctl list --json | grep -c '"owner": "process')"
echo "destroy in use: $(vgpuctl destroy win 2>&1 | grep -c 'is in use by process')"
echo "and forgets: $(ls /run/vgpuctl/claims | grep -c $uuid)"
pkill -f 'sleep 100000'
wait
# a claim that reaches into the lock of a user gets what that user wrote
echo "99999999999999 ; rm" >/run/vgpuctl/pool/$uuid
vgpuctl destroy win
echo "left: $(left)"

uuid=$(vgpuctl create V5_8 --name stay --user alice --persist)
vgpuctl stop --uuid stay && vgpuctl start --uuid stay
echo "started again: $(stat -c %u:%a "$(node $uuid)") $(as 1000 vgpuctl claim V5_8 -- echo yes)"
vgpuctl stop --uuid stay && vgpuctl start-parent-mdevs 00:02.0
echo "started with its parent: $(stat -c %u:%a "$(node $uuid)") $(as 1000 vgpuctl claim V5_8 -- echo yes)"
vgpuctl destroy stay
rm -rf /etc/vgpuctl

mkdir /etc/vgpuctl
mount -t tmpfs -o ro tmpfs /etc/vgpuctl
echo "read-only: $(vgpuctl create V5_8 --persist 2>&1)"
umount /etc/vgpuctl
mount -t tmpfs -o size=4k tmpfs /etc/vgpuctl
mkdir /etc/vgpuctl/vgpu.d
echo x >/etc/vgpuctl/x
echo "full: $(vgpuctl create V5_8 --persist 2>&1 | sed 's/[0-9a-f-]\{36\}/UUID/')"
umount /etc/vgpuctl
mkdir -p /etc/mdevctl.d
mount -t tmpfs -o ro tmpfs /etc/mdevctl.d
echo "definitions read-only: $(exit_of vgpuctl create V5_8 --persist)"
umount /etc/mdevctl.d
echo "nothing left: $(left)"

uuid=$(vgpuctl create V5_8 --name win --user alice --persist)
vgpuctl stop --uuid win
echo "stopped: $(ls $devices | wc -l)"
echo "revived: $(vgpuctl create V5_8 --name win --ensure | grep -c $uuid) $(stat -c %u:%a $(node $uuid))"
echo "no VM: $(vgpuctl stop win 2>&1)"
vgpuctl destroy win
echo "nothing left of it: $(left)"
"""

HELD_SCRIPT = PRELUDE + r"""
modprobe kvm_amd
start() {
  qemu-system-x86_64 -name guest=win,debug-threads=on -nodefaults -no-user-config -vga none \
    -display none -S -m 64 -M pc -accel kvm \
    -device vfio-pci,sysfsdev=$devices/$1,display=off -daemonize -pidfile /run/vm.pid
}
uuid=$(vgpuctl create V5_8 --name win)
start $uuid
pid=$(cat /run/vm.pid)
echo "held: $(vgpuctl destroy win 2>&1 | sed "s/$uuid/UUID/; s/$pid/PID/")"
[ -e /proc/$pid ] && [ -e $devices/$uuid/remove ] && echo "untouched: yes"
echo "force: $(exit_of vgpuctl destroy --force win)"
[ -e /proc/$pid ] || echo "ended: yes"
echo "left: $(left)"

uuid=$(vgpuctl claim V5_8 --owner pid:$$)
start $uuid
pid=$(cat /run/vm.pid)
echo "release: $(vgpuctl release $uuid 2>&1 | sed "s/$uuid/UUID/; s/$pid/PID/")"
[ -e /proc/$pid ] && [ -e $devices/$uuid/remove ] && echo "still claimed: yes"
kill -9 $pid
echo "dies: $(exit_of vgpuctl release $uuid)"
echo "left then: $(left)"

uuid=$(vgpuctl claim V5_8 --owner pid:$(sh -c 'sleep 100000 >/dev/null 2>&1 & echo $!'))
start $uuid
kill -9 $(sed -n 's/.*"pid": \([0-9]*\).*/\1/p' /run/vgpuctl/claims/$uuid)
echo "dead owner, live QEMU: $(vgpuctl gc 2>&1 | sed "s/$uuid/UUID/; s/(pid [0-9]*/(pid PID/")"
echo "others go on: $(exit_of vgpuctl claim V5_8 --owner lease:1000 --for job)"
vgpuctl release --for job
kill -9 "$(cat /run/vm.pid)"
echo "reclaimed: $(vgpuctl gc | wc -l) $(left)"
"""

UDEV_SCRIPT = PRELUDE + r"""
cat >/tmp/for-udevd <<END
#!/bin/sh
export LSAN_OPTIONS=$LSAN_OPTIONS
exec $(command -v vgpuctl) "\$@"
END
chmod +x /tmp/for-udevd
mkdir -p /run/udev/rules.d
rule=/run/udev/rules.d/71-vgpuctl-access.rules
sed 's#{program}="[^ ]*#{program}="/tmp/for-udevd#' /host@RULES@ >$rule
/usr/lib/systemd/systemd-udevd --daemon
# as at a restart of udevd, or `udevadm trigger`: the same event again
again() { udevadm trigger --action=add /sys/class/vfio/"${1##*/}" && udevadm settle; }
of() { stat -c %u:%g:%a "$1"; }
uuid=$(vgpuctl create V5_8 --name win --user 1000)
node=$(node $uuid)
echo "at once: $(of $node)"
udevadm settle
echo "settled: $(of $node)"
again $node
echo "again: $(of $node)"
echo "opens: $(open_as 1000 $node) $(open_as 1001 $node | grep -c 'Permission denied')"
# what was started by a unit, or by mdevctl: udevd alone gives access
chown 0:0 $node; rm /run/vgpuctl/pool/$uuid
again $node
echo "given by udevd: $(of $node) $(stat -c %u /run/vgpuctl/pool/$uuid)"
claimed=$(vgpuctl claim V5_8 --owner pid:$$ --user 1001)
again $(node $claimed)
echo "claimed: $(of $(node $claimed))"
mine=00000000-0000-4000-8000-000000000001
write-attr /sys/class/mdev_bus/0000:00:02.0/mdev_supported_types/i915-GVTg_V5_8/create $mine >/dev/null
udevadm settle
echo "not ours: $(of $(node $mine))"
# as guides on the net have it
echo 'SUBSYSTEM=="vfio", OWNER="0", GROUP="0", MODE="0666"' >/run/udev/rules.d/60-all.rules
mv $rule /tmp/rule
udevadm control --reload
again $node
echo "their rule alone: $(of $node)"
mv /tmp/rule $rule
udevadm control --reload
again $node
echo "and ours: $(of $node)"
write-attr $devices/$mine/remove 1 >/dev/null
vgpuctl release --owner pid:$$
vgpuctl destroy win
echo "left: $(left)"
udevadm control --exit
"""

WATCH_SCRIPT = PRELUDE + r"""
before=$(vgpuctl create V5_8 --name before)
as 1000 vgpuctl watch --now --count 4 >/tmp/events &
as 1000 vgpuctl watch --count 4 --json >/tmp/json &
until [ "$(wc -l </tmp/events)" = 2 ] && [ "$(grep -c ' 00000001 ' /proc/net/netlink)" -ge 2 ]; do
  sleep 0.1
done
uuid=$(vgpuctl create V5_4 --name win)
vgpuctl destroy win
rmmod kvmgt
modprobe kvmgt
wait
sed "s/$before/BEFORE/; s/$uuid/UUID/" /tmp/events | awk '{ print NR ": " $0 }'
echo "json: $(head -1 /tmp/json)"
echo "lines: $(wc -l </tmp/json)"
echo "gc: $(vgpuctl gc) $(left)"
"""

NOBODY = ""


class ClaimsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        vgputestbed.require()

    def check_answers(self, script, wanted, *options):
        text = vgputestbed.simulated_host(vgputestbed.plainly(script), "--aperture", "1024", *options)
        said = vgputestbed.answers(re.sub(r": $", ":  ", text, flags=re.M))
        for key, answer in wanted.items():
            with self.subTest(key):
                self.assertRegex(said.get(key, "(no answer)").strip(), rf"^{answer}$", text)

    def test_crowd(self):
        if not os.path.exists(CROWD):
            self.skipTest("claim-crowd is not built")
        self.check_answers(CROWD_SCRIPT.replace("@CROWD@", CROWD), {
            "won": "7",
            "refused": "193",
            "who holds what": "193",
            "live": "the same",
            "nothing is dead": NOBODY,
            "dead": "7",
            "next": "0",
            "after next": "1",
            "left": NOBODY,
            "gc": NOBODY,
        }, "--memory", "1024")

    @unittest.skipUnless(os.environ.get("VGPUCTL_TEST_HOOKS", "1") == "1",
                         "built without test hooks")
    def test_kill(self):
        steps = vgputest.run(vgputest.VGPUCTL, "claim-steps").stdout.split()
        self.assertEqual(len(steps), 21)
        wanted = {step: "137, then  and left" for step in steps}
        self.check_answers(KILL_SCRIPT, wanted | {
            "count": str(len(steps)),
            "next claim": "0",
            "next create": "0",
            "next destroy": "0",
            "at the end": NOBODY,
        })

    def test_owners(self):
        self.check_answers(OWNER_SCRIPT, {
            "lease": "1",
            "pid": NOBODY,
            "another process of that pid": "1",
            "fd": "1",
            "fd is gone": "1",
            "command": "7 1000:600",
            "command outlives us": "1",
            "and ends": "1",
            "reload": "1",
            "epilogue": "0",
        })

    def test_pool(self):
        none = "There is no V5_8 vGPU that you may open: 'sudo vgpuctl create V5_8 --user bob' makes one"
        self.check_answers(POOL_SCRIPT, {
            "node": "1000:0:600",
            "alice": "opened",
            "bob": "1",
            "again": "1",
            "taken": "1",
            "other type": "1",
            "not root": "sudo vgpuctl create V5_8 --user alice",
            "destroy as alice": "sudo vgpuctl destroy win",
            "by force": "sudo vgpuctl destroy --force win",
            "who has it open": "lived",
            "takes": "1000 UUID",
            "takes another": r"vgpuctl: Every V5_8 vGPU that you may open is taken: win: process "
                             r"\d+ \(vgpuctl\)",
            "has none": f"vgpuctl: {none}",
            "one of that type": "vgpuctl: There is no V5_4 vGPU .*",
            "root takes it": "1",
            "alice waits": "1",
            "free again": "yes",
            "stays": "1000:600",
            "owner in the list": "1",
            "destroy in use": "1",
            "and forgets": "0",
            "left": NOBODY,
            "started again": "1000:600 yes",
            "started with its parent": "1000:600 yes",
            "read-only": "vgpuctl: Making directory /etc/vgpuctl/vgpu.d: Read-only file system",
            "full": "vgpuctl: Writing /etc/vgpuctl/vgpu.d/UUID: No space left on device",
            "definitions read-only": "1",
            "nothing left": NOBODY,
            "stopped": "0",
            "revived": "1 1000:600",
            "no VM": "vgpuctl: No VM 'win' is running; 'vgpuctl stop --uuid win' stops the vGPU of that "
                     "name",
            "nothing left of it": NOBODY,
        })

    def test_udev(self):
        vgputestbed.require(*vgputestbed.simulated_packages())
        rules = vgputest.BUILD_DIR / "data" / "71-vgpuctl-access.rules"
        self.check_answers(UDEV_SCRIPT.replace("@RULES@", str(rules)), {
            "at once": "1000:0:600",
            "settled": "1000:0:600",
            "again": "1000:0:600",
            "opens": "opened 1",
            "given by udevd": "1000:0:600 1000",
            "claimed": "1001:0:600",
            "not ours": "0:0:600",
            "their rule alone": "0:0:666",
            "and ours": "1000:0:600",
            "left": NOBODY,
        }, "--with", " ".join(vgputestbed.simulated_packages()))

    def test_watch(self):
        self.check_answers(WATCH_SCRIPT, {
            "1": "present 0000:00:02.0",
            "2": "present BEFORE i915-GVTg_V5_8 on 0000:00:02.0 'before'",
            "3": "added UUID i915-GVTg_V5_4 on 0000:00:02.0 'win'",
            "4": "removed UUID i915-GVTg_V5_4 on 0000:00:02.0 'win'",
            "5": "removed BEFORE i915-GVTg_V5_8 on 0000:00:02.0 'before'",
            "6": "(un)?registered 0000:00:02.0",
            "json": r'\{"event":"added","uuid":"[0-9a-f-]{36}","parent":"0000:00:02.0",'
                    r'"type":"i915-GVTg_V5_4","name":"win"\}',
            "lines": "4",
            "gc": NOBODY,
        })

    def test_held(self):
        held = r"vgpuctl: vGPU UUID is held open by qemu-system-x86_64 \(pid PID, VM 'win'\); end that first"
        self.check_answers(HELD_SCRIPT, {
            "held": held,
            "untouched": "yes",
            "force": "0",
            "ended": "yes",
            "left": NOBODY,
            "release": held,
            "still claimed": "yes",
            "dies": "0",
            "left then": NOBODY,
            "dead owner, live QEMU": "vgpuctl: Taking back what a dead owner left: vGPU UUID is held "
                                     r"open by qemu-system-x86_64 \(pid PID, VM 'win'\); end that "
                                     "first",
            "others go on": "0",
            "reclaimed": "1",
        }, "--memory", "1024")


if __name__ == "__main__":
    vgputest.main()
