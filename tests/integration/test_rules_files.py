# SPDX-License-Identifier: Apache-2.0
"""Verdicts about files where other auditors are known to be wrong (tests/known-wrong.md).

Files of the host lie in folders that stand for a host; those that the engine itself names are real ones.
"""

import contextlib
import errno
import os
import shutil
import stat
import struct
import unittest

import certificates
import engine
import world
from verdicts import Verdicts, VerdictsTest

SERVICE = "/usr/lib/systemd/system/docker.service"
SOCKET = "/usr/lib/systemd/system/docker.socket"
DROP_INS = "/etc/systemd/system/docker.service.d"
REGISTRY = "/etc/docker/certs.d/registry.example.org:5000"
SOMEBODY = 4242

# Octal text compared as if it were decimal lets some of these pass, and fails some of those.
BEYOND_644 = (0o622, 0o577, 0o606, 0o646, 0o664, 0o755, 0o4644, 0o2644, 0o1644)
WITHIN_644 = (0o644, 0o640, 0o600, 0o444, 0o404, 0o400, 0o000)
BEYOND_444 = (0o433, 0o442, 0o644, 0o555, 0o4444)
WITHIN_444 = (0o444, 0o440, 0o404, 0o400)

docker = None  # an engine that has TLS and a group of its own
host = None  # the folder that stands for a host


