# SPDX-License-Identifier: Apache-2.0
"""Verdicts about images, and whom containers run as, where other auditors are known to be wrong
(tests/known-wrong.md)."""

import io
import os
import tarfile

import daemon
import engine
import world
from verdicts import Verdicts, VerdictsTest

ROOTS = ("root", "0", "0:0", "root:root", "0:1000", "00", "000:user", "000000", "+00:1000")
OTHERS = ("user", "1000", "1000:0", "user:root", "01000")

# A second name for root, as an image may have it.
PASSWD = "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\nadmin:x:0:0::/root:/bin/sh\n"

docker = None
seen = None


def setUpModule():
    global docker, seen
    docker = engine.shared()
    for user in ROOTS + OTHERS:
        docker.create("--name", "made-" + name_of(user), "--user", user)
        docker.run("--name", "runs-" + name_of(user), "--user", user)
    docker.run("--name", "runs-as-the-image-says")
    docker.create("--name", "runs-by-another-name", "--user", "admin")
    put_passwd("runs-by-another-name")
    docker.docker("start", "runs-by-another-name")
    docker.run("--name", "drops-root", command=("busybox", "su", "-s", "/bin/sh", "user", "-c", "exec sleep 86400"))
    wait_for_user("drops-root", 1000)
    seen = Verdicts.of(docker)


def name_of(user):
    return user.replace(":", "-").replace("+", "plus-")


def archive(name, text):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def put_passwd(container):
    body = archive("passwd", PASSWD)
    status, text = docker.api("PUT", f"/containers/{container}/archive?path=/etc", body, kind="application/x-tar")
    if status != 200:
        raise AssertionError(f"cannot write to {container}: {text}")


def wait_for_user(container, uid):
    pid = docker.inspect(container)["State"]["Pid"]
    world.wait_for(f"{container} to be user {uid}", lambda: os.stat(f"/proc/{pid}").st_uid == uid)


class Users(VerdictsTest):
    @property
    def seen(self):
        return seen

    def test_4_1_spellings_of_root(self):
        self.assert_verdict("fail", "4.1", *("runs-" + name_of(user) for user in ROOTS))

    def test_4_1_spellings_of_root_made_and_not_started(self):
        self.assert_verdict("fail", "4.1", *("made-" + name_of(user) for user in ROOTS))

    def test_4_1_no_user_is_root(self):
        self.assert_verdict("fail", "4.1", "runs-as-the-image-says")

    def test_4_1_another_name_for_root(self):
        self.assert_verdict("fail", "4.1", "runs-by-another-name")

    def test_4_1_somebody_else(self):
        self.assert_verdict("pass", "4.1", *(way + name_of(user) for user in OTHERS for way in ("made-", "runs-")))

    def test_4_1_begins_as_root_and_drops_it(self):
        self.assert_verdict("pass", "4.1", "drops-root")


class ContentTrust(VerdictsTest):
    """A setting of all logins of a host, whatever the auditor's own environment says."""

    def check(self, variables=None, **files):
        with world.HostRoot() as host:
            for name, text in files.items():
                host.write("/etc/" + name.replace("_d_", ".d/"), text)
            return Verdicts.of(docker, host, variables=variables)

    def test_4_5_environment_of_the_auditor(self):
        self.assert_verdict("fail", "4.5", seen=self.check({"DOCKER_CONTENT_TRUST": "1"}))
        switched_on = self.check({"DOCKER_CONTENT_TRUST": "0"}, environment="DOCKER_CONTENT_TRUST=1\n")
        self.assert_verdict("pass", "4.5", seen=switched_on)

    def test_4_5_where_logins_get_it_from(self):
        self.assert_verdict("pass", "4.5", seen=self.check(profile="export DOCKER_CONTENT_TRUST=1\n"))
        self.assert_verdict("pass", "4.5", seen=self.check(**{"profile_d_trust.sh": "export DOCKER_CONTENT_TRUST=1\n"}))

    def test_4_5_switched_off(self):
        self.assert_verdict("fail", "4.5", seen=self.check(environment="DOCKER_CONTENT_TRUST=0\n"))
        seen = self.check(environment="DOCKER_CONTENT_TRUST=1\n", profile="unset DOCKER_CONTENT_TRUST\n")
        self.assert_verdict("fail", "4.5", seen=seen)
        self.assert_verdict("fail", "4.5", seen=self.check(environment="# DOCKER_CONTENT_TRUST=1\n"))


class Sprawl(VerdictsTest):
    def test_6_4_many_containers_of_one_image(self):
        """They use one image, and hide none that nobody uses."""
        for i in range(3):
            status, text = docker.api(
                "POST", f"/images/create?fromSrc=-&repo=unused&tag={i}", archive("file", f"{i}"), kind="application/x-tar"
            )
            self.assertEqual(status, 200, text)
        seen = Verdicts.of(docker, config=daemon.QUIET + "params:\n  unused_images_max: 2\n")
        self.assert_verdict("review", "6.4", seen=seen)
        shown = [e["value"] for e in seen.finding("6.4")["evidence"] if e["fact"] == "engine.inventory.images_unused"]
        self.assertEqual([sorted(names) for names in shown], [["unused:0", "unused:1", "unused:2"]])
        self.assert_verdict("not-applicable", "6.4", seen=Verdicts.of(docker))
