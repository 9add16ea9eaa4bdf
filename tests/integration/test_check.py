# SPDX-License-Identifier: Apache-2.0
"""plimsoll check: what it says of a host with some containers, how, and by which exit status."""

import os
import re
import shutil
import socket
import unittest

import daemon
import engine
import world

OK, FOUND, USAGE, INCOMPLETE = 0, 1, 2, 3

DOCUMENT = {
    "plimsoll", "benchmarks", "rulebook", "host", "engine", "started", "took_ms", "summary", "findings",
    "notselected", "notchecked",
}
FINDING = {
    "rule", "title", "severity", "refs", "subject", "verdict", "since", "checked", "because", "evidence",
    "exception",
}
SUMMARY = {
    "pass", "fail", "review", "unknown", "not-applicable", "waived", "attested", "notselected", "notchecked",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

# What no audit can be without an answer about, and only a person can judge.
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")


def setUpModule():
    global docker, web, root
    docker = engine.shared()
    web = docker.run("--name", "web", "--label", "tier=front", "--memory", "64m", "--cpu-shares", "512")
    root = docker.create("--name", "root", "--privileged")
    docker.create("--name", "careful", "--read-only", "--memory", "64m", "--user", "1000",
                  "--security-opt", "no-new-privileges", "--restart", "on-failure:5", "--network", "none")


def check(*arguments, **more):
    return daemon.plimsoll("check", "--engine", docker.socket, *arguments, **more)


def findings(*arguments, socket_path=None):
    document = daemon.plimsoll_json("check", "--engine", socket_path or docker.socket, *arguments)
    return document["findings"]


def verdicts(rule, *arguments):
    return {found["subject"]["name"]: found["verdict"] for found in findings("--rule", rule, *arguments)}


class Json(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = daemon.plimsoll_json("check", "--engine", docker.socket, check=(FOUND,))

    def test_document_has_every_key(self):
        document = self.document
        self.assertEqual(set(document), DOCUMENT)
        self.assertIn("cis-docker-1.11.0", document["benchmarks"])
        self.assertEqual(set(document["rulebook"]), {"rules", "sha256"})
        self.assertRegex(document["rulebook"]["sha256"], "^[0-9a-f]{64}$")
        self.assertEqual(set(document["host"]), {"name", "machine_id", "kernel"})
        self.assertEqual(document["host"]["kernel"], os.uname().release)
        self.assertEqual(set(document["engine"]), {"kind", "version", "api", "socket"})
        self.assertEqual(document["engine"]["kind"], "docker")
        self.assertEqual(document["engine"]["version"], docker.api("GET", "/version")[1]["Version"])
        self.assertEqual(document["engine"]["socket"], docker.socket)
        self.assertRegex(document["started"], TIME)
        self.assertGreater(document["took_ms"], 0)

    def test_every_finding_has_every_key(self):
        kinds = set()
        for found in self.document["findings"]:
            with self.subTest(rule=found["rule"], subject=found["subject"]):
                hashed = {"evidence_sha256"} if found["verdict"] == "review" else set()
                self.assertEqual(set(found), FINDING | hashed)
                self.assertTrue({"kind", "id", "name"} <= set(found["subject"]))
                self.assertIn(found["verdict"], SUMMARY)
                self.assertIn(found["severity"], ("critical", "high", "medium", "low"))
                self.assertRegex(found["since"], TIME)
                self.assertRegex(found["checked"], TIME)
                self.assertTrue(found["title"] and found["because"])
                for ref in found["refs"].values():
                    self.assertEqual(set(ref), {"id", "section", "level", "scored"})
                for item in found["evidence"]:
                    self.assertEqual(set(item), {"fact", "value", "from"})
                kinds.add(found["subject"]["kind"])
        self.assertEqual(kinds, {"host", "engine", "file", "image", "container"})

    def test_summary_counts_the_findings(self):
        summary = self.document["summary"]
        self.assertEqual(set(summary), SUMMARY)
        for verdict in ("pass", "fail", "review", "unknown", "not-applicable"):
            found = [f for f in self.document["findings"] if f["verdict"] == verdict]
            self.assertEqual(summary[verdict], len(found), verdict)

    def test_all_numbers_of_the_benchmark_are_there(self):
        found = {ref["id"] for f in self.document["findings"] for name, ref in f["refs"].items()
                 if name == "cis-docker-1.11.0"}
        self.assertEqual(len(found), 83 - self.document["summary"]["notchecked"])

    def test_privileged_container_is_found(self):
        found = [f for f in self.document["findings"]
                 if f["rule"] == "container-privileged" and f["subject"]["name"] == "root"]
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]["verdict"], "fail")
        self.assertEqual(found[0]["severity"], "critical")
        self.assertEqual(found[0]["because"], "container root runs privileged")
        self.assertEqual(found[0]["refs"]["cis-docker-1.11.0"],
                         {"id": "5.4", "section": "5", "level": 1, "scored": True})
        self.assertEqual(found[0]["subject"],
                         {"kind": "container", "id": root, "name": "root", "image": engine.IMAGE})
        self.assertEqual(found[0]["evidence"],
                         [{"fact": "container.privileged", "value": True,
                           "from": "GET /containers/{id}/json HostConfig.Privileged"}])
        self.assertIsNone(found[0]["exception"])

    def test_configuration_of_each_container_is_judged(self):
        got = {(f["refs"].get("cis-docker-1.11.0", {}).get("id"), f["subject"]["name"]): f["verdict"]
               for f in self.document["findings"] if f["subject"]["kind"] == "container"}
        for number, name, verdict in (
            ("5.4", "web", "pass"),
            ("5.10", "web", "pass"),
            ("5.10", "root", "fail"),
            ("5.11", "web", "pass"),
            ("5.11", "careful", "fail"),
            ("5.12", "careful", "pass"),
            ("5.12", "web", "fail"),
            ("5.14", "careful", "pass"),
            ("5.25", "careful", "pass"),
            ("5.25", "web", "fail"),
            ("4.1", "careful", "pass"),
            ("4.1", "web", "fail"),
            ("5.9", "web", "pass"),
            ("5.15", "web", "pass"),
            ("5.16", "web", "pass"),
            ("5.20", "web", "pass"),
        ):
            with self.subTest(rule=number, container=name):
                self.assertEqual(got[number, name], verdict)

    def test_exec_rules_are_for_review_where_nobody_watched(self):
        got = {f["verdict"] for f in self.document["findings"] if f["rule"].startswith("exec-")}
        self.assertEqual(got, {"review"})

    def test_nothing_of_a_container_is_unknown(self):
        unknown = [(f["rule"], f["because"]) for f in self.document["findings"]
                   if f["subject"]["kind"] == "container" and f["verdict"] == "unknown"]
        self.assertEqual(unknown, [])


