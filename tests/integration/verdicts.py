# SPDX-License-Identifier: Apache-2.0
"""What one `plimsoll check` found, asked by the numbers of CIS Docker 1.11.0.

The situations of a module are set up first and checked once: Verdicts.of(); then each test asks for its own.
"""

import os
import shutil
import unittest

import daemon
import world

BENCHMARK = "cis-docker-1.11.0"


class Verdicts:
    def __init__(self, document):
        self.document = document

    @classmethod
    def of(cls, engine=None, host_root=None, config=daemon.QUIET, **more):
        """Checks an engine, by default none; host_root and config are as for daemon.Daemon."""
        folder = world.scratch("c-")
        try:
            settings = world.write_file(os.path.join(folder, "plimsoll.yaml"), config)
            socket = engine.socket if engine else os.path.join(folder, "no-engine.sock")
            arguments = ["check", "--engine", socket, "--config", settings]
            if host_root is not None:
                arguments += ["--host-root", getattr(host_root, "path", host_root)]
            return cls(daemon.plimsoll_json(*arguments, **more))
        finally:
            shutil.rmtree(folder)

    def findings(self, number):
        return [f for f in self.document["findings"] if f["refs"].get(BENCHMARK, {}).get("id") == number]

    def finding(self, number, subject=None):
        """The one finding of a rule, for a subject named by id or name."""
        found = [f for f in self.findings(number) if subject in (None, f["subject"]["id"], f["subject"]["name"])]
        if len(found) != 1:
            subjects = [f["subject"]["name"] for f in self.findings(number)]
            raise AssertionError(f"{len(found)} findings of {number} for {subject}; there are {subjects}")
        return found[0]


class VerdictsTest(unittest.TestCase):
    """`seen` are the verdicts of the module's situations; a test may name others."""

    seen = None

    def assert_verdict(self, verdict, number, *subjects, seen=None):
        """The rule has that verdict for each of the subjects, or for the one that there is."""
        for subject in subjects or (None,):
            finding = (seen or self.seen).finding(number, subject)
            self.assertEqual(finding["verdict"], verdict, f"{number} of {finding['subject']['name']}: {finding}")
