# SPDX-License-Identifier: Apache-2.0
"""Faults of the system, made to order: libraries that are loaded into the daemon, and a daemon that meets them."""

import atexit
import functools
import mmap
import os
import shutil
import struct
import subprocess

import daemon
import test_consistency
import world

HERE = os.path.dirname(os.path.abspath(__file__))

# struct faults of faults-preload.c
FAULTS = struct.Struct("=qQIiII")
NAMES = ("clock_s", "chance", "cut", "vanishing", "vanish_after", "looks")


@functools.lru_cache(maxsize=None)
def library(source, name):
    """Builds a library of that name, which stays until the tests end: its path."""
    folder = world.scratch("f-")
    path = os.path.join(folder, name)
    command = [os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1"]
    subprocess.run([*command, "-shared", "-fPIC", "-o", path, os.path.join(HERE, source)], check=True)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return path


class Preload:
    """What a program meets whose command begins with `prefix`. Each fault is an attribute, and may be set at any time."""

    def __init__(self):
        self.path = world.scratch("f-")
        self.file = os.path.join(self.path, "faults")
        with open(self.file, "wb") as f:
            f.write(bytes(FAULTS.size))
        with open(self.file, "r+b") as f:
            self.shared = mmap.mmap(f.fileno(), FAULTS.size)
        options = world.sanitizer_environment()["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
        self.prefix = ["env", f"LD_PRELOAD={library('faults-preload.c', 'preload.so')}", f"FAULTS={self.file}",
                       f"ASAN_OPTIONS={options}"]

    def close(self):
        self.shared.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def get(self, name):
        return FAULTS.unpack(self.shared[:])[NAMES.index(name)]

    def set(self, **faults):
        values = dict(zip(NAMES, FAULTS.unpack(self.shared[:])), **faults)
        self.shared[:] = FAULTS.pack(*(values[name] for name in NAMES))


NAME_SERVICE = """
set -e
mount --bind "$0" /etc/nsswitch.conf
exec "$@"
"""


class NameService:
    """A name service that knows nobody beside /etc/passwd and /etc/group, and can be made to hang."""

    def __init__(self):
        self.path = world.scratch("n-")
        self.hang_file = os.path.join(self.path, "hang")
        switch = world.write_file(os.path.join(self.path, "nsswitch.conf"), "passwd: files hang\ngroup: files hang\n")
        folder = os.path.dirname(library("faults-nss.c", "libnss_hang.so.2"))
        self.prefix = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", NAME_SERVICE, switch,
                       "env", f"LD_LIBRARY_PATH={folder}", f"HANG={self.hang_file}"]

    def hang(self, hangs):
        if hangs:
            world.write_file(self.hang_file, "")
        else:
            os.unlink(self.hang_file)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


def descriptors(pid):
    """The numbers of the open ones."""
    return {int(name) for name in os.listdir(f"/proc/{pid}/fd")}


def verdicts(document):
    """By rule and subject, but for the kernel's audit rules, which are the whole machine's and may change at any time."""
    return {(f["rule"], f["subject"]["kind"], f["subject"]["id"]): f["verdict"] for f in document["findings"]
            if not f["rule"].startswith("audit-")}


class Daemon(daemon.Daemon):
    """A daemon whose findings can be held against a fresh check by a command that meets no fault.

    through: what the command is run through; behind: the engine that the command asks.
    """

    # A check knows nothing of what was in use a while ago.
    CONFIG = daemon.QUIET + "  carried_within: off\n"

    UNCHECKED = test_consistency.OF_RECORDS + test_consistency.SLOW

    def __init__(self, engine, host_root, config=CONFIG, behind=None, through=(), **more):
        super().__init__(engine, host_root, config, **more)
        self.behind = getattr(behind or engine, "socket", behind or engine)
        self.through = list(through)

    def right(self):
        """Verdicts of a fresh check."""
        arguments = ["check", "--engine", self.behind, "--config", self.config]
        if self.host_root:
            arguments += ["--host-root", self.host_root]
        return self.checked(daemon.plimsoll_json(*arguments, through=self.through))

    def held(self):
        return self.checked(self.get("/v1/findings"))

    def checked(self, document):
        return {place: verdict for place, verdict in verdicts(document).items() if place[0] not in self.UNCHECKED}

    def _wait(self, what, wrong, timeout):
        left = []

        def none():
            left[:] = wrong()
            return not left

        try:
            world.wait_for(what, none, timeout, interval=0.2)
        except AssertionError as e:
            raise AssertionError(f"{e}: " + "; ".join(left[:10])) from None

    def wait_right(self, timeout=60):
        """Until the findings are those of a fresh check."""
        def wrong():
            held, right = self.held(), self.right()
            return [f"{place}: {held.get(place)}, not {right.get(place)}" for place in sorted(set(held) | set(right))
                    if held.get(place) != right.get(place)]

        self._wait("the findings to be right", wrong, timeout)

    def wait_right_or_unknown(self, timeout=60):
        """Until no finding says what isn't so."""
        right = self.right()

        def wrong():
            return [f"{place}: {verdict}, not {right.get(place)}" for place, verdict in self.held().items()
                    if verdict not in (right.get(place), "unknown")]

        self._wait("the findings to be right or unknown", wrong, timeout)

    def events_state(self):
        return self.get("/v1/status")["sources"]["docker-events"]["state"]

    def wait_events(self, state, timeout=60):
        world.wait_for(f"the events to be {state}", lambda: self.events_state() == state, timeout)

    def wait_settled(self, timeout=60):
        world.wait_for("the look to end", lambda: self.get("/v1/status")["settled"], timeout)