class Table(unittest.TestCase):
    def test_bad_findings_are_lines(self):
        status, out, err = check()
        self.assertEqual((status, err), (FOUND, ""))
        line = next(line for line in out.splitlines() if " 5.4 " in line)
        self.assertRegex(line, r"^FAIL +5\.4 +critical +container root +runs privileged$")
        self.assertNotIn("\033", out)
        self.assertNotRegex(out, "(?m)^PASS")

    def test_last_line_counts(self):
        # Of containers: what others do to the kernel's audit rules in between is none of it.
        arguments = ("--section", "5")
        summary = daemon.plimsoll_json("check", "--engine", docker.socket, *arguments)["summary"]
        last = check(*arguments)[1].splitlines()[-1]
        self.assertTrue(last.startswith(f"{summary['fail']} fail, {summary['unknown']} unknown"), last)

    def test_all_shows_passes(self):
        self.assertRegex(check("--all")[1], r"(?m)^PASS +5\.4 +critical +container web ")

    def test_quiet_prints_nothing(self):
        self.assertEqual(check("--quiet"), (FOUND, "", ""))


class Filters(unittest.TestCase):
    def test_filters_narrow(self):
        every = findings()
        for arguments, holds in (
            (("--rule", "5.4"), lambda f: f["rule"] == "container-privileged"),
            (("--rule", "container-privileged"), lambda f: f["rule"] == "container-privileged"),
            (("--section", "3"), lambda f: f["refs"].get("cis-docker-1.11.0", {}).get("section") == "3"),
            (("--level", "2"), lambda f: f["refs"].get("cis-docker-1.11.0", {}).get("level") == 2),
            (("--severity", "critical"), lambda f: f["severity"] == "critical"),
            (("--verdict", "pass,review"), lambda f: f["verdict"] in ("pass", "review")),
            (("--container", "web"), lambda f: f["subject"]["id"] == web),
            (("--container", web[:12]), lambda f: f["subject"]["id"] == web),
            (("--label", "tier=front"), lambda f: f["subject"]["id"] == web),
            (("--file", "/etc/docker"), lambda f: f["subject"]["id"] == "/etc/docker"),
            (("--rule", "5.4", "--container", "root"),
             lambda f: f["rule"] == "container-privileged" and f["subject"]["id"] == root),
        ):
            with self.subTest(arguments=arguments):
                wanted = {(f["rule"], f["subject"]["id"]) for f in every if holds(f)}
                self.assertTrue(wanted)
                self.assertEqual({(f["rule"], f["subject"]["id"]) for f in findings(*arguments)}, wanted)

    def test_exit_status_goes_by_what_was_filtered(self):
        self.assertEqual(check("--rule", "5.4", "--container", "web")[0], OK)
        self.assertEqual(check("--rule", "5.4", "--container", "root")[0], FOUND)

    def test_what_is_shown_changes_no_exit_status(self):
        self.assertEqual(check("--rule", "5.4", "--verdict", "pass")[0], FOUND)

    def test_nothing_that_matches_is_no_clean_host(self):
        for arguments in (("--container", "wbe"), ("--image", "nobody/nothing"), ("--file", "/nowhere"),
                          ("--label", "tier=back"), ("--section", "1", "--container", "web")):
            with self.subTest(arguments=arguments):
                status, _, err = check(*arguments)
                self.assertEqual(status, USAGE)
                self.assertIn("nothing was audited", err)

    def test_rule_that_is_left_out_is_no_clean_host(self):
        path = world.scratch("c-")
        self.addCleanup(shutil.rmtree, path)
        config = world.write_file(os.path.join(path, "plimsoll.yaml"),
                                  "select:\n  exclude:\n    - {rule: 5.4, reason: so be it}\n")
        status, _, err = check("--config", config, "--rule", "5.4")
        self.assertEqual(status, USAGE)
        self.assertIn("container-privileged: excluded: so be it", err)

    def test_unknown_values_are_refused(self):
        for arguments in (("--rule", "5.400"), ("--severity", "awful"), ("--verdict", "maybe"), ("--level", "x")):
            with self.subTest(arguments=arguments):
                status, out, err = check(*arguments)
                self.assertEqual((status, out), (USAGE, ""))
                self.assertIn(arguments[1], err)


