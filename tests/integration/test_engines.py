# SPDX-License-Identifier: Apache-2.0
"""What engines differ in: situations that not all of them can be brought into, and their verdicts."""

import json
import os
import unittest

import engine
import engines
import world
from verdicts import Verdicts, VerdictsTest

PROFILE = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["connect"], "action": "SCMP_ACT_ERRNO"}]}

docker = None


def setUpModule():
    global docker
    docker = engine.shared()


class Case(VerdictsTest):
    def setUp(self):
        docker.remove_containers()

    def folder(self):
        path = world.scratch("s-")
        self.addCleanup(world.sweep, path)
        return path

    def engine(self, **more):
        made = engine.Engine(**more)
        self.addCleanup(made.close)
        return made.start()

    def starts(self, **more):
        try:
            self.engine(**more)
        except engine.EngineFailed:
            return False
        return True

    def mounting(self, **mount):
        """A container with the mount, asked for without a client that may not know it: its id, or None."""
        body = {"Image": engine.IMAGE, "Cmd": ["true"], "HostConfig": {"Mounts": [dict(mount, Target="/etc/site")]}}
        status, reply = docker.api("POST", "/containers/create", body)
        if status != 201:
            return None
        self.addCleanup(docker.remove, reply["Id"])
        return reply["Id"]

    def need(self, situation):
        why = engines.limit(situation, docker.version)
        if why:
            self.skipTest(why)


def keeps_images_in_containerd(docker):
    return ["driver-type", "io.containerd.snapshotter.v1"] in docker.api("GET", "/info")[1]["DriverStatus"]


class Limits(Case):
    """The table of engines.LIMITS is true of the engine at hand."""

    def assert_limit(self, situation, can):
        self.assertEqual(can, not engines.limit(situation, docker.version), f"{situation}, {docker.version}")

    def test_every_situation_is_tried(self):
        tried = {name[len("test_"):].replace("_", " ") for name in dir(self) if name.startswith("test_")}
        self.assertLessEqual(set(engines.LIMITS), tried)

    def test_legacy_registry(self):
        self.assert_limit("legacy registry", self.starts(words=["--disable-legacy-registry=false"]))

    def assert_no_driver(self, name):
        """Where the engine has it, the machine must have what it needs as well."""
        if engines.limit(name, docker.version):
            self.assertFalse(self.starts(flags={"storage-driver": name}))

    def test_aufs(self):
        self.assert_no_driver("aufs")

    def test_devicemapper(self):
        self.assert_no_driver("devicemapper")

    def test_no_filter_by_default(self):
        self.assert_limit("no filter by default", self.starts(flags={"seccomp-profile": "unconfined"}))

    def test_images_in_containerd(self):
        """An engine that doesn't know the feature takes the file all the same."""
        made = self.engine(flags={"feature": None}, config={"features": {"containerd-snapshotter": True}})
        self.assert_limit("images in containerd", keeps_images_in_containerd(made))

    def test_part_of_a_volume(self):
        """One that doesn't know the option leaves it out."""
        made = docker.inspect(self.mounting(Type="volume", Source="parts", VolumeOptions={"Subpath": "etc"}))
        options = made["HostConfig"]["Mounts"][0]["VolumeOptions"]
        self.assert_limit("part of a volume", options.get("Subpath") == "etc")

    def test_mounted_image(self):
        self.assert_limit("mounted image", self.mounting(Type="image", Source=engine.IMAGE) is not None)


class OfSome(Case):
    """Verdicts of situations that some engines alone can be brought into."""

    def test_mounted_image_is_no_folder_of_the_host(self):
        self.need("mounted image")
        made = self.mounting(Type="image", Source=engine.IMAGE)
        for start in (False, True):
            if start:
                docker.docker("start", made)
            seen = Verdicts.of(docker)
            self.assert_verdict("pass", "5.5", made, seen=seen)
            self.assert_verdict("pass", "5.19", made, seen=seen)
            self.assert_verdict("not-applicable", "5.17", made, seen=seen)

    def test_part_of_a_volume_that_binds(self):
        """The whole is what counts."""
        self.need("part of a volume")
        docker.docker("volume", "create", "--opt", "type=none", "--opt", "o=bind", "--opt", "device=/usr", "usr")
        made = self.mounting(Type="volume", Source="usr", VolumeOptions={"Subpath": "share"})
        self.assert_verdict("fail", "5.5", made, seen=Verdicts.of(docker))

    def test_images_in_containerd(self):
        self.need("images in containerd")
        made = self.engine(flags={"feature": None}, config={"features": {"containerd-snapshotter": True}})
        said = []
        for one in (docker, made):
            root, user = one.create(), one.create("--user", "1000")
            seen = Verdicts.of(one)
            self.assert_verdict("fail", "4.1", root, seen=seen)
            self.assert_verdict("pass", "4.1", user, seen=seen)
            self.assert_verdict("pass", "2.5", seen=seen)
            said.append({f["rule"]: f["verdict"] for f in seen.document["findings"]
                         if f["subject"]["kind"] == "image" or f["rule"].startswith("image-")})
        self.assertEqual(said[0], said[1])
        self.assertIn("fail", said[0].values())


class Otherwise(Case):
    """Situations in which engines do other things."""

    def test_filter_beside_privileged(self):
        """Engines before 28 take the profile, and leave it out. What the runtime is told shows it."""
        folder = self.folder()
        profile = world.write_file(os.path.join(folder, "profile"), json.dumps(PROFILE))
        runtime = world.write_file(os.path.join(folder, "runtime"), TELLING_RUNTIME.format(folder=folder), 0o755)
        made = self.engine(flags={"add-runtime": f"telling={runtime}"})
        name = made.create("--privileged", "--runtime", "telling", "--security-opt", f"seccomp={profile}")
        made.docker("start", name, check=False)
        with open(os.path.join(folder, "config.json")) as f:
            filtered = "seccomp" in json.load(f)["linux"]
        self.assert_verdict("pass" if filtered else "fail", "5.21", name, seen=Verdicts.of(made))

    def test_nothing_is_unreadable(self):
        """What an engine no longer tells, or tells otherwise, would be unknown."""
        docker.run("--name", "runs", "--memory", "64m", "--health-cmd", "true", "--read-only")
        docker.create("--name", "made", "--volume", "data:/data", "--device", "/dev/null", "--cap-drop", "ALL")
        unknown = [f for f in Verdicts.of(docker).document["findings"]
                   if f["verdict"] == "unknown" and f["subject"]["kind"] in ("engine", "image", "container", "swarm")]
        self.assertEqual(unknown, [])


# Keeps what it is told to run, and doesn't run it.
TELLING_RUNTIME = """#!/bin/sh
while [ $# -gt 0 ]; do
	[ "$1" = --bundle ] && cp "$2/config.json" {folder}/config.json
	shift
done
exit 1
"""


if __name__ == "__main__":
    unittest.main()
