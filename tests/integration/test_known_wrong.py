# SPDX-License-Identifier: Apache-2.0
"""tests/known-wrong.md lists the tests that there are, and no others."""

import glob
import os
import re
import unittest

import world

DOCUMENT = os.path.join(world.ROOT, "tests", "known-wrong.md")
NUMBERED = r"test_\d\w*"


def read(path):
    with open(path) as f:
        return f.read()


class Document(unittest.TestCase):
    def test_lists_the_tests_that_there_are(self):
        listed = re.findall(f"`({NUMBERED})`", read(DOCUMENT))
        modules = glob.glob(os.path.join(world.ROOT, "tests", "integration", "test_rules_*.py"))
        defined = [name for path in modules for name in re.findall(rf"def ({NUMBERED})\(self", read(path))]
        self.assertEqual(sorted(set(listed)), sorted(listed), "a test is listed twice")
        self.assertEqual(sorted(set(defined)), sorted(defined), "two tests have one name")
        self.assertEqual(sorted(listed), sorted(defined))

    def test_numbers_belong_to_the_rules_of_the_row(self):
        """A test's first number is in the row's first column, alone or within a range."""
        rows = re.findall(r"^\| (\d[^|]*) \|.*\| (`test_[^|]*) \|$", read(DOCUMENT), re.MULTILINE)
        self.assertEqual(len(rows), read(DOCUMENT).count("\n| ") - 2 * read(DOCUMENT).count("\n| --- "))
        for row in rows:
            for name in re.findall(NUMBERED, row[1]):
                number = tuple(map(int, name.split("_")[1:3]))
                self.assertTrue(any(low <= number <= high for low, high in ranges(row[0])), f"{name}: {row[0]}")


def ranges(text):
    """"1.7 to 1.15, 3.1": pairs of first and last number."""
    for part in text.split(", "):
        ends = [tuple(map(int, end.split("."))) for end in part.split(" to ")]
        yield ends[0], ends[-1]