class LeftOut(unittest.TestCase):
    """What is not judged is counted and listed."""

    def setUp(self):
        path = world.scratch("c-")
        self.addCleanup(shutil.rmtree, path)
        self.config = world.write_file(
            os.path.join(path, "plimsoll.yaml"),
            "benchmarks: [cis-docker-1.6.0]\nselect:\n  exclude:\n    - {rule: container-privileged, reason: so be it}\n")

    def document(self, *arguments):
        return daemon.plimsoll_json("check", "--engine", docker.socket, "--config", self.config, *arguments,
                                    check=(OK, FOUND, INCOMPLETE, USAGE))

    def test_document_lists_them(self):
        document = self.document()
        for kind in ("notselected", "notchecked"):
            self.assertEqual(len(document[kind]), document["summary"][kind])
            self.assertEqual({entry["verdict"] for entry in document[kind]}, {kind})
        left_out = {entry["rule"]: entry for entry in document["notselected"]}
        self.assertEqual(left_out["container-privileged"]["because"], "excluded: so be it")
        self.assertEqual(left_out["container-privileged"]["refs"]["cis-docker-1.6.0"]["id"], "5.5")
        self.assertEqual(len({entry["refs"]["cis-docker-1.6.0"]["id"] for entry in document["notchecked"]}), 15)

    def test_filters_choose_among_them(self):
        document = self.document("--rule", "5.5")
        self.assertEqual([entry["rule"] for entry in document["notselected"]], ["container-privileged"])
        self.assertEqual(document["notchecked"], [])
        section = self.document("--section", "7")["notchecked"]
        self.assertEqual({entry["refs"]["cis-docker-1.6.0"]["section"] for entry in section}, {"7"})
        for kind in ("notselected", "notchecked"):
            self.assertEqual(self.document("--verdict", "fail")[kind], [])

    def test_another_edition_has_its_own(self):
        document = daemon.plimsoll_json("check", "--engine", docker.socket, "--benchmark", "cis-docker-1.7.0")
        self.assertEqual(document["summary"]["notchecked"], 15)

    def test_table_of_everything_has_them(self):
        status, out, _ = check("--config", self.config, "--all")
        self.assertEqual(status, FOUND)
        self.assertRegex(out, r"(?m)^notselected +5\.5 +critical +excluded: so be it$")
        self.assertEqual(len(re.findall(r"(?m)^notchecked ", out)), 15)
        self.assertNotIn("notselected", check("--config", self.config)[1])


