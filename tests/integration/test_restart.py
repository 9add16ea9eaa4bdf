# SPDX-License-Identifier: Apache-2.0
"""What the daemon knows survives its end, whichever: what changed meanwhile is drift, what didn't is not."""

import glob
import os
import random
import sqlite3
import subprocess
import unittest

import daemon
import engine
import world

SEED = int(os.environ.get("PLIMSOLL_SEED", random.randrange(1 << 32)))
ROUNDS = 100 if world.LONG else 10


def setUpModule():
    global docker
    docker = engine.shared()


def is_ours(row):
    """The kernel's audit rules are the whole machine's, and may change at any time."""
    return not row.get("rule", "").startswith("audit-")


def kinds(rows):
    return [row["notice"]["kind"] if row["type"] == "notice" else row["type"] for row in rows if is_ours(row)]


class Restart(unittest.TestCase):
    def setUp(self):
        docker.remove_containers()
        os.chmod(docker.config, 0o644)
        self.daemon = daemon.Daemon(docker)
        self.addCleanup(self.daemon.discard)

    def since(self):
        """Of what is said of a subject; what is said for want of one is not kept."""
        return {(f["rule"], f["subject"]["id"]): (f["verdict"], f["since"]) for f in self.daemon.findings()
                if f["evidence"] and not f["rule"].startswith(("exec-", "audit-"))}

    def assert_no_hole(self):
        numbers = [row["seq"] for row in self.daemon.drift()]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertEqual(self.daemon.get("/v1/status")["ledger"]["seq"], len(numbers))


class FirstStart(Restart):
    def test_first_look_is_one_notice(self):
        docker.create("--privileged")
        self.daemon.start()
        rows = self.daemon.drift()
        self.assertEqual(sorted(kinds(rows)), ["baseline", "started"])
        baseline = next(row for row in rows if row["notice"]["kind"] == "baseline")
        self.assertEqual(baseline["notice"]["summary"], self.daemon.get("/v1/status")["summary"])
        self.assertEqual(self.daemon.verdict("container-privileged"), "fail")

    def test_killed_before_the_first_look_ends(self):
        docker.create("--privileged")
        self.daemon.start(settled=False)
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(kinds(self.daemon.drift()).count("baseline"), 1)
        self.assertEqual(self.daemon.verdict("container-privileged"), "fail")
        self.assert_no_hole()


