# SPDX-License-Identifier: Apache-2.0
"""Faults of the system around the daemon. While one lasts, verdicts are right or unknown and the socket answers;
afterwards all is right again, without a restart and without being asked to look.

A ledger that can't be written is in test_store.py, an engine that answers badly in test_fake_engine.py.
PLIMSOLL_SEED=N repeats the chances of a run.
"""

import json
import os
import random
import resource
import signal
import socket
import time
import unittest

import engine
import faults
import journal
import tamper
import world

SEED = int(os.environ.get("PLIMSOLL_SEED", random.randrange(1 << 32)))

# How soon the socket answers. The best of some tries: the machine may be busy with other things.
ANSWER_S = 0.1
TRIES = 10

DAY_S = 24 * 3600
FROZEN_S = 60 if world.LONG else 0

FILE = "/etc/docker/certs.d/a.example/ca.crt"
MODE = "file-registry-certs-mode"


def setUpModule():
    global docker
    docker = engine.shared()
    print(f"PLIMSOLL_SEED={SEED}")


class Faults(unittest.TestCase):
    def setUp(self):
        docker.remove_containers()
        # The image stays in use: what is said of images follows after ten seconds only.
        docker.create("--name", "keeper")
        self.host = world.HostRoot()
        self.addCleanup(self.host.close)
        self.host.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        self.host.write("/etc/group", "root:x:0:\n")
        self.host.write(docker.config, "{}\n")
        self.host.write(FILE, mode=0o444)

    def start(self, socket_path=None, **more):
        """A daemon that knows its world, which is to be right at the end."""
        self.use(faults.Daemon(socket_path or docker.socket, self.host, **more))

    def use(self, plimsolld):
        self.daemon = plimsolld
        self.addCleanup(self.daemon.discard)
        self.daemon.start()
        self.daemon.wait_events("up")
        self.daemon.wait_settled()
        self.daemon.wait_right()

    def end(self):
        """All is right again, and the next change is found as ever."""
        self.daemon.wait_right()
        name = docker.create("--privileged")
        self.daemon.wait_verdict("container-privileged", "fail", name)
        self.host.chmod(FILE, 0o666)
        self.daemon.wait_verdict(MODE, "fail")
        self.assert_answers()
        self.daemon.stop()

    def check_all_goes_on(self):
        """While the fault holds: a change is found, everything is looked at, and it answers."""
        name = docker.create("--privileged")
        self.daemon.wait_verdict("container-privileged", "fail", name)
        docker.remove(name)
        self.daemon.post("/v1/rescan")
        self.assert_answers()
        self.daemon.wait_settled()
        self.end()

    def assert_answers(self):
        best = ANSWER_S
        for _ in range(TRIES):
            began = time.monotonic()
            self.assertEqual(self.daemon.request("GET", "/v1/status")[0], 200)
            best = min(best, time.monotonic() - began)
        self.assertLess(best, ANSWER_S)

    def reasons(self):
        return [f["because"] for f in self.daemon.findings(verdict="unknown")]


class Descriptors(Faults):
    def take_all(self):
        """Leaves the daemon no descriptor: a limit at its highest one, and clients that hold what is free below."""
        _, most = resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE)
        open_now = faults.descriptors(self.daemon.pid)
        limit = max(open_now) + 1
        resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, (limit, most))
        held = []
        for _ in range(limit - len(open_now)):
            client = socket.socket(socket.AF_UNIX)
            client.connect(self.daemon.socket)
            held.append(client)

        def give_back():
            resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, (most, most))
            for client in held:
                client.close()

        return give_back

    def test_none_left(self):
        docker.run("--name", "web", "--memory", "64m")
        self.start()
        give_back = self.take_all()
        self.daemon.post("/v1/rescan")
        world.wait_for("the want of descriptors to show", lambda: any("oo many open files" in why
                                                                     for why in self.reasons()))
        docker.create("--name", "new", "--privileged")
        self.host.chmod(FILE, 0o666)
        self.daemon.wait_right_or_unknown()
        self.assert_answers()
        self.assertNotIn("libevent", self.daemon.log_text())
        give_back()
        self.end()