class Engine(unittest.TestCase):
    def test_socket_may_be_an_address(self):
        document = daemon.plimsoll_json("check", "--engine", f"unix://{docker.socket}", "--rule", "5.4")
        self.assertEqual(document["engine"]["socket"], docker.socket)

    def test_socket_may_come_from_the_settings(self):
        path = world.scratch("c-")
        self.addCleanup(shutil.rmtree, path)
        config = world.write_file(os.path.join(path, "plimsoll.yaml"), f"engine:\n  socket: {docker.socket}\n")
        document = daemon.plimsoll_json("check", "--config", config, "--rule", "5.4")
        self.assertEqual(document["engine"]["socket"], docker.socket)


class FailOn(unittest.TestCase):
    def test_review_can_fail(self):
        self.assertEqual(check("--rule", "6.1")[0], OK)
        self.assertEqual(check("--rule", "6.1", "--fail-on", "review")[0], FOUND)
        self.assertEqual(check("--rule", "6.1", "--fail-on", "fail,review")[0], FOUND)

    def test_fail_can_be_let_through(self):
        self.assertEqual(check("--rule", "5.4", "--fail-on", "unknown")[0], OK)

    def test_other_words_are_refused(self):
        status, _, err = check("--fail-on", "fail,sometimes")
        self.assertEqual(status, USAGE)
        self.assertIn("sometimes", err)


