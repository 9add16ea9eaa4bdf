# SPDX-License-Identifier: Apache-2.0
"""Our package on a booted Debian host, from its installation before there is an engine to its purge.

The tests of a class are one story, in the order of their names.
"""

import json
import os
import re
import subprocess
import textwrap
import unittest

import engine
import machine
import package
import world

PACKAGE = os.environ.get("PLIMSOLL_TEST_PACKAGE", "")
RELEASE = os.environ.get("PLIMSOLL_TEST_RELEASE", "bookworm")

SERVICE = "plimsolld.service"
SOCKET = "/run/plimsoll/plimsoll.sock"
EXAMPLES = "/usr/share/doc/plimsoll/examples"
ENGINE_UNITS = ("docker.service", "docker.socket", "containerd.service")
MODE_RULE = "file-daemon-json-mode"
PATIENCE = 60
MANUAL = (("1", "plimsoll"), ("5", "plimsoll-rules"), ("5", "plimsoll.yaml"), ("8", "plimsolld"))
MAN_ENVIRONMENT = dict(os.environ, MANWIDTH="100", LC_ALL="C.UTF-8")


class Host(machine.Machine):
    """A machine with our package, and what its daemon says."""

    def install(self, path=PACKAGE):
        name = "/var/tmp/" + os.path.basename(path)
        self.put(path, name)
        return self.run("dpkg", "--install", name)

    def ask(self, path, method="GET"):
        """A request on the daemon's socket, from outside: the socket is a file below the root."""
        status, body = world.request(f"/proc/{self.init}/root{SOCKET}", method, path)
        if not 200 <= status < 300:
            raise AssertionError(f"{method} {path}: {status} {body}")
        return body

    def status(self):
        try:
            return self.ask("/v1/status")
        except OSError:
            return {}

    def wait_settled(self):
        world.wait_for("the daemon to have looked at all", lambda: self.status().get("settled"), PATIENCE)

    def findings(self, **filters):
        query = "&".join(f"{key}={value}" for key, value in filters.items())
        return self.ask("/v1/findings?" + query)["findings"]

    def verdicts(self, **filters):
        return {finding["verdict"] for finding in self.findings(**filters)}

    def last_seq(self):
        return max([int(entry["PLIMSOLL_SEQ"]) for entry in self.entries()], default=0)

    def entries(self, after=0):
        """Our entries of drift in the journal, of rows after a sequence number."""
        found = self.journal("SYSLOG_IDENTIFIER=plimsoll", f"_SYSTEMD_UNIT={SERVICE}")
        return [entry for entry in found if int(entry.get("PLIMSOLL_SEQ", 0)) > after]

    def wait_entry(self, what, fits, after):
        def find():
            return next((entry for entry in self.entries(after) if fits(entry)), None)

        return world.wait_for(what, find, PATIENCE, interval=0.3)

    def settle_mode(self, mode):
        """Gives daemon.json a mode, and waits until it is judged."""
        self.run("chmod", mode, "/etc/docker/daemon.json")
        verdict = "pass" if mode == "644" else "fail"
        world.wait_for("the mode", lambda: self.verdicts(rule=MODE_RULE) == {verdict}, PATIENCE)

    def is_asleep(self, unit):
        return not self.is_active(unit)


def worked_example(path, part, command, block):
    """What a document shows in one part of it: the first block, and the commands."""
    with open(os.path.join(world.ROOT, path)) as f:
        text = re.search(part, f.read())[0]
    return re.search(block, text)[1], re.findall(command, text)


def values(entry, field):
    value = entry.get(field, [])
    return value if isinstance(value, list) else [value]


