# SPDX-License-Identifier: LGPL-2.1-or-later
"""Users of the broker and who starts it, for broker-host.py."""

import json
import os
import pathlib
import select
import signal
import socket
import sys
import traceback

SOCKET = "/run/vgpuctl/broker.sock"
BROKER = os.path.join(os.environ["VGPUCTL_LIBEXECDIR"], "broker")
GROUP = 500
ALICE, BOB, STRANGER = 1000, 1001, 1002
LIMIT_S = 120
LOG = "/run/broker.log"


def answer(key, value):
    print(f"= {key}: {json.dumps(value)}", flush=True)


def prepare():
    """Three users, of whom two are in the group, and a log that the broker may write for anybody."""
    os.setpgid(0, 0)
    os.close(os.open(LOG, os.O_CREAT, 0o666))
    os.chmod(LOG, 0o666)
    for name in ("/etc/passwd", "/etc/group"):
        os.unlink(name)  # a link to that of the machine that runs us
    pathlib.Path("/etc/passwd").write_text(
        "root:x:0:0::/root:/bin/sh\n" + "".join(
            f"{name}:x:{uid}:{uid}::/tmp:/bin/sh\n"
            for name, uid in (("alice", ALICE), ("bob", BOB), ("stranger", STRANGER))))
    pathlib.Path("/etc/group").write_text(f"root:x:0:\nvgpu:x:{GROUP}:alice,bob\n")
    os.umask(0o022)


def end_all():
    """Who is left of us would hold our output open."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)


def claim(**keys):
    """Two instances of V5_2 are all there is; of V5_8, seven."""
    return json.dumps({"version": 1, "op": "claim", "type": "i915-GVTg_V5_2", **keys}).encode()


def release(uuid):
    return json.dumps({"version": 1, "op": "release", "uuid": uuid}).encode()


COLLECT = b'{"version":1,"op":"collect"}'


def connect():
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.settimeout(LIMIT_S)
    peer.connect(SOCKET)
    return peer


def hear(peer):
    """The reply; None when there is none. A refusal before our request was read resets first."""
    for _ in range(2):
        try:
            said = peer.recv(65536)
            return json.loads(said) if said else None
        except ConnectionResetError:
            continue
    return None


def ask(message, ancillary=()):
    with connect() as peer:
        try:
            peer.sendmsg([message], ancillary)
        except BrokenPipeError:
            pass
        return hear(peer)


def try_open(path):
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        return "opened"
    except OSError as error:
        return error.strerror


def try_ask(message):
    try:
        return ask(message)
    except OSError as error:
        return error.strerror


class Actor:
    """A process of a user that calls functions when it is told to, and lives until it is ended."""

    def __init__(self, uid, groups=(GROUP,)):
        self.ours, theirs = socket.socketpair()
        self.ours.settimeout(LIMIT_S)
        self.pid = os.fork()
        if self.pid == 0:
            self.ours.close()
            os.setgroups(groups)
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            self.serve(theirs.makefile("rwb"))
        theirs.close()
        self.file = self.ours.makefile("rwb")

    @staticmethod
    def serve(file):
        for line in file:
            name, *words = json.loads(line)
            try:
                words = [word if name in ("try_open", "hide") else word.encode() for word in words]
                said = getattr(sys.modules["__main__"], name)(*words)
            except Exception:
                said = traceback.format_exc()
            file.write(json.dumps(said).encode() + b"\n")
            file.flush()
        os._exit(0)

    def do(self, function, *words):
        words = [word.decode() if isinstance(word, bytes) else word for word in words]
        self.file.write(json.dumps([function.__name__, *words]).encode() + b"\n")
        self.file.flush()
        return json.loads(self.file.readline())

    def end(self, number=signal.SIGKILL):
        os.kill(self.pid, number)
        os.waitpid(self.pid, 0)
        self.file.close()
        self.ours.close()


class Activator:
    """Starts the broker when somebody knocks and it does not run, as systemd does."""

    def __init__(self, mode=0o660):
        os.makedirs("/run/vgpuctl", exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(SOCKET)
        os.chown(SOCKET, 0, GROUP)
        os.chmod(SOCKET, mode)
        self.listener.listen(256)
        self.started = 0
        self.pid = os.fork()
        if self.pid == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            while True:
                select.select([self.listener], [], [])
                os.waitpid(start_broker(self.listener), 0)

    def end(self):
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        self.listener.close()
        os.unlink(SOCKET)

    def broker(self):
        return int(pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text())


def start_broker(peer, *words, number=3, environment=None):
    """The broker as a child, with @peer as descriptor @number; it inherits more than it should."""
    pid = os.fork()
    if pid != 0:
        return pid
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(log, 2)
    leak = os.open("/etc/passwd", os.O_RDONLY)
    fd = os.dup(peer.fileno())
    fd = os.dup2(fd, 40)
    os.dup2(leak, 41)
    os.dup2(fd, number)
    os.set_inheritable(number, True)
    os.set_inheritable(41, True)
    if number == 3:
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    os.environ.update(environment or {})
    os.execv(BROKER, [BROKER, *words])
