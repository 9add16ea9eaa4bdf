# SPDX-License-Identifier: Apache-2.0
"""What the daemon says when the world changes: once, with the cause, and nothing else."""

import os
import signal
import unittest

import daemon
import engine
import world

MEBI = 1024 * 1024


def setUpModule():
    global docker, plimsolld
    docker = engine.shared()
    plimsolld = daemon.Daemon(docker).start()


def tearDownModule():
    plimsolld.close()


def is_about(subject):
    """Rows about a subject, by its id."""
    return lambda row: row.get("subject", {}).get("id") == subject


def is_move(rule, subject):
    return lambda row: row.get("rule") == rule and is_about(subject)(row)


class Drift(unittest.TestCase):
    def setUp(self):
        docker.remove_containers()
        self.after = plimsolld.last_seq()

    def wait(self, predicate):
        return plimsolld.wait_drift(predicate, self.after)

    def caught_up(self):
        """All events up to now have been judged: the engine tells them in order."""
        mark = docker.create()
        self.wait(is_about(mark))
        docker.remove(mark)
        self.wait(lambda row: row["type"] == "gone" and is_about(mark)(row))

    def rows(self, predicate):
        """All rows since the test began, when all that happened was judged."""
        self.caught_up()
        return [row for row in plimsolld.drift(self.after) if predicate(row)]

    def news(self, name):
        """What was said of a container."""
        return [row["type"] for row in self.rows(is_about(name))]

    def assert_row(self, row, **members):
        self.assertEqual({key: row.get(key) for key in members}, members, row)

    def assert_cause(self, row, source, detail):
        self.assertEqual(row["cause"]["source"], source)
        self.assertIn(detail, row["cause"]["detail"])
        self.assertIsInstance(row["latency_ms"], (int, float))
        self.assertGreaterEqual(row["latency_ms"], 0)
        self.assertIn("actor", row["cause"])


class Containers(Drift):
    def test_privileged_container_is_one_row(self):
        name = docker.create("--name", "root", "--privileged")
        row = self.wait(is_about(name))
        self.assert_row(row, type="appeared")
        self.assertEqual(row["subject"], {"kind": "container", "id": name, "name": "root", "image": engine.IMAGE})
        self.assert_cause(row, "docker-event", "container create")
        worst = row["findings"][0]
        self.assertEqual((worst["rule"], worst["severity"], worst["verdict"]),
                         ("container-privileged", "critical", "fail"))
        self.assertEqual(worst["refs"]["cis-docker-1.11.0"]["id"], "5.4")
        self.assertEqual(worst["because"], "container root runs privileged")
        self.assertEqual(worst["evidence"][0]["value"], True)
        self.assertEqual(self.rows(is_about(name)), [row])

    def test_every_row_has_an_id_a_number_and_a_time(self):
        docker.create("--privileged")
        ledger = plimsolld.get("/v1/status")["ledger"]["id"]
        self.caught_up()
        rows = plimsolld.drift()
        self.assertEqual([row["seq"] for row in rows], list(range(1, len(rows) + 1)))
        self.assertEqual({row["ledger"] for row in rows}, {ledger})
        times = [row["time"] for row in rows]
        self.assertEqual(times, sorted(times))

    def test_start_of_a_container_is_no_news_by_itself(self):
        name = docker.create("--memory", "64m")
        self.wait(is_about(name))
        docker.docker("start", name)
        self.caught_up()
        found = [f for f in plimsolld.findings(container=name) if f["rule"] == "container-memory-limit"]
        self.assertEqual([(f["verdict"], f["evidence"][0]["value"]) for f in found], [("pass", 64 * MEBI)])
        # That it runs now is no news by itself.
        self.assertEqual(self.news(name), ["appeared"])

    def test_update_of_a_limit_restores(self):
        name = docker.run("--name", "web")
        self.wait(is_about(name))
        docker.docker("update", "--memory", "64m", "--memory-swap", "64m", name)
        row = self.wait(is_move("container-memory-limit", name))
        self.assert_row(row, type="restored", was="fail", verdict="pass", severity="medium")
        self.assert_cause(row, "docker-event", "container update")
        self.assertEqual(row["refs"]["cis-docker-1.11.0"]["id"], "5.10")
        self.assertEqual(len(self.rows(is_move("container-memory-limit", name))), 1)

    def test_restart_policy_there_and_back(self):
        name = docker.create()
        self.wait(is_about(name))
        docker.docker("update", "--restart", "always", name)
        self.wait(lambda row: is_move("container-restart-policy", name)(row) and row["type"] == "regressed")
        docker.docker("update", "--restart", "on-failure:3", name)
        self.wait(lambda row: is_move("container-restart-policy", name)(row) and row["type"] == "restored")
        rows = self.rows(is_move("container-restart-policy", name))
        self.assertEqual([row["type"] for row in rows], ["regressed", "restored"])

    def test_other_name_is_no_drift(self):
        name = docker.create("--name", "before")
        self.wait(is_about(name))
        docker.docker("rename", "before", "after")
        world.wait_for("the new name", lambda: plimsolld.findings(container="after"))
        self.assertEqual({f["subject"]["name"] for f in plimsolld.findings(container=name)}, {"after"})
        self.assertEqual(self.news(name), ["appeared"])

    def test_removed_container_is_gone_with_its_findings(self):
        name = docker.create("--name", "gone", "--privileged")
        appeared = self.wait(is_about(name))
        docker.remove(name)
        row = self.wait(lambda row: row["type"] == "gone" and is_about(name)(row))
        self.assert_cause(row, "docker-event", "container destroy")
        self.assertEqual([f["rule"] for f in row["findings"]], [f["rule"] for f in appeared["findings"]])
        self.assertEqual(plimsolld.findings(container=name), [])

    def test_container_that_runs_and_ends(self):
        name = docker.docker("run", "--detach", "--name", "ran", engine.IMAGE, "true")
        self.wait(is_about(name))
        world.wait_for("its end", lambda: not docker.inspect(name)["State"]["Running"])
        self.assertEqual(self.news(name), ["appeared"])