class Story(unittest.TestCase):
    host = None

    @classmethod
    def setUpClass(cls):
        if not PACKAGE:
            raise unittest.SkipTest("PLIMSOLL_TEST_PACKAGE names no package")
        cls.host = Host(RELEASE).start()
        cls.addClassCleanup(cls.host.close)
        cls.host.run("systemctl", "stop", *ENGINE_UNITS)

    def test_10_install_without_an_engine(self):
        host = self.host
        host.install()
        self.assertTrue(host.is_active(SERVICE), host.try_run("systemctl", "status", SERVICE)[1])
        host.wait_settled()
        self.assertIsNone(host.status()["engine"])
        self.assertEqual("0660 root plimsoll", host.run("stat", "-c", "0%a %U %G", SOCKET).strip())
        for unit in ENGINE_UNITS:
            self.assertTrue(host.is_asleep(unit), f"{unit} was woken")
        self.assertEqual("enabled", host.run("systemctl", "is-enabled", SERVICE).strip())
        host.wait_entry("the baseline", lambda e: e.get("PLIMSOLL_NOTICE") == "baseline", 0)

    def test_11_the_engine_appears(self):
        host = self.host
        host.run("mkdir", "-p", "/etc/docker")
        host.write("/etc/docker/daemon.json", '{"log-level": "info"}\n')
        host.run("systemctl", "start", *ENGINE_UNITS)
        world.wait_for("the engine to be seen", lambda: self.host.status().get("engine"), PATIENCE)
        host.run("docker", "import", "-", engine.IMAGE, stdin=engine.busybox_archive())
        host.wait_settled()
        world.wait_for("the engine to be judged", lambda: host.verdicts(rule="2.2") == {"pass"}, PATIENCE)

    def test_20_a_privileged_container(self):
        host = self.host
        after = host.last_seq()
        name = host.run("docker", "create", "--privileged", "--name", "hull", engine.IMAGE, "sh").strip()
        entry = host.wait_entry("the container", lambda e: e.get("CONTAINER_NAME") == "hull", after)
        self.assertEqual("appeared", entry["PLIMSOLL_TYPE"])
        self.assertIn("container-privileged", values(entry, "PLIMSOLL_RULE"))
        self.assertIn("cis-docker-1.11.0:5.4", values(entry, "PLIMSOLL_REFS"))
        self.assertEqual("container", entry["PLIMSOLL_SUBJECT_KIND"])
        self.assertEqual(name, entry["PLIMSOLL_SUBJECT_ID"])
        self.assertEqual(name[:12], entry["CONTAINER_ID"])
        self.assertNotIn("CONTAINER_ID_FULL", entry)
        self.assertEqual("docker-event", entry["PLIMSOLL_CAUSE"])
        self.assertEqual("2", entry["PRIORITY"])
        self.assertEqual("plimsoll", entry["SYSLOG_IDENTIFIER"])
        self.assertRegex(entry["MESSAGE_ID"], "^[0-9a-f]{32}$")
        self.assertIn("hull", entry["MESSAGE"])
        worst = values(entry, "PLIMSOLL_RULE")[0]
        self.assertEqual(self.fix(worst), entry["PLIMSOLL_FIX"])
        self.assertIn(self.fix(worst), host.run("journalctl", "-x", f"PLIMSOLL_SEQ={entry['PLIMSOLL_SEQ']}"))

    def fix(self, key):
        return self.host.ask(f"/v1/rules/{key}")["fix"]

    def test_21_a_changed_mode(self):
        host = self.host
        host.settle_mode("644")
        after = host.last_seq()
        host.run("chmod", "666", "/etc/docker/daemon.json")

        def is_it(entry):
            return MODE_RULE in values(entry, "PLIMSOLL_RULE")

        entry = host.wait_entry("the mode", is_it, after)
        self.assertEqual("regressed", entry["PLIMSOLL_TYPE"])
        self.assertEqual(("pass", "fail"), (entry["PLIMSOLL_WAS"], entry["PLIMSOLL_VERDICT"]))
        self.assertIn("cis-docker-1.11.0:3.18", values(entry, "PLIMSOLL_REFS"))
        self.assertEqual("/etc/docker/daemon.json", entry["PLIMSOLL_SUBJECT_ID"])
        self.assertEqual("file", entry["PLIMSOLL_CAUSE"])
        self.assertIn("666", entry["PLIMSOLL_EVIDENCE"])

        explained = host.run("journalctl", "-x", f"PLIMSOLL_SEQ={entry['PLIMSOLL_SEQ']}")
        self.assertIn("plimsoll explain file-daemon-json-mode", explained)
        self.assertIn(f"    {self.fix(MODE_RULE)}\n", explained)
        self.assertNotIn("PLIMSOLL_", explained)
        self.assertIn(self.fix(MODE_RULE), host.run("plimsoll", "explain", "3.18"))

        host.run("chmod", "644", "/etc/docker/daemon.json")
        entry = host.wait_entry("the old mode", is_it, int(entry["PLIMSOLL_SEQ"]))
        self.assertEqual(("restored", "pass"), (entry["PLIMSOLL_TYPE"], entry["PLIMSOLL_VERDICT"]))

    def test_22_the_engine_stops_and_stays_stopped(self):
        host = self.host
        after = host.last_seq()
        host.run("systemctl", "stop", "docker.service")
        host.wait_entry("the gap", lambda e: e.get("PLIMSOLL_NOTICE") == "gap-opened", after)
        self.assertTrue(host.is_active("docker.socket"))
        # Everything that could wake it: a look at all, the restart of the daemon.
        host.run("plimsoll", "rescan")
        host.run("systemctl", "restart", SERVICE)
        host.wait_settled()
        self.assertTrue(host.is_asleep("docker.service"), "docker.service was woken")
        self.assertNotIn("pass", host.verdicts(rule="2.4"))

        after = host.last_seq()
        host.run("systemctl", "start", "docker.service")
        host.wait_entry("the end of the gap", lambda e: e.get("PLIMSOLL_NOTICE") == "gap-closed", after)
        world.wait_for("the engine to be judged", lambda: host.verdicts(rule="2.4") == {"pass"}, PATIENCE)

    def test_30_kernel_auditing_is_out_of_reach(self):
        for number in range(7, 16):
            for finding in self.host.findings(rule=f"1.{number}"):
                self.assertIn(finding["verdict"], ("unknown", "not-applicable"), finding)
        (finding,) = self.host.findings(rule="audit-daemon-json")
        self.assertEqual("unknown", finding["verdict"])
        self.assertIn("audit", finding["because"])

    def test_31_the_sandbox_hides_nothing(self):
        """The same verdicts as those of a root without any sandbox."""

        def by_subject(findings):
            # That nobody has watched is a finding of its own.
            watched = [finding for finding in findings if not finding["rule"].startswith("exec-")]
            return {(f["rule"], f["subject"]["id"]): (f["verdict"], f["because"]) for f in watched}

        # A service like ours, as what systemd-nspawn forbids is forbidden to it, too.
        command = ("systemd-run", "--quiet", "--wait", "--pipe", "plimsoll", "check", "--format", "json")
        status, text = self.host.try_run(*command)
        self.assertIn(status, (1, 3), text)
        outside = by_subject(json.loads(text)["findings"])
        inside = by_subject(self.host.findings())
        self.assertEqual(outside.keys(), inside.keys())
        self.assertEqual([], [(key, outside[key], inside[key]) for key in outside if outside[key] != inside[key]])

    def test_32_exposure(self):
        host = self.host
        host.run("systemd-analyze", "security", "--no-pager", "--threshold=25", SERVICE)
        host.run("systemd-analyze", "verify", "--man=no", SERVICE, "plimsolld.socket")

    def test_33_the_catalog_is_complete(self):
        """Every kind of entry that was written so far is explained."""
        for entry in self.host.entries():
            text = self.host.run("journalctl", "--dump-catalog", entry["MESSAGE_ID"])
            self.assertIn("Subject:", text, entry["MESSAGE"])

    def test_34_completion(self):
        """Words are completed from the table of commands and options."""
        script = "source /usr/share/bash-completion/completions/plimsoll; COMP_CWORD=$1; shift; COMP_WORDS=(\"$@\");"
        script += "_plimsoll; printf '%s ' \"${COMPREPLY[@]}\""

        def complete(*words):
            return self.host.run("bash", "-c", script, "bash", str(len(words) - 1), *words).split()

        self.assertEqual(["explain"], complete("plimsoll", "expl"))
        self.assertEqual(["--format"], complete("plimsoll", "status", "--fo"))
        self.assertIn("junit", complete("plimsoll", "check", "--format", ""))
        self.assertEqual(["not-applicable"], complete("plimsoll", "findings", "--verdict", "not"))
        self.assertEqual(["container-host-network"], complete("plimsoll", "explain", "container-host-n"))
        self.assertIn("cis-docker-1.11.0", complete("plimsoll", "rules", "--benchmark", ""))
        self.assertEqual(["rescan"], complete("plimsoll", "help", "resc"))

    def test_35_manual_pages(self):
        """They render without a warning."""
        for section, name in MANUAL:
            path = f"{self.host.root}/usr/share/man/man{section}/{name}.{section}.gz"
            command = ["man", "--warnings", "--encoding=UTF-8", "--local-file", path]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=MAN_ENVIRONMENT)
            self.assertEqual((0, ""), (done.returncode, done.stderr), name)
            self.assertIn(name, done.stdout)

    def test_36_a_rule_of_the_site(self):
        """As plimsoll-rules(5) tells it."""
        host = self.host
        rule, commands = worked_example("man/plimsoll-rules.5.in", r"(?ms)^\.Sh EXAMPLES$.*?^\.Sh", r"(?m)^\.Dl (.*)$",
                                        r"(?ms)^\.Bd [^\n]*\n(.*?)^\.Ed$")
        # What is made of it isn't started: in here, nothing can be.
        host.run("docker", "import", "--change", 'CMD ["sh"]', "-", "nginx", stdin=engine.busybox_archive())
        self.addCleanup(host.try_run, "docker", "rm", "--force", "shop")
        self.addCleanup(host.run, "plimsoll", "reload")
        self.addCleanup(host.run, "rm", "/etc/plimsoll/rules.d/owner.yaml")
        host.write("/etc/plimsoll/rules.d/owner.yaml", rule)
        said = {}
        for command in commands:
            after = host.last_seq()
            status, said[command] = host.try_run("sh", "-c", command)
            self.assertIn((status, command.split()[:2]), ((0, command.split()[:2]), (1, ["plimsoll", "findings"])),
                          said[command])
            if command.startswith("docker create"):
                host.wait_entry("the container", lambda e: e.get("CONTAINER_NAME") == "shop", after)
            if command == "plimsoll reload":
                host.wait_entry("the reload", lambda e: e.get("PLIMSOLL_NOTICE") == "reloaded", after)
        self.assertIn("3 passed, 0 failed", said["plimsoll rules test /etc/plimsoll/rules.d"])
        self.assertRegex(said["plimsoll findings --rule container-owner"], r"FAIL .* container shop +has no label owner")
        self.assertIn("Make the container anew with --label owner=NAME.", said["plimsoll explain container-owner shop"])
        drift = said["plimsoll drift --rule container-owner"]
        self.assertRegex(drift, r"FAIL container-owner: container shop has no label owner \(was notselected; ")
        self.assertRegex(drift, r"PASS container-owner: .* \(was fail; container create\)")
        self.assertRegex(said["plimsoll report --since 1h --rule container-owner"], r"container shop")
        journal = next(text for command, text in said.items() if command.startswith("journalctl"))
        self.assertIn("    Make the container anew with --label owner=NAME.\n", journal)

    def test_37_the_readme_has_the_same(self):
        rule, commands = worked_example("README.md", r"(?ms)^## A rule of your own$.*?^## ", r"(?m)^    (plimsoll .*)$",
                                        r"(?ms)^\n((?:    [^\n]*\n)+)")
        whole, _ = worked_example("man/plimsoll-rules.5.in", r"(?ms)^\.Sh EXAMPLES$.*?^\.Sh", r"(?m)^\.Dl (.*)$",
                                  r"(?ms)^\.Bd [^\n]*\n(.*?)^\.Ed$")
        for line in textwrap.dedent(rule).splitlines():
            self.assertIn(line, whole.splitlines())
        self.assertEqual(3, len(commands))

    def test_40_killed_and_back(self):
        host = self.host
        host.settle_mode("644")
        after = host.last_seq()
        host.run("systemctl", "kill", "--signal=KILL", "--kill-who=main", SERVICE)
        host.run("docker", "create", "--privileged", "--name", "keel", engine.IMAGE, "sh")
        host.run("chmod", "666", "/etc/docker/daemon.json")
        host.wait_entry("the container", lambda e: e.get("CONTAINER_NAME") == "keel", after)
        host.wait_entry("the mode", lambda e: MODE_RULE in values(e, "PLIMSOLL_RULE"), after)
        host.settle_mode("644")
        self.assertEqual("1", host.show(SERVICE, "NRestarts")["NRestarts"])
        told = [int(entry["PLIMSOLL_SEQ"]) for entry in host.entries()]
        self.assertEqual(list(range(told[0], told[0] + len(told))), told)
        self.assertGreater(told[-1], after)

    def test_41_reload(self):
        host = self.host
        pid = host.show(SERVICE, "MainPID")
        after = host.last_seq()
        host.write("/etc/plimsoll/plimsoll.d/site.yaml", "params:\n  image_age_days: 90\n")
        host.run("systemctl", "reload", SERVICE)
        host.wait_entry("the reload", lambda e: e.get("PLIMSOLL_NOTICE") == "reloaded", after)
        after = host.last_seq()
        host.write("/etc/plimsoll/plimsoll.d/site.yaml", "params:\n  image_age_day: 90\n")
        host.run("systemctl", "reload", SERVICE)
        entry = host.wait_entry("the refusal", lambda e: e.get("PLIMSOLL_NOTICE") == "reloaded", after)
        self.assertIn("site.yaml:2", entry["MESSAGE"])
        self.assertTrue(host.is_active(SERVICE))
        host.run("rm", "/etc/plimsoll/plimsoll.d/site.yaml")
        host.run("plimsoll", "reload")
        self.assertEqual(pid, host.show(SERVICE, "MainPID"))

    def test_42_the_watchdog_is_fed(self):
        host = self.host

        def fed():
            times = host.show(SERVICE, "WatchdogTimestampMonotonic", "ActiveEnterTimestampMonotonic")
            return int(times["WatchdogTimestampMonotonic"]) > int(times["ActiveEnterTimestampMonotonic"])

        self.assertEqual("30s", host.show(SERVICE, "WatchdogUSec")["WatchdogUSec"])
        world.wait_for("the watchdog to be fed", fed, PATIENCE)

    def test_43_stop_within_a_second(self):
        host = self.host
        host.run("systemctl", "stop", SERVICE, "plimsolld.socket")
        moments = ("ActiveExitTimestampMonotonic", "InactiveEnterTimestampMonotonic")
        times = host.show(SERVICE, *moments, "Result")
        self.assertEqual("success", times["Result"])
        began, ended = (int(times[moment]) for moment in moments)
        self.assertLess(ended - began, 1_000_000)
        status, text = host.try_run("plimsoll", "status")
        self.assertEqual(4, status, text)
        self.assertIn(SOCKET, text)

    def test_44_the_socket_wakes_it(self):
        self.host.run("systemctl", "start", "plimsolld.socket")
        # Kernel auditing is out of reach in here, so a source is blind.
        status, text = self.host.try_run("plimsoll", "status")
        self.assertEqual(3, status, text)
        self.assertTrue(self.host.is_active(SERVICE))

    def test_50_wrong_settings(self):
        """It does not start, says where the error is, is not started again and again, and tells somebody."""
        host = self.host
        drop_in = "/etc/systemd/system/plimsolld.service.d"
        host.run("mkdir", "-p", drop_in)
        host.run("cp", f"{EXAMPLES}/on-failure.conf", drop_in)
        host.run("cp", f"{EXAMPLES}/plimsoll-alert@.service", "/etc/systemd/system/")
        host.run("systemctl", "daemon-reload")
        host.write("/etc/plimsoll/plimsoll.d/site.yaml", "limits:\n  keep_day: 3\n")
        host.try_run("systemctl", "restart", SERVICE)

        def told():
            return host.journal("SYSLOG_IDENTIFIER=plimsoll-alert")

        world.wait_for("the alert", told, PATIENCE)
        self.assertEqual("failed", host.show(SERVICE, "ActiveState")["ActiveState"])
        self.assertIn("plimsolld.service has failed", told()[0]["MESSAGE"])
        self.assertIn("site.yaml:2", host.run("journalctl", "--unit", SERVICE, "--lines=20"))

        host.run("rm", "-r", "/etc/plimsoll/plimsoll.d/site.yaml", drop_in)
        host.run("rm", "/etc/systemd/system/plimsoll-alert@.service")
        host.run("systemctl", "daemon-reload")
        host.run("systemctl", "restart", SERVICE)
        host.wait_settled()

    def test_51_something_in_its_way(self):
        """Folders that are gone are made; what lies in the socket's place is named, and then it goes on."""
        host = self.host
        host.run("systemctl", "stop", SERVICE, "plimsolld.socket")
        host.run("rm", "-r", "/run/plimsoll")
        host.run("mkdir", "-p", SOCKET)
        host.try_run("systemctl", "start", SERVICE)

        def named():
            return f"{SOCKET}: is there and is no socket" in host.run("journalctl", "--unit", SERVICE)

        world.wait_for("the complaint", named, PATIENCE)
        host.run("rmdir", SOCKET)
        host.wait_settled()
        self.assertTrue(host.is_active(SERVICE))
        host.run("systemctl", "stop", SERVICE)
        host.run("systemctl", "start", "plimsolld.socket")
        host.wait_settled()

    def test_60_upgrade_keeps_the_state(self):
        host = self.host
        before = host.ask("/v1/drift?after=0").splitlines()
        first = json.loads(before[0])
        host.write("/etc/plimsoll/exceptions.d/site.yaml", "[]\n")
        host.install(package.with_version(PACKAGE, "0.1.1"))
        host.wait_settled()
        rows = [json.loads(line) for line in host.ask("/v1/drift?after=0").splitlines()]
        self.assertEqual((first["ledger"], first["seq"]), (rows[0]["ledger"], rows[0]["seq"]))
        self.assertGreater(len(rows), len(before))
        self.assertTrue(host.is_active(SERVICE))
        self.assertTrue(host.is_active("plimsolld.socket"))
        host.run("test", "-e", "/etc/plimsoll/exceptions.d/site.yaml")

    def test_61_purge_leaves_nothing(self):
        host = self.host
        host.run("dpkg", "--purge", "plimsoll")
        left = host.run("find", "/", "-xdev", "-iname", "*plimsoll*", "-not", "-path", "/var/tmp/*")
        left = [line for line in left.splitlines() if not line.startswith(("/proc/", "/var/log/"))]
        self.assertEqual([], left)
        self.assertNotIn("plimsoll", host.run("cat", "/etc/group"))
        # systemd remembers the names of units for a while after their files are gone: "not-found".
        units = host.run("systemctl", "list-units", "--all", "--no-legend", "--state=loaded", "plimsoll*")
        self.assertEqual("", units.strip())
