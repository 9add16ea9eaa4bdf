# SPDX-License-Identifier: Apache-2.0
"""A ledger that can't be written, can't be opened, is broken, is of another version, or has grown old."""

import glob
import os
import sqlite3
import subprocess
import unittest

import daemon
import world

MODE = "file-registry-certs-mode"
FILE = "/etc/docker/certs.d/a.example/ca.crt"


class Store(unittest.TestCase):
    def setUp(self):
        self.host = world.HostRoot()
        self.addCleanup(self.host.close)
        self.host.write(FILE, mode=0o444)
        self.daemon = daemon.Daemon(None, self.host)
        self.addCleanup(self.daemon.discard)

    @property
    def path(self):
        return os.path.join(self.daemon.state, "plimsoll.db")

    def mount(self, options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.daemon.state], check=True)
        self.addCleanup(world.unmount, self.daemon.state)

    def remount(self, options):
        subprocess.run(["mount", "-o", "remount," + options, self.daemon.state], check=True)

    def fill(self):
        """Writes until nothing fits any more: what takes the room."""
        ballast = os.path.join(self.daemon.state, "ballast")
        with open(ballast, "wb", buffering=0) as f:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        f.write(b"x" * size)
                except OSError:
                    pass
        return ballast

    def sql(self, *statements):
        """What somebody else does to the ledger while the daemon is away."""
        with sqlite3.connect(self.path) as db:
            for statement in statements:
                db.execute(statement)
        db.close()

    def lines(self, text):
        return [line for line in self.daemon.log_text().splitlines() if text in line]

    def wait_line(self, text):
        world.wait_for(f"the log to say {text!r}", lambda: self.lines(text), 90)

    def kinds(self, rows):
        return [row["notice"]["kind"] if row["type"] == "notice" else row["type"] for row in rows]

    def moves(self, after=0):
        return [row["type"] for row in self.daemon.drift(after) if row.get("rule") == MODE]

    def assert_whole(self):
        """No number is missing, and nothing is news after a restart."""
        rows = self.daemon.drift()
        self.assertEqual([row["seq"] for row in rows], list(range(rows[0]["seq"], rows[-1]["seq"] + 1)))
        self.daemon.restart()
        after = self.daemon.drift(rows[-1]["seq"])
        self.assertEqual({row["type"] for row in after}, {"notice"}, after)


