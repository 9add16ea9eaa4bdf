# SPDX-License-Identifier: Apache-2.0
"""The daemon's socket: every route, its errors, its streams, and who may ask for what."""

import json
import os
import re
import socket
import stat
import subprocess
import sys
import unittest

import daemon
import engine
import world

COUNTERS = {
    "events", "stale_marks", "collections", "evaluations", "api_calls", "resyncs", "missed_changes", "gaps", "drops",
    "drifts", "refusals",
}
SOURCES = {"docker-events", "files", "audit", "mounts"}
METRICS = {
    "plimsoll_build_info", "plimsoll_findings", "plimsoll_rule_info", "plimsoll_drifts_total", "plimsoll_source_up",
    "plimsoll_blind_seconds_total", "plimsoll_gaps_total", "plimsoll_event_lag_seconds_bucket",
    "plimsoll_event_lag_seconds_sum", "plimsoll_event_lag_seconds_count", "plimsoll_evaluations_total",
    "plimsoll_api_calls_total", "plimsoll_last_resync_timestamp_seconds", "plimsoll_missed_changes_total",
    "plimsoll_queue_depth", "process_resident_memory_bytes", "process_cpu_seconds_total",
}
# Asks as another user, with nothing but Python at hand.
CLIENT = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(f"{sys.argv[2]} {sys.argv[3]} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n".encode())
while data := s.recv(65536):
    sys.stdout.buffer.write(data)
