# SPDX-License-Identifier: Apache-2.0
"""An engine that answers badly: unknown and never pass, no crash, and right again when it answers well."""

import threading
import unittest

import daemon
import engine
import tamper
import world

BAD = (tamper.dies, tamper.dies_at_once, tamper.dies_in_head, tamper.nonsense, tamper.no_json, tamper.empty,
       tamper.other_types, tamper.other_list, tamper.deep, tamper.refuses)

INSPECT = "/containers/[0-9a-f]{64}/json"
IMAGE = "/images/.+/json"
EVERYTHING = "."


def setUpModule():
    global docker, honest
    docker = engine.shared()
    docker.create("--name", "web", "--memory", "64m", "--read-only")
    docker.run("--name", "runs", "--memory", "64m")
    honest = None


class Spoiled(unittest.TestCase):
    def setUp(self):
        self.engine = tamper.Tampered(docker.socket)
        self.addCleanup(self.engine.close)

    def tearDown(self):
        self.assertLessEqual(self.engine.methods, {"GET"})

    def check(self):
        """What check finds, in order: a finding's place and its verdict and reason."""
        document = daemon.plimsoll_json("check", "--engine", self.engine.socket)
        return {(f["rule"], f["subject"]["kind"], f["subject"]["name"]): f for f in document["findings"]}

    def honest(self):
        """What it finds through the same server when nothing is spoiled."""
        global honest
        if honest is None:
            self.engine.heal()
            honest = self.check()
            self.assertEqual(honest["container-memory-limit", "container", "web"]["verdict"], "pass")
        return honest

    def assert_nothing_new_passes(self, found):
        """But for the kernel's audit rules, which are the whole machine's and may change at any time."""
        for place, f in found.items():
            if f["verdict"] == "pass" and not f["rule"].startswith("audit-"):
                self.assertEqual(self.honest()[place]["verdict"], "pass", f)
            if f["verdict"] == "unknown":
                self.assertTrue(f["because"])


class Check(Spoiled):
    def spoiled(self, pattern, way):
        self.honest()
        self.engine.spoil(pattern, way)
        found = self.check()
        self.assertTrue(self.engine.spoiled)
        self.assert_nothing_new_passes(found)
        return found

    def test_containers(self):
        for way in BAD:
            with self.subTest(way=way.__name__):
                found = self.spoiled(INSPECT, way)
                for name in ("web", "runs"):
                    for rule in ("container-privileged", "container-memory-limit", "container-host-network"):
                        self.assertEqual(found[rule, "container", name]["verdict"], "unknown", found[rule, "container",
                                                                                                     name])

    def test_list_of_containers(self):
        for way in BAD:
            with self.subTest(way=way.__name__):
                found = self.spoiled("/containers/json", way)
                # A list that is one, of things that are none, has no container; else nobody knows.
                verdicts = {f["verdict"] for place, f in found.items() if place[0] == "container-privileged"}
                self.assertEqual(verdicts, {"unknown"}, found)

    def test_engine(self):
        for way in BAD:
            with self.subTest(way=way.__name__):
                found = self.spoiled("/(info|version)", way)
                for rule in ("engine-userns-remap", "engine-live-restore", "swarm-mode-off"):
                    self.assertEqual(found[rule, "engine", "engine"]["verdict"], "unknown")

    def test_images(self):
        for way in BAD:
            with self.subTest(way=way.__name__):
                found = self.spoiled(IMAGE, way)
                verdicts = {f["verdict"] for place, f in found.items() if place[0] == "image-healthcheck"}
                self.assertEqual(verdicts, {"unknown"})

    def test_everything(self):
        for way in BAD:
            with self.subTest(way=way.__name__):
                found = self.spoiled(EVERYTHING, way)
                self.assertEqual({f["verdict"] for place, f in found.items() if place[0].startswith("container-")},
                                 {"unknown"})
                self.assertNotEqual(found["file-etc-docker-mode", "file", "/etc/docker"]["verdict"], "unknown")

    def test_body_without_an_end(self):
        found = self.spoiled(INSPECT, tamper.huge)
        self.assertEqual(found["container-privileged", "container", "web"]["verdict"], "unknown")

    def test_head_without_an_end(self):
        found = self.spoiled("/info", tamper.long_head)
        self.assertEqual(found["engine-userns-remap", "engine", "engine"]["verdict"], "unknown")

    def test_byte_by_byte(self):
        found = self.spoiled("/containers/|/version", tamper.drips)
        self.assertEqual({place: f["verdict"] for place, f in found.items()},
                         {place: f["verdict"] for place, f in self.honest().items()})

    def test_engine_that_hangs(self):
        hang = tamper.Hang()
        self.addCleanup(hang.released.set)
        found = self.spoiled(INSPECT, hang)
        self.assertEqual(found["container-privileged", "container", "web"]["verdict"], "unknown")
        self.assertIn("within", found["container-privileged", "container", "web"]["because"])

    def test_engine_that_is_too_old(self):
        def old(connection, answer):
            connection.sendall(answer.replace(b'"ApiVersion":"1.41"', b'"ApiVersion":"1.23"')
                               .replace(b"Api-Version: 1.41", b"Api-Version: 1.23"))

        if docker.api("GET", "/version")[1]["ApiVersion"] != "1.41":
            self.skipTest("written for an engine that speaks 1.41")
        found = self.spoiled("/version|/_ping", old)
        self.assertEqual(found["engine-userns-remap", "engine", "engine"]["verdict"], "unknown")
        self.assertIn("too old", found["engine-userns-remap", "engine", "engine"]["because"])


