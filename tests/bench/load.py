# SPDX-License-Identifier: Apache-2.0
"""Containers by the hundred: the engine's API over a few connections that stay open.

The docker command takes longer to start than the engine takes to create a container, so it would be
the command that is measured.
"""

import json
import queue
import threading

import engine
import world

AT_ONCE = 4


class Caller:
    """One connection that stays open."""

    def __init__(self, socket):
        self.connection = world.UnixConnection(socket)

    def call(self, method, path, body=None, expect=(200, 201, 204)):
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.connection.request(method, path, body=None if body is None else json.dumps(body).encode(), headers=headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status not in expect:
            raise AssertionError(f"{method} {path}: {response.status} {text.decode(errors='replace')}")
        return json.loads(text) if text and response.headers.get_content_type() == "application/json" else None

    def create(self, **host):
        body = {"Image": engine.IMAGE, "Cmd": ["sleep", "86400"], "StopSignal": "SIGKILL", "HostConfig": host}
        return self.call("POST", "/containers/create", body)["Id"]

    def start(self, container):
        self.call("POST", f"/containers/{container}/start")

    def kill(self, container):
        self.call("POST", f"/containers/{container}/kill")

    def remove(self, container):
        self.call("DELETE", f"/containers/{container}?force=1")

    def churn(self, _):
        self.remove(self.create())

    def close(self):
        self.connection.close()


def each(docker, act, items, at_once=AT_ONCE):
    """act(caller, item) for all items, some at a time: what it returned, in the order of the items."""
    items = list(items)
    results = [None] * len(items)
    waiting = queue.SimpleQueue()
    failures = []
    for at in range(len(items)):
        waiting.put(at)

    def run():
        caller = Caller(docker.socket)
        try:
            while not failures:
                at = waiting.get_nowait()
                results[at] = act(caller, items[at])
        except queue.Empty:
            pass
        except Exception as e:
            failures.append(e)
        finally:
            caller.close()

    threads = [threading.Thread(target=run) for _ in range(min(at_once, len(items)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def create(docker, n, **host):
    return each(docker, lambda caller, _: caller.create(**host), range(n))


def start(docker, containers):
    each(docker, Caller.start, containers)
    return containers


def remove(docker, containers):
    each(docker, Caller.remove, containers)


def churn(docker, n):
    """Creates and removes n containers as fast as the engine can."""
    each(docker, Caller.churn, range(n))
