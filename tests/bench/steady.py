# SPDX-License-Identifier: Apache-2.0
"""The daemon while nothing happens, while everything is looked at, and while too much happens."""

import statistics
import threading
import time

import daemon
import load
import process
import test_consistency
import world

QUIET = 8  # seconds: the daemon tidies up after five
SWEEPS = 5

NOT_COMPARED = test_consistency.OF_RECORDS + test_consistency.SLOW


def measure_memory(results, audit, keys):
    time.sleep(QUIET)
    for key, value in zip(keys, process.memory(audit.pid)):
        if key is not None:
            results.put(key, value)


def measure_idle(results, audit, before, seconds):
    """What a start leaves behind is over after a minute: lists are looked at once more, and what can't be read on this
    machine is asked for after times that double."""
    time.sleep(before)
    wakeups, cpu = process.wakeups(audit.pid), process.cpu(audit.pid)
    time.sleep(seconds)
    results.put("idle_wakeups", (process.wakeups(audit.pid) - wakeups) / seconds * 60)
    results.put("idle_cpu_percent", (process.cpu(audit.pid) - cpu) / seconds * 100)


def sweep(audit):
    audit.post("/v1/rescan")
    world.wait_for("the look to end", lambda: audit.get("/v1/status")["settled"], interval=0.2)


def measure_sweep(results, audit):
    used = []
    for _ in range(SWEEPS):
        cpu = process.cpu(audit.pid)
        sweep(audit)
        used.append(process.cpu(audit.pid) - cpu)
    results.put("sweep_cpu_ms", statistics.median(used) * 1e3)


class Peak:
    """The most anonymous memory of a process, looked at fifty times a second."""

    def __init__(self, pid):
        self.pid = pid
        self.mib = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.over.wait(0.02):
            self.mib = max(self.mib, process.memory(self.pid)[1])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def found_in(document):
    return {(f["rule"], f["subject"]["kind"], f["subject"]["id"]): (f["verdict"], f["because"])
            for f in document["findings"] if f["rule"] not in NOT_COMPARED}


def differences(docker, audit):
    mine = found_in(audit.get("/v1/findings"))
    fresh = found_in(daemon.plimsoll_json("check", "--engine", docker.socket, "--config", audit.config))
    return sum(mine.get(place) != fresh.get(place) for place in set(mine) | set(fresh))


def measure_storm(results, docker, n):
    with daemon.Daemon(docker) as audit:
        with Peak(audit.pid) as peak:
            began = time.monotonic()
            load.churn(docker, n)
            results.put("storm_rate", n / (time.monotonic() - began))
            time.sleep(1)
        try:
            world.wait_for("the storm to be judged", lambda: differences(docker, audit) == 0, 10, 0.5)
        except AssertionError:
            pass  # the figure says so
        results.put("storm_differences", differences(docker, audit))
        sweep(audit)
        results.put("storm_missed", audit.get("/v1/status")["counters"]["missed_changes"])
        results.put("storm_anonymous_mib", peak.mib)
