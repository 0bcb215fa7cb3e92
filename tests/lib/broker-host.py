#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What test_broker.py does on the simulated host, as root there, with users of its own and a small
activator in the place of systemd. Every answer is a line "= KEY: JSON"."""

import array
import ctypes
import fcntl
import json
import os
import pathlib
import select
import signal
import socket
import stat
import subprocess
import sys
import traceback

from brokeractors import (ALICE, BOB, COLLECT, LOG, SOCKET, STRANGER, Activator, Actor, answer, ask,
                          claim, connect, end_all, hear, prepare, release, start_broker, try_ask,
                          try_open)
from brokerhostile import DEFINED, OTHER, POOL, hostile_bytes, hostile_table

TYPES = pathlib.Path("/sys/class/mdev_bus/0000:00:02.0/mdev_supported_types")
DEVICES = pathlib.Path("/sys/bus/mdev/devices")


def configure(text):
    path = pathlib.Path("/etc/vgpuctl/broker.conf")
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"[broker]\n{text}")
    path.chmod(0o644)


def live():
    return sorted(os.listdir(DEVICES))


def tree(top):
    """{path: what it is}: mode, owner, content of regular files, target of links."""
    found = {}
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            what = [oct(info.st_mode), info.st_uid, info.st_gid]
            if stat.S_ISREG(info.st_mode):
                what.append(pathlib.Path(path).read_text(errors="replace"))
            elif stat.S_ISLNK(info.st_mode):
                what.append(os.readlink(path))
            found[path] = what
    return found


def host_state():
    """All that a request could change. The log grows, and a lock file of a user may appear."""
    state = {**tree("/etc"), **tree("/run"), **tree("/dev/vfio"), "devices": live()}
    for path in TYPES.iterdir():
        state[str(path)] = (path / "available_instances").read_text()
    return {path: what for path, what in state.items()
            if path != LOG and not path.startswith("/run/vgpuctl/broker")}


def scene_without():
    """No broker: a user can do nothing."""
    alice = Actor(ALICE)
    answer("create without", alice.do(try_open, str(TYPES / "i915-GVTg_V5_8/create")))
    answer("ask without", alice.do(try_ask, COLLECT))
    alice.end()


def scene_claim():
    """Claims by two users until none is left, releases, and the end of a process."""
    activator = Activator()
    alice, bob, stranger = Actor(ALICE), Actor(BOB), Actor(STRANGER, (STRANGER,))
    first = alice.do(ask, claim(vm="win"))
    answer("first", {**first, "pid": alice.pid})
    answer("claim file", json.loads(
        pathlib.Path("/run/vgpuctl/claims", first["uuid"]).read_text()))
    info = os.stat(first["node"])
    answer("node", [oct(info.st_mode & 0o7777), info.st_uid, info.st_gid])
    answer("opened by", [actor.do(try_open, first["node"]) for actor in (alice, bob, stranger)])
    answer("of a stranger", stranger.do(try_ask, COLLECT))
    answer("release by bob", bob.do(ask, release(first["uuid"])))
    answer("same uuid by bob", bob.do(ask, claim(uuid=first["uuid"])))
    second = bob.do(ask, claim(type="V5_2"))
    answer("second", second)
    answer("live", len(live()))
    answer("third", alice.do(ask, claim()))
    bob.end()
    answer("after bob", alice.do(ask, COLLECT))
    answer("live after bob", live() == [first["uuid"]])
    carol = Actor(BOB)
    answer("next", carol.do(ask, claim(parent="0000:00:02.0"))["result"])
    carol.end()
    answer("collected by a claim", alice.do(ask, claim())["result"])
    answer("release", alice.do(ask, release(first["uuid"])))
    answer("release again", alice.do(ask, release(first["uuid"]))["result"])
    answer("node after it", os.path.exists(first["node"]) and os.stat(first["node"]).st_uid)
    status = pathlib.Path(f"/proc/{activator.broker()}/status").read_text()
    answer("status", dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line))
    answer("descriptors", sorted(map(int, os.listdir(f"/proc/{activator.broker()}/fd"))))
    alice.end()
    stranger.end()
    last = Actor(ALICE)
    last.do(ask, COLLECT)
    last.end()
    answer("live at the end", live())
    activator.end()


def scene_left_open():
    """The claim's owner ends, but another process has the vGPU open: it still counts."""
    configure("groups=vgpu\nmax-per-user=1\n")
    activator = Activator()
    alice, helper = Actor(ALICE), Actor(ALICE)
    node = alice.do(ask, claim())["node"]
    fd = os.open(node, os.O_RDWR)  # root's, so that it is not alice who is seen
    alice.end()
    answer("left open", helper.do(ask, claim()))
    os.close(fd)
    answer("closed", helper.do(ask, claim())["result"])
    helper.end()
    Actor(BOB).do(ask, COLLECT)
    os.unlink("/etc/vgpuctl/broker.conf")
    activator.end()


