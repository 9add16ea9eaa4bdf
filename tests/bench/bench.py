#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures a release build against real Docker engines with up to 1,000 containers.

What the engine itself takes is measured beside it, with bare calls of the same API in the same
minute, so that the numbers mean the same on a slow machine as on a fast one. Prints the table of
figures.py and writes it to build/bench.json, and with --readme into the README. Ends with status 1
where a target is missed. Called by ./bootstrap bench, which builds build/bench.
"""

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))
os.environ.setdefault("PLIMSOLL_TEST_BUILD", os.path.join(ROOT, "build", "bench"))

import audit  # noqa: E402
import cost  # noqa: E402
import daemon  # noqa: E402
import engine  # noqa: E402
import figures  # noqa: E402
import latency  # noqa: E402
import load  # noqa: E402
import steady  # noqa: E402
import world  # noqa: E402

README_BEGIN, README_END = "<!-- ./bootstrap bench --readme -->\n", "<!-- until here -->\n"

#            created containers,         containers and files for latency, storm, pairs, seconds before idle and idle
FULL = dict(small=100, middle=500, big=1000, latency=500, audit=200, storm=1000, pairs=15, before=60, idle=120)
QUICK = dict(small=10, middle=50, big=100, latency=50, audit=20, storm=100, pairs=5, before=0, idle=20)
LONG_IDLE = 600


def step(text):
    print(f"* {text}", flush=True)


def run(results, size):
    with engine.Engine() as small, engine.Engine() as big:
        step("10 running containers, and twenty on another engine with more to come")
        load.start(small, load.create(small, 10))
        load.start(big, load.create(big, 20))
        load.create(big, size["middle"])

        step(f"{size['pairs']} rounds of check, curl and the daemon's start")
        audit.measure_pairs(results, big, size["pairs"])
        load.create(big, size["big"] - size["middle"])
        step("container starts, with few containers and with many")
        cost.measure_starts(results, small, big)
        step("container creations, without the daemon and with it")
        cost.measure_engine(results, small)

        step("memory")
        load.start(small, load.create(small, 10))
        with daemon.Daemon(small) as plimsolld:
            steady.measure_memory(results, plimsolld, (None, "anonymous_small_mib"))
        with daemon.Daemon(big) as plimsolld:
            steady.measure_memory(results, plimsolld, ("resident_big_mib", "anonymous_big_mib"))
            step(f"idle for {size['idle']} s")
            steady.measure_idle(results, plimsolld, size["before"], size["idle"])
            steady.measure_sweep(results, plimsolld)

        step("check, with few containers and with many")
        load.create(small, size["small"])
        with engine.Engine() as base:
            load.start(base, load.create(base, 20))
            audit.measure_growth(results, base, small, big, (size["small"], size["big"]), size["pairs"])
        step(f"latency of {size['latency']} containers, as many files and {size['audit']} audit rules")
        latency.measure_events(results, big, size["latency"])
        latency.measure_files(results, size["latency"])
        latency.measure_audit(results, small, size["audit"])
        step(f"a storm of {size['storm']} containers")
        steady.measure_storm(results, small, size["storm"])
        return small.api("GET", "/version")[1]["Version"]


def distribution():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def into_readme(results, machine, date):
    """The table between the two marks."""
    path = os.path.join(ROOT, "README.md")
    with open(path) as f:
        text = f.read()
    head, rest = text.split(README_BEGIN)
    _, tail = rest.split(README_END)
    line = (f"`./bootstrap bench`, {date.day} {date:%B %Y}, {machine['system']}, {machine['cpus']} cores, "
            f"Docker {machine['engine']}:\n")
    with open(path, "w") as f:
        f.write(head + README_BEGIN + line + "\n" + results.markdown() + README_END + tail)


def main():
    parser = argparse.ArgumentParser(prog="./bootstrap bench")
    parser.add_argument("--quick", action="store_true", help="a tenth of the containers, for a try")
    parser.add_argument("--long", action="store_true", help="ten idle minutes instead of two")
    parser.add_argument("--readme", action="store_true", help="put the table into the README")
    options = parser.parse_args()
    size = dict(QUICK if options.quick else FULL)
    if options.long:
        size["idle"] = LONG_IDLE
    if options.quick and options.readme:
        parser.error("the README has all the containers")
    if os.getuid() != 0:
        sys.exit("bench: a Docker engine of our own can only be started by root")

    results = figures.Results()
    began = time.monotonic()
    date = datetime.datetime.now(datetime.timezone.utc)
    # The folders on the way to the engine's socket are watched, and programs come and go in /tmp.
    with tempfile.TemporaryDirectory(prefix="b-", dir="/var/tmp") as scratch:
        os.environ["PLIMSOLL_TEST_TMP"] = scratch
        version = run(results, size)
    machine = {"system": distribution(), "kernel": platform.release(), "cpus": os.cpu_count(), "engine": version}
    results.print()
    print(f"\nIdle for {size['idle']} s; all of it took {time.monotonic() - began:.0f} s.")
    if options.quick:
        print("With a tenth of the containers; the targets are those for all of them.")
    document = {"date": date.isoformat(timespec="seconds"), "machine": machine, "size": size,
                "figures": results.document()}
    world.write_file(os.path.join(ROOT, "build", "bench.json"), json.dumps(document, indent=2) + "\n")
    if options.readme:
        into_readme(results, machine, date)
    if results.missed():
        sys.exit(f"missed: {', '.join(figure.key for figure in results.missed())}")


if __name__ == "__main__":
    main()