class NoEngine(unittest.TestCase):
    def setUp(self):
        self.host = world.HostRoot()
        self.addCleanup(self.host.close)
        self.socket = os.path.join(self.host.path, "no.sock")
        self.host.write("/etc/default/docker")

    def check(self, *arguments):
        return daemon.plimsoll("check", "--engine", self.socket, "--host-root", self.host.path, *arguments)

    def findings(self, *arguments):
        return findings("--host-root", self.host.path, *arguments, socket_path=self.socket)

    def test_container_and_engine_rules_are_unknown(self):
        found = {f["rule"]: f for f in self.findings()}
        for rule in ("container-privileged", "container-memory-limit", "engine-userns-remap"):
            with self.subTest(rule=rule):
                self.assertEqual(found[rule]["verdict"], "unknown")
                self.assertIn(self.socket, found[rule]["because"])
                self.assertEqual(found[rule]["subject"]["kind"], "engine")
        document = daemon.plimsoll_json("check", "--engine", self.socket)
        self.assertIsNone(document["engine"])

    def test_nothing_about_the_engine_passes(self):
        passed = [f["rule"] for f in self.findings("--verdict", "pass") if f["subject"]["kind"] not in ("host", "file")]
        self.assertEqual(passed, [])

    def test_host_and_files_are_judged(self):
        found = {(f["rule"], f["subject"]["id"]): f["verdict"] for f in self.findings()}
        self.assertEqual(found["file-etc-default-docker-mode", "/etc/default/docker"], "pass")
        self.assertEqual(found["file-etc-docker-mode", "/etc/docker"], "pass")
        self.assertNotEqual(found["host-kernel-version", ""], "unknown")

    def test_status_is_3_and_a_fail_wins_over_it(self):
        both = ("--rule", "5.4", "--rule", "3.20")
        self.assertEqual(self.check(*both)[0], INCOMPLETE)
        self.assertEqual(self.check("--rule", "3.20")[0], OK)
        self.host.chmod("/etc/default/docker", 0o666)
        self.assertEqual(self.check(*both)[0], FOUND)

    def test_filters_let_no_unknown_pass(self):
        """What could not be listed may be what was named."""
        for arguments in (("--container", "web"), ("--container", "web", "--rule", "5.4"), ("--label", "tier=front"),
                          ("--image", "busybox"), ("--rule", "5.4", "--verdict", "fail")):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.check(*arguments)[0], INCOMPLETE)
        self.assertIn(self.socket, self.check("--container", "web", "--rule", "5.4")[1])

    def test_socket_that_nobody_serves(self):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.socket)
        status, out, _ = self.check("--rule", "5.4")
        self.assertEqual(status, INCOMPLETE)
        self.assertIn("Connection refused", out)

    def test_socket_that_is_a_file(self):
        world.write_file(self.socket, "")
        status, out, _ = self.check("--rule", "5.4")
        self.assertEqual(status, INCOMPLETE)
        self.assertIn("not a socket", out)


class HostRoot(unittest.TestCase):
    def setUp(self):
        self.host = world.HostRoot()
        self.addCleanup(self.host.close)

    def verdicts(self, rule):
        return {f["subject"]["id"]: f["verdict"] for f in findings("--host-root", self.host.path, "--rule", rule)}

    def test_absent_file_is_not_applicable(self):
        self.assertEqual(self.verdicts("3.20"), {"/etc/default/docker": "not-applicable"})

    def test_modes_and_owners_are_read_below_it(self):
        self.host.write("/etc/default/docker", mode=0o640)
        self.assertEqual(self.verdicts("3.20"), {"/etc/default/docker": "pass"})
        self.assertEqual(self.verdicts("3.19"), {"/etc/default/docker": "pass"})
        self.host.chmod("/etc/default/docker", 0o664)
        self.assertEqual(self.verdicts("3.20"), {"/etc/default/docker": "fail"})
        os.chown(self.host.at("/etc/default/docker"), 1, 0)
        self.assertEqual(self.verdicts("3.19"), {"/etc/default/docker": "fail"})

    def test_units_are_found_in_the_search_path(self):
        self.host.write("/lib/systemd/system/docker.service", "[Service]\n", mode=0o666)
        self.host.write("/etc/systemd/system/docker.service.d/a.conf", "[Service]\n")
        self.assertEqual(self.verdicts("3.2"), {"/lib/systemd/system/docker.service": "fail",
                                                "/etc/systemd/system/docker.service.d/a.conf": "pass"})

    def test_certificates_are_a_glob(self):
        self.host.write("/etc/docker/certs.d/a.example/ca.crt", mode=0o444)
        self.host.write("/etc/docker/certs.d/b.example/client.key", mode=0o644)
        self.assertEqual(self.verdicts("3.8"), {"/etc/docker/certs.d/a.example/ca.crt": "pass",
                                                "/etc/docker/certs.d/b.example/client.key": "fail"})

    def test_absolute_links_stay_inside(self):
        os.symlink("/etc/real", self.host.at("/etc/default/docker"))
        self.host.write("/etc/real", mode=0o666)
        self.assertEqual(self.verdicts("3.20"), {"/etc/default/docker": "fail"})
        self.host.chmod("/etc/real", 0o600)
        self.assertEqual(self.verdicts("3.20"), {"/etc/default/docker": "pass"})

    def test_root_that_is_not_there(self):
        status, _, err = check("--host-root", self.host.at("/nowhere"))
        self.assertEqual(status, USAGE)
        self.assertIn("/nowhere", err)


