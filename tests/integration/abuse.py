# SPDX-License-Identifier: Apache-2.0
"""Clients that do harm to a socket that speaks HTTP, each in a process of its own, as a user of one's choice.

Knows nothing of what the socket is for but the paths that it is asked.
"""

import json
import os
import random
import select
import signal
import socket
import time

MEBI = 1 << 20
TICK = 0.02  # seconds between two rounds of a client that isn't in a hurry


class Client:
    """One connection that misbehaves; turn() is called again and again, and says whether it is still open."""

    RECEIVE = None  # bytes of the receive buffer
    HURRIES = False

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.got = 0
        if self.RECEIVE:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.RECEIVE)
        self.socket.setblocking(False)
        try:
            self.socket.connect(path)
        except BaseException:
            self.socket.close()
            raise
        self.began()

    def began(self):
        pass

    def send(self, data):
        """What fits; false when the connection is gone."""
        try:
            self.socket.send(data)
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def receive(self, most):
        try:
            data = self.socket.recv(most)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.got += len(data)
        return bool(data)

    def turn(self):
        return self.receive(1024)

    def close(self):
        self.socket.close()


def get(target):
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


class Silent(Client):
    """Says nothing."""


class HalfOpen(Client):
    """Never comes to the end of its request."""

    def began(self):
        self.send(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n")
        self.sent = 0

    def turn(self):
        self.sent += 1
        return self.receive(1024) and self.send(b"X: y\r\n" if self.sent % 50 == 0 else b"")


class SlowReader(Client):
    """Asks for all there is, and takes some bytes now and then."""

    RECEIVE = 4096
    TARGETS = ("/v1/findings", "/v1/rules", "/v1/drift?after=0", "/metrics")

    def began(self):
        self.send(get(random.choice(self.TARGETS)))
        self.turns = 0

    def turn(self):
        self.turns += 1
        return self.receive(64) if self.turns % 50 == 0 else True


class DeafFollower(Client):
    """Follows, and never reads."""

    RECEIVE = 4096

    def began(self):
        self.send(get("/v1/drift?after=0&follow=1"))

    def turn(self):
        return not select.select([], [], [self.socket], 0)[2] and not self.is_over()

    def is_over(self):
        poll = select.poll()
        poll.register(self.socket, select.POLLHUP)
        return bool(poll.poll(0))


class TalkingFollower(DeafFollower):
    """Follows, never reads, and sends without end."""

    HURRIES = True
    MUCH = get("/v1/rules") * 1000

    def turn(self):
        return super().turn() and self.send(self.MUCH)


class TalkingReader(SlowReader):
    """Does not read its answer, and sends without end meanwhile."""

    HURRIES = True
    TARGETS = ("/v1/findings", "/v1/rules")

    def turn(self):
        return self.send(TalkingFollower.MUCH)


class HugeHeaders(Client):
    """A request whose headers are megabytes: one line, or many."""

    HURRIES = True

    def began(self):
        self.send(b"GET /v1/status HTTP/1.1\r\n")
        self.line = random.choice((b"x" * 65536, b"X: " + b"y" * 1000 + b"\r\n"))

    def turn(self):
        return self.send(self.line) and self.receive(1024)


class Hammer(Client):
    """Asks for what costs most, again and again, and reads it all."""

    HURRIES = True
    TARGETS = SlowReader.TARGETS

    def began(self):
        self.send(get(self.TARGETS[0]))

    def turn(self):
        before = self.got
        alive = self.receive(65536)
        if alive and self.got == before:
            return self.send(get(random.choice(self.TARGETS)))
        return alive


class Comer(Client):
    """Comes, and goes at once."""

    HURRIES = True

    def turn(self):
        return False


def _misbehave(path, kinds, report, seconds=600):
    """Keeps so many clients of each kind, {class: number}, connected or trying to be."""
    counts = {"tried": 0, "refused": 0, "ended": 0, "most": 0}
    clients = []
    end, told = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for kind, wanted in kinds.items():
            for _ in range(wanted - sum(type(client) is kind for client in clients)):
                counts["tried"] += 1
                try:
                    clients.append(kind(path))
                except OSError:
                    counts["refused"] += 1
                    break  # the backlog is full, or it may not: at the next turn again
        for client in clients[:]:
            if not client.turn():
                counts["ended"] += 1
                client.close()
                clients.remove(client)
        counts["most"] = max(counts["most"], len(clients))
        if time.monotonic() - told > 0.1:
            told = time.monotonic()
            os.pwrite(report, json.dumps(counts).encode().ljust(256), 0)
        if not any(kind.HURRIES for kind in kinds) or not clients:
            time.sleep(TICK)


class Abuser:
    """A process that misbehaves while the block runs. It gives way to others: what is measured is how the
    daemon takes turns, not how many cores the machine has."""

    def __init__(self, path, kinds, uid, gid):
        self.path, self.kinds, self.uid, self.gid = path, kinds, uid, gid

    def __enter__(self):
        self.report = os.memfd_create("report")
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.nice(15)
                os.setgroups([])
                os.setgid(self.gid)
                os.setuid(self.uid)
                signal.signal(signal.SIGPIPE, signal.SIG_IGN)
                _misbehave(self.path, self.kinds, self.report)
            finally:
                os._exit(status)
        return self

    def counts(self):
        text = os.pread(self.report, 256, 0)
        return json.loads(text) if text else {"tried": 0, "refused": 0, "ended": 0, "most": 0}

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.report)
