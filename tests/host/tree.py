# SPDX-License-Identifier: Apache-2.0
"""Trees of whole Debian systems, made by debootstrap once and kept. Tests work on copies.

As a program: tree.py RELEASE makes a tree and prints its path.
"""

import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

CACHE = "/var/cache/plimsoll-tests"
LAST_RESORT = "http://deb.debian.org/debian"
TRIES = 3
TRY_TIMEOUT = 900
SCRIPTS = "/usr/share/debootstrap/scripts"

# What a container host has, and what our package depends on: installing the package asks no mirror.
PACKAGES = {
    "bookworm": "systemd systemd-sysv dbus docker.io procps passwd libaudit1 libcap2 libcurl4 "
    "libevent-2.1-7 libgcrypt20 libjson-c5 libsqlite3-0 libsystemd0 libyaml-0-2",
    "trixie": "systemd systemd-sysv dbus docker.io docker-cli procps passwd libaudit1 libcap2 libcurl4t64 "
    "libevent-2.1-7t64 libgcrypt20 libjson-c5 libsqlite3-0 libsystemd0 libyaml-0-2",
}

# For its engine alone.
PACKAGES["forky"] = "docker.io docker-cli"

# One with what brings news from many hosts to one place, at both ends.
PACKAGES["bookworm-fleet"] = PACKAGES["bookworm"] + (
    " systemd-journal-remote stunnel4 rsyslog rsyslog-gnutls prometheus prometheus-node-exporter curl"
)


class TreeFailed(Exception):
    pass


def mirrors():
    """Where this machine gets its own packages, if it is Debian's; then Debian's own."""
    found = []
    for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*"))]:
        try:
            with open(path, errors="replace") as f:
                text = re.sub(r"^\s*#.*$", "", f.read(), flags=re.MULTILINE)
        except OSError:
            continue
        found += re.findall(r"\bhttps?://\S+/debian/?(?=\s|$)", text)
    return list(dict.fromkeys([url.rstrip("/") for url in found] + [LAST_RESORT]))


def debootstrap(release, path, mirror):
    include = ",".join(PACKAGES[release].split())
    suite = release.partition("-")[0]
    command = ["debootstrap", "--variant=minbase", f"--include={include}", suite, path, mirror]
    if not os.path.exists(os.path.join(SCRIPTS, suite)):
        command.append(os.path.join(SCRIPTS, "sid"))  # a release that is younger than this debootstrap
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TRY_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return f"{mirror}: no end after {TRY_TIMEOUT} s"
    return f"{mirror}:\n{done.stdout[-2000:]}" if done.returncode else ""


def make(release, path):
    complaints = []
    for attempt in range(TRIES):
        for mirror in mirrors():
            half = f"{path}.half"
            shutil.rmtree(half, ignore_errors=True)
            complaint = debootstrap(release, half, mirror)
            if not complaint:
                shutil.rmtree(os.path.join(half, "var", "cache", "apt", "archives"), ignore_errors=True)
                os.rename(half, path)
                return
            complaints.append(complaint)
        time.sleep(5 * (attempt + 1))
    raise TreeFailed(f"no tree of {release}:\n" + "\n".join(complaints))


def tree(release):
    """The path of the tree, which nobody may change. Made where it is missing; one at a time."""
    key = hashlib.sha256(PACKAGES[release].encode()).hexdigest()[:8]
    path = os.path.join(CACHE, f"{release}-{key}")
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(path):
            make(release, path)
    return path


if __name__ == "__main__":
    print(tree(sys.argv[1] if len(sys.argv) > 1 else "bookworm"))