def setUpModule():
    global docker, host, seen
    folder = world.scratch("s-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    flags = certificates.make(folder)
    docker = engine.Engine(
        own_network=True, flags={**flags, "tlsverify": "true", "group": "daemon"}, words=["-H", "tcp://127.0.0.1:2376"]
    )
    unittest.addModuleCleanup(docker.close)
    docker.start()
    host = set_up_host()
    unittest.addModuleCleanup(host.close)
    seen = Verdicts.of(docker, host)


def set_up_host():
    made = world.HostRoot()
    made.write(SERVICE)
    made.write(SOCKET, mode=0o622)
    made.write("/etc/default/docker", mode=0o606, owner=(0, SOMEBODY))
    for mode in BEYOND_644 + WITHIN_644:
        made.write(f"{DROP_INS}/{mode:04o}.conf", mode=mode)
    made.write(f"{DROP_INS}/owner.conf", owner=(SOMEBODY, 0))
    made.write(f"{DROP_INS}/group.conf", owner=(0, SOMEBODY))
    made.write("/opt/site.conf", owner=(SOMEBODY, 0), mode=0o666)
    os.symlink("/opt/site.conf", made.at(f"{DROP_INS}/leads-out.conf"))
    os.symlink(SERVICE, made.at(f"{DROP_INS}/link-of-somebody.conf"))
    os.lchown(made.at(f"{DROP_INS}/link-of-somebody.conf"), SOMEBODY, 0)
    for mode in BEYOND_444 + WITHIN_444:
        made.write(f"{REGISTRY}/{mode:04o}.crt", mode=mode)
    made.write(f"{REGISTRY}/client.key", mode=0o600, owner=(SOMEBODY, 0))
    made.write(f"{REGISTRY}/group.cert", mode=0o444, owner=(0, SOMEBODY))
    made.write(f"{REGISTRY}/folder.crt/file", mode=0o666)
    os.mkfifo(made.at(f"{REGISTRY}/fifo.crt"), 0o666)
    os.symlink("/nowhere", made.at(f"{REGISTRY}/dangling.crt"))
    made.write("/opt/ca.crt", mode=0o666)
    os.symlink("../../../../opt/ca.crt", made.at(f"{REGISTRY}/leads-out.crt"))
    os.chmod(made.at("/etc/docker"), 0o757)
    return made


def names(modes, folder, suffix):
    return [f"{folder}/{mode:04o}.{suffix}" for mode in modes]


class OfTheHost(VerdictsTest):
    @property
    def seen(self):
        return seen

    def test_3_1_drop_ins(self):
        self.assert_verdict("pass", "3.1", SERVICE)
        self.assert_verdict("fail", "3.1", f"{DROP_INS}/owner.conf", f"{DROP_INS}/group.conf")

    def test_3_1_links(self):
        """What the link leads to is judged, and who owns the link itself."""
        self.assert_verdict("fail", "3.1", f"{DROP_INS}/leads-out.conf", f"{DROP_INS}/link-of-somebody.conf")
        self.assert_verdict("fail", "3.2", f"{DROP_INS}/leads-out.conf")

    def test_3_2_bits_are_no_numbers(self):
        self.assert_verdict("fail", "3.2", *names(BEYOND_644, DROP_INS, "conf"))

    def test_3_2_stricter(self):
        self.assert_verdict("pass", "3.2", SERVICE, *names(WITHIN_644, DROP_INS, "conf"))

    def test_3_4_bits_are_no_numbers(self):
        self.assert_verdict("pass", "3.3", SOCKET)
        self.assert_verdict("fail", "3.4", SOCKET)

    def test_3_6_folder_that_others_write_to(self):
        """Who may write to the folder is this rule's matter, and none of the files' in it."""
        self.assert_verdict("fail", "3.6", "/etc/docker")
        self.assert_verdict("pass", "3.8", f"{REGISTRY}/0444.crt")

    def test_3_7_keys_and_groups(self):
        self.assert_verdict("fail", "3.7", f"{REGISTRY}/client.key", f"{REGISTRY}/group.cert")
        self.assert_verdict("pass", "3.7", f"{REGISTRY}/0444.crt")

    def test_3_8_bits_are_no_numbers(self):
        self.assert_verdict("fail", "3.8", *names(BEYOND_444, REGISTRY, "crt"))

    def test_3_8_stricter(self):
        self.assert_verdict("pass", "3.8", *names(WITHIN_444, REGISTRY, "crt"))

    def test_3_8_links(self):
        self.assert_verdict("fail", "3.8", f"{REGISTRY}/leads-out.crt")

    def test_3_8_what_is_no_file(self):
        names = [f"{REGISTRY}/{name}.crt" for name in ("folder", "fifo", "dangling")]
        self.assert_verdict("not-applicable", "3.8", *names)
        self.assert_verdict("not-applicable", "3.7", *names)

    def test_3_19_owner(self):
        self.assert_verdict("fail", "3.19", "/etc/default/docker")

    def test_3_20_bits_are_no_numbers(self):
        self.assert_verdict("fail", "3.20", "/etc/default/docker")


class OtherHosts(VerdictsTest):
    """Where unit files lie."""

    def check(self, made):
        self.addCleanup(made.close)
        return Verdicts.of(docker, made)

    def test_3_1_no_unit(self):
        seen = self.check(world.HostRoot())
        for number in ("3.1", "3.2", "3.3", "3.4", "3.7", "3.8", "3.19", "3.20"):
            self.assert_verdict("not-applicable", number, seen=seen)

    def test_3_1_wherever_the_unit_lies(self):
        for folder in ("/lib", "/usr/lib", "/usr/local/lib", "/etc", "/run"):
            made = world.HostRoot()
            path = f"{folder}/systemd/system/docker.service"
            made.write(path, owner=(SOMEBODY, 0), mode=0o646)
            seen = self.check(made)
            self.assert_verdict("fail", "3.1", path, seen=seen)
            self.assert_verdict("fail", "3.2", path, seen=seen)

    def test_3_2_one_file_by_two_paths(self):
        """/lib leads to /usr/lib on most hosts."""
        made = world.HostRoot()
        shutil.rmtree(made.at("/lib"))
        os.makedirs(made.at("/usr/lib"))
        os.symlink("usr/lib", made.at("/lib"))
        made.write(SERVICE)
        self.assert_verdict("pass", "3.2", seen=self.check(made))

    def test_3_2_masked(self):
        made = world.HostRoot()
        os.mkdir(made.at("/dev"))
        os.mknod(made.at("/dev/null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.symlink("/dev/null", made.at("/etc/systemd/system/docker.service"))
        self.assert_verdict("not-applicable", "3.2", seen=self.check(made))


def access_list(*entries):
    """system.posix_acl_access of a file that is rw-r--r-- otherwise: (tag, permissions, id)."""
    anybody = 0xFFFFFFFF
    whole = [(0x01, 6, anybody), *entries, (0x04, 4, anybody), (0x10, 7, anybody), (0x20, 4, anybody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in whole)


@contextlib.contextmanager
def changed(path, mode=None, owner=None, acl=None):
    """A file as it is for a while. An access list changes the mode as well."""
    before = os.stat(path)
    if owner is not None:
        os.chown(path, *owner)
    if mode is not None:
        os.chmod(path, mode)
    try:
        if acl is not None:
            os.setxattr(path, "system.posix_acl_access", acl)
        yield Verdicts.of(docker)
    finally:
        if acl is not None:
            os.removexattr(path, "system.posix_acl_access")
        os.chown(path, before.st_uid, before.st_gid)
        os.chmod(path, stat.S_IMODE(before.st_mode))


class OfTheEngine(VerdictsTest):
    """Files that the engine was told of, and its socket."""

    def assert_mode(self, verdict, number, path, *modes):
        for mode in modes:
            with changed(path, mode=mode) as seen:
                self.assert_verdict(verdict, number, path, seen=seen)

    def test_3_9_to_3_13_owners(self):
        for number, flag in (("3.9", "tlscacert"), ("3.11", "tlscert"), ("3.13", "tlskey")):
            path = docker.flags[flag]
            with changed(path, owner=(0, SOMEBODY)) as seen:
                self.assert_verdict("fail", number, path, seen=seen)

    def test_3_10_bits_are_no_numbers(self):
        self.assert_mode("fail", "3.10", docker.flags["tlscacert"], 0o433, 0o644)
        self.assert_mode("pass", "3.10", docker.flags["tlscacert"], 0o400)

    def test_3_12_bits_are_no_numbers(self):
        self.assert_mode("fail", "3.12", docker.flags["tlscert"], 0o433)
        self.assert_mode("pass", "3.12", docker.flags["tlscert"], 0o444)

    def test_3_14_exact_or_stricter(self):
        self.assert_mode("pass", "3.14", docker.flags["tlskey"], 0o400, 0o000)

    def test_3_14_beyond(self):
        self.assert_mode("fail", "3.14", docker.flags["tlskey"], 0o444, 0o600, 0o440, 0o377)

    def test_3_15_group_of_the_engine(self):
        """The one that it was told to use."""
        self.assert_verdict("pass", "3.15", docker.socket, seen=Verdicts.of(docker))
        for owner in ((0, SOMEBODY), (SOMEBODY, os.stat(docker.socket).st_gid)):
            with changed(docker.socket, owner=owner) as seen:
                self.assert_verdict("fail", "3.15", docker.socket, seen=seen)

    def test_3_16_bits_are_no_numbers(self):
        self.assert_mode("fail", "3.16", docker.socket, 0o606, 0o662, 0o577)

    def test_3_16_stricter(self):
        self.assert_mode("pass", "3.16", docker.socket, 0o660, 0o600)

    def test_3_16_access_list(self):
        self.assert_access_list("3.16", docker.socket)

    def test_3_17_file_that_the_engine_was_told_of(self):
        with changed(docker.config, owner=(SOMEBODY, 0)) as seen:
            self.assert_verdict("fail", "3.17", docker.config, seen=seen)

    def test_3_18_bits_are_no_numbers(self):
        self.assert_mode("fail", "3.18", docker.config, 0o622, 0o606)
        self.assert_mode("pass", "3.18", docker.config, 0o600)

    def test_3_18_access_list(self):
        self.assert_access_list("3.18", docker.config)

    def assert_access_list(self, number, path):
        """One more user behind the back of the mode."""
        try:
            with changed(path, acl=access_list((0x02, 6, SOMEBODY))) as seen:
                self.assert_verdict("fail", number, path, seen=seen)
        except OSError as e:
            if e.errno != errno.EOPNOTSUPP:
                raise
            self.skipTest("this file system has no access lists")
