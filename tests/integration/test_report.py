# SPDX-License-Identifier: Apache-2.0
"""What is taken home: test results as JUnit XML, and the report of a period."""

import os
import unittest
import xml.etree.ElementTree as xml

import daemon
import engine

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

    def test_filters_hold(self):
        text = daemon.plimsoll("check", "--engine", docker.socket, "--format", "junit", "--rule", "5.4",
                               "--container", "web", check=(0,))[1]
        self.assertEqual([case.get("name") for case in xml.fromstring(text).iter("testcase")], ["container web"])


if __name__ == "__main__":
    unittest.main()
