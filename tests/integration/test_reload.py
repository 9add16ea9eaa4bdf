# SPDX-License-Identifier: Apache-2.0
"""Reload as a transaction: by signal, by socket and by command; taken whole, or refused with a reason."""

import os
import re
import signal
import unittest

import yaml

import daemon
import engine
import journal
import world

SITE_RULE = """\
- key: site-labels
  title: Containers name their owner
  severity: low
  scope: container
  pass: '"owner" in container.labels'
  says: "{subject} names no owner"
  why: Somebody has to be asked.
  audit: docker inspect {subject}
  fix: Add the label.
"""

USER_RULE = "container-user"


class BySettings(daemon.Daemon):
    """Its engine's socket comes from its settings."""

    def command(self):
        command = super().command()
        at = command.index("--engine")
        return command[:at] + command[at + 2 :]


def is_notice(row, kind="reloaded"):
    return row["type"] == "notice" and row["notice"]["kind"] == kind


def reloaded(d, after):
    return d.wait_drift(is_notice, after)["notice"]


class Refused(unittest.TestCase):
    """Nothing of this needs an engine."""

    def test_refused_whole(self):
        with world.HostRoot() as host, daemon.Daemon(host_root=host) as d:
            before = d.get("/v1/status")["rulebook"]
            after = d.last_seq()
            d.write("rules.d/good.yaml", SITE_RULE)
            d.write("exceptions.d/bad.yaml", "- rule: site-labels\n  state: waved\n- rule: nothing\n")
            status, body = d.request("POST", "/v1/reload")
            self.assertEqual(status, 422)
            self.assertIn("exceptions.d/bad.yaml:2: `state` must be waived or attested", body["error"])
            self.assertIn("in force before", body["hint"])
            notice = reloaded(d, after)
            self.assertIn("exceptions.d/bad.yaml:2", notice["error"])
            self.assertIn("more)", notice["error"])
            self.assertEqual(d.get("/v1/status")["rulebook"], before)
            self.assertEqual(d.request("GET", "/v1/rules/site-labels")[0], 404)

    def test_command_says_why(self):
        with world.HostRoot() as host, daemon.Daemon(host_root=host) as d:
            d.configure("report:\n  journl: off\n")
            status, out, err = daemon.plimsoll("reload", "--socket", d.socket)
            self.assertEqual((status, out), (2, ""))
            self.assertIn("plimsoll.yaml:2: unknown key `journl`; did you mean `journal`?", err)
            d.configure(daemon.QUIET)
            status, out, err = daemon.plimsoll("reload", "--socket", d.socket)
            self.assertEqual((status, err), (0, ""))
            self.assertRegex(out, r"in force: \d+ rules, 0 exceptions")

    def test_signal(self):
        with world.HostRoot() as host, daemon.Daemon(host_root=host) as d:
            after = d.last_seq()
            d.configure("params: {image_age: 3}\n")
            d.signal(signal.SIGHUP)
            self.assertIn("unknown parameter `image_age`", reloaded(d, after)["error"])
            self.assertIn("plimsoll.yaml:1: unknown parameter", d.log_text())
            after = d.last_seq()
            d.configure(daemon.QUIET)
            d.signal(signal.SIGHUP)
            notice = reloaded(d, after)
            self.assertNotIn("error", notice)
            self.assertEqual((notice["changed"], notice["added"], notice["removed"]), (0, 0, 0))

    def test_others_may_write(self):
        with world.HostRoot() as host, daemon.Daemon(host_root=host) as d:
            path = d.write("rules.d/a.yaml", SITE_RULE)
            os.chmod(path, 0o666)
            status, body = d.request("POST", "/v1/reload")
            self.assertEqual(status, 422)
            self.assertIn("others than its owner may write it", body["error"])

    def test_another_socket_needs_a_restart(self):
        """And says so by its name, wherever a reload says something."""
        config = daemon.QUIET + "engine: {socket: /run/%s.sock}\n"
        with world.HostRoot() as host, BySettings(host_root=host, config=config % "one") as d:
            d.configure(config % "two")
            out = daemon.plimsoll("reload", "--socket", d.socket, check=(0,))[1]
            self.assertIn("engine.socket: changes when plimsolld is started again", out)
            self.assertEqual(d.wait_drift(is_notice)["notice"]["restart"], ["engine.socket"])
            lines = daemon.plimsoll("drift", "--socket", d.socket)[1]
            self.assertIn("; at the next start: engine.socket", lines)
            # Until it is started again.
            self.assertEqual(d.post("/v1/reload")["restart"], ["engine.socket"])
            d.restart()
            self.assertEqual(d.post("/v1/reload")["restart"], [])

    def test_every_setting_takes_effect_or_says_so(self):
        """All that plimsoll.yaml can have is another value; a setting that is new has to be decided on here."""
        with open(os.path.join(world.ROOT, "conf", "plimsoll.yaml")) as f:
            shipped = yaml.safe_load(re.sub(r"(?m)^#(?=\w|  \S)", "", f.read()))
        names = {f"{group}.{name}" for group, names in shipped.items() if isinstance(names, dict) for name in names}
        others = {
            "engine.socket": "/run/two.sock", "select.levels": [1], "report.journal": "off", "report.syslog": "off",
            "select.exclude": [{"rule": "ops-backup", "reason": "a test"}], "report.syslog_facility": "local3",
            "report.heartbeat_interval": "2h", "report.open_interval": "2d", "report.per_minute": 7,
            "report.fold_after": 7, "report.fold_within": "7m", "report.carried_within": "7m",
            "limits.resync_interval": "7h", "limits.keep_days": 7, "limits.keep_size": "7MiB", "limits.exec_keep": "7h",
        }
        for name in names:
            if name.startswith("params."):
                others[name] = shipped["params"][name[7:]]
        self.assertEqual(set(others), names)
        changed = {"benchmarks": ["cis-docker-1.8.0"]}
        for name, other in others.items():
            group, _, key = name.partition(".")
            changed.setdefault(group, {})[key] = other
        with world.HostRoot() as host, BySettings(host_root=host) as d:
            d.configure(yaml.safe_dump(changed))
            self.assertEqual(d.post("/v1/reload")["restart"], ["engine.socket"])

    def test_heartbeat_by_reload(self):
        with world.HostRoot() as host, daemon.Daemon(host_root=host) as d:
            d.configure(daemon.QUIET + "  heartbeat_interval: 1s\n")
            d.post("/v1/reload")
            d.wait_drift(lambda row: is_notice(row, "heartbeat"))

    def test_heartbeat_between_reloads(self):
        """However often somebody reloads."""
        config = daemon.QUIET + "  heartbeat_interval: 2s\n"
        with world.HostRoot() as host, daemon.Daemon(host_root=host, config=config) as d:
            def beats():
                d.post("/v1/reload")
                return [row for row in d.drift() if is_notice(row, "heartbeat")]

            world.wait_for("a heartbeat", beats, timeout=30, interval=0.3)

    def test_where_drift_is_told(self):
        """Switched off and on by reload: what comes first begins with the next row, what was there before misses
        nothing."""
        ear, other = journal.Journal(), journal.Syslog()
        self.addCleanup(ear.close)
        self.addCleanup(other.close)

        def change(d, **report):
            d.configure(yaml.safe_dump({"report": report}))
            self.assertEqual(d.post("/v1/reload")["restart"], [])
            return d.last_seq()

        def row(d):
            """One more row in the ledger: its number."""
            after = d.last_seq()
            d.post("/v1/reload")
            return d.wait_drift(is_notice, after)["seq"]

        with world.HostRoot() as host, journal.Daemon(ear, host_root=host, syslog=other) as d:
            before = row(d)
            world.wait_for("the journal", lambda: before in ear.numbers())
            self.assertEqual(other.lines, [])
            change(d, journal="off", syslog="on")
            first = row(d)
            world.wait_for("syslog", lambda: first in other.numbers())
            self.assertGreater(min(other.numbers()), before)
            self.assertEqual({facility for facility, _, _ in other.lines}, {10})
            told = len(ear.entries)
            change(d, journal="off", syslog="on", syslog_facility="local3")
            second = row(d)
            world.wait_for("syslog", lambda: second in other.numbers())
            self.assertEqual(other.lines[-1][0], 19)
            self.assertEqual(len(ear.entries), told)
            change(d, journal="on", syslog="off")
            last = row(d)
            world.wait_for("the journal", lambda: last in ear.numbers())
            self.assertEqual(ear.numbers(), list(range(1, last + 1)))
            self.assertNotIn(last, other.numbers())
            self.assertEqual(other.numbers(), list(range(other.numbers()[0], other.numbers()[-1] + 1)))

    def test_get_is_no_reload(self):
        with world.HostRoot() as host, daemon.Daemon(host_root=host) as d:
            self.assertEqual(d.request("GET", "/v1/reload")[0], 405)

    def test_many_in_a_row(self):
        with world.HostRoot() as host, daemon.Daemon(host_root=host) as d:
            for i in range(20):
                d.write("rules.d/a.yaml", SITE_RULE if i % 2 == 0 else "# none\n")
                d.post("/v1/reload")
            world.wait_for("the notices", lambda: sum(map(is_notice, d.drift())) == 20)
            seqs = [row["seq"] for row in d.drift()]
            self.assertEqual(seqs, list(range(seqs[0], seqs[0] + len(seqs))))