SET_IOMMU, SET_CONTAINER, GET_DEVICE_FD = 0x3b66, 0x3b68, 0x3b6a  # linux/vfio.h
hidden = []


def hide(node, uuid):
    """Opens the device and leaves it to nobody but a message that is not received."""
    container, group = (os.open(path, os.O_RDWR) for path in ("/dev/vfio/vfio", node))
    fcntl.ioctl(group, SET_CONTAINER, container.to_bytes(4, "little"))
    fcntl.ioctl(container, SET_IOMMU, 3)
    # fcntl.ioctl() would return the text and not the descriptor
    device = ctypes.CDLL(None).ioctl(group, GET_DEVICE_FD, uuid.encode())
    pair = socket.socketpair()
    hidden.extend(pair)
    socket.send_fds(pair[0], [b"x"], [device])
    for fd in (device, group, container):
        os.close(fd)
    return "hidden"


def scene_hidden():
    """The kernel would wait for the end of a descriptor that no process shows."""
    subprocess.run(["modprobe", "mbochs"], check=True)
    activator = Activator()
    alice = Actor(ALICE)
    mine = alice.do(ask, claim(type="mbochs-small"))
    answer("hide", alice.do(hide, mine["node"], mine["uuid"]))
    answer("release of the hidden", alice.do(ask, release(mine["uuid"])))
    answer("hidden live", live() == [mine["uuid"]])
    alice.end()
    bob = Actor(BOB)
    answer("hidden no more", bob.do(ask, COLLECT))
    bob.end()
    activator.end()


def scene_policy():
    """The socket lets everybody through: then the broker decides."""
    activator = Activator(mode=0o666)
    stranger, bob = Actor(STRANGER, (STRANGER,)), Actor(BOB)
    answer("policy, stranger", stranger.do(ask, claim()))
    answer("policy, stranger collects", stranger.do(ask, COLLECT)["result"])
    activator.end()
    configure("groups=\nusers=stranger\ntypes=i915-GVTg_V5_4\nmax-per-user=1\n")
    activator = Activator(mode=0o666)
    answer("policy, bob", bob.do(ask, claim())["result"])
    answer("policy, other type", stranger.do(ask, claim()))
    granted = stranger.do(ask, claim(type="V5_4"))
    answer("policy, type", granted.get("type"))
    answer("policy, one more", stranger.do(ask, claim(type="V5_4")))
    stranger.end()
    activator.end()
    configure("nonsense\n")
    activator = Activator(mode=0o666)
    answer("policy, wrong file", bob.do(ask, COLLECT))
    os.unlink("/etc/vgpuctl/broker.conf")
    activator.end()
    bob.end()
    activator = Activator()
    Actor(ALICE).do(ask, COLLECT)
    answer("policy, live at the end", live())
    activator.end()


def ask_all(messages):
    """The replies to many, some at a time."""
    replies, messages = [], list(messages)
    for start in range(0, len(messages), 16):
        peers = []
        for message in messages[start:start + 16]:
            peer = connect()
            try:
                peer.send(message)
            except OSError:  # larger than the socket takes
                pass
            peers.append((message, peer))
        for message, peer in peers:
            # an empty message says nothing, and is not answered
            replies.append(hear(peer) if message else None)
            peer.close()
    return [reply["result"] if reply else None for reply in replies]


def ask_hostile_table():
    return ask_all(hostile_table())


def ask_hostile_bytes():
    return ask_all(hostile_bytes(60))


def ask_oddly():
    """What is no message, or comes with something."""
    said = {}
    with open("/etc/passwd", "rb") as file:
        fds = array.array("i", [file.fileno()] * 20)
        said["with descriptors"] = ask(b"{", [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])["result"]
    with connect() as peer:
        peer.send(b"{")
        peer.send(release(OTHER))
        said["two messages"] = [hear(peer)["result"], hear(peer)]
    with connect() as peer:
        peer.shutdown(socket.SHUT_WR)
        said["hung up"] = hear(peer)
    with connect() as peer:
        peer.shutdown(socket.SHUT_RD)
        peer.send(b"{")
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_UNIX, kind) as other:
            try:
                other.connect(SOCKET)
                said[str(kind)] = "connected"
            except OSError as error:
                said[str(kind)] = error.strerror
    return said


def scene_hostile():
    activator = Activator()
    bob = Actor(BOB)
    alice = Actor(ALICE)
    bob.do(ask, claim(uuid=OTHER))
    (TYPES / "i915-GVTg_V5_2/create").write_text(POOL)
    path = pathlib.Path("/etc/mdevctl.d/0000:00:02.0", DEFINED)
    path.parent.mkdir(parents=True)
    path.write_text('{"mdev_type":"i915-GVTg_V5_8","start":"manual","attrs":[]}')
    before = host_state()
    answer("hostile", alice.do(ask_hostile_table))
    answer("hostile changed", [key for key in {**before, **host_state()}
                               if before.get(key) != host_state().get(key)])
    answer("random", sorted(map(str, set(alice.do(ask_hostile_bytes)))))
    answer("oddly", alice.do(ask_oddly))
    answer("random changed", [key for key in {**before, **host_state()}
                              if before.get(key) != host_state().get(key)])
    answer("still serves", alice.do(ask, COLLECT)["result"])
    answer("descriptors after it", sorted(map(int, os.listdir(f"/proc/{activator.broker()}/fd"))))
    bob.do(ask, release(OTHER))
    (DEVICES / POOL / "remove").write_text("1")
    alice.end()
    bob.end()
    activator.end()