class FrozenEngine(Faults):
    def freeze(self):
        os.kill(docker.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, docker.pid, signal.SIGCONT)

    def test_stands_still(self):
        """For a minute where there is time: then nothing is heard of it, and what it covers is stale."""
        docker.run("--name", "web", "--memory", "64m")
        self.start()
        right = self.daemon.held()
        self.freeze()
        end = time.monotonic() + FROZEN_S
        self.daemon.post("/v1/rescan")
        self.host.chmod(FILE, 0o666)
        self.daemon.wait_verdict(MODE, "fail")
        self.host.chmod(FILE, 0o444)
        self.daemon.wait_verdict(MODE, "pass")
        while True:
            self.assert_answers()
            for place, verdict in self.daemon.held().items():
                self.assertIn(verdict, (right[place], "unknown"), place)
            if time.monotonic() >= end:
                break
        if world.LONG:
            self.daemon.wait_events("blind")
            self.assertEqual({f["verdict"] for f in self.daemon.findings(section="5")}, {"unknown"})
        os.kill(docker.pid, signal.SIGCONT)
        self.daemon.wait_events("up")
        self.daemon.wait_right()
        self.end()


class SlowEngine(Faults):
    def test_byte_by_byte(self):
        """All that it says, events too, comes in single bytes."""
        slow = tamper.Tampered(docker.socket)
        self.addCleanup(slow.close)
        slow.step = 1
        docker.run("--name", "web", "--memory", "64m")
        self.start(slow.socket)
        self.check_all_goes_on()