class Execs(Drift):
    def exec(self, container, **members):
        """A session by the API: a privileged one cannot be started everywhere, but it can be asked for."""
        status, body = docker.api("POST", f"/containers/{container}/exec", dict({"Cmd": ["true"]}, **members))
        self.assertEqual(status, 201, body)
        return body["Id"]

    def test_privileged_session_fails_and_stays_failed(self):
        name = docker.run("--name", "web")
        self.wait(is_about(name))
        session = self.exec(name, Privileged=True)
        row = self.wait(is_move("exec-privileged", name))
        self.assert_row(row, type="regressed", was="pass", verdict="fail", severity="critical")
        self.assert_cause(row, "docker-event", "exec_create")
        docker.api("POST", f"/exec/{session}/start", {"Detach": True})
        world.wait_for("its end", lambda: not docker.api("GET", f"/exec/{session}/json")[1].get("Running"))
        docker.docker("restart", name)
        self.assertEqual(len(self.rows(is_move("exec-privileged", name))), 1)
        self.assertEqual(plimsolld.verdict("exec-privileged", name), "fail")

    def test_ordinary_session_passes(self):
        name = docker.run()
        self.wait(is_about(name))
        docker.docker("exec", name, "true")
        self.assertEqual(self.news(name), ["appeared"])
        self.assertEqual(plimsolld.verdict("exec-privileged", name), "pass")

    def test_command_line_is_told_nowhere(self):
        name = docker.run()
        self.wait(is_about(name))
        self.exec(name, Privileged=True, Cmd=["sh", "-c", "hunter2"], Env=["PASSWORD=hunter3"])
        row = self.wait(is_move("exec-privileged", name))
        text = world.json.dumps([row, plimsolld.findings(), plimsolld.drift()])
        self.assertNotIn("hunter", text)

    def test_health_checks_are_no_drift(self):
        name = docker.run("--health-cmd", "true", "--health-interval", "1s")
        self.wait(is_about(name))
        world.wait_for("three health checks", lambda: len(docker.inspect(name)["State"]["Health"]["Log"]) >= 3)
        self.assertEqual(self.news(name), ["appeared"])
        self.assertEqual(plimsolld.verdict("exec-privileged", name), "pass")
        self.assertEqual(plimsolld.verdict("exec-user-override", name), "pass")


