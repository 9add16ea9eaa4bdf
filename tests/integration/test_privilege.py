# SPDX-License-Identifier: Apache-2.0
"""What the daemon may do, and what it does: capabilities dropped one by one, and every call of a whole run."""

import os
import re
import shutil
import signal
import unittest

import daemon
import engine
import world

SOCK_DIAG = ("SOCK_DIAG_BY_FAMILY", "0x14")  # a list of listening sockets
AUDIT_GET = ("AUDIT_GET", "0x3e8")  # strace has no name for it in all its versions
CAPABILITIES = ("dac_read_search", "sys_ptrace", "audit_control", "audit_read")


class Restricted(daemon.Daemon):
    """The daemon as uid 0 with no capabilities but these."""

    def __init__(self, capabilities, **more):
        super().__init__(**more)
        self.capabilities = capabilities

    def command(self):
        wanted = ",".join(["-all"] + [f"+{name}" for name in self.capabilities])
        return ["setpriv", f"--bounding-set={wanted}", *super().command()]


class Traced(daemon.Daemon):
    """The daemon under strace, which the leak checker of a sanitized build can't stand."""

    CALLS = "sendto,sendmsg,sendmmsg,write,writev,open,openat,creat,truncate,unlink,unlinkat,rename,renameat,renameat2,"
    CALLS += "mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,chmod,fchmodat,chown,lchown,fchownat,mount,umount2,"
    CALLS += "mknod,mknodat,setxattr,lsetxattr,kill,tkill,tgkill,ptrace,execve,reboot,sethostname"

    @property
    def trace(self):
        return os.path.join(self.path, "trace")

    def command(self):
        command = ["strace", "-f", "-yy", "-s", "96", "-o", self.trace, "-e", f"trace={self.CALLS}"]
        return command + ["-E", "ASAN_OPTIONS=detect_leaks=0", *super().command()]

    def end(self):
        """strace itself takes no signal that ends it."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children") as f:
            os.kill(int(f.read().split()[0]), signal.SIGTERM)
        self.process.wait(daemon.STOP_TIMEOUT)

    def lines(self):
        with open(self.trace, errors="replace") as f:
            return f.read().splitlines()


class Capabilities(unittest.TestCase):
    """Each is needed: without it something reads unknown, and never pass."""

    @classmethod
    def setUpClass(cls):
        # The settings of this engine are in a folder that is closed to all but its owner.
        closed = world.scratch("c-")
        cls.addClassCleanup(shutil.rmtree, closed, True)
        os.chown(closed, 1000, 1000)
        os.chmod(closed, 0o700)
        cls.engine = engine.Engine(config={}, config_file=os.path.join(closed, "daemon.json"))
        cls.addClassCleanup(cls.engine.close)
        cls.engine.start()
        cls.engine.run("--name", "plain")

    def verdicts(self, *without):
        """Of three rules, each with other needs."""
        capabilities = [name for name in CAPABILITIES if name not in without]
        with Restricted(capabilities, engine=self.engine) as d:
            return {
                "file": d.verdict("file-daemon-json-mode"),
                "namespace": d.verdict("container-host-network", "plain"),
                "audit": d.verdict("audit-daemon-json"),
            }

    def test_with_all(self):
        found = self.verdicts()
        self.assertEqual("pass", found["file"])
        self.assertEqual("pass", found["namespace"])

    def test_without_dac_read_search(self):
        self.assertEqual("unknown", self.verdicts("dac_read_search")["file"])

    def test_without_sys_ptrace(self):
        self.assertEqual("unknown", self.verdicts("sys_ptrace")["namespace"])

    def test_without_audit_control(self):
        self.assertEqual("unknown", self.verdicts("audit_control")["audit"])

    def test_without_audit_read(self):
        """The rules are listed all the same, only later."""
        self.assertEqual(self.verdicts(), self.verdicts("audit_read"))


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class OnlyReads(unittest.TestCase):
    ENGINE_REQUEST = re.compile(r'"([A-Z]+) (/[^ "]*)')
    CHANGES = re.compile(
        r"\b(creat|truncate|unlink\w*|rename\w*|mkdir\w*|rmdir|link\w*|symlink\w*|chmod|fchmodat|l?chown|fchownat|mknod\w*|l?setxattr)\("
    )

    def test_a_whole_run(self):
        e = engine.shared()
        with Traced(engine=e) as d:
            name = e.run("--name", "life")
            d.wait_verdict("container-privileged", "pass", name)
            e.docker("exec", "life", "true")
            e.docker("stop", "life")
            e.remove("life")
            d.post("/v1/rescan")
            d.post("/v1/reload")
            d.get("/metrics")
            d.end()
            lines = d.lines()
            own = d.path
        sent = [line for line in lines if re.search(r"\b(sendto|sendmsg|sendmmsg|write|writev)\(", line)]
        requests = [m[1] for line in sent for m in [self.ENGINE_REQUEST.search(line)] if m]
        self.assertGreater(len(requests), 10)
        self.assertEqual({"GET"}, set(requests))

        netlink = {kind for line in sent for kind in re.findall(r"nlmsg_type=(\w+)", line)}
        self.assertLessEqual(netlink, {"AUDIT_LIST_RULES", *AUDIT_GET, *SOCK_DIAG})

        written = [
            line
            for line in lines
            if (re.search(r"\bopen(at)?\(.*O_(WRONLY|RDWR|CREAT)", line) or self.CHANGES.search(line))
            and own not in line
            and '"/dev/null"' not in line
            and '.gcda"' not in line  # what a build that counts lines keeps its counters in
        ]
        self.assertEqual([], written)
        for call in ("ptrace(", "mount(", "umount2(", "reboot(", "sethostname("):
            self.assertEqual([], [line for line in lines if call in line])


if __name__ == "__main__":
    unittest.main()
