# SPDX-License-Identifier: Apache-2.0
"""Rules of the kernel's audit, loaded for a test and put back as they were.

They belong to the whole machine, so whoever changes them takes a lock, which other tests take as well.
What is sent to the kernel is what auditctl sends.
"""

import ctypes
import fcntl
import os
import socket
import struct

LOCK = "/run/plimsoll-test-audit.lock"

NETLINK_AUDIT = 9
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST_WITH_ANSWER = 0x5
AUDIT_GET, AUDIT_SET, AUDIT_ADD_RULE, AUDIT_DEL_RULE, AUDIT_LIST_RULES = 1000, 1001, 1011, 1012, 1013

LIST_TASK, LIST_EXIT, PREPEND = 1, 4, 0x10
NEVER, ALWAYS = 0, 2
AUID, ARCH, WATCH, PERM, DIR, KEY = 9, 11, 105, 106, 107, 210
EQUAL, AT_LEAST = 0x40000000, 0x60000000
PERMS = {"x": 1, "w": 2, "r": 4, "a": 8}
ALL_CALLS = [0xFFFFFFFF] * 63 + [0]
FIELDS = 64

_libaudit = ctypes.CDLL("libaudit.so.1")
_libaudit.audit_machine_to_elf.restype = ctypes.c_uint
NATIVE = _libaudit.audit_machine_to_elf(_libaudit.audit_detect_machine())
ADJTIMEX = _libaudit.audit_name_to_syscall(b"adjtimex", _libaudit.audit_detect_machine())


class Unavailable(Exception):
    """This machine has no audit, or it is not ours to change."""


def rule(path=None, dir=None, perm=None, auid_at_least=None, arch=None, call=None, never=False, first=False,
         task=False):
    """A rule as the kernel takes it: -a always,exit -F path=... -F perm=... -k test, and what differs from it.

    `-w path -p perm` is the same rule. call: the number of the one system call that it holds for.
    """
    fields = []
    if arch is not None:
        fields.append((ARCH, EQUAL, arch))
    if path is not None:
        fields.append((WATCH, EQUAL, os.fsencode(path)))
    if dir is not None:
        fields.append((DIR, EQUAL, os.fsencode(dir)))
    if perm is not None:
        fields.append((PERM, EQUAL, sum(PERMS[letter] for letter in perm)))
    if auid_at_least is not None:
        fields.append((AUID, AT_LEAST, auid_at_least))
    if not never:
        fields.append((KEY, EQUAL, b"test"))
    calls = ALL_CALLS
    if call is not None:
        calls = [0] * 64
        calls[call // 32] = 1 << call % 32
    text = b"".join(value for _, _, value in fields if isinstance(value, bytes))
    values = [len(value) if isinstance(value, bytes) else value for _, _, value in fields]
    padding = [0] * (FIELDS - len(fields))
    return struct.pack(
        f"=3I64I64I64I64II{len(text)}s",
        (LIST_TASK if task else LIST_EXIT) | (PREPEND if first else 0), NEVER if never else ALWAYS, len(fields),
        *calls, *[field for field, _, _ in fields], *padding, *values, *padding,
        *[operator for _, operator, _ in fields], *padding, len(text), text,
    )


class KernelAudit:
    """with KernelAudit() as audit: no rules are loaded, and auditing is on, until the end."""

    def __enter__(self):
        self.lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
            self.socket.settimeout(10)
            self.before = self.enabled()
            self.saved = self.rules()
            if self.before == 2:
                raise Unavailable("the audit rules of this machine are locked until its next start")
        except OSError as e:
            os.close(self.lock)
            raise Unavailable(f"the kernel's audit: {e}") from e
        self.load()
        self.enable(1)
        return self

    def __exit__(self, *_):
        self._replace(self.saved)
        self.enable(self.before)
        self.socket.close()
        os.close(self.lock)

    def load(self, *rules):
        """These rules, in this order, and no others."""
        self._replace(rules)

    def add(self, one):
        self._ask(AUDIT_ADD_RULE, one)

    def remove(self, one):
        self._ask(AUDIT_DEL_RULE, one)

    def enable(self, enabled):
        self._ask(AUDIT_SET, struct.pack("=2I", 1, enabled) + bytes(56))

    def enabled(self):
        return struct.unpack_from("=2I", self._ask(AUDIT_GET, until=AUDIT_GET)[-1])[1]

    def rules(self):
        return self._ask(AUDIT_LIST_RULES, until=NLMSG_DONE)

    def _replace(self, rules):
        for one in self.rules():
            self._ask(AUDIT_DEL_RULE, one)
        for one in rules:
            self._ask(AUDIT_ADD_RULE, one)

    def _ask(self, kind, body=b"", until=NLMSG_ERROR):
        """One request; the bodies of its answers up to one of the kind `until`. OSError: it is refused."""
        self.socket.send(struct.pack("=IHHII", 16 + len(body), kind, REQUEST_WITH_ANSWER, 1, 0) + body)
        bodies = []
        while True:
            packet = self.socket.recv(65536)
            length, answer = struct.unpack_from("=IH", packet)
            if answer == NLMSG_ERROR:
                error = -struct.unpack_from("=i", packet, 16)[0]
                if error:
                    raise OSError(error, os.strerror(error))
            elif answer != NLMSG_DONE:
                bodies.append(packet[16:length])
            if answer == until:
                return bodies
