# SPDX-License-Identifier: Apache-2.0
"""What a container costs: the daemon when it starts, the engine when it is created."""

import statistics
import time

import daemon
import load
import process

CATCH_UP = 1.0  # seconds in which all is judged that happened before
START_ROUNDS, STARTS = 10, 20
CREATE_ROUNDS, CREATES = 8, 50


def api_calls(audit):
    return audit.get("/v1/status")["counters"]["api_calls"]


class Starts:
    """Containers of one engine that are started again and again, and the daemon that watches them."""

    def __init__(self, docker):
        self.docker = docker
        self.containers = load.create(docker, STARTS)
        self.audit = daemon.Daemon(docker)
        self.cpu_ms = []
        self.wakeups = self.calls = 0

    def __enter__(self):
        self.audit.start()
        return self

    def __exit__(self, *_):
        self.audit.close()
        load.remove(self.docker, self.containers)

    def round(self):
        pid = self.audit.pid
        calls, wakeups, cpu = api_calls(self.audit), process.wakeups(pid), process.cpu(pid)
        load.each(self.docker, load.Caller.start, self.containers, at_once=1)
        time.sleep(CATCH_UP)
        self.cpu_ms.append((process.cpu(pid) - cpu) / STARTS * 1e3)
        self.wakeups += process.wakeups(pid) - wakeups
        self.calls += api_calls(self.audit) - calls
        load.each(self.docker, load.Caller.kill, self.containers)
        time.sleep(CATCH_UP / 2)


def measure_starts(results, small, big):
    """Turn by turn on two engines."""
    with Starts(small) as few, Starts(big) as many:
        for _ in range(START_ROUNDS + 1):
            few.round()
            many.round()
    pairs = list(zip(few.cpu_ms, many.cpu_ms))[1:]
    results.put("start_small_ms", statistics.median(few for few, _ in pairs))
    results.put("start_big_ms", statistics.median(many for _, many in pairs))
    results.put("start_ratio", statistics.median(many / few for few, many in pairs))
    results.put("start_calls", many.calls / STARTS / (START_ROUNDS + 1))
    results.put("start_wakeups", many.wakeups / STARTS / (START_ROUNDS + 1))


def creates(docker):
    """Seconds of dockerd's processor time per container created, and what follows."""
    cpu = process.cpu_alone(docker.pid)
    containers = load.create(docker, CREATES)
    time.sleep(CATCH_UP)
    used = (process.cpu_alone(docker.pid) - cpu) / CREATES
    load.remove(docker, containers)
    time.sleep(CATCH_UP / 2)
    return used


def measure_engine(results, docker):
    """Turn by turn without the daemon and with it."""
    audit = daemon.Daemon(docker)
    pairs = []
    try:
        for _ in range(CREATE_ROUNDS + 1):
            alone = creates(docker)
            audit.start()
            together = creates(docker)
            audit.stop()
            pairs.append((alone, together))
    finally:
        audit.discard()
    pairs = pairs[1:]
    results.put("engine_alone_ms", statistics.median(alone for alone, _ in pairs) * 1e3)
    results.put("engine_more_ms", statistics.median(together - alone for alone, together in pairs) * 1e3)
