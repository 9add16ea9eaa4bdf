# SPDX-License-Identifier: Apache-2.0
"""The socket under abuse, by who may use it and by who may not, while the world goes on changing: drift is found
as soon as without, others are answered, and the daemon grows within its bounds.
"""

import contextlib
import json
import os
import re
import socket
import statistics
import time
import unittest

import abuse
import daemon
import engine
import world

# A user of the socket's group, and one who is in no group of ours. Neither has a name.
PERMITTED = (54322, 54321)
FORBIDDEN = (54323, 54323)

OF_ONE_USER = 64  # connections, as daemon/control/door.h has it
AT_ONCE = 16
CHANGES = 15
# A median may be so much worse: the machine is shared with the abuser, and others.
TIMES_SLOWER, MS_SLOWER = 5, 100
GROWTH_MAX = 24 * abuse.MEBI  # of anonymous memory

CROWDS = {
    "silent": {abuse.Silent: 150, abuse.HalfOpen: 150},
    "not reading": {abuse.SlowReader: 150, abuse.DeafFollower: 150},
    "sending": {abuse.TalkingFollower: 20, abuse.TalkingReader: 20, abuse.HugeHeaders: 20},
    "asking": {abuse.Hammer: 100},
    "knocking": {abuse.Comer: 50},
}
EVERYTHING = {kind: 30 for crowd in CROWDS.values() for kind in crowd}


def setUpModule():
    global docker, plimsolld
    docker = engine.shared()
    for _ in range(30):
        create({})
    plimsolld = daemon.Daemon(docker).start()
    os.chown(plimsolld.socket, 0, PERMITTED[1])


def tearDownModule():
    plimsolld.close()


def create(host):
    status, answer = docker.api("POST", "/containers/create", {"Image": engine.IMAGE, "Cmd": ["true"], "HostConfig": host})
    if status != 201:
        raise AssertionError(answer)
    return answer["Id"]


def is_sanitized():
    with open(os.path.join(world.build_directory(), "meson-info", "intro-buildoptions.json")) as f:
        return next(option["value"] for option in json.load(f) if option["name"] == "b_sanitize") != "none"


def anonymous_memory():
    with open(f"/proc/{plimsolld.pid}/smaps_rollup") as f:
        return int(re.search(r"(?m)^Anonymous: +(\d+) kB", f.read())[1]) * 1024


def descriptors(d=None):
    return len(os.listdir(f"/proc/{(d or plimsolld).pid}/fd"))


@contextlib.contextmanager
def as_user(uid, gid):
    """Connections that are made in this block are this user's."""
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def connect(path=None):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(path or plimsolld.socket)
    return s


def receive(s):
    """All until the other side closes."""
    data = b""
    try:
        while more := s.recv(65536):
            data += more
    except ConnectionResetError:
        pass
    return data


