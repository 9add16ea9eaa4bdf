# SPDX-License-Identifier: Apache-2.0
"""The ground itself: an engine of our own works, and goes without a trace."""

import os
import unittest

import engine
import world


class Ground(unittest.TestCase):
    def test_container_runs(self):
        docker = engine.shared()
        name = docker.run("--name", "web")
        state = docker.inspect("web")["State"]
        self.assertEqual(docker.inspect(name)["Config"]["Image"], engine.IMAGE)
        self.assertTrue(state["Running"])
        self.assertIn("sleep", world.processes_of(docker.path, [name])[state["Pid"]])

    def test_shared_engine_comes_without_containers(self):
        engine.shared().create("--name", "left")
        self.assertEqual(engine.shared().containers(), [])

    def test_privileged_container_can_be_created(self):
        docker = engine.shared()
        name = docker.create("--privileged")
        self.assertTrue(docker.inspect(name)["HostConfig"]["Privileged"])

    def test_configuration_takes_the_place_of_a_default_flag(self):
        with engine.Engine(config={"bridge": "none", "no-new-privileges": True}) as docker:
            self.assertNotIn("bridge", docker.flags)
            self.assertEqual(docker.api("GET", "/info")[0], 200)

    def test_restart_keeps_containers(self):
        with engine.Engine() as docker:
            name = docker.run()
            before = docker.pid
            docker.restart()
            self.assertNotEqual(docker.pid, before)
            self.assertEqual(docker.containers(), [name])
            self.assertFalse(docker.inspect(name)["State"]["Running"])

    def test_nothing_is_left_after_stop(self):
        docker = engine.Engine().start()
        docker.run()
        docker.run("--volume", "/data")
        self.assertEqual(docker.close(), [])
        self.assertFalse(os.path.exists(docker.path))

    def test_engine_starts_again_after_kill(self):
        with engine.Engine() as docker:
            name = docker.run()
            docker.kill()
            self.assertFalse(docker.answers())
            docker.start()
            self.assertEqual(docker.containers(), [name])

    def test_what_a_killed_engine_leaves_is_cleared_away(self):
        docker = engine.Engine().start()
        name = docker.run()
        docker.kill()
        left = docker.close()
        self.assertTrue(any("containerd-shim" in line for line in left), left)
        self.assertTrue(any("sleep" in line for line in left), left)
        self.assertEqual(world.processes_of(docker.path, [name]), {})
        self.assertEqual(world.mounts_below(docker.path), [])


class Waiting(unittest.TestCase):
    def test_wait_for_gives_the_value(self):
        self.assertEqual(world.wait_for("a value", lambda: 7), 7)

    def test_wait_for_says_what_did_not_come(self):
        with self.assertRaisesRegex(AssertionError, "a ship"):
            world.wait_for("a ship", lambda: False, timeout=0)
