# SPDX-License-Identifier: Apache-2.0
"""Times in which the engine cannot be heard: announced, closed by looking again, and nothing said twice."""

import glob
import json
import os
import signal
import unittest

import daemon
import engine
import world


def notices(rows):
    return [(row["notice"]["kind"], row["notice"].get("source")) for row in rows if row["type"] == "notice"]


ONE_GAP = [("gap-opened", "docker-events"), ("gap-closed", "docker-events")]


class Gap(unittest.TestCase):
    FLAGS = None

    def setUp(self):
        self.docker = engine.Engine(self.FLAGS).start()
        self.addCleanup(self.docker.close)

    def watch(self):
        self.daemon = daemon.Daemon(self.docker)
        self.addCleanup(self.daemon.discard)
        self.daemon.start()
        self.wait_source("up")
        self.after = self.daemon.last_seq()

    def source(self):
        return self.daemon.get("/v1/status")["sources"]["docker-events"]

    def wait_source(self, state):
        world.wait_for(f"the events to be {state}", lambda: self.source()["state"] == state)

    def wait_closed(self):
        """The gap is over, and so is the look that closes it."""
        self.daemon.wait_drift(lambda row: row["type"] == "notice" and row["notice"]["kind"] == "gap-closed",
                               self.after)
        world.wait_for("the look to end", lambda: self.daemon.get("/v1/status")["settled"])

    def since(self):
        """Of what is said of a subject, but for counts and ages."""
        return {(f["rule"], f["subject"]["id"]): (f["verdict"], f["since"]) for f in self.daemon.findings()
                if f["evidence"] and not f["rule"].startswith("audit-")}

    def assert_stale(self):
        for found in self.daemon.findings(section="5"):
            self.assertEqual(found["verdict"], "unknown", found)
            self.assertIn("stale", found["because"])

    def assert_one_gap(self):
        rows = self.daemon.drift(self.after)
        self.assertEqual(notices(rows), ONE_GAP, rows)
        opened, closed = [row["notice"] for row in rows if row["type"] == "notice"]
        self.assertTrue(opened["why"])
        self.assertGreaterEqual(closed["blind_ms"], 0)
        # The kernel's audit rules are the whole machine's, and may change at any time.
        return [row for row in rows if row["type"] != "notice" and not row.get("rule", "").startswith("audit-")]


class NothingChanged(Gap):
    def check_gap(self, end):
        self.docker.create("--name", "root", "--privileged")
        self.docker.create("--name", "web", "--memory", "64m")
        self.watch()
        before = self.since()
        end()
        self.wait_source("blind")
        self.assertTrue(self.source()["why"])
        self.assert_stale()
        self.assertEqual(self.daemon.verdict("file-daemon-json-mode"), "pass")
        self.docker.start()
        self.wait_closed()
        self.assertEqual(self.assert_one_gap(), [])
        self.assertEqual(self.since(), before)
        status = self.daemon.get("/v1/status")
        self.assertEqual((status["counters"]["gaps"], status["counters"]["missed_changes"]), (1, 0))

    def test_engine_killed(self):
        self.check_gap(self.docker.kill)

    def test_engine_stopped(self):
        self.check_gap(self.docker.stop)

    def test_hundred_containers(self):
        """Two notices, and no other line."""
        body = {"Image": engine.IMAGE, "Cmd": ["true"]}
        for _ in range(100):
            self.assertEqual(self.docker.api("POST", "/containers/create", body)[0], 201)
        self.watch()
        self.docker.restart()
        self.wait_closed()
        self.assertEqual(self.assert_one_gap(), [])
        self.assertEqual(len(self.daemon.findings(rule="5.4")), 100)
        self.assertEqual({f["verdict"] for f in self.daemon.findings(rule="5.4")}, {"pass"})


class KeepsRunning(Gap):
    FLAGS = {"live-restore": "true"}

    def test_containers_outlive_the_engine(self):
        self.docker.run("--name", "web")
        self.watch()
        before = self.since()
        self.docker.restart()
        self.wait_closed()
        self.assertEqual(self.assert_one_gap(), [])
        self.assertEqual(self.since(), before)


