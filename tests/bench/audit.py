# SPDX-License-Identifier: Apache-2.0
"""`plimsoll check` and the start of plimsolld, against bare calls of the same API."""

import contextlib
import os
import resource
import socket
import statistics
import subprocess
import sys
import time

import daemon
import engine
import world

READY_TIMEOUT = 60


def measured(command, statuses):
    """Runs a command: seconds of wall clock and of processor time."""
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


def check(docker):
    config = world.write_file(os.path.join(docker.path, "plimsoll.yaml"), daemon.QUIET)
    command = [daemon.program("plimsoll"), "check", "--format", "json", "--engine", docker.socket, "--config", config]
    return measured(command, (0, 1, 3))


def bare(docker):
    """One curl, one connection, one call after the other: what `check` asks for."""
    paths = ["/_ping", "/images/json", "/containers/json?all=1", "/version", "/info", "/networks/bridge", "/volumes"]
    paths += [f"/images/{engine.IMAGE}/json"]
    paths += [f"/containers/{container}/json" for container in docker.containers()]
    lines = ["silent", f'unix-socket = "{docker.socket}"']
    for path in paths:
        lines += [f'url = "http://docker{path}"', 'output = "/dev/null"']
    config = world.write_file(os.path.join(docker.path, "curl.conf"), "\n".join(lines) + "\n")
    return measured(["curl", "--disable", "--config", config], (0,))


@contextlib.contextmanager
def notify_socket(path):
    """What systemd would listen on. Who is spawned in it is told of it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.settimeout(READY_TIMEOUT)
        os.environ["NOTIFY_SOCKET"] = path
        try:
            yield listener
        finally:
            del os.environ["NOTIFY_SOCKET"]
            os.unlink(path)


def wait_message(listener, begins):
    while not any(line.startswith(begins) for line in listener.recv(65536).decode().splitlines()):
        pass
    return time.monotonic()


def start_once(docker):
    """Seconds from exec to READY and to the first whole ledger, which its status line then sums up."""
    audit = daemon.Daemon(docker)
    try:
        with notify_socket(os.path.join(docker.path, "notify")) as listener:
            began = time.monotonic()
            audit.spawn()
            ready = wait_message(listener, "READY=1") - began
            if not audit.get("/v1/status")["settled"]:
                whole = wait_message(listener, "STATUS=") - began
            else:
                whole = time.monotonic() - began
        audit.stop()
    finally:
        audit.discard()
    return ready, whole


def measure_pairs(results, docker, pairs):
    """check, curl and the daemon's start, one after the other; the first round warms the caches."""
    rounds = [(check(docker), bare(docker), start_once(docker)) for _ in range(pairs + 1)][1:]

    def median(of):
        return statistics.median(of(*one) for one in rounds)

    results.put("check_wall_ms", median(lambda check, bare, start: check[0]) * 1e3)
    results.put("check_wall_ratio", median(lambda check, bare, start: check[0] / bare[0]))
    results.put("check_cpu_ms", median(lambda check, bare, start: check[1]) * 1e3)
    results.put("check_cpu_ratio", median(lambda check, bare, start: check[1] / bare[1]))
    results.put("ready_ms", median(lambda check, bare, start: start[0]) * 1e3)
    results.put("ledger_ms", median(lambda check, bare, start: start[1]) * 1e3)
    results.put("ledger_ratio", median(lambda check, bare, start: start[1] / bare[0]))


def measure_growth(results, base, small, big, created, pairs):
    """base: an engine with running containers alone, as the others have them too, beside created ones, whose numbers
    are `created`. What a check costs more there is due to these. Turn by turn on all three."""
    rounds = [[check(docker)[1] for docker in (base, small, big)] for _ in range(pairs + 1)][1:]
    small_ms = statistics.median(few - none for none, few, _ in rounds) / created[0] * 1e3
    big_ms = statistics.median(many - none for none, _, many in rounds) / created[1] * 1e3

    results.put("growth_fixed_ms", statistics.median(none for none, _, _ in rounds) * 1e3)
    results.put("growth_small_ms", small_ms)
    results.put("growth_big_ms", big_ms)
    results.put("growth_ratio", big_ms / small_ms)
