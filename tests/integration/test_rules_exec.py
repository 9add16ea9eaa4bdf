# SPDX-License-Identifier: Apache-2.0
"""Verdicts about exec sessions where other auditors are known to be wrong (tests/known-wrong.md).

Sessions are made by the API alone, which no search for a client's command line finds.
"""

import unittest

import daemon
import engine
import world
from verdicts import Verdicts, VerdictsTest

CHECKED = ["--health-cmd", "true", "--health-interval", "1s", "--health-retries", "1"]

docker = None
watcher = None


def setUpModule():
    global docker, watcher
    docker = engine.shared()
    watcher = daemon.Daemon(docker)
    unittest.addModuleCleanup(watcher.close)
    watcher.start()


def make_exec(container, command=("true",), **more):
    """A session that is made and not started: its id. It is judged all the same."""
    body = {"Cmd": list(command), "AttachStdout": True, **more}
    status, reply = docker.api("POST", f"/containers/{container}/exec", body)
    if status != 201:
        raise AssertionError(f"exec in {container}: {reply}")
    return reply["Id"]


def start_exec(session):
    """Starts it, and waits for its end. Some machines can't start a privileged one; it ends then, too."""
    docker.api("POST", f"/exec/{session}/start", {"Detach": False})
    world.wait_for("the session's end", lambda: not docker.api("GET", f"/exec/{session}/json")[1]["Running"])


class Sessions(VerdictsTest):
    def make(self, name, *options):
        """A container of which no session is known."""
        container = docker.run("--name", name, *options)
        self.addCleanup(docker.remove, container)
        watcher.wait_verdict("exec-privileged", "pass", name)
        watcher.wait_verdict("exec-user-override", "pass", name)
        watcher.wait_verdict("exec-root-user", "pass", name)
        return name

    def test_5_22_seen_as_it_happens(self):
        name = self.make("privileged")
        session = make_exec(name, Privileged=True)
        watcher.wait_verdict("exec-privileged", "fail", name)
        start_exec(session)
        self.assertEqual(watcher.verdict("exec-user-override", name), "pass")

    def test_5_22_stays_when_the_session_has_ended(self):
        name = self.make("ended")
        start_exec(make_exec(name, Privileged=True))
        watcher.wait_verdict("exec-privileged", "fail", name)
        watcher.post("/v1/rescan")
        world.wait_for("the rescan", lambda: watcher.get("/v1/status")["settled"])
        self.assertEqual(watcher.verdict("exec-privileged", name), "fail")

    def test_5_22_words_of_a_command(self):
        """A command that looks like the option is none."""
        name = self.make("words")
        start_exec(make_exec(name, ("echo", "exec --privileged --user root: exec_create")))
        last = make_exec(name, User="1000")
        watcher.wait_verdict("exec-user-override", "fail", name)  # events come in order
        self.assertEqual(watcher.verdict("exec-privileged", name), "pass", last)

    def test_5_23_another_user(self):
        name = self.make("as-user", "--user", "1000")
        make_exec(name, User="0")
        watcher.wait_verdict("exec-user-override", "fail", name)
        self.assertEqual(watcher.verdict("exec-privileged", name), "pass")

    def test_5_23_later_editions_mean_root(self):
        """5.24 there: a finding of its own, beside that of the first edition."""
        name = self.make("as-others", "--user", "1000")
        make_exec(name, User="1001")
        watcher.wait_verdict("exec-user-override", "fail", name)
        self.assertEqual(watcher.verdict("exec-root-user", name), "pass")
        make_exec(name, User="00:1000")
        watcher.wait_verdict("exec-root-user", "fail", name)
        numbers = {found["rule"]: {edition: ref["id"] for edition, ref in found["refs"].items()}
                   for found in watcher.findings(container=name)}
        self.assertEqual(numbers["exec-user-override"], {"cis-docker-1.11.0": "5.23"})
        later = {f"cis-docker-{edition}": "5.24" for edition in ("1.6.0", "1.7.0", "1.8.0")}
        self.assertEqual(numbers["exec-root-user"], later)

    def test_5_23_the_container_s_own(self):
        name = self.make("own-user", "--user", "1000")
        make_exec(name)
        make_exec(name, User="1000")
        make_exec(name, Privileged=True)
        watcher.wait_verdict("exec-privileged", "fail", name)
        self.assertEqual(watcher.verdict("exec-user-override", name), "pass")

    def test_5_22_and_5_23_health_checks_are_not_reported(self):
        name = self.make("healthy", *CHECKED)
        world.wait_for("a health check", lambda: docker.inspect(name)["State"]["Health"]["Status"] == "healthy")
        before = watcher.last_seq()
        checks = len(docker.inspect(name)["State"]["Health"]["Log"])
        world.wait_for(
            "more health checks",
            lambda: len(docker.inspect(name)["State"]["Health"]["Log"]) > min(checks, 4),
        )
        other = self.make("after-them")
        make_exec(other, Privileged=True)
        watcher.wait_verdict("exec-privileged", "fail", other)
        self.assertEqual(watcher.verdict("exec-privileged", name), "pass")
        self.assertEqual(watcher.verdict("exec-user-override", name), "pass")
        told = [row for row in watcher.drift(before) if row.get("subject", {}).get("name") == name]
        self.assertEqual(told, [])

    def test_5_22_nobody_watched(self):
        """A check without the daemon can't know what was."""
        name = self.make("unwatched")
        seen = Verdicts.of(docker)
        self.assert_verdict("review", "5.22", name, seen=seen)
        self.assert_verdict("review", "5.23", name, seen=seen)