class Secrets(Drift):
    """Of what may hold one, names and numbers are told, wherever something is told or kept."""

    MARK = "hunter2"

    def outputs(self):
        for path in ("/v1/status", "/v1/findings", "/v1/drift?after=0", "/v1/rules", "/metrics"):
            yield path, world.json.dumps(plimsolld.request("GET", path)[1])
        for name in sorted(os.listdir(plimsolld.state)):
            with open(os.path.join(plimsolld.state, name), errors="replace") as f:
                yield name, f.read()
        yield "log", plimsolld.log_text()
        for arguments in (("findings", "--all"), ("drift",), ("explain", "4.1", "secretive"), ("doctor",),
                          ("report", "--since", "1h", "--format", "html"), ("report", "--since", "1h", "--format", "csv")):
            yield arguments, "".join(daemon.plimsoll(*arguments, "--socket", plimsolld.socket)[1:])
        for form in ("json", "junit"):
            yield form, "".join(daemon.plimsoll("check", "--engine", docker.socket, "--format", form)[1:])

    def test_values_are_told_nowhere(self):
        name = docker.run("--name", "secretive", "--env", f"PASSWORD={self.MARK}", "--label", f"key={self.MARK}",
                          "--log-opt", f"env={self.MARK}", "--health-cmd", f": {self.MARK}", "--pid", "host",
                          command=("sh", "-c", f"sleep 86400; : {self.MARK}"))
        self.wait(is_about(name))
        docker.docker("commit", "--message", self.MARK, "--change", f"ENV A={self.MARK}",
                      "--change", f"LABEL b={self.MARK}", name, "secretive:test")
        self.addCleanup(docker.docker, "rmi", "secretive:test")
        other = docker.create(image="secretive:test")
        self.wait(is_about(other))
        self.addCleanup(docker.remove_containers)
        docker.docker("exec", "--env", f"C={self.MARK}", name, "sh", "-c", f": {self.MARK}")
        plimsolld.post("/v1/rescan")
        self.caught_up()
        for what, text in self.outputs():
            with self.subTest(output=what):
                self.assertFalse(self.MARK in text, text[max(0, text.find(self.MARK) - 200):][:300])


