# SPDX-License-Identifier: Apache-2.0
"""What is taken home: test results as JUnit XML, and the report of a period."""

import csv
import html.parser
import io
import json
import os
import shutil
import time
import unittest
import xml.etree.ElementTree as xml

import daemon
import engine
import world

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "junit.xsd")


def setUpModule():
    global docker
    docker = engine.shared()
    docker.run("--name", "web")
    docker.create("--name", "root", "--privileged")


class Junit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = daemon.plimsoll("check", "--engine", docker.socket, "--format", "junit", check=(1,))[1]
        cls.suites = xml.fromstring(cls.text)
        cls.document = daemon.plimsoll_json("check", "--engine", docker.socket)

    def test_it_is_valid(self):
        daemon.run(["xmllint", "--noout", "--schema", SCHEMA, "-"], stdin=self.text, check=(0,))

    def test_every_finding_is_a_case(self):
        cases = {(case.get("classname").removeprefix("plimsoll."), case.get("name"))
                 for case in self.suites.iter("testcase")}
        self.assertEqual(len(cases), len(self.document["findings"]))
        self.assertIn(("container-privileged", "container root"), cases)

    def test_counts_are_those_of_the_summary(self):
        summary = self.document["summary"]
        counts = {name: sum(int(suite.get(name)) for suite in self.suites)
                  for name in ("tests", "failures", "errors", "skipped")}
        self.assertEqual(counts["failures"], summary["fail"])
        self.assertEqual(counts["errors"], summary["unknown"])
        self.assertEqual(counts["skipped"], summary["review"] + summary["not-applicable"])
        self.assertEqual(counts["tests"], len(self.document["findings"]))
        for suite in self.suites:
            self.assertEqual(int(suite.get("tests")), len(suite.findall("testcase")))
            self.assertEqual(int(suite.get("failures")), len(suite.findall("testcase/failure")))
            self.assertEqual(int(suite.get("errors")), len(suite.findall("testcase/error")))
            self.assertEqual(int(suite.get("skipped")), len(suite.findall("testcase/skipped")))

    def test_failure_says_why_and_how_to_mend_it(self):
        suite = next(s for s in self.suites if s.get("name") == "5.4 container-privileged")
        failures = suite.findall("testcase[@name='container root']/failure")
        self.assertEqual([f.get("message") for f in failures], ["container root runs privileged"])
        self.assertEqual(failures[0].get("type"), "critical")
        self.assertIn("container.privileged = true", failures[0].text)
        self.assertIn("Fix: ", failures[0].text)
        self.assertEqual(suite.findall("testcase[@name='container web']/*"), [])

    def test_what_is_not_judged_is_skipped(self):
        path = world.scratch("c-")
        self.addCleanup(shutil.rmtree, path)
        config = world.write_file(
            os.path.join(path, "plimsoll.yaml"),
            "benchmarks: [cis-docker-1.6.0]\nselect:\n  exclude:\n    - {rule: container-privileged, reason: a < b}\n")
        arguments = ("check", "--engine", docker.socket, "--config", config)
        text = daemon.plimsoll(*arguments, "--format", "junit", check=(1,))[1]
        daemon.run(["xmllint", "--noout", "--schema", SCHEMA, "-"], stdin=text, check=(0,))
        suite = next(s for s in xml.fromstring(text) if s.get("name") == "not judged")
        document = daemon.plimsoll_json(*arguments)
        self.assertEqual(int(suite.get("skipped")), len(document["notselected"]) + len(document["notchecked"]))
        left_out = suite.find("testcase[@name='5.5']")
        self.assertEqual(left_out.get("classname"), "plimsoll.notselected")
        self.assertEqual(left_out.find("skipped").get("message"), "excluded: a < b")

    def test_filters_hold(self):
        text = daemon.plimsoll("check", "--engine", docker.socket, "--format", "junit", "--rule", "5.4",
                               "--container", "web", check=(0,))[1]
        self.assertEqual([case.get("name") for case in xml.fromstring(text).iter("testcase")], ["container web"])