class Drift(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.change()  # once for warmth
        cls.calm = cls.change()
        cls.memory = anonymous_memory()
        cls.descriptors = descriptors()

    @classmethod
    def change(cls):
        """Containers come and go: the median of how late the daemon knew, in ms."""
        with plimsolld.follow(plimsolld.last_seq()) as stream:
            late = []
            for _ in range(CHANGES):
                name = create({"Privileged": True})
                row = next(row for row in stream if row.get("subject", {}).get("id") == name)
                late.append(row["latency_ms"])
                docker.api("DELETE", f"/containers/{name}")
        return statistics.median(late)

    def assert_unharmed(self, crowd, user):
        drops = plimsolld.get("/v1/status")["counters"]["drops"]
        with abuse.Abuser(plimsolld.socket, crowd, *user) as abuser:
            world.wait_for("the abuse to begin", lambda: abuser.counts()["tried"] >= min(100, sum(crowd.values())))
            late = self.change()
            counts, memory, most = abuser.counts(), anonymous_memory(), descriptors()
            # The kernel's queue of those who knock is the same for all.
            if abuse.Comer not in crowd or user == FORBIDDEN:
                daemon.plimsoll("status", "--socket", plimsolld.socket, check=(0,))
        print(f"{self.calm:.1f} ms without, {late:.1f} ms under abuse; memory {self.memory >> 10} kB,"
              f" {memory >> 10} kB; {counts}")
        self.assertLess(late, self.calm * TIMES_SLOWER + MS_SLOWER)
        self.assertLess(most, self.descriptors + OF_ONE_USER + 2 * AT_ONCE)
        if not is_sanitized():
            self.assertLess(memory, self.memory + GROWTH_MAX)
        world.wait_for("the connections to be closed", lambda: descriptors() <= self.descriptors + 1)
        return counts, plimsolld.get("/v1/status")["counters"]["drops"] - drops

    def test_abuse_by_who_may_use_the_socket(self):
        for name, crowd in CROWDS.items():
            with self.subTest(name):
                counts, drops = self.assert_unharmed(crowd, PERMITTED)
                if sum(crowd.values()) > OF_ONE_USER:  # and who goes at once is not held to it
                    self.assertGreater(drops, 0)
        self.assertRegex(plimsolld.log_text(), f"uid {PERMITTED[0]}: too many connections")

    def test_abuse_by_who_may_not(self):
        counts, drops = self.assert_unharmed(EVERYTHING, FORBIDDEN)
        self.assertEqual((counts["refused"], drops), (counts["tried"], 0))

    def test_abuse_by_root_leaves_memory_bounded(self):
        """Root has no share that it could use up; but what waits is bounded for everybody."""
        with abuse.Abuser(plimsolld.socket, {abuse.SlowReader: 100, abuse.TalkingReader: 50}, 0, 0) as abuser:
            world.wait_for("the abuse to begin", lambda: abuser.counts()["most"] >= 150)
            self.change()
            memory = anonymous_memory()
        if not is_sanitized():
            self.assertLess(memory, self.memory + GROWTH_MAX)
        world.wait_for("the connections to be closed", lambda: descriptors() <= self.descriptors + 1)


class Limits(unittest.TestCase):
    def test_one_user_has_so_many_connections(self):
        """One more is told so. Root is let in, and who gives one back may have another."""
        held = []
        self.addCleanup(lambda: [s.close() for s in held])
        with as_user(*PERMITTED):
            held += [connect() for _ in range(OF_ONE_USER)]
            for s in held:
                s.sendall(abuse.get("/v1/rules/5.4"))
            for s in held:
                self.assertIn(b"200 OK", s.recv(65536))
            with connect() as s:
                head, _, body = receive(s).partition(b"\r\n\r\n")
        self.assertIn(b" 503 ", head)
        self.assertEqual(set(json.loads(body)), {"error", "hint"})
        self.assertEqual(plimsolld.request("GET", "/v1/status")[0], 200)
        held.pop().close()

        def is_let_in():
            with as_user(*PERMITTED), connect() as s:
                s.sendall(b"GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n")
                return b"200 OK" in receive(s)

        world.wait_for("another connection", is_let_in)

    def test_descriptors_run_out(self):
        """Who comes then waits, and is answered when there are some again."""
        with daemon.Daemon(None, prefix=["prlimit", "--nofile=64"]) as d:
            held = [connect(d.socket) for _ in range(100)]
            world.wait_for("no descriptor to be left", lambda: descriptors(d) >= 63)
            time.sleep(0.5)  # in which it must not fail
            for s in held:
                s.close()
            self.assertEqual(d.request("GET", "/v1/status")[0], 200)

    @unittest.skipUnless(world.LONG, "takes more than a minute")
    def test_request_that_never_ends(self):
        with connect() as s:
            began = time.monotonic()
            s.setblocking(False)
            s.sendall(b"GET /v1/status HTTP/1.1\r\n")
            while time.monotonic() - began < 120:
                try:
                    s.sendall(b"X: y\r\n")
                    if not s.recv(1):
                        break
                except BlockingIOError:
                    pass
                except OSError:
                    break
                time.sleep(1)
            self.assertGreater(time.monotonic() - began, 55)
            self.assertLess(time.monotonic() - began, 80)


class Reload(unittest.TestCase):
    """While somebody reads slowly what was found by the rules of before."""

    def read_across(self, change):
        with connect() as s:
            # More than sockets hold: all but its beginning is written after the reload.
            s.sendall(b"GET /v1/findings?section=5 HTTP/1.1\r\n\r\n")
            data = s.recv(1024)
            change()
            plimsolld.post("/v1/reload")
            return data + receive(s)

    def test_other_rules(self):
        """A document of two rulebooks would be none: it breaks off, and can't be taken for a whole one."""
        rule = daemon.NUMBERED_RULE.format(time.time_ns())
        data = self.read_across(lambda: plimsolld.write("rules.d/site.yaml", rule))
        self.assertGreater(len(data), 1024)
        self.assertFalse(data.endswith(b"\r\n0\r\n\r\n"))

    def test_the_same_rules(self):
        data = self.read_across(lambda: None)
        self.assertTrue(data.endswith(b"\r\n0\r\n\r\n"))


if __name__ == "__main__":
    unittest.main()
