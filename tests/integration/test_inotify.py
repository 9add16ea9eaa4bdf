# SPDX-License-Identifier: Apache-2.0
"""Where the kernel's watching of files has its limits: said, and still right."""

import json
import os
import signal
import subprocess
import unittest

import daemon
import world

FILE, RULE = "/etc/default/docker", "file-etc-default-docker-mode"
CERTIFICATE, CERTIFICATE_RULE = "/etc/docker/certs.d/a.example/ca.crt", "file-registry-certs-mode"

# The limits of a user namespace of its own, so that nobody else on the machine feels them.
LIMITED = ("unshare", "--user", "--map-root-user", "sh", "-c",
           'for limit in $1; do echo "${limit#*=}" >"/proc/sys/user/${limit%=*}" || exit; done; shift; exec "$@"', "sh")


def limits_can_be_set():
    done = subprocess.run([*LIMITED, "max_inotify_watches=100", "true"], stdin=subprocess.DEVNULL, capture_output=True)
    return done.returncode == 0


class Inotify(unittest.TestCase):
    def setUp(self):
        self.host = world.HostRoot()
        self.addCleanup(self.host.close)
        self.host.write(FILE)
        self.host.write(CERTIFICATE, mode=0o444)

    def watch(self, *prefix):
        self.daemon = daemon.Daemon(None, self.host, prefix=prefix)
        self.addCleanup(self.daemon.discard)
        self.daemon.start()
        self.after = self.daemon.last_seq()

    def tearDown(self):
        self.daemon.stop()

    def source(self):
        return self.daemon.get("/v1/status")["sources"]["files"]

    def notices(self, after=0):
        return [row["notice"] for row in self.daemon.drift(after)
                if row["type"] == "notice" and row["notice"].get("source") == "files"]

    def assert_right(self):
        """The check is run as the daemon is: another user namespace sees other owners."""
        fresh = json.loads(daemon.run(
            [*self.daemon.prefix, daemon.program("plimsoll"), "check", "--engine", self.daemon.engine,
             "--host-root", self.host.path, "--config", self.daemon.config, "--format", "json"], check=(1, 3))[1])

        def of_files(document):
            return {(f["rule"], f["subject"]["id"]): f["verdict"] for f in document["findings"]
                    if f["subject"]["kind"] == "file"}

        world.wait_for("the findings of a check", lambda: of_files(self.daemon.get("/v1/findings")) == of_files(fresh))


@unittest.skipUnless(limits_can_be_set(), "limits of a user namespace cannot be set here")
class Limits(Inotify):
    def check_polled(self, limit, why):
        self.watch(*LIMITED, limit)
        self.assertEqual(self.source()["state"], "blind")
        self.assertIn(why, self.source()["why"])
        self.assertIn("polled", self.source()["why"])
        self.assertEqual([notice["kind"] for notice in self.notices()], ["gap-opened"])
        self.assertEqual(self.daemon.verdict(RULE, FILE), "pass")
        self.host.chmod(FILE, 0o666)
        self.host.chmod(CERTIFICATE, 0o666)
        self.daemon.wait_verdict(RULE, "fail", FILE)
        self.daemon.wait_verdict(CERTIFICATE_RULE, "fail", CERTIFICATE)
        rows = [row for row in self.daemon.drift(self.after) if row["type"] == "regressed"]
        self.assertEqual({(row["rule"], row["subject"]["id"]) for row in rows},
                         {(RULE, FILE), (CERTIFICATE_RULE, CERTIFICATE)})
        self.assert_right()

    def test_too_few_watches(self):
        self.check_polled("max_inotify_watches=3", "max_user_watches")

    def test_no_instance(self):
        self.check_polled("max_inotify_instances=0", "could not be watched")


