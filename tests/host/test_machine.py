# SPDX-License-Identifier: Apache-2.0
"""The machine that the other tests of hosts stand on."""

import os
import unittest

import machine
import world

RELEASE = os.environ.get("PLIMSOLL_TEST_RELEASE", "bookworm")


class Ground(unittest.TestCase):
    def test_a_machine_boots_and_goes(self):
        host = machine.Machine(RELEASE).start()
        try:
            self.assertEqual("systemd", host.run("cat", "/proc/1/comm").strip())
            world.wait_for("the engine", lambda: host.try_run("docker", "version")[0] == 0, 60)
            self.assertTrue(host.is_active("docker.service"))
            self.assertTrue(host.journal("_SYSTEMD_UNIT=docker.service"))
            host.write("/etc/plain", "text\n")
            self.assertEqual("text\n", host.run("cat", "/etc/plain"))
        finally:
            host.close()
        self.assertEqual([], world.mounts_below(host.path))
        self.assertFalse(os.path.exists(host.path))
