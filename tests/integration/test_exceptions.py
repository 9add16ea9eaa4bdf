# SPDX-License-Identifier: Apache-2.0
"""Exceptions: what is accepted counts apart, says by whom, ends in time, and is never silent."""

import datetime
import time
import unittest

import daemon
import engine
import world

PORTS = "container-needed-ports"


def entry(rule, subject=None, state="waived", expires="2099-01-01", more=""):
    text = f"- rule: {rule}\n  state: {state}\n  owner: jane\n  reason: agreed in June\n"
    if subject:
        text += f"  subject: {subject}\n"
    if expires:
        text += f"  expires: {expires}\n"
    return text + more


def is_notice(kind):
    return lambda row: row["type"] == "notice" and row["notice"]["kind"] == kind


def in_seconds(seconds):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return end.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Exceptions(unittest.TestCase):
    def setUp(self):
        self.docker = engine.shared()
        self.root = world.HostRoot()
        self.addCleanup(self.root.close)

    def daemon(self, exceptions=None):
        d = daemon.Daemon(self.docker, self.root)
        if exceptions:
            d.write("exceptions.d/a.yaml", exceptions)
        return d

    def check(self, d, *arguments):
        common = ("--config", d.config, "--engine", self.docker.socket, "--host-root", self.root.path)
        return daemon.plimsoll("check", *common, *arguments)

    def finding(self, d, rule, name):
        found = [f for f in d.findings(rule=rule) if f["subject"]["name"] == name]
        self.assertEqual(len(found), 1)
        return found[0]

    def test_counts_apart(self):
        self.docker.create("--privileged", "--name", "backup-1")
        self.docker.create("--privileged", "--name", "other")
        with self.daemon(entry("container-privileged", '{name: "backup-*"}', more="  ticket: OPS-7\n")) as d:
            found = self.finding(d, "container-privileged", "backup-1")
            self.assertEqual(found["verdict"], "fail")
            self.assertEqual(
                found["exception"],
                {
                    "state": "waived",
                    "owner": "jane",
                    "reason": "agreed in June",
                    "expires": "2099-01-01",
                    "ticket": "OPS-7",
                },
            )
            self.assertIsNone(self.finding(d, "container-privileged", "other")["exception"])
            document = d.get("/v1/findings")
            fails = [f for f in document["findings"] if f["verdict"] == "fail"]
            self.assertEqual(document["summary"]["waived"], 1)
            self.assertEqual(document["summary"]["fail"], len(fails) - 1)
            self.assertEqual(sum(f["exception"] is not None for f in document["findings"]), 1)
            self.assertEqual(d.findings(verdict="waived"), [f for f in document["findings"] if f["exception"]])
            self.assertEqual(d.findings(verdict="attested"), [])
            asked = daemon.plimsoll_json("findings", "--socket", d.socket, "--verdict", "waived,attested")
            self.assertEqual([f["subject"]["name"] for f in asked["findings"]], ["backup-1"])
            checked = self.check(d, "--verdict", "waived", "--format", "json")[1]
            self.assertEqual([f["subject"]["name"] for f in world.json.loads(checked)["findings"]], ["backup-1"])
            told = daemon.plimsoll("findings", "--socket", d.socket, "--verdict", "accepted")
            self.assertEqual(told[0], 2)
            self.assertIn("not-applicable, waived or attested", told[2])

    def test_check_does_not_trip(self):
        self.docker.create("--privileged", "--name", "backup-1")
        with self.daemon() as d:
            wanted = ("--rule", "container-privileged", "--format", "json")
            self.assertEqual(self.check(d, *wanted)[0], 1)
            d.write("exceptions.d/a.yaml", entry("container-privileged"))
            self.assertEqual(self.check(d, *wanted)[0], 0)
            d.write("exceptions.d/a.yaml", entry("container-privileged", expires="2020-01-01"))
            self.assertEqual(self.check(d, *wanted)[0], 1)
            d.write("exceptions.d/a.yaml", entry("container-privileged", '{image: "nothing/*"}'))
            self.assertEqual(self.check(d, *wanted)[0], 1)

    def test_labels_and_numbers(self):
        self.docker.create("--privileged", "--name", "one", "--label", "tier=edge")
        self.docker.create("--privileged", "--name", "two", "--label", "tier=core")
        with self.daemon(entry('"5.4"', '{label: "tier=e*"}')) as d:
            self.assertEqual(self.finding(d, "5.4", "one")["exception"]["state"], "waived")
            self.assertIsNone(self.finding(d, "5.4", "two")["exception"])

    def test_new_container_under_an_exception_is_told(self):
        with self.daemon(entry("container-privileged")) as d:
            after = d.last_seq()
            self.docker.create("--privileged", "--name", "late")
            row = d.wait_drift(lambda row: row["type"] == "appeared", after)
            lines = d.request("GET", f"/v1/drift?after={after}&verdict=waived")[1]
            self.assertIn('"appeared"', lines if isinstance(lines, str) else world.json.dumps(lines))
            found = {f["rule"]: f for f in row["findings"]}
            self.assertEqual(found["container-privileged"]["exception"]["owner"], "jane")
            others = [f["exception"] for rule, f in found.items() if rule != "container-privileged"]
            self.assertEqual(set(others), {None})

    def test_added_by_reload(self):
        self.docker.create("--privileged", "--name", "one")
        with self.daemon() as d:
            after = d.last_seq()
            d.write("exceptions.d/a.yaml", entry("container-privileged"))
            d.post("/v1/reload")
            notice = d.wait_drift(is_notice("reloaded"), after)["notice"]
            self.assertEqual((notice["changed"], notice["excepted"], notice["exceptions"]), (0, 1, 1))
            rows = [row for row in d.drift(after) if row["type"] != "notice"]
            self.assertEqual(len(rows), 1)
            self.assertEqual((rows[0]["type"], rows[0]["was"], rows[0]["verdict"]), ("changed", "fail", "fail"))
            self.assertEqual(rows[0]["exception"]["state"], "waived")
            self.assertEqual(rows[0]["cause"]["source"], "exception")
            self.assertEqual(rows[0]["cause"]["detail"], "waived by jane until 2099-01-01")

    def test_ends_in_time(self):
        self.docker.create("--privileged", "--name", "one")
        end = in_seconds(4)
        with self.daemon(entry("container-privileged", expires=end)) as d:
            self.assertEqual(d.get("/v1/findings", rule="container-privileged")["summary"]["waived"], 1)
            after = d.last_seq()
            row = d.wait_drift(is_notice("exception-expired"), after, timeout=20)
            self.assertGreaterEqual(row["time"], end)
            self.assertLess(time.time() - datetime.datetime.fromisoformat(end.replace("Z", "+00:00")).timestamp(), 3)
            self.assertEqual(row["notice"]["rule"], "container-privileged")
            self.assertEqual(row["notice"]["owner"], "jane")
            self.assertEqual(row["notice"]["findings"], 1)
            row = d.wait_drift(lambda row: row.get("rule") == "container-privileged", after)
            self.assertEqual((row["verdict"], row["exception"]), ("fail", None))
            self.assertEqual(row["cause"]["source"], "exception")
            summary = d.get("/v1/findings", rule="container-privileged")["summary"]
            self.assertEqual((summary["waived"], summary["fail"]), (0, 1))
            # Said once, over a restart too.
            d.restart()
            self.assertEqual(sum(map(is_notice("exception-expired"), d.drift())), 1)

    def test_ends_while_nobody_is_there(self):
        self.docker.create("--privileged", "--name", "one")
        with self.daemon(entry("container-privileged")) as d:
            d.stop()
            d.write("exceptions.d/a.yaml", entry("container-privileged", expires="2020-01-01"))
            d.start()
            rows = d.drift()
            self.assertEqual(sum(map(is_notice("exception-expired"), rows)), 1)
            self.assertEqual([row["cause"]["source"] for row in rows if row["type"] == "changed"], ["exception"])

    def test_malformed(self):
        with self.daemon() as d:
            for text, complaint in (
                ("- rule: container-privileged\n  state: waived\n", "a.yaml:1: an exception needs `owner`"),
                (entry("container-privilegd"), "a.yaml:1: no rule `container-privilegd`; did you mean"),
                (entry("container-privileged", expires="soon"), "a.yaml:5: `expires` must be a day"),
                (entry("container-privileged", expires=None), "a.yaml:1: an exception needs `expires`"),
            ):
                d.write("exceptions.d/a.yaml", text)
                status, _, err = daemon.plimsoll("lint", "--config", d.config)
                self.assertEqual(status, 2)
                self.assertIn(complaint, err)
                status, _, err = self.check(d)
                self.assertEqual(status, 2)
                self.assertIn(complaint, err)
            d.stop()
            status, _, err = daemon.run([*d.command(), "--test-config"])
            self.assertEqual(status, 2)
            self.assertIn("an exception needs `expires`", err)

    def test_lint_of_a_folder_elsewhere(self):
        with self.daemon() as d:
            path = d.write("site/exceptions/a.yaml", entry("container-privileged"))
            status, out, _ = daemon.plimsoll("lint", path, "--config", d.config)
            self.assertEqual(status, 0)
            self.assertIn("1 exceptions: nothing is wrong", out)
            d.write("site/exceptions/a.yaml", entry("container-privilegd"))
            self.assertEqual(daemon.plimsoll("lint", path, "--config", d.config)[0], 2)

    def attest(self, d, *arguments):
        return daemon.plimsoll("attest", *arguments, "--socket", d.socket)

    def test_attest(self):
        self.docker.run("--name", "web", "--publish", "127.0.0.1:0:80")
        with self.daemon() as d:
            status, text, _ = self.attest(d, PORTS, "web")
            self.assertEqual(status, 0)
            self.assertIn('subject: {name: "web"}', text)
            self.assertIn("state: attested", text)
            self.assertRegex(text, r"(?m)^  evidence: sha256:[0-9a-f]{64}$")
            # As it is printed nobody answers for it.
            d.write("exceptions.d/a.yaml", text)
            status, _, err = daemon.plimsoll("lint", "--config", d.config)
            self.assertEqual(status, 2)
            self.assertIn("`owner` is empty", err)
            filled = text.replace("owner:", "owner: jane").replace("reason:", "reason: the one port that it serves")
            d.write("exceptions.d/a.yaml", filled)
            d.post("/v1/reload")
            found = self.finding(d, PORTS, "web")
            self.assertEqual((found["verdict"], found["exception"]["state"]), ("review", "attested"))
            self.assertIsNone(found["exception"]["expires"])
            # A check of its own sees the same evidence.
            status, out, _ = self.check(d, "--rule", PORTS, "--fail-on", "review", "--quiet")
            self.assertEqual((status, out), (0, ""))

    def test_attestation_opens_again(self):
        self.docker.run("--name", "web", "--publish", "127.0.0.1:0:80")
        with self.daemon() as d:
            text = self.attest(d, PORTS, "web")[1].replace("owner:", "owner: jane").replace("reason:", "reason: x")
            d.write("exceptions.d/a.yaml", text)
            d.post("/v1/reload")
            self.assertEqual(d.get("/v1/findings", rule=PORTS)["summary"]["attested"], 1)
            after = d.last_seq()
            self.docker.remove("web")
            self.docker.run("--name", "web", "--publish", "127.0.0.1:0:80", "--publish", "127.0.0.1:0:81")
            world.wait_for(
                "the review to be open", lambda: d.get("/v1/findings", rule=PORTS)["summary"]["review"] == 1
            )
            self.assertGreater(d.last_seq(), after)
            self.assertIsNone(self.finding(d, PORTS, "web")["exception"])

    def test_attest_of_a_failure_is_a_waiver(self):
        self.docker.create("--privileged", "--name", "one")
        self.docker.create("--name", "two")
        with self.daemon() as d:
            status, text, _ = self.attest(d, "5.4")
            self.assertEqual((status, text.count("- rule:")), (0, 1))
            self.assertIn("state: waived", text)
            self.assertIn("container one", text)
            self.assertNotIn("evidence:", text)
            status, out, err = self.attest(d, "5.4", "two")
            self.assertEqual((status, out), (2, ""))
            self.assertIn("the verdict is pass", err)
            self.assertEqual(self.attest(d, "5.4", "three")[0], 2)
            self.assertEqual(self.attest(d, "no-such-rule")[0], 2)
            self.assertEqual(daemon.plimsoll("attest", "5.4", "--socket", d.path + "/none")[0], 4)

    def test_metrics_and_tables(self):
        self.docker.create("--privileged", "--name", "one")
        with self.daemon(entry("container-privileged")) as d:
            metrics = d.get("/metrics")
            self.assertIn('plimsoll_findings{rule="container-privileged",verdict="waived"} 1', metrics)
            self.assertNotIn('plimsoll_findings{rule="container-privileged",verdict="fail"}', metrics)
            table = daemon.plimsoll("findings", "--all", "--rule", "5.4", "--socket", d.socket)[1]
            self.assertIn("waived", table)
            explained = daemon.plimsoll("explain", "5.4", "one", "--socket", d.socket)[1]
            self.assertIn("waived by jane until 2099-01-01", explained)


class Files(unittest.TestCase):
    def test_path(self):
        with world.HostRoot() as host:
            host.write("/etc/default/docker", "", 0o666)
            with daemon.Daemon(host_root=host) as d:
                d.write("exceptions.d/a.yaml", entry("file-etc-default-docker-mode", "{path: /etc/default/*}"))
                d.post("/v1/reload")
                found = d.findings(rule="file-etc-default-docker-mode")
                self.assertEqual([f["exception"] is not None for f in found], [True])
                after = d.last_seq()
                host.chmod("/etc/default/docker", 0o644)
                row = d.wait_drift(lambda row: row.get("rule") == "file-etc-default-docker-mode", after)
                self.assertEqual((row["type"], row["exception"]), ("restored", None))


if __name__ == "__main__":
    unittest.main()
