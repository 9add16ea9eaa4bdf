# SPDX-License-Identifier: Apache-2.0
"""An hour of random operations, a few a second, on one daemon: its memory stays flat, no descriptor is left open, and
at the end it has found what a fresh check finds.

PLIMSOLL_SOAK_SECONDS=N makes it N seconds, --long or not; PLIMSOLL_SEED=N repeats its operations.
"""

import os
import random
import re
import time
import unittest

import memory
import test_consistency
import world

SECONDS = int(os.environ.get("PLIMSOLL_SOAK_SECONDS", 3600 if world.LONG else 0))
A_SECOND = 4  # operations
SAMPLES = 60
GROWTH_MAX = 1 << 20  # bytes of anonymous memory, from the second quarter to the last
DESCRIPTORS_MORE = 4  # than at the beginning: connections to the engine that are kept


class World(test_consistency.World):
    """The daemon itself is not started again."""

    OPERATIONS = tuple(
        (weight, operation) for weight, operation in test_consistency.World.OPERATIONS
        if operation is not test_consistency.World.restart_daemon
    )


def anonymous(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return int(re.search(r"(?m)^Anonymous: +(\d+) kB", f.read())[1]) * 1024


def slope(samples):
    """Bytes an hour, by least squares, of (seconds, bytes)."""
    n = len(samples)
    x, y = sum(s[0] for s in samples) / n, sum(s[1] for s in samples) / n
    return 3600 * sum((s[0] - x) * (s[1] - y) for s in samples) / sum((s[0] - x) ** 2 for s in samples)


def mean(samples):
    return sum(size for _, size in samples) / len(samples)


@unittest.skipUnless(SECONDS, "takes an hour")
class Soak(unittest.TestCase):
    def operate_for_a_while(self, w, until):
        while time.monotonic() < until:
            began = time.monotonic()
            w.operate()
            del w.done[:-1000]
            time.sleep(max(0, 1 / A_SECOND - (time.monotonic() - began)))

    def test_soak(self):
        build = memory.plain_build()
        if build is None:
            self.skipTest("needs a build without sanitizers, which keep what was freed")
        print(f"PLIMSOLL_SEED={test_consistency.SEED}, {SECONDS} s")
        w = World(random.Random(test_consistency.SEED))
        self.addCleanup(w.close)
        w.daemon.program = os.path.join(build, "daemon", "plimsolld")
        w.daemon.start()
        pid, began = w.daemon.pid, time.monotonic()
        descriptors, sizes, made = len(os.listdir(f"/proc/{pid}/fd")), [], 0
        for i in range(SAMPLES):
            self.operate_for_a_while(w, began + SECONDS * (i + 1) / SAMPLES)
            sizes.append((time.monotonic() - began, anonymous(pid)))
        made = w.daemon.get("/v1/status")["counters"]
        self.assert_found_is_what_check_finds(w)
        steady = sizes[SAMPLES // 4:]
        print(f"{made['drifts']} rows of drift, {made['evaluations']} evaluations; anonymous memory "
              f"{sizes[0][1] >> 10} kB, {sizes[-1][1] >> 10} kB at the end, {slope(steady) / 1024:+.0f} kB an hour")
        self.assertLess(mean(sizes[-SAMPLES // 4:]) - mean(sizes[SAMPLES // 4:SAMPLES // 2]), GROWTH_MAX, sizes)
        world.wait_for("descriptors to be closed",
                       lambda: len(os.listdir(f"/proc/{pid}/fd")) <= descriptors + DESCRIPTORS_MORE)
        self.assertEqual((made["missed_changes"], made["drops"]), (0, 0))
        w.daemon.stop()

    def assert_found_is_what_check_finds(self, w):
        w.daemon.post("/v1/rescan")
        world.wait_for("the look to end", lambda: w.daemon.get("/v1/status")["settled"])
        left = []

        def caught_up():
            left[:] = w.differences()
            return not left

        try:
            world.wait_for("the daemon's findings to be those of a check", caught_up, interval=0.5)
        except AssertionError as e:
            raise AssertionError(f"{e}\n" + "\n".join(left[:20] + w.done[-60:])) from None


if __name__ == "__main__":
    unittest.main()
