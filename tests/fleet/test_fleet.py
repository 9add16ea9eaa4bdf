# SPDX-License-Identifier: Apache-2.0
"""conf/fleet: two hosts and a collector, booted, each with a wire of its own to the collector.

The recipes are used as they are shipped: their names are those of machines here. The tests of a class are
one story, in the order of their names.
"""

import json
import os
import re
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

import certificates
import engine
import machine
import test_host
import world

RELEASE = "bookworm-fleet"
FLEET = "/etc/ssl/fleet"
STRANGER = "/etc/ssl/stranger"
RECIPES = os.path.join(world.ROOT, "conf", "fleet")
COLLECTOR = "collector.example.org"
PATIENCE = 180
OURS = ("_SYSTEMD_UNIT=plimsolld.service", "SYSLOG_IDENTIFIER=plimsoll")
REMOTE = "/var/log/journal/remote"
LINES = "/var/log/plimsoll/drift.ndjson"
TEXTFILE = "/var/lib/prometheus/node-exporter/plimsoll.prom"
SERVICES = ("rsyslog.service", "syslog.socket", "prometheus.service", "prometheus-node-exporter.service")


def recipe(name):
    return os.path.join(RECIPES, name)


class Member(test_host.Host):
    """A machine with a certificate, that uses recipes."""

    def use(self, name, path):
        with open(recipe(name)) as f:
            self.write(path, f.read())

    def certify(self, files, folder):
        self.run("mkdir", "-p", folder)
        for name in ("ca", "cert", "key"):
            self.put(files[name], f"{folder}/{name}.pem")
        self.run("chmod", "600", f"{folder}/key.pem")

    def fetch(self, url):
        return json.loads(self.run("curl", "--silent", "--show-error", "--max-time", "10", url))


def wire(collector, host, number):
    """A pair of interfaces between two network namespaces, and names for both ends."""
    here, there = f"10.77.{number}.1", f"10.77.{number}.2"
    inside = ["nsenter", f"--target={collector.init}", "--net", "ip"]
    pair = ["link", "add", f"wire{number}", "type", "veth", "peer", "name", "wire", "netns", host.init]
    subprocess.run([*inside, *pair], check=True)
    for member, name, address in ((collector, f"wire{number}", here), (host, "wire", there)):
        inside = ["nsenter", f"--target={member.init}", "--net", "ip"]
        subprocess.run([*inside, "address", "add", f"{address}/24", "dev", name], check=True)
        subprocess.run([*inside, "link", "set", name, "up"], check=True)
    names = f"127.0.0.1 localhost\n{here} {COLLECTOR}\n{there} {host.name}.example.org {host.name}\n"
    host.write("/etc/hosts", names)
    return f"{there} {host.name}.example.org\n"


def setUpModule():
    global collector, hosts
    path = world.scratch("c-")
    authority = certificates.make_authority(path)
    other = certificates.make_authority(world.scratch("o-"))
    collector = Member(RELEASE, "collector")
    hosts = [Member(RELEASE, "host-a"), Member(RELEASE, "host-b")]
    for member in (collector, *hosts):
        unittest.addModuleCleanup(member.close)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(Member.start, (collector, *hosts)))
    names = [wire(collector, host, number) for number, host in enumerate(hosts, 1)]
    collector.write("/etc/hosts", "127.0.0.1 localhost\n" + "".join(names))
    for member in (collector, *hosts):
        member.certify(certificates.sign(authority, path, f"{member.name}.example.org"), FLEET)
        member.run("systemctl", "stop", *SERVICES)
    # Its names are right, its authority isn't ours.
    hosts[0].certify(certificates.sign(other, os.path.dirname(other[0]), "host-a.example.org"), STRANGER)
    for folder in (path, os.path.dirname(other[0])):
        world.shutil.rmtree(folder)
    collector.run("systemctl", "stop", *test_host.ENGINE_UNITS)
    for host in hosts:
        host.install()
        host.run("docker", "import", "-", engine.IMAGE, stdin=engine.busybox_archive())
        host.wait_settled()


def make_privileged(host, name):
    host.run("docker", "create", "--privileged", "--name", name, engine.IMAGE, "sh")