class Changed(Gap):
    def container_file(self, name, file):
        path = os.path.join(self.docker.data_root, "containers", name, file)
        with open(path) as f:
            return path, json.load(f)

    def test_change_during_a_gap_is_found_afterwards(self):
        limited = self.docker.create("--name", "limited")
        self.docker.create("--name", "other")
        self.watch()
        self.docker.stop()
        self.wait_source("blind")
        path, config = self.container_file(limited, "hostconfig.json")
        config["Memory"] = 64 * 1024 * 1024
        world.write_file(path, json.dumps(config), 0o600)
        self.docker.start()
        self.wait_closed()
        moves = self.assert_one_gap()
        self.assertEqual([(row["type"], row["rule"], row["subject"]["id"]) for row in moves],
                         [("restored", "container-memory-limit", limited)])
        self.assertEqual(moves[0]["cause"]["source"], "engine-restart")
        self.assertIsNone(moves[0]["latency_ms"])

    def test_other_flags_are_found_afterwards(self):
        self.watch()
        self.assertEqual(self.daemon.verdict("engine-log-level"), "pass")
        self.docker.flags["log-level"] = "debug"
        self.docker.restart()
        self.wait_closed()
        moves = self.assert_one_gap()
        self.assertEqual([(row["type"], row["rule"]) for row in moves], [("regressed", "engine-log-level")])
        self.assertEqual(moves[0]["cause"]["source"], "engine-restart")

    def test_container_that_went_away_during_a_gap(self):
        gone = self.docker.create("--name", "gone")
        self.docker.create("--name", "stays")
        self.watch()
        self.docker.stop()
        self.wait_source("blind")
        for path in glob.glob(os.path.join(self.docker.data_root, "containers", gone, "*")):
            if os.path.isfile(path):
                os.unlink(path)
        self.docker.start()
        self.wait_closed()
        moves = self.assert_one_gap()
        self.assertEqual([(row["type"], row["subject"]["id"]) for row in moves], [("gone", gone)])

    def test_containers_that_stopped_with_the_engine(self):
        name = self.docker.run()
        self.watch()
        self.docker.restart()
        self.wait_closed()
        self.assertEqual({row["subject"]["id"] for row in self.assert_one_gap()} - {name}, set())
        found, = [f for f in self.daemon.findings(container=name) if f["rule"] == "container-sshd"]
        self.assertIn("it does not run", found["because"])


class Others(Gap):
    def test_engine_that_comes_later(self):
        name = self.docker.create("--privileged")
        self.docker.stop()
        self.daemon = daemon.Daemon(self.docker)
        self.addCleanup(self.daemon.discard)
        self.daemon.start()
        self.assertEqual({f["verdict"] for f in self.daemon.findings(section="5")}, {"unknown"})
        self.assertIsNone(self.daemon.get("/v1/findings")["engine"])
        self.docker.start()
        self.daemon.wait_verdict("container-privileged", "fail", name)
        self.wait_source("up")
        world.wait_for("the look to end", lambda: self.daemon.get("/v1/status")["settled"])
        fresh = daemon.plimsoll_json("check", "--engine", self.docker.socket)
        unknown = {f["rule"] for f in fresh["findings"] if f["verdict"] == "unknown"}
        self.assertEqual({f["rule"] for f in self.daemon.findings(verdict="unknown")}, unknown)

    def test_engine_that_stands_still(self):
        """While dockerd is stopped, the daemon answers; afterwards it is right."""
        name = self.docker.create()
        self.watch()
        os.kill(self.docker.pid, signal.SIGSTOP)
        try:
            self.daemon.post("/v1/rescan")
            for _ in range(20):
                self.assertFalse(self.daemon.get("/v1/status")["settled"])
        finally:
            os.kill(self.docker.pid, signal.SIGCONT)
        world.wait_for("the look to end", lambda: self.daemon.get("/v1/status")["settled"])
        self.assertEqual(self.daemon.verdict("container-privileged", name), "pass")
        self.docker.docker("update", "--memory", "64m", "--memory-swap", "64m", name)
        self.daemon.wait_verdict("container-memory-limit", "pass", name)
        self.assertEqual([row for row in self.daemon.drift(self.after)
                          if row["type"] != "notice" and row["rule"] != "container-memory-limit"
                          and not row["rule"].startswith("audit-")], [])

    def test_daemon_that_stood_still(self):
        """We were stopped ourselves while things happened: all of it is found."""
        names = [self.docker.create() for _ in range(3)]
        self.watch()
        self.daemon.signal(signal.SIGSTOP)
        try:
            fresh = self.docker.create("--privileged")
            self.docker.remove(names[0])
            self.docker.docker("update", "--memory", "64m", "--memory-swap", "64m", names[1])
            os.chmod(self.docker.config, 0o666)
        finally:
            self.daemon.signal(signal.SIGCONT)
        self.daemon.wait_verdict("container-privileged", "fail", fresh)
        self.daemon.wait_verdict("container-memory-limit", "pass", names[1])
        self.daemon.wait_verdict("file-daemon-json-mode", "fail")
        world.wait_for("the container to be gone", lambda: not self.daemon.findings(container=names[0]))
        self.assertEqual(self.daemon.get("/v1/status")["counters"]["missed_changes"], 0)


if __name__ == "__main__":
    unittest.main()