class BadFiles(unittest.TestCase):
    def setUp(self):
        self.path = world.scratch("c-")
        self.addCleanup(shutil.rmtree, self.path)
        self.config = os.path.join(self.path, "plimsoll.yaml")

    def refused(self, place, *words):
        """Nothing is audited: no output, status 2, and file with line on stderr."""
        status, out, err = check("--config", self.config)
        self.assertEqual((status, out), (USAGE, ""), err)
        self.assertIn(f"{self.path}/{place}", err)
        for word in words:
            self.assertIn(word, err)

    def test_settings_with_an_unknown_key(self):
        world.write_file(self.config, "engine:\n  sokcet: /run/docker.sock\n")
        self.refused("plimsoll.yaml:2", "sokcet")

    def test_settings_that_are_no_yaml(self):
        world.write_file(self.config, "engine: [\n")
        self.refused("plimsoll.yaml:")

    def test_settings_that_are_not_there(self):
        self.refused("plimsoll.yaml")

    def test_site_rule_with_an_unknown_fact(self):
        world.write_file(self.config, "")
        world.write_file(os.path.join(self.path, "rules.d", "ours.yaml"),
                         "- key: ours\n  title: Ours\n  severity: low\n  scope: container\n"
                         "  pass: container.privilged\n  why: why\n  audit: audit\n  fix: fix\n")
        self.refused("rules.d/ours.yaml:5", "container.privilged")

    def test_rules_that_others_may_write(self):
        world.write_file(self.config, "", mode=0o666)
        self.refused("plimsoll.yaml", "write")

    def test_folder_of_rules_that_is_not_there(self):
        status, out, err = check("--rules-dir", os.path.join(self.path, "none"))
        self.assertEqual((status, out), (USAGE, ""))
        self.assertIn(self.path, err)


class NotRoot(unittest.TestCase):
    """The program and its rules are copied to where everyone can read them."""

    @classmethod
    def setUpClass(cls):
        cls.path = world.scratch("n-")
        cls.addClassCleanup(shutil.rmtree, cls.path)
        cls.program = shutil.copy(daemon.program("plimsoll"), cls.path)
        cls.rules = shutil.copytree(os.path.join(world.ROOT, "rules"), os.path.join(cls.path, "rules"))

    def check(self, *arguments):
        return daemon.run([*NOBODY, self.program, "check", "--rules-dir", self.rules, "--engine", docker.socket,
                           *arguments])

    def test_says_what_it_cannot_read(self):
        status, out, err = self.check("--all")
        self.assertNotEqual(status, OK)
        self.assertIn("not root", err)
        self.assertRegex(out, r"(?m)^UNKNOWN +5\.4 .*[Pp]ermission denied")
        self.assertRegex(out, r"(?m)^UNKNOWN +2\.8 .*[Pp]ermission denied")

    def test_nothing_about_the_engine_passes(self):
        out = self.check("--verdict", "pass")[1]
        self.assertNotRegex(out, r"(?m)^PASS +(2|5)\.")

    def test_audit_rules_are_unknown(self):
        out = self.check("--all", "--file", "/etc/docker")[1]
        if os.path.exists("/etc/docker"):
            self.assertRegex(out, r"(?m)^UNKNOWN +1\.9 ")


if __name__ == "__main__":
    unittest.main()