class SilentJournal(Faults):
    def watch(self):
        self.journal = journal.Journal(reads=False)
        self.addCleanup(self.journal.close)
        self.use(JournalDaemon(self.journal, docker, self.host))

    def fill(self):
        """Changes a file until the journal takes no more: the rows that wait for it."""
        with open("/proc/sys/net/unix/max_dgram_qlen") as f:
            holds = int(f.read())
        for i in range(holds // 2 + 4):
            for mode, verdict in ((0o666, "fail"), (0o444, "pass")):
                self.host.chmod(FILE, mode)
                self.daemon.wait_verdict(MODE, verdict)
        return holds

    def test_does_not_read(self):
        self.watch()
        after = self.daemon.last_seq()
        holds = self.fill()
        moves = [row["type"] for row in self.daemon.drift(after) if row.get("rule") == MODE]
        self.assertEqual(moves, ["regressed", "restored"] * (holds // 2 + 4))
        self.assert_answers()
        self.daemon.wait_right()
        self.journal.begin()
        last = self.daemon.last_seq()
        world.wait_for("the journal to catch up", lambda: last in self.journal.numbers())
        self.assertEqual(self.journal.numbers(), list(range(1, last + 1)))
        self.end()

    def test_end_while_it_does_not_read(self):
        self.watch()
        self.fill()
        self.daemon.stop()


class JournalDaemon(journal.Daemon, faults.Daemon):
    """Tells every row: nothing is folded."""

    MORE = "  per_minute: 0\n  fold_after: 0\n  carried_within: off\n"

    def __init__(self, told, docker_engine, host_root):
        journal.Daemon.__init__(self, told, docker_engine, host_root, self.MORE)


class HangingNames(Faults):
    RULE = "docker-group-members"

    def test_hangs(self):
        names = faults.NameService()
        self.addCleanup(names.close)
        self.addCleanup(os.chown, docker.socket, -1, os.stat(docker.socket).st_gid)
        os.chown(docker.socket, -1, 12345)
        names.hang(True)
        self.use_real_host(names)
        world.wait_for("the name service to be late", lambda: any("name service: no answer in time" in why
                                                                  for why in self.reasons()))
        self.daemon.wait_right_or_unknown()
        self.daemon.post("/v1/rescan")
        name = docker.create("--privileged")
        self.daemon.wait_verdict("container-privileged", "fail", name)
        self.assert_answers()
        names.hang(False)
        self.daemon.wait_right()
        self.daemon.stop()

    def use_real_host(self, names):
        """Names of another root can't be asked for. The command is asked with a name service that knows as little."""
        self.daemon = faults.Daemon(docker, None, prefix=names.prefix)
        self.addCleanup(self.daemon.discard)
        self.daemon.start()
        self.daemon.wait_events("up")


class Clock(Faults):
    def test_jumps_by_days(self):
        preload = faults.Preload()
        self.addCleanup(preload.close)
        docker.run("--name", "web", "--memory", "64m")
        self.start(prefix=preload.prefix)
        before = self.daemon.get("/v1/status")
        for days in (1, -1, 0):
            after = self.daemon.last_seq()
            preload.set(clock_s=days * DAY_S)
            name = docker.create("--privileged")
            self.daemon.wait_verdict("container-privileged", "fail", name)
            self.host.chmod(FILE, 0o666)
            self.daemon.wait_verdict(MODE, "fail")
            self.assert_answers()
            docker.remove(name)
            self.host.chmod(FILE, 0o444)
            self.daemon.wait_right()
            for row in self.daemon.drift(after):
                if row["type"] != "notice" and row["latency_ms"] is not None:
                    self.assertLess(row["latency_ms"], 60000, row)
        status = self.daemon.get("/v1/status")
        self.assertLess(status["uptime_s"] - before["uptime_s"], DAY_S / 2)
        self.assertEqual(status["counters"]["gaps"], before["counters"]["gaps"])
        self.end()



    def test_goes_back_before_the_start(self):
        """What happens then is not taken for what was there before."""
        preload = faults.Preload()
        self.addCleanup(preload.close)
        preload.set(clock_s=DAY_S)
        self.daemon = faults.Daemon(docker, self.host, prefix=preload.prefix)
        self.addCleanup(self.daemon.discard)
        self.daemon.start()
        self.daemon.wait_events("up")
        self.daemon.wait_settled()
        preload.set(clock_s=0)
        name = docker.create("--privileged")
        self.daemon.wait_verdict("container-privileged", "fail", name, timeout=20)
        self.daemon.stop()


class ShortReads(Faults):
    def test_short_and_interrupted(self):
        """From the first read on, files, pipes and sockets give a few bytes at a time, or nothing but a signal."""
        preload = faults.Preload()
        self.addCleanup(preload.close)
        preload.set(cut=1, chance=SEED)
        docker.run("--name", "web", "--memory", "64m")
        self.start(prefix=preload.prefix)
        self.assertNotEqual(preload.get("chance"), SEED)
        self.check_all_goes_on()


class Processes(Faults):
    LOOKS = 24  # more than it takes to see all of a process

    def of(self, name):
        return {f["rule"]: f["verdict"] for f in self.daemon.findings(container=name)}

    def look(self):
        self.daemon.post("/v1/rescan")
        self.daemon.wait_settled()

    def test_vanishes_between_two_looks(self):
        """At each of the looks at /proc/<pid>: what is said then is what is said of one that runs, or that doesn't."""
        preload = faults.Preload()
        self.addCleanup(preload.close)
        name = docker.run("--name", "web", "--memory", "64m", "--security-opt", "seccomp=unconfined")
        self.start(prefix=preload.prefix)
        runs = self.of(name)
        pid = docker.inspect(name)["State"]["Pid"]
        preload.set(vanishing=pid, vanish_after=0, looks=0)
        self.look()
        rests = self.of(name)
        self.assertEqual(set(runs), set(rests))
        most = 0
        for after in range(self.LOOKS):
            preload.set(vanish_after=after, looks=0)
            self.look()
            most = max(most, preload.get("looks"))
            for rule, verdict in self.of(name).items():
                self.assertIn(verdict, (runs[rule], rests[rule], "unknown"), f"{rule}, after {after} looks")
        self.assertGreater(most, self.LOOKS // 2)
        preload.set(vanishing=0)
        self.end()

    def test_end_in_the_midst(self):
        """Real ones, that live for a moment: none is said to be what it isn't, and each is gone in the end."""
        self.start()
        limit = ("--memory", "64m")
        names = [docker.docker("run", "--detach", "--privileged=false", *limit, engine.IMAGE, "true") for _ in range(8)]
        self.daemon.wait_right()
        for name in names:
            self.assertNotEqual(self.of(name).get("container-memory-limit"), "fail")
        docker.remove(*names)
        self.end()

    def test_pid_of_another(self):
        """The engine names a process that isn't the container's: another's, whose privileges nobody takes for its own."""
        other = docker.run("--name", "other", "--security-opt", "seccomp=unconfined")
        name = docker.run("--name", "web", "--memory", "64m")
        between = tamper.Tampered(docker.socket)
        self.addCleanup(between.close)
        self.start(between.socket)
        right = self.of(name)
        self.assertEqual((right["container-seccomp"], self.of(other)["container-seccomp"]), ("pass", "fail"))
        for pid in (docker.inspect(other)["State"]["Pid"], os.getpid()):
            def names_another(connection, answer):
                document = docker.inspect(name)
                document["State"]["Pid"] = pid
                connection.sendall(tamper.with_body(json.dumps(document).encode()))

            between.spoil(f"/containers/{name}/json", names_another)
            between.cut()
            world.wait_for("the other process to be asked about", lambda: between.spoiled)
            self.daemon.post("/v1/rescan")
            self.daemon.wait_verdict("container-seccomp", "unknown", name)
            for rule, verdict in self.of(name).items():
                self.assertIn(verdict, (right[rule], "unknown"), rule)
            self.assert_answers()
        between.heal()
        self.end()


if __name__ == "__main__":
    unittest.main()
