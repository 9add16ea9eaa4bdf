#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures a release build against a real Docker engine with 500 containers.

What the engine itself takes is measured beside it, with bare calls of the same API in the same
minute, so that the numbers mean the same on a slow machine as on a fast one. Prints a table and
writes build/bench.json. Called by ./bootstrap bench, which builds build/bench.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))
os.environ.setdefault("PLIMSOLL_TEST_BUILD", os.path.join(ROOT, "build", "bench"))

import daemon  # noqa: E402
import engine  # noqa: E402
import world  # noqa: E402

MIB = 1024 * 1024

#            running, created, pairs, starts, idle seconds
FULL = dict(running=20, created=500, pairs=15, starts=200, idle=20, settle=10)
QUICK = dict(running=5, created=45, pairs=5, starts=20, idle=5, settle=10)


class Table:
    """Rows of (key, what, value, unit, most): `most` is the target, None for a number that has none."""

    def __init__(self):
        self.rows = []

    def add(self, key, what, value, unit, most=None):
        self.rows.append((key, what, value, unit, most))

    def print(self):
        width = max(len(row[1]) for row in self.rows)
        print(f"{'':<{width}}  {'measured':>10}  {'target':>10}")
        for _, what, value, unit, most in self.rows:
            target = "" if most is None else f"<= {most:g}"
            verdict = "" if most is None else ("ok" if value <= most else "MISSED")
            print(f"{what:<{width}}  {value:>10.2f}  {target:>10}  {unit:<5} {verdict}".rstrip())

    def document(self):
        return {
            key: {"value": round(value, 3), "unit": unit, "target": most}
            for key, _, value, unit, most in self.rows
        }


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


# --- the engine and its containers ---


def create(docker, **more):
    body = {"Image": engine.IMAGE, "Cmd": ["sleep", "86400"], "StopSignal": "SIGKILL", **more}
    status, answer = docker.api("POST", "/containers/create", body)
    if status != 201:
        sys.exit(f"bench: cannot create a container: {answer}")
    return answer["Id"]


def start(docker, container):
    status, answer = docker.api("POST", f"/containers/{container}/start")
    if status != 204:
        sys.exit(f"bench: cannot start a container: {answer}")


def populate(docker, size):
    running = [create(docker) for _ in range(size["running"])]
    for container in running:
        start(docker, container)
    return running + [create(docker) for _ in range(size["created"])]


# --- plimsoll check against bare calls ---


def bare_calls(docker, containers):
    """A curl configuration: one process, one connection, one call after the other."""
    paths = ["/_ping", "/version", "/info", "/containers/json?all=1", "/networks/bridge"]
    paths += [f"/containers/{container}/json" for container in containers]
    lines = ["silent", f'unix-socket = "{docker.socket}"']
    for path in paths:
        lines += [f'url = "http://docker{path}"', 'output = "/dev/null"']
    return world.write_file(os.path.join(docker.path, "curl.conf"), "\n".join(lines) + "\n")