def ask_many():
    """Two hundred claims of one process at once."""
    peers = [connect() for _ in range(200)]
    for peer in peers:
        try:
            peer.send(claim(type="V5_8"))
        except OSError:
            pass  # refused already
    replies = [hear(peer) for peer in peers]
    return [reply["result"] if reply else None for reply in replies]


silent = []


def stay_silent():
    silent.extend(connect() for _ in range(200))
    return len(silent)


def ask_and_leave():
    peer = connect()
    peer.send(claim())
    peer.close()
    return "left"


def scene_many():
    activator = Activator()
    alice, bob = Actor(ALICE), Actor(BOB)
    results = alice.do(ask_many)
    answer("many", {str(result): results.count(result) for result in set(results)})
    answer("many live", len(live()))
    alice.end()
    alice = Actor(ALICE)
    answer("many collected", alice.do(ask, COLLECT))
    answer("silent", alice.do(stay_silent))
    answer("beside the silent", bob.do(ask, claim())["result"])
    bob.end()
    alice.end()
    alice = Actor(ALICE)
    for _ in range(5):
        alice.do(ask_and_leave)
    # requests of one user are served one by one, as they came
    alice.do(ask, COLLECT)
    answer("left live", live())
    alice.end()
    activator.end()


def scene_starts():
    """The other ways to start it."""
    for number in (3, 0):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.send(COLLECT)
        os.waitpid(start_broker(theirs, number=number), 0)
        theirs.close()
        answer(f"one connection as {number}", hear(ours))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind("/run/other.sock")
    listener.listen(1)
    pid = start_broker(listener, environment={"VGPUCTL_TEST_BROKER_IDLE_MS": "1"})
    answer("idle", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    pid = start_broker(listener, "--peer-socket", "--uid", "1000", number=0)
    answer("a peer that listens", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    stream = socket.socketpair()
    answer("a stream", os.waitstatus_to_exitcode(os.waitpid(start_broker(stream[0]), 0)[1]))


def make_pair():
    """A socket pair that this user has made, and a broker for it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = start_broker(theirs, "--peer-socket", "--uid", "0", number=0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    pid = start_broker(theirs, "--peer-socket", "--uid", "1001", number=0)
    return [status, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]


def scene_vouched():
    """Root starts a broker for itself and becomes a user: that user is served until it ends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        broker = start_broker(theirs, "--peer-socket", "--uid", str(STRANGER), number=0)
        theirs.close()
        os.setgroups([])
        os.setresgid(STRANGER, STRANGER, STRANGER)
        os.setresuid(STRANGER, STRANGER, STRANGER)
        said = {"broker": broker}
        for key in ("first", "second"):
            ours.send(claim())
            said[key] = hear(ours)
        said["opened"] = try_open(said["first"]["node"])
        ours.send(release(said["first"]["uuid"]))
        said["released"] = hear(ours)
        os.write(writing, json.dumps(said).encode())
        signal.pause()
    said = json.loads(os.read(reading, 65536))
    answer("vouched", said)
    answer("vouched live", live() == [said["second"]["uuid"]])
    watched = os.pidfd_open(said["broker"])
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    select.select([watched], [], [])
    answer("vouched, after its end", live())
    user = Actor(ALICE)
    answer("as a user", user.do(make_pair))
    # root is handed a socket that a user has made
    channel = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        os.setresuid(ALICE, ALICE, ALICE)
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        socket.send_fds(channel[0], [b"x"], [pair[0].fileno()])
        signal.pause()
    _, fds, _, _ = socket.recv_fds(channel[1], 1, 1)
    with socket.socket(fileno=fds[0]) as foreign:
        broker = start_broker(foreign, "--peer-socket", "--uid", str(BOB), number=0)
        answer("a user's socket", os.waitstatus_to_exitcode(os.waitpid(broker, 0)[1]))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    user.end()


def main():
    prepare()
    only = [globals()[name] for name in sys.argv[1:]]
    for scene in only or (scene_without, scene_claim, scene_left_open, scene_hidden, scene_policy,
                          scene_hostile, scene_many, scene_starts, scene_vouched):
        try:
            scene()
        except Exception:
            answer("broken", traceback.format_exc())
            break
    answer("log", pathlib.Path(LOG).read_text().splitlines())
    end_all()


main()