class Meanwhile(Restart):
    def check_changes(self, end):
        stays = docker.create("--name", "stays", "--privileged")
        limited = docker.create("--name", "limited")
        docker.create("--name", "gone", "--privileged")
        self.daemon.start()
        ledger = self.daemon.get("/v1/status")["ledger"]["id"]
        before = self.since()
        end()
        after = len(self.stored())
        docker.docker("update", "--memory", "64m", "--memory-swap", "64m", limited)
        docker.remove("gone")
        fresh = docker.create("--name", "fresh", "--privileged")
        os.chmod(docker.config, 0o666)
        self.daemon.start()

        self.assertEqual(self.daemon.get("/v1/status")["ledger"]["id"], ledger)
        rows = [row for row in self.daemon.drift(after) if is_ours(row)]
        found = {(row["type"], row.get("rule"), row["subject"]["name"]) for row in rows if row["type"] != "notice"}
        self.assertEqual(found, {
            ("restored", "container-memory-limit", "limited"),
            ("appeared", None, "fresh"),
            ("gone", None, "gone"),
            ("regressed", "file-daemon-json-mode", docker.config),
        })
        self.assertEqual(len(rows), len(found) + 1, kinds(rows))
        self.assertEqual(kinds(rows).count("started"), 1)
        for row in rows:
            if row["type"] != "notice":
                self.assertEqual(row["cause"]["source"], "start", row)
        gone = next(row for row in rows if row["type"] == "gone")
        self.assertIn("container-privileged", [f["rule"] for f in gone["findings"]])
        self.assert_no_hole()

        now = self.since()
        for key in set(before) & set(now):
            if before[key][0] == now[key][0]:
                self.assertEqual(now[key][1], before[key][1], key)
        self.assertIn(("container-privileged", stays), set(before) & set(now))
        self.assertGreater(now["container-privileged", fresh][1], before["container-privileged", stays][1])

    def stored(self):
        with sqlite3.connect(f"file:{self.daemon.state}/plimsoll.db?mode=ro", uri=True) as db:
            return db.execute("select seq from drift").fetchall()

    def test_killed(self):
        self.check_changes(self.daemon.kill)

    def test_stopped(self):
        self.check_changes(self.daemon.stop)

    def test_nothing_changed(self):
        docker.create("--privileged")
        docker.run()
        self.daemon.start()
        before = self.since()
        self.daemon.restart()
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(sorted(kinds(self.daemon.drift())),
                         ["baseline", "started", "started", "started", "stopping"])
        self.assertEqual(self.since(), before)
        self.assert_no_hole()

    def test_exec_session_is_remembered(self):
        name = docker.run()
        self.daemon.start()
        docker.api("POST", f"/containers/{name}/exec", {"Cmd": ["true"], "Privileged": True})
        self.daemon.wait_verdict("exec-privileged", "fail", name)
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.daemon.verdict("exec-privileged", name), "fail")
        self.assertEqual(kinds(self.daemon.drift()).count("regressed"), 1)

    def test_engine_is_gone_at_the_next_start(self):
        """What could not be looked at stays as it was: no row says that it changed."""
        name = docker.create("--name", "web", "--privileged")
        self.daemon.start()
        self.daemon.stop()
        after = len(self.stored())
        there, self.daemon.engine = self.daemon.engine, os.path.join(self.daemon.path, "none.sock")
        self.daemon.start()
        self.assertEqual({f["verdict"] for f in self.daemon.findings(rule="5.4")}, {"unknown"})
        self.daemon.stop()
        self.daemon.engine = there
        self.daemon.start()
        self.assertEqual(self.daemon.verdict("container-privileged", name), "fail")
        # The kernel's audit rules are the whole machine's, and may change at any time.
        rows = [row for row in self.daemon.drift(after) if not row.get("rule", "").startswith("audit-")]
        self.assertEqual({row["type"] for row in rows}, {"notice"}, rows)


class Crashes(Restart):
    def test_killed_at_random_moments(self):
        """Under a stream of changes: no hole and no repeat in the sequence, and right in the end."""
        print(f"PLIMSOLL_SEED={SEED}")
        chance = random.Random(SEED)
        seen = {}
        names = [docker.create() for _ in range(3)]
        for _ in range(ROUNDS):
            self.daemon.start(settled=chance.random() < 0.5)
            for _ in range(chance.randrange(6)):
                self.change(chance, names)
            for row in self.daemon.drift():
                self.assertEqual(seen.setdefault(row["seq"], row), row)
            self.daemon.kill()
        self.daemon.start()
        self.assert_no_hole()
        rows = {row["seq"]: row for row in self.daemon.drift()}
        for seq, row in seen.items():
            self.assertEqual(rows[seq], row)
        self.assertEqual(kinds(rows.values()).count("baseline"), 1)
        self.assert_like_a_fresh_check()

    def change(self, chance, names):
        what = chance.randrange(4)
        if what == 0:
            names.append(docker.create(*(["--privileged"] if chance.random() < 0.5 else [])))
        elif what == 1 and len(names) > 1:
            docker.remove(names.pop(chance.randrange(len(names))))
        elif what == 2:
            docker.docker("update", "--restart", chance.choice(["always", "no"]), chance.choice(names))
        else:
            os.chmod(docker.config, chance.choice([0o644, 0o666, 0o600]))

    def assert_like_a_fresh_check(self):
        fresh = daemon.plimsoll_json("check", "--engine", docker.socket, "--config", self.daemon.config)

        def verdicts(document):
            return {(f["rule"], f["subject"]["id"]): f["verdict"] for f in document["findings"]
                    if not f["rule"].startswith(("exec-", "audit-"))}

        self.assertEqual(verdicts(self.daemon.get("/v1/findings")), verdicts(fresh))