def measured(command, statuses):
    """Runs a command: seconds of wall clock and of CPU."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=daemon.environment()
    )
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in statuses:
        sys.exit(f"bench: {command[0]}: status {done.returncode}: {done.stderr.decode(errors='replace')}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure_check(table, docker, containers, size):
    config = world.write_file(os.path.join(docker.path, "plimsoll.yaml"), daemon.QUIET)
    check = [daemon.program("plimsoll"), "check", "--format", "json", "--engine", docker.socket, "--config", config]
    curl = ["curl", "--disable", "--config", bare_calls(docker, containers)]

    pairs = []
    for _ in range(size["pairs"] + 1):
        pairs.append((measured(check, (0, 1, 3)), measured(curl, (0,))))
    pairs = pairs[1:]  # the first one warms the caches

    def median(of):
        return statistics.median(of(ours, bare) for ours, bare in pairs)

    table.add("check_wall_ms", "check, wall clock", median(lambda ours, _: ours[0]) * 1e3, "ms")
    table.add("bare_wall_ms", "  the same calls by curl", median(lambda _, bare: bare[0]) * 1e3, "ms")
    table.add("check_wall_ratio", "  ratio", median(lambda ours, bare: ours[0] / bare[0]), "", 1.5)
    table.add("check_cpu_ms", "check, CPU", median(lambda ours, _: ours[1]) * 1e3, "ms")
    table.add("bare_cpu_ms", "  the same calls by curl", median(lambda _, bare: bare[1]) * 1e3, "ms")


# --- plimsolld ---


def memory(pid):
    """(resident, anonymous) in MiB."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        fields = dict(line.split(":", 1) for line in f.readlines()[1:])
    return tuple(int(fields[key].split()[0]) * 1024 / MIB for key in ("Rss", "Anonymous"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def add_memory(table, audit, key, when):
    resident, anonymous = memory(audit.pid)
    table.add(f"rss_{key}_mib", f"resident memory {when}", resident, "MiB")
    table.add(f"anonymous_{key}_mib", f"anonymous memory {when}", anonymous, "MiB", 6)


def measure_idle(table, audit, size):
    before = cpu_seconds(audit.pid)
    time.sleep(size["idle"])
    used = cpu_seconds(audit.pid) - before
    table.add("idle_cpu_percent", f"CPU while idle, over {size['idle']} s", used / size["idle"] * 100, "%", 0.5)


def first_row(stream, container):
    for row in stream:
        if row.get("subject", {}).get("id") == container:
            return row
    sys.exit("bench: the stream of drift ended")


def measure_events(table, docker, audit, size):
    """From the engine's own time of an event to the commit, less what one bare inspect takes just then."""
    began = audit.last_seq()
    inspect_ms = {}
    with audit.follow(after=began) as stream:
        for _ in range(size["starts"]):
            container = create(docker, HostConfig={"PidMode": "host"})
            # While the engine starts a container it answers no inspect of it: the row comes first, then the start.
            first_row(stream, container)
            before = time.monotonic()
            docker.inspect(container)
            inspect_ms[container] = (time.monotonic() - before) * 1e3
            start(docker, container)
            docker.api("DELETE", f"/containers/{container}?force=1")

    rows = {}
    for row in audit.drift(began):
        container = row.get("subject", {}).get("id")
        if container in inspect_ms and row["latency_ms"] is not None and row["type"] != "gone":
            rows.setdefault(container, row)
    raw = [row["latency_ms"] for row in rows.values()]
    own = [max(row["latency_ms"] - inspect_ms[container], 0) for container, row in rows.items()]
    if not own:
        sys.exit("bench: no row of drift carries a latency")
    table.add("event_rows", "containers seen in the ledger, each started then", len(own), "")
    table.add("event_raw_p50_ms", "event to ledger, p50", percentile(raw, 0.5), "ms")
    table.add("event_raw_p99_ms", "event to ledger, p99", percentile(raw, 0.99), "ms")
    table.add("event_own_p50_ms", "  less one inspect, p50", percentile(own, 0.5), "ms")
    table.add("event_own_p99_ms", "  less one inspect, p99", percentile(own, 0.99), "ms", 25)


def measure_daemon(table, docker, size):
    with daemon.Daemon(docker) as audit:
        add_memory(table, audit, "first", "after the first look")
        measure_idle(table, audit, size)
        measure_events(table, docker, audit, size)
        time.sleep(size["settle"])  # what is steady: the daemon gives back what a burst took when it is quiet
        add_memory(table, audit, "after", f"after {size['starts']} starts")
        counters = audit.get("/v1/status").get("counters", {})
    return counters


def main():
    parser = argparse.ArgumentParser(prog="./bootstrap bench")
    parser.add_argument("--quick", action="store_true", help="a tenth of the containers, for a try")
    size = QUICK if parser.parse_args().quick else FULL
    table = Table()

    if os.getuid() != 0:
        sys.exit("bench: a Docker engine of our own can only be started by root")
    with engine.Engine() as docker:
        print(f"* creating {size['running']} running and {size['created']} created containers", flush=True)
        containers = populate(docker, size)
        print(f"* {size['pairs']} pairs of check and curl", flush=True)
        measure_check(table, docker, containers, size)
        print(f"* plimsolld and {size['starts']} container starts", flush=True)
        counters = measure_daemon(table, docker, size)
        version = docker.api("GET", "/version")[1]["Version"]

    table.print()
    document = {
        "machine": {"kernel": platform.release(), "cpus": os.cpu_count(), "engine": version},
        "size": size,
        "results": table.document(),
        "counters": counters,
    }
    world.write_file(os.path.join(ROOT, "build", "bench.json"), json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