class Files(unittest.TestCase):
    def test_files_of_new_rules_are_watched(self):
        with world.HostRoot() as host, daemon.Daemon(host_root=host) as d:
            host.write("/etc/site.conf", "x", 0o666)
            after = d.last_seq()
            d.write(
                "rules.d/a.yaml",
                SITE_RULE.replace("scope: container", "scope: file\n  files: [/etc/site.conf]")
                .replace("""'"owner" in container.labels'""", """mode_within(file.mode, "0644")""")
                .replace("names no owner", "is open"),
            )
            d.post("/v1/reload")
            notice = reloaded(d, after)
            self.assertEqual((notice["changed"], notice["added"]), (1, 1))
            row = d.wait_drift(lambda row: row["type"] == "appeared", after)
            self.assertEqual(row["subject"]["id"], "/etc/site.conf")
            self.assertEqual(row["cause"]["source"], "reload")
            after = d.last_seq()
            host.chmod("/etc/site.conf", 0o644)
            row = d.wait_drift(lambda row: row["type"] == "restored", after)
            self.assertEqual((row["rule"], row["cause"]["source"]), ("site-labels", "file"))


class Containers(unittest.TestCase):
    def setUp(self):
        self.docker = engine.shared()
        self.root = world.HostRoot()
        self.addCleanup(self.root.close)

    def test_drift_by_rules_is_told_apart(self):
        self.docker.run("--name", "one")
        self.docker.run("--name", "two", "--label", "owner=jane")
        self.docker.run("--name", "three")
        with daemon.Daemon(self.docker, self.root) as d:
            after = d.last_seq()
            d.write("rules.d/a.yaml", SITE_RULE)
            answer = d.post("/v1/reload")
            self.assertEqual(answer["restart"], [])
            notice = reloaded(d, after)
            self.assertEqual((notice["changed"], notice["added"]), (2, 1))
            self.assertEqual(notice["rulebook"], answer["rulebook"])
            rows = [row for row in d.drift(after) if row["type"] != "notice"]
            self.assertEqual({row["subject"]["name"] for row in rows}, {"one", "three"})
            for row in rows:
                self.assertEqual(row["cause"]["source"], "reload")
                self.assertEqual((row["was"], row["verdict"]), ("notselected", "fail"))
            self.assertEqual(d.verdict("site-labels", "two"), "pass")
            # And the host goes on to be told by itself.
            after = d.last_seq()
            self.docker.run("--name", "four")
            row = d.wait_drift(lambda row: row["type"] == "appeared", after)
            self.assertEqual(row["cause"]["source"], "docker-event")
            self.assertIn("site-labels", [f["rule"] for f in row["findings"]])

    def test_excluded_rule_is_said(self):
        self.docker.run("--name", "one")
        with daemon.Daemon(self.docker, self.root) as d:
            failed = d.findings(verdict="fail", container="one")[0]["rule"]
            after = d.last_seq()
            d.configure(daemon.QUIET + f"select: {{exclude: [{{rule: {failed}, reason: not ours}}]}}\n")
            d.post("/v1/reload")
            notice = reloaded(d, after)
            self.assertEqual((notice["changed"], notice["removed"]), (1, 1))
            row = d.wait_drift(lambda row: row.get("rule") == failed, after)
            self.assertEqual((row["was"], row["verdict"]), ("fail", "notselected"))
            self.assertEqual(row["because"], "excluded: not ours")
            self.assertEqual(d.findings(rule=failed), [])
            self.assertEqual(d.get("/v1/findings")["summary"]["notselected"] > 0, True)

    def test_same_findings_as_a_fresh_check(self):
        self.docker.run("--name", "one")
        self.docker.create("--privileged", "--name", "two")
        with daemon.Daemon(self.docker, self.root) as d:
            d.configure(daemon.QUIET + "params: {image_age_days: 0, stopped_containers_max: 0}\nselect: {levels: [1]}\n")
            after = d.last_seq()
            d.write("rules.d/a.yaml", SITE_RULE)
            d.post("/v1/reload")
            reloaded(d, after)
            fresh = daemon.plimsoll_json(
                "check", "--config", d.config, "--engine", self.docker.socket, "--host-root", self.root.path
            )

            def held(findings):
                # Nobody watched for a check alone.
                return {
                    (f["rule"], f["subject"]["kind"], f["subject"]["id"]): f["verdict"]
                    for f in findings
                    if not f["rule"].startswith("container-exec")
                }

            self.assertEqual(held(d.findings()), held(fresh["findings"]))
            self.assertEqual(d.get("/v1/status")["counters"]["missed_changes"], 0)

    def test_stream_goes_on(self):
        self.docker.run("--name", "one")
        with daemon.Daemon(self.docker, self.root) as d, d.follow(after=d.last_seq()) as stream:
            d.write("rules.d/a.yaml", SITE_RULE)
            d.post("/v1/reload")
            row = next(stream)
            self.assertEqual((row["rule"], row["cause"]["source"]), ("site-labels", "reload"))
            self.assertTrue(is_notice(next(stream)))


if __name__ == "__main__":
    unittest.main()
