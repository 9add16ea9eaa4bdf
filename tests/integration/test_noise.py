# SPDX-License-Identifier: Apache-2.0
"""What the journal is spared: replaced containers, restart loops, floods. And that all of it is counted."""

import re
import unittest

import engine
import journal
import world

COMPOSE = ("--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service=web")


def setUpModule():
    global docker
    docker = engine.shared()


class Noise(unittest.TestCase):
    def start(self, config=""):
        docker.remove_containers()
        self.journal = journal.Journal()
        self.addCleanup(self.journal.close)
        self.daemon = journal.Daemon(self.journal, docker, config=config)
        self.addCleanup(self.daemon.discard)
        self.daemon.start()
        self.after = self.daemon.last_seq()

    def caught_up(self):
        """All events up to now have been judged, and the journal was told."""
        mark = docker.create("--name", "mark", "--privileged")
        docker.remove(mark)

        def is_end(row):
            subject = row.get("subject") or row.get("notice", {}).get("subject") or {}
            kind = row["type"] if row["type"] != "notice" else row["notice"]["kind"]
            return subject.get("id") == mark and kind in ("gone", "unseen")

        self.daemon.wait_drift(is_end, self.after)

    def told(self, **fields):
        return [entry for entry in self.journal.of(**fields)
                if int(entry.get("PLIMSOLL_SEQ", ["0"])[0]) > self.after]

    def rows(self, predicate=lambda row: True):
        return [row for row in self.daemon.drift(self.after) if predicate(row)]

    def left_out(self):
        """How many rows the summaries speak of."""
        texts = [entry["MESSAGE"][0] for entry in self.journal.of(PLIMSOLL_NOTICE="folded")]
        return sum(int(re.search(r", (\d+) times in \d+ min", text)[1]) for text in texts)

    def assert_all_accounted_for(self):
        """Each row of the ledger was told, or is counted in a summary."""
        self.caught_up()
        self.daemon.stop()
        self.daemon.start()
        world.wait_for("the journal", lambda: self.journal.of(PLIMSOLL_NOTICE="started")[1:])
        last = int(self.journal.of(PLIMSOLL_NOTICE="started")[-1]["PLIMSOLL_SEQ"][0])
        numbers = [number for number in self.journal.numbers() if number <= last]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(len(numbers) + self.left_out(), last)


class Successors(Noise):
    def replaced(self, name, *options, rename=None):
        docker.remove(self.old)
        new = docker.create("--name", name, *options)
        if rename:
            docker.docker("rename", name, rename)
        self.caught_up()
        return new

    def test_replaced_container_is_carried_over(self):
        self.start()
        self.old = docker.create("--name", "web", "--privileged")
        self.daemon.wait_drift(lambda row: row.get("subject", {}).get("id") == self.old, self.after)
        new = self.replaced("web", "--privileged")
        entries = self.told(PLIMSOLL_SUBJECT_ID=new)
        self.assertEqual([entry["PLIMSOLL_TYPE"] for entry in entries], [["carried"]])
        self.assertEqual(entries[0]["PRIORITY"], ["6"])
        self.assertIn("container-privileged", entries[0]["PLIMSOLL_RULE"])
        row = self.rows(lambda row: row["type"] == "carried")[0]
        self.assertEqual(row["predecessor"], {"kind": "container", "id": self.old, "name": "web"})
        self.daemon.close()

    def test_what_is_worse_is_told(self):
        self.start()
        self.old = docker.create("--name", "web")
        self.daemon.wait_drift(lambda row: row.get("subject", {}).get("id") == self.old, self.after)
        new = self.replaced("web", "--privileged", "--memory", "64m")
        entries = self.told(PLIMSOLL_SUBJECT_ID=new)
        moves = {entry["PLIMSOLL_RULE"][0]: (entry["PLIMSOLL_TYPE"][0], entry["PRIORITY"][0])
                 for entry in entries if entry["PLIMSOLL_TYPE"] != ["carried"]}
        self.assertEqual(entries[0]["PLIMSOLL_TYPE"], ["carried"])
        self.assertEqual(moves["container-privileged"], ("regressed", "2"))
        self.assertEqual(moves["container-memory-limit"], ("restored", "5"))
        self.daemon.close()

    def test_as_compose_does_it(self):
        """The new one is made while the old one lives, under a name that it loses when the old one is gone."""
        self.start()
        self.old = docker.create("--name", "shop-web-1", *COMPOSE)
        self.daemon.wait_drift(lambda row: row.get("subject", {}).get("id") == self.old, self.after)
        new = docker.create("--name", self.old[:12] + "_shop-web-1", *COMPOSE)
        docker.remove(self.old)
        docker.docker("rename", new, "shop-web-1")
        self.caught_up()
        self.assertEqual([row["type"] for row in self.rows(lambda row: row.get("subject", {}).get("id") == new)],
                         ["carried"])
        self.assertNotIn("com.docker.compose", world.json.dumps(self.rows()))
        self.daemon.close()

    def of_images(self):
        return self.rows(lambda row: row.get("subject", {}).get("kind") == "image")

    def image_verdicts(self):
        found = self.daemon.get("/v1/findings", rule="image-healthcheck")["findings"]
        return {f["verdict"] for f in found if f["subject"]["kind"] == "image" and f["subject"]["name"] == engine.IMAGE}

    def test_image_of_a_replaced_container_is_no_news(self):
        """Its only container goes away, and another one is made of it."""
        self.start()
        self.old = docker.create("--name", "web", "--privileged")
        self.daemon.wait_drift(lambda row: row.get("subject", {}).get("id") == self.old, self.after)
        world.wait_for("the image to be in use", lambda: self.image_verdicts() == {"fail"})
        self.after = self.daemon.last_seq()
        docker.remove(self.old)
        self.daemon.wait_drift(lambda row: row["type"] == "gone", self.after)
        self.daemon.post("/v1/rescan")
        world.wait_for("the look to end", lambda: self.daemon.get("/v1/status")["settled"])
        self.daemon.kill()
        self.daemon.start()
        docker.create("--name", "web", "--privileged")
        self.daemon.wait_drift(lambda row: row["type"] == "carried", self.after)
        self.caught_up()
        self.assertEqual(self.of_images(), [])
        self.assertEqual(self.image_verdicts(), {"fail"})
        self.assertEqual(self.daemon.get("/v1/status")["counters"]["missed_changes"], 0)
        self.daemon.close()

    def test_over_a_restart_of_the_daemon(self):
        self.start()
        self.old = docker.create("--name", "web")
        self.daemon.wait_drift(lambda row: row.get("subject", {}).get("id") == self.old, self.after)
        docker.remove(self.old)
        self.daemon.wait_drift(lambda row: row["type"] == "gone", self.after)
        self.daemon.kill()
        self.daemon.start()
        new = docker.create("--name", "web")
        row = self.daemon.wait_drift(lambda row: row.get("subject", {}).get("id") == new, self.after)
        self.assertEqual(row["type"], "carried")
        self.daemon.close()