class Watched(Spoiled):
    def setUp(self):
        super().setUp()
        self.daemon = daemon.Daemon(self.engine.socket)
        self.addCleanup(self.daemon.discard)
        self.daemon.start()
        self.wait_source("up")

    def tearDown(self):
        super().tearDown()
        self.daemon.stop()

    def wait_source(self, state):
        world.wait_for(f"the events to be {state}", lambda: self.source()["state"] == state)

    def source(self):
        return self.daemon.get("/v1/status")["sources"]["docker-events"]

    def gaps(self):
        return self.daemon.get("/v1/status")["counters"]["gaps"]

    def test_new_container_that_cannot_be_read(self):
        self.engine.spoil(INSPECT, tamper.dies)
        name = docker.create("--privileged")
        self.addCleanup(docker.remove, name)
        self.daemon.wait_verdict("container-privileged", "unknown", name)
        self.engine.heal()
        self.daemon.post("/v1/rescan")
        self.daemon.wait_verdict("container-privileged", "fail", name)

    def test_answers_while_the_engine_hangs(self):
        hang = tamper.Hang()
        self.addCleanup(hang.released.set)
        self.engine.spoil(INSPECT, hang)
        self.daemon.post("/v1/rescan")
        self.assertTrue(hang.waiting.acquire(timeout=60))
        for _ in range(20):
            self.assertEqual(self.daemon.request("GET", "/v1/status")[0], 200)
            self.assertEqual(self.daemon.request("GET", "/v1/findings")[0], 200)
        hang.released.set()
        self.engine.heal()
        self.daemon.post("/v1/rescan")
        world.wait_for("the look to end", lambda: self.daemon.get("/v1/status")["settled"])
        self.daemon.wait_verdict("container-memory-limit", "pass", "web")

    def test_one_bad_moment_is_no_news(self):
        """One answer that can't be read, where the last one could and the next one can."""
        after = self.daemon.last_seq()

        def once(connection, answer):
            self.engine.heal()
            tamper.dies(connection, answer)

        self.engine.spoil("/info", once)
        self.daemon.post("/v1/rescan")
        world.wait_for("the bad moment", lambda: self.engine.spoiled)
        world.wait_for("the look to end", lambda: self.daemon.get("/v1/status")["settled"])
        self.assertEqual([row for row in self.daemon.drift(after)
                          if row["type"] != "notice" and not row.get("rule", "").startswith("audit-")], [])

    def test_stream_that_ends(self):
        for way in (tamper.dies_at_once, tamper.nonsense, tamper.refuses, tamper.other_list):
            with self.subTest(way=way.__name__):
                before = self.gaps()
                self.engine.spoil("/events", way)
                self.engine.cut()
                self.wait_source("blind")
                world.wait_for("a second try", lambda: len(self.engine.spoiled) > 1)
                self.engine.heal()
                self.wait_source("up")
                self.assertGreater(self.gaps(), before)
                name = docker.create("--privileged")
                self.daemon.wait_verdict("container-privileged", "fail", name)
                docker.remove(name)

    def test_events_that_are_none(self):
        waiting = threading.Event()
        self.addCleanup(waiting.set)

        def strange(connection, answer):
            connection.sendall(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n\r\n"
                               b'{"Type":"container","Action":"create","Actor":{"ID":"../../info"}}\n'
                               b'{"Type":7,"Action":{},"Actor":[]}\n{}\n'
                               b'{"Type":"container","Action":"exec_create: sh","Actor":{"ID":"' + b"0" * 64 + b'"}}\n'
                               b'{"Type":"container","Action":"destroy","Actor":{"ID":""},"timeNano":-1}\n')
            waiting.wait(120)

        before = self.daemon.get("/v1/findings")["summary"]
        self.engine.spoil("/events", strange)
        self.engine.cut()
        world.wait_for("the strange stream", lambda: self.engine.spoiled)
        self.wait_source("up")
        self.daemon.post("/v1/rescan")
        world.wait_for("the look to end", lambda: self.daemon.get("/v1/status")["settled"])
        world.wait_for("the same findings", lambda: self.daemon.get("/v1/findings")["summary"] == before)

    def test_failures_are_counted(self):
        def failures():
            lines = self.daemon.get("/metrics").splitlines()
            return sum(float(line.split()[1]) for line in lines if line.startswith("plimsoll_api_calls_total{")
                       and 'status="200"' not in line and 'status="ok"' not in line)

        before = failures()
        self.engine.spoil(INSPECT, tamper.dies)
        self.daemon.post("/v1/rescan")
        world.wait_for("failures to be counted", lambda: failures() > before)


if __name__ == "__main__":
    unittest.main()
