# SPDX-License-Identifier: Apache-2.0
"""The daemon is killed at random moments while the world changes. No number is missing or given twice, the journal
is told every row, and the findings afterwards are those of a fresh check.

PLIMSOLL_SEED=N repeats a run, but for the moments that the machine adds.
"""

import os
import random
import signal
import threading
import time
import unittest

import journal
import test_consistency
import world

SEED = int(os.environ.get("PLIMSOLL_SEED", random.randrange(1 << 32)))
KILLS = 100 if world.LONG else 10
LIVES = 60 if world.LONG else 12

# Every row is to be told: nothing is folded. And a check knows nothing of what was in use a while ago.
CONFIG = "  per_minute: 0\n  fold_after: 0\n  carried_within: off\n"


class World(test_consistency.World):
    """Things happen to it by themselves, until it is told to end."""

    OPERATIONS = tuple(
        (weight, operation) for weight, operation in test_consistency.World.OPERATIONS
        if operation.__name__ not in ("restart_engine", "restart_daemon")
    )

    def __init__(self, chance):
        super().__init__(chance)
        self.daemon.discard()
        self.journal = journal.Journal()
        self.daemon = journal.Daemon(self.journal, self.docker, self.host, CONFIG)
        self.ending = threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            while not self.ending.is_set():
                self.operate()
        except Exception as e:  # told by whoever waits for the end
            self.error = e

    def end(self):
        self.ending.set()
        if self.thread.ident is not None:
            self.thread.join()
        if self.error:
            raise self.error

    def close(self):
        self.ending.set()
        if self.thread.ident is not None:
            self.thread.join()
        super().close()
        self.journal.close()


class Crash(unittest.TestCase):
    def kill_at_random(self, w, chance):
        """Some moments are in the start, some in the middle of work."""
        for _ in range(KILLS):
            w.daemon.spawn()
            if chance.random() < 0.7:
                world.wait_for("plimsolld to answer", lambda: w.daemon._is_ready(False))
            time.sleep(chance.random() * 1.2)
            self.assertIsNone(w.daemon.process.poll(), w.daemon.log_text())
            w.daemon.kill()

    def assert_every_row_was_told(self, w, rows):
        """Once; or twice, where a life ended before it could note down that it had told it. Another end at the same
        row tells nothing again."""
        told = {}
        for entry in list(w.journal.entries):
            told.setdefault(int(entry["PLIMSOLL_SEQ"][0]), []).append(entry)
        self.assertEqual(sorted(told), [row["seq"] for row in rows])
        lives = list(dict.fromkeys(entry["_PID"][0] for entry in w.journal.entries))
        for number, entries in told.items():
            self.assertEqual(len({entry["MESSAGE"][0] for entry in entries}), 1, entries)
            self.assertLessEqual(len(entries), 2, entries)
            tellers = [lives.index(entry["_PID"][0]) for entry in entries]
            self.assertEqual(tellers, list(range(tellers[0], tellers[0] + len(tellers))), number)
        more = sum(len(entries) - 1 for entries in told.values())
        print(f"{len(rows)} rows, {len(lives)} lives, {more} told twice")

    def test_killed_at_random_moments(self):
        print(f"PLIMSOLL_SEED={SEED}")
        chance = random.Random(SEED)
        w = World(random.Random(chance.random()))
        self.addCleanup(w.close)
        w.thread.start()
        self.kill_at_random(w, chance)
        w.daemon.start()
        w.end()
        left = []

        def caught_up():
            left[:] = w.differences()
            return not left

        try:
            world.wait_for("the daemon's findings to be those of a check", caught_up, interval=0.2)
        except AssertionError as e:
            raise AssertionError(f"{e}\n    " + "\n    ".join(left[:20])) from None
        w.daemon.stop()
        w.daemon.start()
        rows = w.daemon.drift()
        self.assertEqual([row["seq"] for row in rows], list(range(1, len(rows) + 1)))
        self.assertEqual(len({row["ledger"] for row in rows}), 1)
        world.wait_for("the journal", lambda: rows[-1]["seq"] in w.journal.numbers())
        rows = [row for row in w.daemon.drift() if row["seq"] <= max(w.journal.numbers())]
        self.assert_every_row_was_told(w, rows)
        w.daemon.stop()


class Deadly(list):
    """Entries of a journal; while it is armed, who writes one is killed as soon as it is there."""

    armed = False

    def append(self, entry):
        super().append(entry)
        if self.armed:
            self.armed = False
            os.kill(int(entry["_PID"][0]), signal.SIGKILL)


class Seam(unittest.TestCase):
    def test_killed_whenever_it_tells(self):
        """Each life tells something and is dead before it can do anything else."""
        host, ear = world.HostRoot(), journal.Journal()
        self.addCleanup(host.close)
        self.addCleanup(ear.close)
        ear.entries = Deadly()
        d = journal.Daemon(ear, host_root=host, config=CONFIG)
        self.addCleanup(d.discard)
        d.start()
        for _ in range(LIVES):
            d.post("/v1/reload")
        for _ in range(LIVES):
            d.kill()
            ear.entries.armed = True
            d.spawn()
            world.wait_for("the daemon to be killed", lambda: d.process.poll() is not None, interval=0.01)
        d.kill()
        d.start()
        last = d.last_seq()
        world.wait_for("the journal", lambda: last in ear.numbers())
        numbers = [number for number in ear.numbers() if number <= last]
        self.assertEqual(sorted(set(numbers)), list(range(1, last + 1)))
        more = {number: numbers.count(number) for number in numbers if numbers.count(number) > 2}
        self.assertEqual(more, {})
        d.stop()


if __name__ == "__main__":
    unittest.main()