class Overflow(Inotify):
    def test_queue_that_runs_over(self):
        """More events than the kernel keeps: a gap, which ends with a look at every file."""
        with open("/proc/sys/fs/inotify/max_queued_events") as f:
            most = int(f.read())
        if most > 1 << 20:
            self.skipTest("the kernel keeps too many events")
        self.watch()
        self.daemon.signal(signal.SIGSTOP)
        try:
            # Two files in turn: the kernel folds events that repeat the one before.
            for _ in range(most // 2 + 1000):
                self.host.chmod(FILE, 0o600)
                self.host.chmod(CERTIFICATE, 0o400)
            # The last changes are those of which nothing is heard.
            self.host.chmod(FILE, 0o666)
            os.rename(self.host.at(CERTIFICATE), self.host.at(CERTIFICATE) + ".old")
            self.host.write("/etc/docker/certs.d/b.example/ca.crt", mode=0o666)
        finally:
            self.daemon.signal(signal.SIGCONT)
        self.daemon.wait_drift(lambda row: row["type"] == "notice" and row["notice"]["kind"] == "gap-closed",
                               self.after)
        opened, closed = self.notices(self.after)
        self.assertEqual((opened["kind"], closed["kind"]), ("gap-opened", "gap-closed"))
        self.assertIn("overflow", opened["why"])
        self.daemon.wait_verdict(RULE, "fail", FILE)
        self.daemon.wait_verdict(CERTIFICATE_RULE, "fail", "/etc/docker/certs.d/b.example/ca.crt")
        self.assert_right()
        self.assertEqual(self.source()["state"], "up")
        # And it sees again.
        self.host.chmod(FILE, 0o644)
        self.daemon.wait_verdict(RULE, "pass", FILE)
        self.host.chmod("/etc/docker/certs.d/b.example/ca.crt", 0o444)
        self.daemon.wait_verdict(CERTIFICATE_RULE, "pass", "/etc/docker/certs.d/b.example/ca.crt")


class Mounts(Inotify):
    def mount(self, *arguments):
        target = arguments[-1]
        if subprocess.run(["mount", *arguments], capture_output=True).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(world.unmount, target)
        with open("/proc/1/mountinfo") as f:
            if target not in f.read():
                self.skipTest("PID 1 has another mount table than we have")

    def test_mount_over_a_watched_folder(self):
        self.watch()
        folder = self.host.at("/etc/docker")
        self.mount("-t", "tmpfs", "-o", "mode=0777", "tmpfs", folder)
        row = self.daemon.wait_drift(lambda row: row.get("rule") == "file-etc-docker-mode", self.after)
        self.assertEqual((row["type"], row["cause"]["source"]), ("regressed", "mount"))
        world.wait_for("the certificate to be covered", lambda: not self.daemon.findings(file=CERTIFICATE, rule=CERTIFICATE_RULE))
        # What is below the mount is watched now.
        self.host.write("/etc/docker/certs.d/c.example/ca.crt", mode=0o666)
        self.daemon.wait_verdict(CERTIFICATE_RULE, "fail", "/etc/docker/certs.d/c.example/ca.crt")
        self.assert_right()
        world.unmount(folder)
        self.daemon.wait_verdict("file-etc-docker-mode", "pass", "/etc/docker")
        self.daemon.wait_verdict(CERTIFICATE_RULE, "pass", CERTIFICATE)
        self.host.chmod(CERTIFICATE, 0o666)
        self.daemon.wait_verdict(CERTIFICATE_RULE, "fail", CERTIFICATE)
        self.assert_right()

    def test_file_mounted_over_a_file(self):
        self.watch()
        other = self.host.write("/etc/other", mode=0o666)
        self.mount("--bind", other, self.host.at(FILE))
        self.daemon.wait_verdict(RULE, "fail", FILE)
        os.chmod(other, 0o600)
        self.daemon.wait_verdict(RULE, "pass", FILE)
        self.host.chmod(FILE, 0o622)
        self.daemon.wait_verdict(RULE, "fail", FILE)
        world.unmount(self.host.at(FILE))
        self.daemon.wait_verdict(RULE, "pass", FILE)
        self.assert_right()


if __name__ == "__main__":
    unittest.main()