class Database(Restart):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.daemon.state, "plimsoll.db")

    def aside(self):
        return [path for path in glob.glob(self.path + ".*")]

    def check_set_aside(self, before):
        self.daemon.start()
        kept = self.aside()
        self.assertIn(before, [self.read(path) for path in kept])
        self.assertIn("plimsoll.db.set-aside", self.daemon.log_text())
        rows = self.daemon.drift()
        self.assertEqual(sorted(kinds(rows)), ["baseline", "started"])
        self.assertIn("plimsoll.db.set-aside", rows[0]["notice"]["set_aside"])
        return self.daemon.get("/v1/status")["ledger"]["id"]

    def read(self, path=None):
        with open(path or self.path, "rb") as f:
            return f.read()

    def test_only_root_may_read_it(self):
        self.daemon.start()
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)

    def test_broken_one_is_set_aside(self):
        world.write_file(self.path, "this is not a database\n" * 1000)
        self.check_set_aside(self.read())

    def test_one_broken_later_is_set_aside(self):
        docker.create("--privileged")
        self.daemon.start()
        ledger = self.daemon.get("/v1/status")["ledger"]["id"]
        self.daemon.stop()
        with open(self.path, "r+b") as f:
            f.seek(100)
            f.write(os.urandom(8000))
        self.assertNotEqual(self.check_set_aside(self.read()), ledger)

    def test_newer_schema_is_set_aside(self):
        self.daemon.start()
        self.daemon.stop()
        with sqlite3.connect(self.path) as db:
            version = db.execute("pragma user_version").fetchone()[0]
            db.execute(f"pragma user_version = {version + 1}")
        db.close()
        self.check_set_aside(self.read())
        self.assertIn("another version", self.daemon.log_text())

    def test_second_daemon_is_refused(self):
        self.daemon.start()
        second = daemon.Daemon(docker)
        self.addCleanup(second.discard)
        second.state = self.daemon.state
        done = subprocess.run(second.command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env=daemon.environment())
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(self.path, done.stderr)
        self.assertEqual(self.aside(), [path for path in self.aside() if path.endswith(("-wal", "-shm"))])
        self.assertEqual(self.daemon.get("/v1/status")["settled"], True)

    def test_full_disk(self):
        """Findings go on in memory, nothing is told that is not kept, and it recovers."""
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", self.daemon.state]).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(world.unmount, self.daemon.state)
        self.daemon.start()
        self.daemon.wait_drift(lambda row: row["type"] == "notice" and row["notice"]["kind"] == "baseline")
        after = self.daemon.last_seq()
        filler = os.path.join(self.daemon.state, "filler")
        with open(filler, "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        names = [docker.create("--name", f"full{i}", "--privileged") for i in range(5)]
        self.daemon.wait_verdict("container-privileged", "fail", names[-1])
        world.wait_for("a word about it", lambda: "can't be written" in self.daemon.log_text())
        self.assertEqual(self.daemon.log_text().count("can't be written"), 1)
        told = {row["subject"]["id"] for row in self.daemon.drift(after) if row["type"] == "appeared"}
        os.unlink(filler)
        self.daemon.wait_drift(lambda row: row["type"] == "appeared" and row["subject"]["id"] == names[-1], after)
        appeared = [row["subject"]["id"] for row in self.daemon.drift(after) if row["type"] == "appeared"]
        self.assertEqual(appeared, names)
        self.assertNotEqual(told, set(names))
        self.assert_no_hole()
        self.assertIn("can be written again", self.daemon.log_text())


if __name__ == "__main__":
    unittest.main()