class Limits(Noise):
    def test_restart_loop_is_folded(self):
        self.start("  fold_after: 3\n")
        for _ in range(12):
            docker.docker("run", "--rm", "--name", "loop", engine.IMAGE, "true")
        self.caught_up()
        rows = self.rows(lambda row: (row.get("subject") or row["notice"].get("subject", {})).get("name") == "loop")
        self.assertGreaterEqual(len(rows), 12)
        self.assert_all_accounted_for()
        told = self.told(PLIMSOLL_SUBJECT_NAME="loop")
        self.assertLess(len(told), len(rows))
        summaries = [entry["MESSAGE"][0] for entry in self.journal.of(PLIMSOLL_NOTICE="folded")]
        self.assertTrue(any("gone about container loop" in text for text in summaries), summaries)
        self.daemon.close()

    def test_folded_rows_are_summed_up_by_the_clock(self):
        self.start("  fold_after: 1\n  fold_within: 2s\n")
        name = docker.create("--name", "web")
        for policy, verdict in (("always", "fail"), ("no", "pass"), ("always", "fail"), ("no", "pass")):
            docker.docker("update", "--restart", policy, name)
            self.daemon.wait_verdict("container-restart-policy", verdict, name)
        summary = world.wait_for("a summary", lambda: self.journal.of(PLIMSOLL_NOTICE="folded"))[0]
        self.assertEqual(summary["PLIMSOLL_SUBJECT_NAME"], ["web"])
        self.assertEqual(summary["PLIMSOLL_RULE"], ["container-restart-policy"])
        self.assertIn("container-restart-policy about container web", summary["MESSAGE"][0])
        self.assertNotIn("PLIMSOLL_SEQ", summary)
        self.assert_all_accounted_for()
        self.daemon.close()

    def test_flood_is_cut_by_rule(self):
        self.start("  per_minute: 10\n")
        for i in range(40):
            docker.create("--name", f"flood-{i}")
        docker.create("--name", "worse", "--privileged")
        self.caught_up()
        appeared = self.rows(lambda row: row["type"] == "appeared")
        self.assertGreaterEqual(len(appeared), 41)
        self.assertTrue(self.told(PLIMSOLL_SUBJECT_NAME="worse", PLIMSOLL_RULE="container-privileged"))
        self.assert_all_accounted_for()
        self.assertLess(len(self.told(PLIMSOLL_TYPE="appeared")), 30)
        self.assertGreater(self.left_out(), 10)
        self.daemon.close()


if __name__ == "__main__":
    unittest.main()
