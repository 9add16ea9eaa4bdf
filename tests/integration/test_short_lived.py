# SPDX-License-Identifier: Apache-2.0
"""Containers that are gone before anybody can look: each is told of, exactly once."""

import threading
import unittest

import daemon
import engine
import world

RUNS = 200 if world.LONG else 24
AT_ONCE = 2


def setUpModule():
    global docker, plimsolld
    docker = engine.shared()
    plimsolld = daemon.Daemon(docker).start()


def tearDownModule():
    plimsolld.close()


def subject_of(row):
    return row.get("subject") or row.get("notice", {}).get("subject") or {}


def kind_of(row):
    return row["notice"]["kind"] if row["type"] == "notice" else row["type"]


class ShortLived(unittest.TestCase):
    def setUp(self):
        self.after = plimsolld.last_seq()

    def caught_up(self):
        """All events up to now have been judged: the engine tells them in order."""
        mark = docker.create()
        docker.remove(mark)
        plimsolld.wait_drift(lambda row: kind_of(row) in ("gone", "unseen") and subject_of(row)["id"] == mark,
                             self.after)

    def told(self, names):
        """Kinds of rows by the name of the container."""
        told = {name: [] for name in names}
        for row in plimsolld.drift(self.after):
            if subject_of(row).get("name") in told:
                told[subject_of(row)["name"]].append(row)
        return told

    def run_all(self, names):
        def run(mine):
            for name in mine:
                docker.docker("run", "--rm", "--name", name, engine.IMAGE, "true")

        threads = [threading.Thread(target=run, args=(names[i::AT_ONCE],)) for i in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_each_is_told_of_once(self):
        names = [f"job-{i}" for i in range(RUNS)]
        self.run_all(names)
        self.caught_up()
        for name, rows in self.told(names).items():
            kinds = [kind_of(row) for row in rows if row.get("rule") is None]
            self.assertIn(kinds, (["appeared", "gone"], ["unseen"]), name)
            self.assertEqual({subject_of(row)["image"] for row in rows}, {engine.IMAGE})
            self.assertEqual(len({subject_of(row)["id"] for row in rows}), 1)
            self.assertRegex(subject_of(rows[0])["id"], "^[0-9a-f]{64}$")
            if kinds == ["unseen"]:
                self.assertGreater(rows[0]["notice"]["lifetime_ms"], 0)
        self.assertEqual(plimsolld.get("/v1/status")["counters"]["missed_changes"], 0)

    def test_removed_before_it_could_be_asked_about(self):
        """Made and removed while the daemon stands still: its events alone are left of it."""
        plimsolld.signal(world.signal.SIGSTOP)
        try:
            name = docker.create("--name", "quick")
            docker.remove(name)
        finally:
            plimsolld.signal(world.signal.SIGCONT)
        self.caught_up()
        rows = self.told(["quick"])["quick"]
        self.assertEqual([kind_of(row) for row in rows], ["unseen"])
        self.assertEqual(subject_of(rows[0]),
                         {"kind": "container", "id": name, "name": "quick", "image": engine.IMAGE})
        self.assertGreater(rows[0]["notice"]["lifetime_ms"], 0)


if __name__ == "__main__":
    unittest.main()
