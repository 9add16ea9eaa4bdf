# SPDX-License-Identifier: Apache-2.0
"""How long a change takes to be a row of drift in the ledger."""

import datetime
import time

import daemon
import kernel_audit
import load
import world
from figures import percentile

FILES = 100  # one after the other, as each is looked at twice in 50 ms at most
AUDIT_INTERVAL = 0.11  # audit rules are looked at ten times a second at most
AUDITED = "audit-daemon-json"


def next_row(stream, is_it):
    for row in stream:
        if is_it(row):
            return row
    raise AssertionError("the stream of drift ended")


def seconds_of(text):
    """Of a time as rows have it, to the millisecond below."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def put(results, name, seconds):
    results.put(f"{name}_p50_ms", percentile(seconds, 0.5) * 1e3)
    results.put(f"{name}_p99_ms", percentile(seconds, 0.99) * 1e3)


def measure_events(results, docker, n):
    """From the engine's own time of an event to the row at a reader, which is after the commit, and the same less
    what one inspect of the container takes just then. While the engine starts a container it answers no inspect of
    it, so the row comes first."""
    raw, own = [], []
    caller = load.Caller(docker.socket)
    with daemon.Daemon(docker) as audit, audit.follow(after=audit.last_seq()) as stream:
        for _ in range(n):
            container = caller.create(PidMode="host")
            row = next_row(stream, lambda row: row.get("subject", {}).get("id") == container)
            took = time.time() - seconds_of(row["cause"]["time"])
            began = time.monotonic()
            caller.call("GET", f"/containers/{container}/json")
            inspect = time.monotonic() - began
            raw.append(took)
            own.append(max(took - inspect, 0))
            caller.start(container)
            caller.remove(container)
    caller.close()
    put(results, "event", raw)
    put(results, "event_own", own)


def measure_files(results, n):
    """Certificates of registries, each made writable by others and put right again."""
    seconds = []
    with world.HostRoot() as host:
        paths = [f"/etc/docker/certs.d/{at}.example/ca.crt" for at in range(FILES)]
        for path in paths:
            host.write(path, mode=0o444)
        with daemon.Daemon(None, host) as audit, audit.follow(after=audit.last_seq()) as stream:
            for at in range(n):
                path, mode = paths[at % FILES], (0o666, 0o444)[at // FILES % 2]
                began = time.monotonic()
                host.chmod(path, mode)
                next_row(stream, lambda row: row.get("subject", {}).get("id") == path)
                seconds.append(time.monotonic() - began)
    put(results, "file", seconds)


def measure_audit(results, docker, n):
    """A rule on daemon.json, loaded and taken away again: from the request to the row at a reader, and the same less
    what the kernel takes to answer the request. It puts a rule away in its own time, and answers nobody before."""
    raw, own = [], []
    try:
        with kernel_audit.KernelAudit() as kernel:
            one = kernel_audit.rule(path=docker.config, perm="wa")
            with daemon.Daemon(docker) as audit, audit.follow(after=audit.last_seq()) as stream:
                for at in range(n):
                    time.sleep(AUDIT_INTERVAL)
                    began = time.monotonic()
                    kernel.add(one) if at % 2 == 0 else kernel.remove(one)
                    answered = time.monotonic()
                    next_row(stream, lambda row: row.get("rule") == AUDITED)
                    raw.append(time.monotonic() - began)
                    own.append(time.monotonic() - answered)
    except kernel_audit.Unavailable as e:
        results.skip(("audit_p50_ms", "audit_p99_ms", "audit_own_p50_ms", "audit_own_p99_ms"), str(e))
        return
    put(results, "audit", raw)
    put(results, "audit_own", own)
