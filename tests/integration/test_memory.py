# SPDX-License-Identifier: Apache-2.0
"""No memory: the n-th allocation of a program fails, or all from the n-th on, for n by chance over the whole run.
Nothing crashes, nothing hangs, nothing passes that did not pass before, and what failed says why.

PLIMSOLL_SEED=N repeats a run.
"""

import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import unittest

import daemon
import engine
import memory
import world

SEED = int(os.environ.get("PLIMSOLL_SEED", random.randrange(1 << 32)))
SAMPLES = 2000 if world.LONG else 20  # of each command
STARTS, RELOADS = (300, 2000) if world.LONG else (8, 30)
TIMEOUT = 30

# What libraries do by themselves when they get no memory. We can't mend that: which function is on the stack, how the
# program ends, and why.
KNOWN = (
    ("libjson-c.so", "json_tokener_parse_ex", signal.SIGSEGV, "0.16 takes the copy of a member's name for granted"),
    ("libevent-2.1.so", "evhttp_request_new", signal.SIGSEGV, "2.1.12 clears the headers that it could not make"),
    ("libevent-2.1.so", "bufferevent_setwatermark", signal.SIGSEGV, "2.1.12 takes the callback for granted that it adds"),
    ("libevent-2.1.so", "evhttp_connection_base_bufferevent_new", signal.SIGSEGV, "2.1.12 frees what it half made"),
    ("libgcrypt.so", None, signal.SIGABRT, "ends the program, and says so, when it cannot begin"),
)


def setUpModule():
    global build, folder, scarcity
    build = memory.plain_build()
    if build is None:
        raise unittest.SkipTest("needs a build without sanitizers")
    print(f"PLIMSOLL_SEED={SEED}")
    folder = world.scratch("m-")
    scarcity = memory.Scarcity(folder)


def tearDownModule():
    if build:
        scarcity.close()
        shutil.rmtree(folder)


def program(name):
    return os.path.join(build, "daemon", name)


def known(status):
    """Why a program ended by a signal that is not our fault, or None."""
    for library, function, number, why in KNOWN:
        if status == -number and any(
            name.startswith(library) and function in (None, symbol) for name, symbol, _ in scarcity.where()
        ):
            return why
    return None


def story():
    return "\n".join("    " + " ".join(frame) for frame in scarcity.where()[:16])


def says_why(text):
    return "memory" in text.lower()


def samples(chance, total, n):
    """(first, how many) of the allocations that fail: spread evenly, and thick at the beginning, where little was
    set up; every other time, all from there on."""
    for i in range(n):
        first = chance.randrange(total) + 1 if i % 4 else int(total ** chance.random()) + 1
        yield first, memory.FOR_EVER if i % 2 else 1


class Commands(unittest.TestCase):
    def run_command(self, command):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, cwd=world.ROOT,
                              env=dict(daemon.environment(), **scarcity.variables()))
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def assert_survives(self, name, statuses, arguments, check):
        """check(undisturbed, disturbed): what is wrong with an output that doesn't say why it is another."""
        command = [program("plimsoll"), *arguments]
        scarcity.clear()
        before = self.run_command(command)
        total = scarcity.count
        self.assertIn(before[0], statuses, before)
        chance = random.Random(f"{SEED} {name}")
        excused = 0
        for first, most in samples(chance, total, SAMPLES):
            with self.subTest(f"{name}: allocation {first} of {total} fails{', and all after it' * (most > 1)}"):
                scarcity.clear()
                scarcity.fail(first, most)
                after = self.run_command(command)
                if known(after[0]):
                    excused += 1
                    continue
                self.assertIn(after[0], (0, 1, 2, 3), f"{after[2]}\n{story()}")
                wrong = check(before, after)
                self.assertIsNone(wrong, f"{wrong}\n{after}\n{story()}")
        print(f"{name}: {SAMPLES} of {total} allocations, {excused} times a library's fault")

    def check_text(self, before, after):
        if after != before and not says_why(after[1] + after[2]):
            return "another output that does not say why"
        if after[0] == before[0] == 0 and after[1] != before[1]:
            return "success with another output"
        return None

    def test_lint(self):
        self.assert_survives("lint", (0,), ["lint"], self.check_text)

    def test_rules_test(self):
        self.assert_survives("rules test", (0,), ["rules", "test"], self.check_text)

    def test_check(self):
        host = world.HostRoot()
        self.addCleanup(host.close)
        host.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        host.write("/etc/group", "root:x:0:\ndocker:x:999:\n")
        docker = engine.shared()
        docker.create()
        docker.create("--privileged", "--volume", "/etc:/mnt")
        config = world.write_file(os.path.join(folder, "etc", "plimsoll.yaml"), daemon.QUIET)

        def passes(text):
            return {(f["rule"], f["subject"]["id"]) for f in json.loads(text)["findings"] if f["verdict"] == "pass"}

        def check(before, after):
            if not after[1]:
                return None if after[0] == 2 and says_why(after[2]) else "nothing, and does not say why"
            if after[0] == 2:  # what was printed breaks off
                return None if says_why(after[2]) else "breaks off, and does not say why"
            more = passes(after[1]) - passes(before[1])
            if more:
                return f"passes without evidence: {sorted(more)}"
            if passes(after[1]) != passes(before[1]) and not says_why(after[1] + after[2]):
                return "other findings that do not say why"
            return None

        self.assert_survives("check", (0, 1), ["check", "--engine", docker.socket, "--host-root", host.path, "--config",
                                               config, "--format", "json"], check)


