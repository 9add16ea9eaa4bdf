# SPDX-License-Identifier: Apache-2.0
"""Verdicts about the host where other auditors are known to be wrong (tests/known-wrong.md).

Mounts and audit rules are real ones, on this machine, and gone after each test. Accounts lie in folders that
stand for a host.
"""

import contextlib
import os
import shutil
import stat
import subprocess
import unittest

import daemon
import engine
import kernel_audit
import world
from kernel_audit import rule
from verdicts import Verdicts, VerdictsTest

GROUP = 4242

docker = None


def setUpModule():
    global docker
    docker = engine.shared()


@contextlib.contextmanager
def mounted(point, *arguments):
    os.makedirs(point, exist_ok=True)
    subprocess.run(["mount", *arguments, point], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", point], check=True)


class DataRoot(VerdictsTest):
    """Where the engine's data lies. What is mounted over it lies there for the time of one look."""

    def test_1_1_shares_a_file_system(self):
        self.assert_verdict("fail", "1.1", seen=Verdicts.of(docker))

    def test_1_1_file_system_of_its_own(self):
        with mounted(docker.data_root, "-t", "tmpfs", "data"):
            self.assert_verdict("pass", "1.1", seen=Verdicts.of(docker))

    def test_1_1_bound_to_itself(self):
        with mounted(docker.data_root, "--bind", docker.data_root):
            self.assert_verdict("fail", "1.1", seen=Verdicts.of(docker))

    def test_1_1_name_that_begins_alike(self):
        with mounted(docker.data_root + "2", "-t", "tmpfs", "data"):
            self.assert_verdict("fail", "1.1", seen=Verdicts.of(docker))

    def test_1_1_level_of_remapped_users(self):
        """The engine puts <uid>.<gid> below the folder that is mounted."""
        remapped = engine.Remapped()
        self.addCleanup(remapped.close)
        remapped.start()
        self.assert_verdict("fail", "1.1", seen=Verdicts.of(remapped))
        with mounted(remapped.data_root, "-t", "tmpfs", "data"):
            self.assert_verdict("pass", "1.1", seen=Verdicts.of(remapped))


class Accounts(VerdictsTest):
    """Who can open the socket."""

    PASSWD = (
        "root:x:0:0::/root:/bin/sh\n"
        "bob:x:1001:1001::/:/bin/sh\n"
        "bobby:x:1002:1002::/:/bin/sh\n"
        f"carol:x:1003:{GROUP}::/:/bin/sh\n"
    )

    def setUp(self):
        before = os.stat(docker.socket)
        os.chown(docker.socket, 0, GROUP)
        os.chmod(docker.socket, 0o660)
        self.addCleanup(os.chmod, docker.socket, stat.S_IMODE(before.st_mode))
        self.addCleanup(os.chown, docker.socket, before.st_uid, before.st_gid)

    def check(self, members, trusted, passwd=PASSWD, nsswitch=None):
        with world.HostRoot() as host:
            host.write("/etc/passwd", passwd)
            host.write("/etc/group", f"root:x:0:\ndockers:x:{GROUP}:{members}\n")
            if nsswitch is not None:
                host.write("/etc/nsswitch.conf", nsswitch)
            names = ", ".join(trusted)
            return Verdicts.of(docker, host, daemon.QUIET + f"params:\n  trusted_users: [{names}]\n")

    def test_1_6_part_of_a_name(self):
        seen = self.check("bob", ["bobby", "carol"])
        self.assert_verdict("fail", "1.6", seen=seen)
        self.assertIn("bob", seen.finding("1.6")["because"])

    def test_1_6_each_of_several(self):
        self.assert_verdict("fail", "1.6", seen=self.check("bobby,bob", ["bobby", "carol"]))
        self.assert_verdict("fail", "1.6", seen=self.check("bob,bobby", ["bobby", "carol"]))
        self.assert_verdict("pass", "1.6", seen=self.check("bob,bobby", ["bobby", "bob", "carol"]))

    def test_1_6_primary_group(self):
        seen = self.check("", [])
        self.assert_verdict("fail", "1.6", seen=seen)
        self.assertEqual(seen.finding("1.6")["evidence"][0]["value"], ["carol"])

    def test_1_6_nobody(self):
        self.assert_verdict("pass", "1.6", seen=self.check("", [], passwd="root:x:0:0::/root:/bin/sh\n"))

    def test_1_6_accounts_from_elsewhere(self):
        """Accounts that a directory service has can't be told for another root than our own."""
        seen = self.check("", ["carol"], nsswitch="passwd: files sss\ngroup: files sss\n")
        self.assert_verdict("unknown", "1.6", seen=seen)


class AuditRules(VerdictsTest):
    """Rules in the kernel. Several rules of the benchmark ask for them; daemon.json stands for all files."""

    @classmethod
    def setUpClass(cls):
        cls.audit = kernel_audit.KernelAudit()
        try:
            cls.audit.__enter__()
        except kernel_audit.Unavailable as e:
            raise unittest.SkipTest(str(e)) from e
        cls.addClassCleanup(cls.audit.__exit__)

    def setUp(self):
        self.audit.enable(1)

    def assert_with(self, verdict, *rules, number="1.13", subject=None):
        self.audit.load(*rules)
        self.assert_verdict(verdict, number, *([subject] if subject else []), seen=Verdicts.of(docker))

    def test_1_13_no_rule(self):
        self.assert_with("fail")

    def test_1_13_watch_or_path(self):
        """-w FILE and -F path=FILE are one rule in the kernel. More accesses than are wanted do no harm."""
        self.assert_with("pass", rule(path=docker.config, perm="wa"))
        self.assert_with("pass", rule(path=docker.config, perm="rwxa"))
        self.assert_with("pass", rule(path=docker.config))

    def test_1_13_folder_above(self):
        self.assert_with("pass", rule(dir=docker.path, perm="wa"))

    def test_1_13_folder_itself(self):
        self.assert_with("fail", rule(path=docker.path, perm="wa"))

    def test_1_13_link_in_its_place(self):
        """The kernel watches the link, not the file that it leads to; links on the way it follows."""
        link, way = docker.config + ".link", docker.path + "/way"
        os.symlink(docker.config, link)
        self.addCleanup(os.unlink, link)
        os.symlink(docker.path, way)
        self.addCleanup(os.unlink, way)
        self.assert_with("fail", rule(path=link, perm="wa"))
        self.assert_with("fail", rule(dir=way, perm="wa"))
        self.assert_with("pass", rule(dir=way + "/", perm="wa"))
        self.assert_with("pass", rule(path=os.path.join(way, os.path.basename(docker.config)), perm="wa"))
        # A rule that hides the link hides nothing else.
        self.assert_with("pass", rule(path=link, never=True), rule(path=docker.config, perm="wa"))

    def test_1_13_accesses(self):
        self.assert_with("fail", rule(path=docker.config, perm="w"))
        self.assert_with("fail", rule(path=docker.config, perm="rx"))

    def test_1_13_never_before_it(self):
        watch = rule(path=docker.config, perm="wa")
        self.assert_with("fail", rule(path=docker.config, never=True), watch)
        self.assert_with("fail", rule(dir=docker.path, never=True), watch)
        self.assert_with("fail", watch, rule(task=True, never=True))

    def test_1_13_never_behind_it(self):
        self.assert_with("pass", rule(path=docker.config, perm="wa"), rule(dir=docker.path, never=True))

    def test_1_13_never_put_first(self):
        self.audit.load(rule(path=docker.config, perm="wa"))
        self.audit.add(rule(path=docker.config, never=True, first=True))
        self.assert_verdict("fail", "1.13", seen=Verdicts.of(docker))

    def test_1_13_never_about_clocks(self):
        """Many hosts have such a rule before all others. It hides no file."""
        clock = rule(arch=kernel_audit.NATIVE, call=kernel_audit.ADJTIMEX, never=True)
        self.assert_with("pass", clock, rule(path=docker.config, perm="wa"))

    def test_1_13_for_some_users(self):
        self.assert_with("fail", rule(path=docker.config, perm="wa", auid_at_least=1000))

    def test_1_13_for_some_calls(self):
        self.assert_with("fail", rule(path=docker.config, perm="wa", call=2))

    def test_1_13_auditing_is_off(self):
        self.audit.enable(0)
        self.assert_with("fail", rule(path=docker.config, perm="wa"))

    def test_1_13_without_privilege(self):
        """Who can't ask doesn't know."""
        self.audit.load(rule(path=docker.config, perm="wa"))
        through = ["setpriv", "--bounding-set", "-audit_control", "--"]
        seen = Verdicts.of(docker, through=through)
        for number in ("1.7", "1.8", "1.13"):
            self.assert_verdict("unknown", number, seen=seen)

    def test_1_13_told_while_it_watches(self):
        self.audit.load()
        with daemon.Daemon(docker) as watcher:
            self.assertEqual(watcher.verdict("audit-daemon-json"), "fail")
            self.audit.add(rule(path=docker.config, perm="wa"))
            watcher.wait_verdict("audit-daemon-json", "pass")
            self.audit.add(rule(path=docker.config, never=True, first=True))
            watcher.wait_verdict("audit-daemon-json", "fail")

    def test_drift_names_who_did_it(self):
        """What the rule is for: the drift of a watched file says by whom, in the row and in the line."""
        self.audit.load(rule(path=docker.config, perm="wa"))
        mode = os.stat(docker.config).st_mode & 0o777
        self.addCleanup(os.chmod, docker.config, mode)
        with daemon.Daemon(docker) as d:
            after = d.last_seq()
            did = subprocess.Popen(["chmod", "0666", docker.config])
            self.assertEqual(did.wait(), 0)
            row = d.wait_drift(lambda row: row.get("rule") == "file-daemon-json-mode" and row["verdict"] == "fail", after)
            actor = row["cause"]["actor"]
            self.assertEqual(set(actor), {"auid", "uid", "pid", "exe"})
            self.assertEqual((actor["uid"], actor["pid"], os.path.basename(actor["exe"])), (os.getuid(), did.pid, "chmod"))
            out = daemon.plimsoll("drift", "--rule", "3.18", "--socket", d.socket)[1]
            self.assertRegex(out, r"FAIL 3\.18 .* changed, by uid \d+.* with \S*/chmod\)")

    def test_1_7_names_that_begin_alike(self):
        dockerd = os.path.realpath(shutil.which("dockerd"))
        self.assert_with("fail", rule(path=dockerd[:-1], perm="wa"), number="1.7")
        self.assert_with("fail", rule(path=dockerd + "x", perm="wa"), number="1.7")
        self.assert_with("pass", rule(path=dockerd, perm="wa"), number="1.7")

    def test_1_8_folder_above(self):
        self.assert_with("pass", rule(dir=docker.path, perm="wa"), number="1.8")
        self.assert_with("fail", rule(dir=docker.path + "/x", perm="wa"), number="1.8")

    def test_1_8_mount_point_below(self):
        """A watch of a folder ends at what is mounted below it."""
        with mounted(docker.data_root, "-t", "tmpfs", "data"):
            self.assert_with("fail", rule(dir=docker.path, perm="wa"), number="1.8")
            self.assert_with("pass", rule(dir=docker.data_root, perm="wa"), number="1.8")
            self.assert_with("fail", rule(path=docker.data_root, perm="wa"), number="1.8")

    def test_1_9_rule_for_a_file_in_it(self):
        os.makedirs("/etc/docker", exist_ok=True)
        self.assert_with("fail", rule(path="/etc/docker/daemon.json", perm="wa"), number="1.9")
        self.assert_with("pass", rule(dir="/etc/docker", perm="wa"), number="1.9")

    def test_1_10_and_1_11_by_either_path(self):
        """/lib leads to /usr/lib on most hosts, and a rule may name a unit by either."""
        for number, name in (("1.10", "docker.service"), ("1.11", "docker.socket")):
            unit = f"/lib/systemd/system/{name}"
            if not os.path.exists(unit):
                self.skipTest("this machine has no units of docker")
            self.assert_with("pass", rule(path=unit, perm="wa"), number=number)
            self.assert_with("pass", rule(path=os.path.realpath(unit), perm="wa"), number=number)

    def test_1_14_and_1_15_names_that_begin_alike(self):
        for number, name in (("1.14", "containerd"), ("1.15", "runc")):
            path = os.path.realpath(shutil.which(name))
            self.assert_with("fail", rule(path=path + "-shim", perm="wa"), number=number)
            self.assert_with("pass", rule(path=path, perm="wa"), number=number)
