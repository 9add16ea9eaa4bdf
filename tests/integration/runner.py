# SPDX-License-Identifier: Apache-2.0
"""Runs one module of integration tests: runner.py MODULE REPORT TIMEOUT.

Each test is a line of JSON in REPORT as soon as it is over, so that what was found is not lost
when the module has to be killed.
"""

import faulthandler
import json
import sys
import time
import unittest


class Reporter(unittest.TextTestResult):
    def __init__(self, stream, descriptions, verbosity):
        super().__init__(stream, descriptions, verbosity)
        self.report = open(sys.argv[2], "a", buffering=1)
        self.began = time.monotonic()

    def tell(self, outcome, test, text=""):
        line = {"outcome": outcome, "name": str(test), "text": text}
        self.report.write(json.dumps(line) + "\n")

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        self.stream.writeln(f"    {time.monotonic() - self.began:.1f} s")

    def addSuccess(self, test):
        super().addSuccess(test)
        self.tell("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell("fail", test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.tell("fail", test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.tell("fail", subtest, self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.tell("skip", test, reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.tell("ok", test)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.tell("fail", test, "it was expected to fail")


def main():
    # Shortly before we are killed, say where it hangs.
    faulthandler.dump_traceback_later(max(int(sys.argv[3]) - 5, 1))
    suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Reporter)
    return 0 if runner.run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