class JournalUpload(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        units = "/etc/systemd/system/systemd-journal-remote"
        collector.use("journal-upload/collector/socket.conf", f"{units}.socket.d/plimsoll.conf")
        collector.use("journal-upload/collector/service.conf", f"{units}.service.d/plimsoll.conf")
        collector.use("journal-upload/collector/stunnel.conf", "/etc/stunnel/plimsoll.conf")
        collector.run("systemctl", "daemon-reload")
        collector.run("systemctl", "enable", "--now", "systemd-journal-remote.socket", "stunnel@plimsoll.service")
        for host in hosts:
            host.use("journal-upload/host/journal-upload.conf", "/etc/systemd/journal-upload.conf.d/plimsoll.conf")
            host.use(
                "journal-upload/host/service.conf",
                "/etc/systemd/system/systemd-journal-upload.service.d/plimsoll.conf",
            )
            host.run("systemctl", "daemon-reload")
            host.run("systemctl", "enable", "--now", "systemd-journal-upload.service")
            cls.addClassCleanup(host.run, "systemctl", "stop", "systemd-journal-upload.service")

    def received(self, *matches):
        command = ("journalctl", f"--directory={REMOTE}", "--output=json", "--no-pager", "--all", *matches)
        output = collector.try_run(*command)[1]
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    def wait_received(self, what, *matches):
        return world.wait_for(what, lambda: self.received(*OURS, *matches), PATIENCE, interval=0.3)

    def test_1_drift_of_both_arrives_with_its_fields(self):
        for host in hosts:
            make_privileged(host, f"hull-{host.name}")
            (entry,) = self.wait_received("drift", f"CONTAINER_NAME=hull-{host.name}")
            self.assertEqual(host.name, entry["_HOSTNAME"])
            self.assertEqual("appeared", entry["PLIMSOLL_TYPE"])
            self.assertIn("container-privileged", test_host.values(entry, "PLIMSOLL_RULE"))
            self.assertEqual("2", entry["PRIORITY"])
        found = self.received(*OURS, "PLIMSOLL_RULE=container-privileged")
        names = {f"hull-{host.name}" for host in hosts}
        self.assertLessEqual(names, {entry["CONTAINER_NAME"] for entry in found})

    def test_2_who_has_no_certificate_is_refused(self):
        def post(*options):
            entry = b"__REALTIME_TIMESTAMP=1700000000000000\n__MONOTONIC_TIMESTAMP=1\n_BOOT_ID=" + b"1" * 32
            entry += b"\nMESSAGE=stranger\n\n"
            command = ["curl", "--silent", "--fail", "--max-time", "10", "--insecure", "--data-binary", "@-"]
            command += ["--header", "Content-Type: application/vnd.fdo.journal", *options]
            return hosts[0].try_run(*command, f"https://{COLLECTOR}:19532/upload", stdin=entry)[0]

        def own(folder):
            return ("--cert", f"{folder}/cert.pem", "--key", f"{folder}/key.pem")

        self.assertNotEqual(0, post())
        self.assertNotEqual(0, post(*own(STRANGER)))
        self.assertEqual([], self.received("MESSAGE=stranger"))
        self.assertEqual(0, post(*own(FLEET)))
        self.assertEqual(1, len(self.received("MESSAGE=stranger")))

    def test_3_what_a_collector_missed_it_gets_later(self):
        units = ("systemd-journal-remote.socket", "stunnel@plimsoll.service")
        collector.run("systemctl", "stop", *units, "systemd-journal-remote.service")
        for host in hosts:
            make_privileged(host, f"keel-{host.name}")
            host.wait_entry("the entry", lambda e: e.get("CONTAINER_NAME") == f"keel-{host.name}", 0)
        collector.run("systemctl", "start", *units)
        for host in hosts:
            self.wait_received("what was missed", f"CONTAINER_NAME=keel-{host.name}")
            self.assert_without_holes(host)

    def assert_without_holes(self, host):
        found = self.received(*OURS, f"_HOSTNAME={host.name}")
        # What was sent and not acknowledged comes twice.
        numbers = {int(entry["PLIMSOLL_SEQ"]) for entry in found if "PLIMSOLL_SEQ" in entry}
        self.assertEqual(set(range(1, len(numbers) + 1)), numbers)

    def test_4_a_forged_entry_is_told_from_ours(self):
        forged = "MESSAGE=PASS\nSYSLOG_IDENTIFIER=plimsoll\n_SYSTEMD_UNIT=plimsolld.service\nPLIMSOLL_RULE=forged\n"
        hosts[0].run("logger", "--journald", stdin=forged.encode())
        world.wait_for("the forgery", lambda: self.received("PLIMSOLL_RULE=forged"), PATIENCE, interval=0.3)
        self.assertEqual([], self.received(*OURS, "PLIMSOLL_RULE=forged"))

    def test_5_docker_logs_stay_clean(self):
        """docker logs goes by CONTAINER_ID_FULL, whoever wrote the entry."""
        for host in hosts:
            for entry in self.received(*OURS, f"_HOSTNAME={host.name}"):
                self.assertNotIn("CONTAINER_ID_FULL", entry)
            command = ("docker", "create", "--log-driver=journald", f"--name=log-{host.name}", engine.IMAGE, "sh")
            host.run(*command)
            host.wait_entry("the entry", lambda e: e.get("CONTAINER_NAME") == f"log-{host.name}", 0)
            self.assertEqual("", host.run("docker", "logs", f"log-{host.name}"))


class Rsyslog(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        collector.use("rsyslog/collector.conf", "/etc/rsyslog.d/plimsoll.conf")
        cls.check(collector)
        for host in hosts:
            host.use("rsyslog/host.conf", "/etc/rsyslog.d/plimsoll.conf")
            host.use("rsyslog/plimsoll.yaml", "/etc/plimsoll/plimsoll.d/syslog.yaml")
            cls.check(host)
            host.run("systemctl", "reload", test_host.SERVICE)
            host.wait_settled()

    @classmethod
    def check(cls, member):
        text = member.run("rsyslogd", "-N1")
        if "error" in text or "warning" in text:
            raise AssertionError(text)
        member.run("systemctl", "restart", "rsyslog")
        cls.addClassCleanup(member.run, "systemctl", "stop", "rsyslog.service", "syslog.socket")

    def received(self, name):
        status, text = collector.try_run("cat", LINES)
        rows = [json.loads(line) for line in text.splitlines()] if status == 0 else []
        return [row for row in rows if row.get("CONTAINER_NAME") == name]

    def wait_received(self, name):
        return world.wait_for(f"a line about {name}", lambda: self.received(name), PATIENCE, interval=0.3)

    def test_1_drift_of_both_arrives_as_lines_of_json(self):
        for number, host in enumerate(hosts, 1):
            make_privileged(host, f"mast-{host.name}")
            (row,) = self.wait_received(f"mast-{host.name}")
            self.assertEqual((host.name, f"10.77.{number}.2", "2"), (row["host"], row["peer"], row["priority"]))
            self.assertEqual("appeared", row["PLIMSOLL_TYPE"])
            self.assertIn("container-privileged", row["PLIMSOLL_RULE"])
            self.assertIn(f"mast-{host.name}", row["msg"])
            self.assertRegex(row["time"], r"^\d{4}-\d\d-\d\dT")
            self.assertNotIn("CONTAINER_ID_FULL", row)

    def test_2_what_a_collector_missed_it_gets_later(self):
        collector.run("systemctl", "stop", "rsyslog.service")
        for host in hosts:
            make_privileged(host, f"boom-{host.name}")
            host.wait_entry("the entry", lambda e: e.get("CONTAINER_NAME") == f"boom-{host.name}", 0)
        collector.run("systemctl", "start", "rsyslog.service")
        for host in hosts:
            self.wait_received(f"boom-{host.name}")

    def test_3_who_has_no_certificate_is_refused(self):
        def forge(word, into, *options):
            line = '<34>1 2026-01-01T00:00:00Z host-a plimsoll - - - @cee: {"CONTAINER_NAME": "%s"}' % word
            script = "(printf '%d %s' ${#0} \"$0\"; sleep 1) " + into
            hosts[0].try_run("bash", "-c", script, line, f"{COLLECTOR}:6514", *options)

        def send(word, *options):
            forge(word, '| timeout 10 openssl s_client -quiet -connect "$@"', *options)

        def own(folder):
            return ("-cert", f"{folder}/cert.pem", "-key", f"{folder}/key.pem")

        send("nobody")
        send("stranger", *own(STRANGER))
        send("friend", *own(FLEET))
        self.wait_received("friend")
        forge("clear", f">/dev/tcp/{COLLECTOR}/6514")
        make_privileged(hosts[0], "spar")
        self.wait_received("spar")
        for word in ("nobody", "stranger", "clear"):
            self.assertEqual([], self.received(word))


class Prometheus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for host in hosts:
            for name in ("plimsoll-metrics.service", "plimsoll-metrics.timer"):
                host.use(f"prometheus/{name}", f"/etc/systemd/system/{name}")
            host.run("systemctl", "daemon-reload")
            host.run("systemctl", "start", "prometheus-node-exporter")
        for name in ("prometheus.yml", "plimsoll.rules.yml", "plimsoll.test.yml"):
            collector.use(f"prometheus/{name}", f"/etc/prometheus/{name}")

    @classmethod
    def tearDownClass(cls):
        """The hosts are as before, for the next story."""
        collector.run("systemctl", "stop", "prometheus")
        for host in hosts:
            host.run("systemctl", "stop", "plimsoll-metrics.timer", "prometheus-node-exporter")
            host.run("systemctl", "start", *test_host.ENGINE_UNITS, test_host.SERVICE)
            host.wait_settled()

    def firing(self):
        alerts = collector.fetch("http://localhost:9090/api/v1/alerts")["data"]["alerts"]
        return [alert["labels"] for alert in alerts if alert["state"] == "firing"]

    def wait_alert(self, name, host, **labels):
        wanted = dict(labels, alertname=name, instance=f"{host.name}.example.org:9100")

        def find():
            return next((found for found in self.firing() if wanted.items() <= found.items()), None)

        return world.wait_for(f"{name} of {host.name}", find, PATIENCE, interval=1)

    def shorten(self):
        """The waits of the rules, which promtool has tested, for those who can't wait."""
        with open(recipe("prometheus/plimsoll.rules.yml")) as f:
            text = re.sub(r"for: \w+", "for: 1s", f.read())
        collector.write("/etc/prometheus/plimsoll.rules.yml", text.replace("> 300", "> 90"))
        collector.run("systemctl", "reload", "prometheus")

    def test_1_the_files_hold(self):
        collector.run("promtool", "check", "config", "/etc/prometheus/prometheus.yml")
        collector.run("promtool", "check", "rules", "/etc/prometheus/plimsoll.rules.yml")
        collector.run("promtool", "test", "rules", "/etc/prometheus/plimsoll.test.yml")
        hosts[0].run("systemd-analyze", "verify", "--man=no", "plimsoll-metrics.service", "plimsoll-metrics.timer")

    def test_2_the_metrics_are_well_formed(self):
        text = hosts[0].ask("/metrics")
        collector.run("promtool", "check", "metrics", stdin=text.encode())

    def test_3_the_timer_writes_what_node_exporter_reads(self):
        for host in hosts:
            host.run("systemctl", "enable", "--now", "plimsoll-metrics.timer")
        for host in hosts:
            world.wait_for("the file", lambda: host.try_run("test", "-s", TEXTFILE)[0] == 0, PATIENCE)
            text = host.run("curl", "--silent", "--fail", "http://localhost:9100/metrics")
            self.assertIn("\nnode_textfile_scrape_error 0\n", text)
            self.assertIn('\nplimsoll_findings{rule="container-privileged",verdict="fail"}', text)
            self.assertIn("\nplimsoll_process_resident_memory_bytes ", text)
            self.assertIn("\nprocess_resident_memory_bytes ", text)

    def test_4_a_critical_rule_fires(self):
        make_privileged(hosts[0], "anchor")
        collector.run("systemctl", "start", "prometheus")
        ready = ("curl", "--silent", "--fail", "http://localhost:9090/-/ready")
        world.wait_for("Prometheus", lambda: collector.try_run(*ready)[0] == 0, PATIENCE)
        self.wait_alert("PlimsollCriticalFail", hosts[0], rule="container-privileged", severity="critical")

    def test_5_a_blind_source_fires(self):
        self.shorten()
        hosts[0].run("systemctl", "stop", *test_host.ENGINE_UNITS)
        self.wait_alert("PlimsollSourceBlind", hosts[0], source="docker-events")
        others = [found for found in self.firing() if found.get("source") == "docker-events"]
        self.assertEqual({"host-a.example.org:9100"}, {found["instance"] for found in others})

    def test_6_a_missing_heartbeat_fires(self):
        hosts[1].run("systemctl", "stop", "plimsolld.service", "plimsolld.socket")
        self.wait_alert("PlimsollHeartbeatMissing", hosts[1], severity="critical")
        missing = [found["instance"] for found in self.firing() if found["alertname"] == "PlimsollHeartbeatMissing"]
        self.assertEqual(["host-b.example.org:9100"], missing)

    def test_7_a_host_that_nobody_audits_fires(self):
        hosts[1].run("systemctl", "disable", "--now", "plimsoll-metrics.timer")
        hosts[1].run("rm", TEXTFILE)
        self.wait_alert("PlimsollAbsent", hosts[1])


class Package(unittest.TestCase):
    def test_every_recipe_is_an_example_of_the_package(self):
        shipped = hosts[0].run("dpkg", "-L", "plimsoll").splitlines()
        for folder, _, files in os.walk(RECIPES):
            for name in files:
                path = os.path.relpath(os.path.join(folder, name), RECIPES)
                self.assertIn(f"{test_host.EXAMPLES}/fleet/{path}", shipped)