class Unwritable(Store):
    def change_there_and_wait(self, mode, verdict):
        self.host.chmod(FILE, mode)
        self.daemon.wait_verdict(MODE, verdict)

    def assert_goes_on_in_memory(self, after):
        """Findings follow the world; nothing is told that isn't kept; the log says it once."""
        self.change_there_and_wait(0o666, "fail")
        self.wait_line("the ledger can't be written")
        self.assertEqual(self.daemon.drift(after), [])
        self.change_there_and_wait(0o444, "pass")
        self.change_there_and_wait(0o660, "fail")
        self.assertEqual(self.daemon.drift(after), [])
        self.assertEqual(len(self.lines("the ledger can't be written")), 1)

    def assert_recovers(self, after):
        self.wait_line("the ledger can be written again")
        world.wait_for("the rows", lambda: len(self.moves(after)) >= 3)
        self.assertEqual(self.moves(after), ["regressed", "restored", "regressed"])
        self.assert_whole()

    def test_disk_is_full(self):
        self.mount("size=1m,mode=0700")
        self.daemon.start()
        after = self.daemon.last_seq()
        ballast = self.fill()
        self.assert_goes_on_in_memory(after)
        os.unlink(ballast)
        self.assert_recovers(after)

    def test_folder_becomes_read_only(self):
        self.mount("size=4m,mode=0700")
        self.daemon.start()
        after = self.daemon.last_seq()
        # What is open for writing would forbid it.
        self.daemon.kill()
        self.remount("ro")
        self.daemon.start()
        self.assertEqual(len(self.lines("findings are kept in memory, and it is tried again")), 1)
        self.daemon.wait_verdict(MODE, "pass")
        self.host.chmod(FILE, 0o666)
        self.daemon.wait_verdict(MODE, "fail")
        self.assertEqual(self.daemon.request("GET", "/v1/drift")[0], 503)
        self.remount("rw")
        self.wait_line("the ledger can be written again")
        # Told as the difference from what was kept before.
        self.assertEqual(self.moves(after), ["regressed"])
        self.assertNotIn("baseline", self.kinds(self.daemon.drift(after)))
        self.assert_whole()

    def test_disk_is_full_at_the_first_start(self):
        self.mount("size=1m,mode=0700")
        ballast = self.fill()
        self.daemon.start()
        self.assertEqual(len(self.lines("findings are kept in memory, and it is tried again")), 1)
        self.host.chmod(FILE, 0o666)
        self.daemon.wait_verdict(MODE, "fail")
        os.unlink(ballast)
        self.wait_line("the ledger can be written again")
        self.assertEqual(self.kinds(self.daemon.drift())[0], "started")
        self.assertIn("baseline", self.kinds(self.daemon.drift()))
        self.assertEqual(self.moves(), ["regressed"])
        self.assert_whole()

    def test_folder_that_is_missing_is_made(self):
        os.rmdir(self.daemon.state)
        self.daemon.start()
        self.assertEqual(os.stat(self.daemon.state).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        self.daemon.close()


class SetAside(Store):
    def assert_set_aside(self, because):
        aside = glob.glob(self.path + ".set-aside-*Z")
        self.assertEqual(len(aside), 1, os.listdir(self.daemon.state))
        rows = self.daemon.drift()
        self.assertEqual([row["seq"] for row in rows], list(range(1, len(rows) + 1)))
        self.assertIn(because, rows[0]["notice"]["set_aside"])
        self.assertIn(aside[0], rows[0]["notice"]["set_aside"])
        self.assertTrue(self.lines(because))
        self.assertIn("baseline", self.kinds(rows))
        with open(aside[0], "rb") as f:
            kept = f.read()
        self.daemon.close()
        return kept

    def test_newer_schema(self):
        self.daemon.start()
        first = self.daemon.get("/v1/status")["ledger"]["id"]
        self.daemon.stop()
        self.sql("PRAGMA user_version = 99", "CREATE TABLE of_tomorrow (x)")
        with open(self.path, "rb") as f:
            before = f.read()
        self.daemon.start()
        self.assertNotEqual(self.daemon.get("/v1/status")["ledger"]["id"], first)
        self.assertEqual(self.assert_set_aside("it is of another version"), before)

    def test_garbage(self):
        text = "this is no database\n" * 1000
        world.write_file(self.path, text, 0o600)
        self.daemon.start()
        self.assertEqual(self.assert_set_aside("it is broken"), text.encode())

    def test_somebody_elses_database(self):
        self.sql("CREATE TABLE shopping (what TEXT)")
        self.daemon.start()
        self.assert_set_aside("it is no ledger")

    def test_second_daemon_is_refused(self):
        self.daemon.start()
        other = subprocess.run(self.daemon.command(), capture_output=True, text=True, timeout=60,
                               env=daemon.environment())
        self.assertEqual(other.returncode, 1)
        self.assertIn("another process has it open", other.stderr)
        self.daemon.close()


class Pruning(Store):
    """Rows of some years ago are put into the ledger while the daemon is away."""

    def grow(self, rows, size=100, days=500):
        body = '{"time":"2020-01-01T00:00:00.000Z","type":"notice","notice":{"kind":"x","text":"%s"}}' % ("x" * size)
        with sqlite3.connect(self.path) as db:
            last = db.execute("SELECT max(seq) FROM drift").fetchone()[0]
            now = int(world.time.time() * 1000)
            db.executemany("INSERT INTO drift (seq, time, body) VALUES (?, ?, ?)",
                           [(last + i + 1, now - days * 86400000, body) for i in range(rows)])
            # What comes next is newer than they are.
            db.execute("UPDATE drift SET time = ? WHERE seq <= ?", (now - days * 86400000, last))
        db.close()
        return last + rows

    def pruned(self):
        return self.daemon.wait_drift(lambda row: row.get("notice", {}).get("kind") == "pruned")["notice"]

    def test_old_rows_go(self):
        self.host.chmod(FILE, 0o666)
        self.daemon.start()
        self.daemon.stop()
        last = self.grow(2000)
        self.daemon.start()
        notice = self.pruned()
        self.assertEqual((notice["rows"], notice["first"]), (last, last + 1))
        # The present state stays, and whoever asks for what is gone is told.
        self.assertEqual(self.daemon.verdict(MODE), "fail")
        rows = self.daemon.drift(after=5)
        self.assertEqual((rows[0]["notice"]["kind"], rows[0]["notice"]["first"]), ("truncated", last + 1))
        self.assertEqual([row["seq"] for row in rows], list(range(last, rows[-1]["seq"] + 1)))
        with self.daemon.follow(after=5) as stream:
            self.assertEqual(next(stream)["notice"]["kind"], "truncated")
            self.assertEqual(next(stream)["seq"], last + 1)
        self.assertEqual(self.daemon.drift()[0]["seq"], last + 1)
        self.assertEqual(len([row for row in self.daemon.drift() if row.get("notice", {}).get("kind") == "pruned"]), 1)
        self.assert_whole()

    def test_too_much_goes(self):
        self.daemon.configure(daemon.QUIET + "limits:\n  keep_size: 1MiB\n")
        self.daemon.start()
        self.daemon.stop()
        last = self.grow(2000, size=1000, days=1)
        self.daemon.start()
        notice = self.pruned()
        self.assertGreater(notice["rows"], 900)
        self.assertLess(notice["rows"], 2000)
        self.assertEqual(self.daemon.drift()[0]["seq"], notice["first"])
        self.assertEqual(self.daemon.drift()[0]["seq"], notice["rows"] + 1)
        self.assertGreater(self.daemon.last_seq(), last)
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()