"""


def setUpModule():
    global docker, plimsolld, root
    docker = engine.shared()
    root = docker.create("--name", "root", "--privileged", "--label", "tier=back")
    docker.create("--name", "web", "--memory", "64m", "--label", "tier=front")
    plimsolld = daemon.Daemon(docker).start()


def tearDownModule():
    plimsolld.close()


class Routes(unittest.TestCase):
    def test_status(self):
        status = plimsolld.get("/v1/status")
        self.assertEqual(set(status["counters"]), COUNTERS)
        self.assertTrue(all(isinstance(count, int) for count in status["counters"].values()))
        self.assertEqual(set(status["sources"]), SOURCES)
        self.assertEqual(status["sources"]["docker-events"]["state"], "up")
        self.assertEqual(status["sources"]["files"]["state"], "up")
        self.assertEqual(status["engine"]["socket"], docker.socket)
        self.assertGreaterEqual(status["uptime_s"], 0)
        self.assertTrue(status["plimsoll"])
        self.assertEqual(status["summary"], plimsolld.get("/v1/findings")["summary"])

    def test_findings_are_those_of_check(self):
        document = plimsolld.get("/v1/findings")
        fresh = daemon.plimsoll_json("check", "--engine", docker.socket, "--config", plimsolld.config)
        self.assertEqual(set(document), set(fresh))
        self.assertEqual({(f["rule"], f["subject"]["id"]) for f in document["findings"]},
                         {(f["rule"], f["subject"]["id"]) for f in fresh["findings"]})

    def test_filters(self):
        every = plimsolld.findings()
        for query, holds in (
            ({"rule": "5.4"}, lambda f: f["rule"] == "container-privileged"),
            ({"rule": "5.5", "benchmark": "cis-docker-1.6.0"},
             lambda f: f["refs"].get("cis-docker-1.6.0", {}).get("id") == "5.5"),
            ({"section": "5"}, lambda f: f["refs"].get("cis-docker-1.11.0", {}).get("section") == "5"),
            ({"severity": "critical", "verdict": "fail"},
             lambda f: f["severity"] == "critical" and f["verdict"] == "fail"),
            ({"container": "root"}, lambda f: f["subject"]["id"] == root),
            ({"container": root[:12]}, lambda f: f["subject"]["id"] == root),
            ({"label": "tier=back"}, lambda f: f["subject"]["id"] == root),
            ({"file": docker.config}, lambda f: f["subject"]["id"] == docker.config),
        ):
            with self.subTest(query=query):
                wanted = [(f["rule"], f["subject"]["id"]) for f in every if holds(f)]
                found = plimsolld.findings(**query)
                self.assertTrue(wanted)
                self.assertEqual([(f["rule"], f["subject"]["id"]) for f in found], wanted)

    def test_rules(self):
        rules = plimsolld.get("/v1/rules")
        for member in ("key", "title", "scope", "severity", "refs", "kind", "expression", "reads", "topics", "why",
                       "audit", "fix"):
            self.assertIn(member, rules[0])
        one = plimsolld.get("/v1/rules/container-privileged")
        self.assertEqual(one, plimsolld.get("/v1/rules/5.4"))
        self.assertIn(one, rules)
        self.assertEqual(one["reads"], ["container.privileged"])
        self.assertEqual(plimsolld.get("/v1/rules/5.5", benchmark="cis-docker-1.6.0"), one)

    def test_metrics(self):
        connection = world.UnixConnection(plimsolld.socket)
        self.addCleanup(connection.close)
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        self.assertIn("version=0.0.4", response.headers["Content-Type"])
        names = set(re.findall(r"(?m)^([a-z_]+)[{ ]", response.read().decode()))
        self.assertEqual(names - METRICS, set())
        self.assertEqual(METRICS - names - {"plimsoll_drifts_total"}, set())

    def test_metrics_know_every_rule(self):
        """Those that no benchmark has, too: an alert takes the severity from there."""
        with world.HostRoot() as host, daemon.Daemon(host_root=host) as d:
            path = os.path.join(world.ROOT, "rules", "host.yaml")
            with open(path) as f:
                rule = f.read().split("\n- key: ")[1]
            d.write("rules.d/site.yaml", "- key: site-rule\n" + rule.split("\n", 1)[1])
            d.post("/v1/reload")
            text = d.get("/metrics")
            infos = re.findall(r'(?m)^plimsoll_rule_info\{rule="([^"]*)",benchmark="([^"]*)",id="([^"]*)",'
                               r'level="([^"]*)",severity="([a-z]+)"\} 1$', text)
            self.assertEqual(len(infos), text.count("plimsoll_rule_info{"))
            self.assertEqual({info[0] for info in infos}, {rule["key"] for rule in d.get("/v1/rules")})
            self.assertEqual(len(infos), len({info[:3] for info in infos}))
            self.assertEqual([info[1:4] for info in infos if info[0] == "site-rule"], [("", "", "")])
            self.assertIn(("container-privileged", "cis-docker-1.11.0", "5.4", "1", "critical"), infos)

    def test_drift_after(self):
        every = plimsolld.drift()
        self.assertEqual(plimsolld.drift(1), every[1:])
        self.assertEqual(plimsolld.drift(every[-1]["seq"]), [])

    def test_drift_after_what_is_to_come(self):
        """A cursor of another ledger: said first, and all that is kept follows."""
        every = plimsolld.drift()
        rows = plimsolld.drift(every[-1]["seq"] + 1000)
        self.assertEqual(rows[0]["notice"]["kind"], "truncated")
        self.assertEqual(rows[1:1 + len(every)], every)

    def test_connection_is_kept(self):
        connection = world.UnixConnection(plimsolld.socket)
        self.addCleanup(connection.close)
        for _ in range(3):
            connection.request("GET", "/v1/findings?rule=5.4")
            response = connection.getresponse()
            self.assertEqual(response.status, 200)
            self.assertEqual(len(json.loads(response.read())["findings"]), 2)


class Errors(unittest.TestCase):
    def assert_error(self, status, method, path):
        got, body = plimsolld.request(method, path)
        self.assertEqual(got, status, body)
        self.assertEqual(set(body), {"error", "hint"}, body)
        self.assertTrue(body["error"] and body["hint"])

    def test_wrong_requests_get_an_error_in_json(self):
        for status, method, path in (
            (404, "GET", "/"),
            (404, "GET", "/v1/nothing"),
            (404, "GET", "/v1/rules/nothing"),
            (404, "GET", "/v1/rules/"),
            (405, "POST", "/v1/findings"),
            (405, "GET", "/v1/rescan"),
            (405, "PUT", "/v1/status"),
            (405, "DELETE", "/v1/findings"),
            (405, "PATCH", "/v1/rules"),
            (400, "GET", "/v1/status?colour=red"),
            (400, "GET", "/metrics?name=x"),
            (400, "POST", "/v1/rescan?rule=5.4"),
            (400, "GET", "/v1/rules/5.4?colour=red"),
            (400, "GET", "/v1/findings?colour=red"),
            (400, "GET", "/v1/findings?rule=5.400"),
            (400, "GET", "/v1/findings?rule=%ff"),
            (400, "GET", "/v1/findings?severity=awful"),
            (400, "GET", "/v1/drift?after=x"),
            (400, "GET", "/v1/drift?after=-1"),
            (400, "GET", "/v1/drift?since=yesterday"),
            (400, "GET", "/v1/drift?follow=maybe"),
        ):
            with self.subTest(request=f"{method} {path}"):
                self.assert_error(status, method, path)

    def test_wrong_requests_are_counted(self):
        before = plimsolld.get("/v1/status")["counters"]["refusals"]
        for path in ("/v1/nothing", "/v1/findings?colour=red"):
            plimsolld.request("GET", path)
        self.assertEqual(plimsolld.get("/v1/status")["counters"]["refusals"], before + 2)

    def test_no_body_comes_where_none_is_read(self):
        connection = world.UnixConnection(plimsolld.socket)
        self.addCleanup(connection.close)
        for method, status in (("HEAD", 405), ("GET", 200)):
            connection.request(method, "/v1/status")
            response = connection.getresponse()
            self.assertEqual(response.status, status)
            self.assertEqual(bool(response.read()), method == "GET")

    def test_what_is_no_http_harms_nobody(self):
        for data in (b"\0" * 100, b"GET\r\n\r\n", b"GET /v1/status HTTP/9.9\r\n\r\n", b"{}\n",
                     b"GET /v1/status HTTP/1.1\r\n" + b"X: " + b"y" * 100000 + b"\r\n\r\n",
                     b"POST /v1/rescan HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"):
            with self.subTest(data=data[:30]), socket.socket(socket.AF_UNIX) as s:
                s.settimeout(60)
                s.connect(plimsolld.socket)
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(65536):
                        pass
                except (BrokenPipeError, ConnectionResetError):
                    pass
                self.assertEqual(plimsolld.request("GET", "/v1/status")[0], 200)

    def test_many_connections_that_say_nothing(self):
        silent = []
        try:
            for _ in range(100):
                silent.append(socket.socket(socket.AF_UNIX))
                silent[-1].connect(plimsolld.socket)
            self.assertEqual(plimsolld.request("GET", "/v1/status")[0], 200)
        finally:
            for s in silent:
                s.close()


class Follow(unittest.TestCase):
    def test_stream_gets_rows_as_they_come(self):
        after = plimsolld.last_seq()
        with plimsolld.follow(after) as stream:
            self.assertEqual(stream.status, 200)
            self.assertEqual(stream.response.headers["Content-Type"], "application/x-ndjson")
            name = docker.create("--name", "fresh", "--privileged")
            row = next(row for row in stream if row.get("subject", {}).get("id") == name)
            self.assertEqual(row["type"], "appeared")
            docker.remove(name)
            row = next(row for row in stream if row["type"] == "gone")
            self.assertEqual(row["subject"]["id"], name)
        rows = plimsolld.drift(after)
        self.assertIn(row, rows)

    def test_stream_begins_with_what_was_missed(self):
        every = plimsolld.drift()
        with plimsolld.follow(0) as stream:
            self.assertEqual([next(stream) for _ in every], every)

    def test_stream_is_filtered(self):
        after = plimsolld.last_seq()
        with world.Stream(plimsolld.socket, f"/v1/drift?after={after}&follow=1&container=wanted") as stream:
            docker.remove(docker.create("--name", "other"))
            docker.remove(docker.create("--name", "wanted"))
            self.assertEqual(next(stream)["subject"]["name"], "wanted")

    def test_slow_follower_is_cut_off(self):
        """One that does not read gets no more than fits; others, and the daemon, don't wait for it."""
        quick = plimsolld.follow(plimsolld.last_seq())
        self.addCleanup(quick.close)
        slow = socket.socket(socket.AF_UNIX)
        self.addCleanup(slow.close)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(plimsolld.socket)
        slow.sendall(f"GET /v1/drift?after={plimsolld.last_seq()}&follow=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        body = {"Image": engine.IMAGE, "Cmd": ["true"], "HostConfig": {"Privileged": True}}
        made = told = 0
        # A row of such a container has some kilobytes; a megabyte may wait.
        while told < 3 << 20:
            status, answer = docker.api("POST", "/containers/create", body)
            self.assertEqual(status, 201)
            made += 1
            row = next(row for row in quick if row.get("subject", {}).get("id") == answer["Id"])
            told += len(json.dumps(row))
            docker.api("DELETE", f"/containers/{answer['Id']}")
        slow.settimeout(60)
        read = 0
        try:
            while data := slow.recv(65536):
                read += len(data)
        except ConnectionResetError:
            pass
        self.assertLess(read, told)
        self.assertEqual(plimsolld.request("GET", "/v1/status")[0], 200)


class Rights(unittest.TestCase):
    def ask_as_nobody(self, method, path):
        """None where the socket can't even be opened."""
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c",
                               CLIENT, plimsolld.socket, method, path], capture_output=True, text=True, timeout=60)
        return done.stdout if done.returncode == 0 else None

    def test_mode(self):
        self.assertEqual(stat.S_IMODE(os.stat(plimsolld.socket).st_mode), 0o660)
        self.assertIsNone(self.ask_as_nobody("GET", "/v1/status"))

    def test_only_root_may_post(self):
        folders = [os.path.dirname(plimsolld.socket)]
        while folders[-1] != "/":
            folders.append(os.path.dirname(folders[-1]))
        modes = {path: stat.S_IMODE(os.stat(path).st_mode) for path in folders}
        if not all(mode & 0o001 for mode in modes.values()):
            self.skipTest("another user cannot reach the folder of this test")
        os.chmod(plimsolld.socket, 0o666)
        self.addCleanup(os.chmod, plimsolld.socket, 0o660)
        self.assertIn("200 OK", self.ask_as_nobody("GET", "/v1/status"))
        before = plimsolld.get("/v1/status")["counters"]["resyncs"]
        for path in ("/v1/rescan", "/v1/reload"):
            answer = self.ask_as_nobody("POST", path)
            self.assertIn(" 403 ", answer.splitlines()[0])
            self.assertIn("root", json.loads(answer.split("\n\n", 1)[1])["error"])
        self.assertEqual(plimsolld.get("/v1/status")["counters"]["resyncs"], before)

    def test_rescan_looks_at_everything(self):
        before = plimsolld.get("/v1/status")["counters"]
        plimsolld.post("/v1/rescan")
        world.wait_for("the look to end", lambda: plimsolld.get("/v1/status")["settled"])
        after = plimsolld.get("/v1/status")["counters"]
        self.assertEqual(after["resyncs"], before["resyncs"] + 1)
        self.assertEqual(after["missed_changes"], before["missed_changes"])