class Daemon(unittest.TestCase):
    def setUp(self):
        self.host = world.HostRoot()
        self.addCleanup(self.host.close)
        self.host.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        self.daemon = daemon.Daemon(None, self.host, prefix=[
            "env", *(f"{key}={value}" for key, value in scarcity.variables().items())])
        self.daemon.program = program("plimsolld")
        self.addCleanup(self.daemon.discard)

    def test_start(self):
        """It starts, or ends with a status and a reason; and it starts the next time."""
        scarcity.clear()
        self.daemon.start()
        total = scarcity.count
        self.daemon.stop()
        excused = 0
        for first, most in samples(random.Random(f"{SEED} start"), total, STARTS):
            with self.subTest(f"allocation {first} of {total} fails{', and all after it' * (most > 1)}"):
                scarcity.clear()
                scarcity.fail(first, most)
                os.truncate(self.daemon.log, 0)
                self.daemon.spawn()
                process = self.daemon.process
                world.wait_for("the allocation to fail", lambda: scarcity.failed or process.poll() is not None)
                scarcity.relent() if most == 1 else None
                try:
                    process.wait(0.3)
                except subprocess.TimeoutExpired:
                    scarcity.relent()
                    world.wait_for("it to be ready", lambda: process.poll() is not None or self.answers(), TIMEOUT)
                status = process.poll()
                if status is None:
                    self.daemon.stop()
                elif known(status):
                    excused += 1
                else:
                    self.assertIn(status, (1, 2), f"{self.daemon.log_text()}\n{story()}")
                    self.assertTrue(says_why(self.daemon.log_text()), f"{self.daemon.log_text()}\n{story()}")
                self.daemon.kill()
        print(f"start: {STARTS} of {total} allocations, {excused} times a library's fault")
        scarcity.clear()
        self.daemon.start()
        self.daemon.stop()

    def answers(self):
        try:
            return self.daemon.request("GET", "/v1/status", timeout=10)[0] == 200
        except OSError:
            return False

    def digest(self):
        return self.daemon.get("/v1/findings", rule="1.1")["rulebook"]["sha256"]

    def post(self):
        """Status and text of an answer; None where the connection broke off, or where libevent, which looks at no
        allocation of a header, left out the line with the status."""
        try:
            status, answer = self.daemon.request("POST", "/v1/reload", timeout=TIMEOUT)
            return status, answer if isinstance(answer, str) else json.dumps(answer)
        except (OSError, http.client.BadStatusLine) as e:
            return None, str(e)

    def hang_up(self):
        """The same by SIGHUP: what the log says of it."""
        before = len(self.daemon.log_text())
        self.daemon.signal(signal.SIGHUP)
        world.wait_for("the allocation to fail", lambda: scarcity.failed or self.daemon.process.poll() is not None)
        alive = self.answers()  # after it
        return 0 if alive else None, self.daemon.log_text()[before:]

    def has_ended(self):
        """A process that crashed may take a moment to be gone."""
        try:
            self.daemon.process.wait(0 if self.answers() else TIMEOUT)
        except subprocess.TimeoutExpired:
            return False
        return True

    def start_again(self):
        self.daemon.kill()
        os.truncate(self.daemon.log, 0)
        self.daemon.start()
        return self.digest()

    def test_reload(self):
        """It takes the new rules, or keeps the old ones and says why."""
        scarcity.clear()
        self.daemon.start()
        self.daemon.post("/v1/reload")
        before = scarcity.count
        self.daemon.post("/v1/reload")
        total = scarcity.count - before
        digest, refused, excused = self.digest(), 0, 0
        for number, (first, most) in enumerate(samples(random.Random(f"{SEED} reload"), total, RELOADS)):
            with self.subTest(f"allocation {first} of {total} fails{', and all after it' * (most > 1)}"):
                self.daemon.write("rules.d/site.yaml", daemon.NUMBERED_RULE.format(number))
                scarcity.fail(first, most)
                status, answer = self.hang_up() if number % 3 == 0 and most == 1 else self.post()
                scarcity.relent()
                if status is None and self.has_ended():
                    status, log, asked = self.daemon.process.returncode, self.daemon.log_text()[-2000:], story()
                    excused += known(status) is not None
                    fault = known(status) is None
                    digest = self.start_again()
                    self.assertFalse(fault, f"status {status}\n{log}\n{asked}")
                    continue
                now = self.digest()
                if status == 200:
                    self.assertNotEqual(now, digest)
                elif now == digest:
                    refused += 1
                    # libevent's own answer, when it could not even take the request
                    self.assertTrue(says_why(answer) or "<HTML>" in answer or status is None, f"{answer}\n{story()}")
                digest = now
        self.daemon.write("rules.d/site.yaml", daemon.NUMBERED_RULE.format("last"))
        self.daemon.post("/v1/reload")
        self.assertNotEqual(self.digest(), digest)
        world.wait_for("all to be judged", lambda: self.daemon.get("/v1/status")["settled"])
        print(f"reload: {RELOADS} of {total} allocations, {refused} refused, {excused} times a library's fault")
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