class Files(Drift):
    MODE = "file-daemon-json-mode"

    def setUp(self):
        super().setUp()
        os.chmod(docker.config, 0o644)
        plimsolld.wait_verdict(self.MODE, "pass", docker.config)
        self.after = plimsolld.last_seq()

    def moves(self):
        return [row["type"] for row in self.rows(is_move(self.MODE, docker.config))]

    def wait_move(self, kind, verdict):
        row = self.wait(lambda row: is_move(self.MODE, docker.config)(row) and row["type"] == kind)
        self.assert_row(row, verdict=verdict)
        self.assert_cause(row, "file", "daemon.json")
        return row

    def replace(self, mode):
        with open(docker.config) as f:
            other = world.write_file(docker.config + ".new", f.read(), mode)
        os.rename(other, docker.config)

    def test_mode_there_and_back(self):
        os.chmod(docker.config, 0o666)
        row = self.wait_move("regressed", "fail")
        self.assertEqual(row["refs"]["cis-docker-1.11.0"]["id"], "3.18")
        self.assertEqual(row["subject"]["id"], docker.config)
        self.assertIn({"fact": "file.mode", "value": "0666", "from": "stat st_mode"}, row["evidence"])
        os.chmod(docker.config, 0o644)
        self.wait_move("restored", "pass")
        self.assertEqual(self.moves(), ["regressed", "restored"])

    def test_replaced_by_rename(self):
        self.replace(0o666)
        self.wait_move("regressed", "fail")
        self.replace(0o600)
        self.wait_move("restored", "pass")
        os.chmod(docker.config, 0o622)
        self.wait(lambda row: is_move(self.MODE, docker.config)(row) and row["type"] == "regressed"
                  and any(item["value"] == "0622" for item in row["evidence"]))
        os.chmod(docker.config, 0o644)
        self.assertEqual(self.moves()[:3], ["regressed", "restored", "regressed"])

    def test_removed_and_made_again(self):
        with open(docker.config) as f:
            text = f.read()
        os.unlink(docker.config)
        self.wait_move("changed", "not-applicable")
        world.write_file(docker.config, text)
        self.wait_move("restored", "pass")
        os.chmod(docker.config, 0o666)
        self.wait_move("regressed", "fail")

    def test_replaced_by_a_link(self):
        real = world.write_file(docker.config + ".real", "{}\n", 0o666)
        os.rename(docker.config, docker.config + ".kept")
        os.symlink(real, docker.config)
        self.wait_move("regressed", "fail")
        os.chmod(real, 0o644)
        self.wait_move("restored", "pass")
        os.rename(docker.config + ".kept", docker.config)
        self.rows(lambda row: True)
        self.assertEqual(plimsolld.verdict(self.MODE, docker.config), "pass")

    def test_folder_renamed_away_and_back(self):
        """The folder is the engine's own, so all that it holds goes with it for a moment."""
        host = world.HostRoot()
        self.addCleanup(host.close)
        host.write("/etc/docker/certs.d/a.example/ca.crt", mode=0o444)
        with daemon.Daemon(None, host) as d:
            certificate = "/etc/docker/certs.d/a.example/ca.crt"
            os.rename(host.at("/etc/docker"), host.at("/etc/away"))
            d.wait_verdict("file-etc-docker-mode", "not-applicable", "/etc/docker")
            world.wait_for("the certificate to be gone",
                           lambda: certificate not in {f["subject"]["id"] for f in d.findings()})
            os.rename(host.at("/etc/away"), host.at("/etc/docker"))
            d.wait_verdict("file-registry-certs-mode", "pass", certificate)
            os.chmod(host.at(certificate), 0o666)
            d.wait_verdict("file-registry-certs-mode", "fail", certificate)
            d.wait_verdict("file-etc-docker-mode", "pass", "/etc/docker")

    def test_new_certificate_appears(self):
        host = world.HostRoot()
        self.addCleanup(host.close)
        with daemon.Daemon(None, host) as d:
            after = d.last_seq()
            host.write("/etc/docker/certs.d/a.example/ca.crt", mode=0o666)
            row = d.wait_drift(lambda row: row["type"] == "appeared", after)
            self.assertEqual(row["subject"]["id"], "/etc/docker/certs.d/a.example/ca.crt")
            self.assertIn("file-registry-certs-mode", [f["rule"] for f in row["findings"]])
            self.assertEqual(row["cause"]["source"], "file")


class Cost(Drift):
    def counters(self):
        return plimsolld.get("/v1/status")["counters"]

    def test_ten_events_in_a_burst_cost_one_collection(self):
        """The daemon is stopped while they happen, so that it finds all of them at once. Where the machine
        was so slow that it took itself for blind, once more."""
        name = docker.create("--name", "first")
        self.caught_up()
        for attempt in range(10):
            before = self.counters()
            plimsolld.signal(signal.SIGSTOP)
            try:
                for i in range(10):
                    docker.api("POST", f"/containers/{name}/rename?name=name-{attempt}-{i}")
            finally:
                plimsolld.signal(signal.SIGCONT)
            last = f"name-{attempt}-9"
            world.wait_for("the last name", lambda: plimsolld.findings(container=last))
            after = self.counters()
            calls = after["api_calls"] - before["api_calls"]
            # Other than that the engine is asked for its inventory, once a minute.
            if after["gaps"] == before["gaps"] and calls <= 2:
                break
            self.caught_up()
        self.assertGreaterEqual(after["events"] - before["events"], 10)
        # Mounts come and go elsewhere on the machine, and have files looked at; that asks the engine nothing.
        # The engine may tell the last event a moment after the others.
        self.assertIn(calls, (1, 2))

    def test_one_container_more_judges_the_rules_of_one(self):
        for _ in range(50):
            docker.api("POST", "/containers/create", {"Image": engine.IMAGE, "Cmd": ["true"]})
        self.caught_up()
        rules = sum(rule["scope"] == "container" for rule in plimsolld.get("/v1/rules"))
        before = self.counters()
        name = docker.create()
        self.wait(is_about(name))
        judged = self.counters()["evaluations"] - before["evaluations"]
        self.assertGreaterEqual(judged, rules)
        # The inventory of the engine may have had its turn as well.
        self.assertLess(judged, 2 * rules)


if __name__ == "__main__":
    unittest.main()
