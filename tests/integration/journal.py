# SPDX-License-Identifier: Apache-2.0
"""Sockets that stand for the journal's and syslog's, and a plimsolld that finds them where it looks for them.

The daemon is started in a mount namespace of its own, in which the sockets lie at their usual places.
"""

import json
import os
import socket
import struct
import threading

import daemon
import world

# The folder may not be there: something is mounted over what is there of its way.
MOUNT = """
set -e
if [ -d /run/systemd/journal ]; then over=/run/systemd/journal
elif [ -d /run/systemd ]; then over=/run/systemd
else mkdir -p /run/systemd; over=/run/systemd
fi
mount -t tmpfs -o mode=0755 tmpfs "$over"
mkdir -p /run/systemd/journal
touch /run/systemd/journal/socket
mount --bind "$0" /run/systemd/journal/socket
if [ -n "$SYSLOG" ]; then
    mount -t tmpfs -o mode=0755 tmpfs "$SYSLOG.dev"
    for name in null zero urandom; do
        touch "$SYSLOG.dev/$name"
        mount --bind "/dev/$name" "$SYSLOG.dev/$name"
    done
    touch "$SYSLOG.dev/log"
    mount --bind "$SYSLOG" "$SYSLOG.dev/log"
    mount --rbind "$SYSLOG.dev" /dev
fi
exec "$@"
"""

CONFIG = "report:\n  journal: on\n  syslog: off\n"


def parse(data):
    """An entry of the journal's protocol: lists of texts by name. A name may stand more than once."""
    entry = {}
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, equals, text = data[at:end].partition(b"=")
        at = end + 1
        if not equals:
            (size,) = struct.unpack_from("<Q", data, at)
            text = data[at + 8:at + 8 + size]
            at += 8 + size + 1
        entry.setdefault(name.decode(), []).append(text.decode(errors="replace"))
    return entry


class Journal:
    """What was sent to it: entries, in order. reads: at once, or when it is told to begin."""

    def __init__(self, reads=True):
        self.path = world.scratch("j-")
        self.socket_path = os.path.join(self.path, "socket")
        self.entries = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(self.socket_path)
        self.thread = threading.Thread(target=self._run, daemon=True)
        if reads:
            self.begin()

    def begin(self):
        self.thread.start()

    def _run(self):
        while True:
            data, beside, _, _ = self.socket.recvmsg(1 << 20, socket.CMSG_SPACE(12) + socket.CMSG_SPACE(4))
            sender = 0
            for _, kind, more in beside:
                if kind == socket.SCM_CREDENTIALS:
                    sender = struct.unpack("iii", more)[0]
                elif kind == socket.SCM_RIGHTS:  # an entry that is too big for a datagram
                    with open(struct.unpack("i", more)[0], "rb") as f:
                        f.seek(0)
                        data = f.read()
            if data == b"end":
                return
            self.entries.append(dict(parse(data), _PID=[str(sender)]))

    def close(self):
        if self.thread.ident is None:
            self.begin()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.sendto(b"end", self.socket_path)
        self.thread.join()
        self.socket.close()
        world.shutil.rmtree(self.path, ignore_errors=True)

    def of(self, **fields):
        """Entries in which each of the fields has that text."""
        return [entry for entry in list(self.entries)
                if all(text in entry.get(name, []) for name, text in fields.items())]

    def numbers(self):
        """The numbers of the rows that were told, in order. Summaries have none."""
        return [int(entry["PLIMSOLL_SEQ"][0]) for entry in list(self.entries) if "PLIMSOLL_SEQ" in entry]


class Syslog:
    """What was sent to it: (facility, severity, fields), in order."""

    def __init__(self):
        self.path = world.scratch("s-")
        self.socket_path = os.path.join(self.path, "log")
        os.mkdir(self.socket_path + ".dev")
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.socket_path)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            data = self.socket.recv(1 << 20).decode()
            if data == "end":
                return
            head, _, cee = data.partition("@cee: ")
            priority = int(head[1:head.index(">")])
            self.lines.append((priority >> 3, priority & 7, json.loads(cee)))

    close = Journal.close

    def numbers(self):
        return [int(fields["PLIMSOLL_SEQ"]) for _, _, fields in list(self.lines) if "PLIMSOLL_SEQ" in fields]


class Daemon(daemon.Daemon):
    """A daemon that tells everything to a Journal, and whose syslog is a Syslog, if there is one."""

    def __init__(self, journal, engine=None, host_root=None, config="", flags=(), syslog=None):
        self.journal = journal
        self.syslog = syslog
        super().__init__(engine, host_root, CONFIG + config, flags)

    def command(self):
        unshare = ["unshare", "--mount", "--propagation", "private", "env"]
        unshare.append(f"SYSLOG={self.syslog.socket_path if self.syslog else ''}")
        return unshare + ["/bin/sh", "-c", MOUNT, self.journal.socket_path, *super().command()]