EXCEPTION = """
- rule: container-privileged
  subject: {name: keeper}
  state: waived
  owner: ann@example.org
  reason: it makes the backups
  expires: 2099-12-31
"""


class Page(html.parser.HTMLParser):
    """What the page says, what it loads from elsewhere, and whether its elements close."""

    VOID = {"meta", "br", "col", "link", "img"}

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.links, self.unbalanced = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.words.append(data)


class Period(unittest.TestCase):
    """A small history, told over: a container that comes and goes, an exception, a restart, a gap."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon.Daemon(engine=docker).start()
        cls.addClassCleanup(cls.daemon.close)
        plimsolld = cls.daemon
        cls.visitor = docker.create("--name", "visitor", "--privileged")
        plimsolld.wait_verdict("container-privileged", "fail", "visitor")
        cls.keeper = docker.create("--name", "keeper", "--privileged")
        plimsolld.wait_verdict("container-privileged", "fail", "keeper")
        docker.docker("update", "--memory", "64m", "--memory-swap", "64m", "web")
        plimsolld.wait_verdict("container-memory-limit", "pass", "web")
        docker.remove("visitor")
        plimsolld.wait_drift(lambda row: row["type"] == "gone")
        plimsolld.write("exceptions.d/backup.yaml", EXCEPTION)
        plimsolld.post("/v1/reload")
        plimsolld.wait_drift(lambda row: row.get("exception") and row["subject"]["name"] == "keeper")
        plimsolld.stop()
        os.chmod(docker.config, 0o666)
        cls.addClassCleanup(os.chmod, docker.config, 0o644)
        plimsolld.start()
        plimsolld.wait_verdict("file-daemon-json-mode", "fail")
        docker.restart()
        plimsolld.wait_drift(lambda row: row.get("notice", {}).get("kind") == "gap-closed")
        plimsolld.wait_verdict("container-privileged", "fail", "keeper")
        cls.report = cls.make("json", "--all")
        cls.drift = plimsolld.drift()

    @classmethod
    def make(cls, format, *arguments, check=(0,)):
        text = daemon.plimsoll("report", "--socket", cls.daemon.socket, "--format", format, *arguments,
                               check=check)[1]
        return json.loads(text) if format == "json" else text

    def pair(self, rule, name, report=None):
        found = [pair for entry in (report or self.report)["rules"] if entry["rule"] == rule
                 for pair in entry["subjects"] if pair["subject"]["name"] == name]
        self.assertEqual(len(found), 1, (rule, name))
        return found[0]

    def seconds(self, pair):
        return {state: span for state, span in pair["seconds"].items() if span > 0}

    def row(self, predicate):
        return next(row for row in self.drift if predicate(row))

    def test_every_finding_of_now_is_in_it(self):
        there = {(entry["rule"], pair["subject"]["kind"], pair["subject"]["id"])
                 for entry in self.report["rules"] for pair in entry["subjects"]}
        for found in self.daemon.findings():
            self.assertIn((found["rule"], found["subject"]["kind"], found["subject"]["id"]), there)

    def test_times_are_whole_and_in_order(self):
        for entry in self.report["rules"]:
            for pair in entry["subjects"]:
                times = pair["times"]
                sums = {}
                for piece, follower in zip(times, times[1:]):
                    self.assertLessEqual(piece["to"], follower["from"])
                for piece in times:
                    self.assertLess(piece["from"], piece["to"])
                    sums[piece["verdict"]] = sums.get(piece["verdict"], 0) + span(piece["from"], piece["to"])
                for state, seconds in sums.items():
                    self.assertAlmostEqual(seconds, pair["seconds"][state], 2)

    def test_what_stood_at_the_first_look(self):
        pair = self.pair("container-privileged", "root")
        self.assertEqual(set(self.seconds(pair)), {"fail", "blind"})
        self.assertEqual(len(pair["violations"]), 1)
        violation = pair["violations"][0]
        self.assertFalse(violation["start_seen"])
        self.assertIsNone(violation["cause"])
        self.assertIsNone(violation["end"])
        self.assertEqual(violation["because"], "container root runs privileged")

    def test_container_that_came_and_went(self):
        pair = self.pair("container-privileged", "visitor")
        came = self.row(lambda row: row["type"] == "appeared" and row["subject"]["id"] == self.visitor)
        went = self.row(lambda row: row["type"] == "gone" and row["subject"]["id"] == self.visitor)
        self.assertEqual([(t["verdict"], t["from"], t["to"]) for t in pair["times"]],
                         [("fail", came["time"], went["time"])])
        violation = pair["violations"][0]
        self.assertTrue(violation["start_seen"])
        self.assertEqual(violation["cause"]["source"], "docker-event")
        self.assertEqual(violation["ended_as"], "gone")
        self.assertEqual(violation["end_cause"]["detail"], "container destroy")
        self.assertAlmostEqual(violation["seconds"], span(came["time"], went["time"]), 2)

    def test_exception_in_force(self):
        pair = self.pair("container-privileged", "keeper")
        self.assertEqual([t["verdict"] for t in pair["times"] if t["verdict"] != "blind"][:2],
                         ["fail", "waived"])
        self.assertEqual(len(pair["violations"]), 1)
        exceptions = pair["violations"][0]["exceptions"]
        self.assertEqual(len(exceptions), 1)
        self.assertEqual(exceptions[0]["state"], "waived")
        self.assertEqual(exceptions[0]["owner"], "ann@example.org")
        self.assertEqual(exceptions[0]["reason"], "it makes the backups")
        self.assertNotIn("to", exceptions[0])

    def test_what_was_mended(self):
        pair = self.pair("container-memory-limit", "web")
        self.assertEqual([t["verdict"] for t in pair["times"]][:3], ["fail", "pass", "blind"])
        self.assertEqual(len(pair["violations"]), 1)
        violation = pair["violations"][0]
        self.assertEqual(violation["ended_as"], "pass")
        self.assertEqual(violation["end_cause"]["detail"], "container update")
        self.assertIn("memory", violation["because"])

    def test_what_changed_while_nobody_watched(self):
        pair = self.pair("file-daemon-json-mode", docker.config)
        self.assertEqual([t["verdict"] for t in pair["times"]][:3], ["pass", "blind", "pass"])
        violation = pair["violations"][0]
        self.assertFalse(violation["start_seen"])
        stopped = self.row(lambda row: row.get("notice", {}).get("kind") == "stopping")
        self.assertEqual(violation["earliest"], stopped["time"])

    def test_blind_times(self):
        blind = {item["source"]: item for item in self.report["blind"]}
        self.assertEqual(set(blind), {"plimsolld", "docker-events"})
        self.assertEqual(blind["plimsolld"]["why"], "plimsolld was not running")
        closed = self.row(lambda row: row.get("notice", {}).get("kind") == "gap-closed")
        self.assertEqual(blind["docker-events"]["to"], closed["time"])
        # What the engine's events tell nothing of was watched meanwhile.
        entry = next(e for e in self.report["rules"] if e["rule"] == "file-etc-docker-mode")
        self.assertLess(entry["subjects"][0]["seconds"]["blind"], pair_blind(self.pair("container-privileged", "root")))

    def test_rulebook_of_each_time(self):
        rulebooks = self.report["rulebooks"]
        self.assertEqual(len(rulebooks), 2)
        self.assertEqual(rulebooks[0]["to"], rulebooks[1]["from"])
        self.assertEqual(rulebooks[1]["sha256"], self.daemon.get("/v1/status")["rulebook"]["sha256"])
        self.assertNotEqual(rulebooks[0]["sha256"], rulebooks[1]["sha256"])

    def test_part_of_it(self):
        came = self.row(lambda row: row["type"] == "appeared" and row["subject"]["id"] == self.visitor)["time"]
        went = self.row(lambda row: row["type"] == "gone" and row["subject"]["id"] == self.visitor)["time"]
        report = self.make("json", "--since", came, "--until", went)
        self.assertEqual((report["since"], report["until"]), (came, went))
        self.assertEqual(self.seconds(self.pair("container-privileged", "root", report)),
                         {"fail": round(span(came, went), 3)})
        self.assertEqual(report["blind"], [])
        report = self.make("json", "--since", went)
        self.assertNotIn("visitor", json.dumps(report))

    def test_before_anybody_watched(self):
        report = self.make("json", "--since", "2d ago", "--rule", "container-privileged")
        self.assertEqual(report["blind"][0]["why"], "nobody watched yet")
        self.assertGreater(report["blind"][0]["seconds"], 86400)
        self.assertEqual(report["blind"][0]["to"], report["history_begins"])
        self.assertLess(self.pair("container-privileged", "root", report)["seconds"]["fail"], 3600)

    def test_filters(self):
        report = self.make("json", "--rule", "5.4", "--container", "vis*")
        self.assertEqual([entry["rule"] for entry in report["rules"]], ["container-privileged"])
        self.assertEqual([p["subject"]["name"] for p in report["rules"][0]["subjects"]], ["visitor"])
        report = self.make("json", "--section", "5", "--severity", "critical", "--verdict", "fail")
        for entry in report["rules"]:
            self.assertEqual(entry["severity"], "critical")
            for pair in entry["subjects"]:
                self.assertGreater(pair["seconds"]["fail"], 0)
        self.assertIn("visitor", json.dumps(report))

    def test_csv_has_every_piece(self):
        until = ("--until", self.report["until"])  # what the machine does in between is in neither
        lines = list(csv.DictReader(io.StringIO(self.make("csv", *until), newline="")))
        visitor = [line for line in lines if line["subject_name"] == "visitor"
                   and line["rule"] == "container-privileged"]
        self.assertEqual(len(visitor), 1)
        self.assertEqual(visitor[0]["id"], "5.4")
        self.assertEqual(visitor[0]["verdict"], "fail")
        self.assertEqual(visitor[0]["began_by"], "container create")
        keeper = [line for line in lines if line["subject_name"] == "keeper" and line["verdict"] == "waived"]
        self.assertTrue(keeper)
        self.assertIn("waived by ann@example.org", keeper[0]["exception"])
        pieces = sum(len(p["times"]) for e in self.make("json", *until)["rules"] for p in e["subjects"])
        self.assertEqual(len(lines), pieces)

    def test_table(self):
        text = self.make("table")
        self.assertIn("container visitor", text)
        self.assertIn("plimsolld was not running", text)
        self.assertIn("pass, or not applicable, all the time", text)
        self.assertNotIn("\033", text)

    def test_page_stands_alone(self):
        text = self.make("html")
        page = Page(text)
        self.assertEqual(page.unbalanced, [])
        self.assertEqual(page.open, [])
        self.assertEqual(page.links, [])
        self.assertNotIn("http://", text)
        self.assertNotIn("@import", text)
        words = " ".join(page.words)
        for part in ("Violations", "container visitor", "Time in which nobody watched", "it makes the backups"):
            self.assertIn(part, words)

    def test_refused(self):
        self.assertIn("is not before", self.refusal("--since", "today", "--until", "yesterday"))
        self.assertIn("no such format", self.refusal("--format", "junit"))
        self.assertIn("no such rule", self.refusal("--rule", "99.9"))

    def refusal(self, *arguments):
        return daemon.plimsoll("report", "--socket", self.daemon.socket, *arguments, check=(2,))[2]


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")


class Doctor(unittest.TestCase):
    """What cannot be read depends on the machine that runs the tests; what is said of it does not."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon.Daemon(engine=docker)
        cls.daemon.write("exceptions.d/soon.yaml", EXCEPTION.replace("keeper", "root").replace(
            "2099-12-31", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 86400))))
        cls.daemon.start()
        cls.addClassCleanup(cls.daemon.close)

    def ask(self, *arguments, check=(0, 3)):
        status, text, _ = daemon.plimsoll("doctor", *arguments, "--format", "json", check=check)
        document = json.loads(text)
        self.assertEqual(document["complete"], status == 0)
        for problem in document["problems"]:
            self.assertTrue(problem["what"] and problem["advice"])
        return document["problems"]

    def of(self, problems, kind):
        return [problem for problem in problems if problem["kind"] == kind]

    def test_every_unknown_finding_of_the_daemon_has_a_reason(self):
        problems = self.ask("--socket", self.daemon.socket)
        unknown = self.daemon.findings(verdict="unknown")
        self.assertEqual(sum(problem["findings"] for problem in self.of(problems, "unreadable")), len(unknown))

    def test_exception_that_ends_soon(self):
        problems = self.of(self.ask("--socket", self.daemon.socket), "exception")
        self.assertEqual(len(problems), 1)
        self.assertIn("container-privileged", problems[0]["what"])
        self.assertIn("ann@example.org", problems[0]["what"])
        self.assertFalse(problems[0]["incomplete"])

    def test_no_engine(self):
        problems = self.ask("--engine", "/nowhere.sock", check=(3,))
        found = [problem for problem in problems if problem["what"].startswith("no engine: /nowhere.sock")]
        self.assertEqual(len(found), 1)
        self.assertIn("5.4", found[0]["rules"])
        self.assertIn("systemctl start docker", found[0]["advice"])

    def test_not_root(self):
        status, text, _ = daemon.run([*NOBODY, daemon.program("plimsoll"), "doctor", "--engine", docker.socket,
                                      "--format", "json"], check=(3,))
        problems = json.loads(text)["problems"]
        self.assertEqual(self.of(problems, "privilege")[0]["why"], "not root")
        advice = [problem["advice"] for problem in problems if "CAP_AUDIT_CONTROL" in problem["why"]]
        self.assertEqual(len(advice), 1)
        self.assertIn("on the host itself", advice[0])

    def test_daemon_without_a_capability(self):
        plimsolld = daemon.Daemon(engine=docker)
        command = plimsolld.command
        plimsolld.command = lambda: ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", *command()]
        with plimsolld:
            problems = self.of(self.ask("--socket", plimsolld.socket, check=(3,)), "privilege")
            self.assertEqual([problem["what"] for problem in problems], ["plimsolld lacks CAP_SYS_PTRACE"])
            self.assertIn("plimsolld.service", problems[0]["advice"])

    def test_blind_source(self):
        own = engine.Engine().start()
        self.addCleanup(own.close)
        with daemon.Daemon(engine=own) as plimsolld:
            own.stop()
            plimsolld.wait_drift(lambda row: row.get("notice", {}).get("kind") == "gap-opened")
            problems = self.of(self.ask("--socket", plimsolld.socket, check=(3,)), "blind")
            self.assertEqual(len(problems), 1)
            self.assertIn("docker-events: nothing is heard since", problems[0]["what"])

    def test_words(self):
        _, text, _ = daemon.plimsoll("doctor", "--engine", "/nowhere.sock", check=(3,))
        self.assertIn("no engine: /nowhere.sock: No such file or directory", text)
        self.assertIn("findings are unknown for it: 1.1, ", text)
        self.assertRegex(text.splitlines()[-1], r"^an audit from here is incomplete, for \d+ reasons?$")


def moment(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + float(text[19:-1])


def span(start, end):
    return moment(end) - moment(start)


def pair_blind(pair):
    return pair["seconds"]["blind"]


if __name__ == "__main__":
    unittest.main()