class Place(unittest.TestCase):
    def test_socket_that_a_killed_daemon_left(self):
        d = daemon.Daemon(None)
        self.addCleanup(d.discard)
        d.start()
        d.kill()
        self.assertTrue(os.path.exists(d.socket))
        d.start()
        d.stop()
        self.assertFalse(os.path.exists(d.socket))

    def test_socket_of_a_living_daemon_is_left_alone(self):
        second = daemon.Daemon(None)
        self.addCleanup(second.discard)
        second.socket = plimsolld.socket
        done = subprocess.run(second.command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env=daemon.environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn(plimsolld.socket, done.stderr)
        self.assertEqual(plimsolld.request("GET", "/v1/status")[0], 200)


class Names(unittest.TestCase):
    """A path is bytes, and what is told of it is text."""

    CERTIFICATES = ("/etc/docker/certs.d/caf\udcff.example/ca.crt", f"/etc/docker/certs.d/{'é' * 60}/ca.crt")

    def test_paths_that_are_no_text(self):
        with world.HostRoot() as host:
            for path in self.CERTIFICATES:
                host.write(path, mode=0o666)
            with daemon.Daemon(None, host) as audit:
                failed = [f["subject"]["id"] for f in audit.findings(rule="3.8", verdict="fail")]
                self.assertEqual(failed, [path.replace("\udcff", "?") for path in self.CERTIFICATES])
                seq = audit.last_seq()
                audit.restart()
                with audit.follow(after=seq) as stream:
                    for path in self.CERTIFICATES:
                        host.chmod(path, 0o444)
                    rows = [next(row for row in stream if row.get("subject", {}).get("kind") == "file") for _ in range(2)]
        self.assertEqual({(row["subject"]["id"], row["was"], row["verdict"]) for row in rows},
                         {(path.replace("\udcff", "?"), "fail", "pass") for path in self.CERTIFICATES})


if __name__ == "__main__":
    unittest.main()
