# SPDX-License-Identifier: Apache-2.0
"""Verdicts about the engine where other auditors are known to be wrong (tests/known-wrong.md).

Engines differ by how they were started: by flags, by daemon.json, by sockets that they inherit. Each has a
network namespace of its own, so that it may have a bridge and listen on the network.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import unittest

import authz_plugin
import certificates
import daemon
import engine
import engines
import world
from verdicts import Verdicts, VerdictsTest

REGISTRY = "registry.example.org:5000"

folder = None  # certificates and other files of the module
by_default = None  # the engine of which nothing is set
seen = {}  # verdicts by engine


def start(docker):
    """A running engine; it ends with the module."""
    unittest.addModuleCleanup(docker.close)
    return docker.start()


class Inheriting(engine.Engine):
    """An engine that is given its sockets, as systemd does it: fd://, and what they are stands elsewhere."""

    def __init__(self, port):
        super().__init__(own_network=True, flags={"host": "fd://"})
        self.script = world.write_file(os.path.join(self.path, "activate.py"), ACTIVATE)
        self.port = port

    def program(self):
        return ["python3", self.script, self.socket, str(self.port), *super().program()]


ACTIVATE = """
import os, socket, sys
unix = socket.socket(socket.AF_UNIX)
unix.bind(sys.argv[1])
tcp = socket.socket()
tcp.bind(("127.0.0.1", int(sys.argv[2])))
for i, made in enumerate((unix, tcp)):
    made.listen()
    os.dup2(os.dup(made.fileno()), 10 + i)
for i in range(2):
    os.dup2(10 + i, 3 + i)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[3], sys.argv[3:])
"""


@contextlib.contextmanager
def others_that_look_like_dockerd():
    """Newer processes than the engine: one of its name with other flags, an editor of its log."""
    waiting = ["-c", "read line", "--log-level=debug", "-H", "tcp://0.0.0.0:2375", "--cgroup-parent=/site"]
    started = [
        subprocess.Popen([name, *waiting], executable="/bin/sh", stdin=subprocess.PIPE)
        for name in ("dockerd", "/usr/bin/dockerd", "vi /var/log/dockerd.log")
    ]
    try:
        yield
    finally:
        for process in started:
            process.stdin.close()
            process.wait()


def set_up_by_default(_files):
    """Nothing is set but what the tests need."""
    docker = start(engine.Engine(own_network=True, flags={"iptables": None}))
    seen["default"] = Verdicts.of(docker)
    return docker


def set_up_by_flags(_files):
    """Settings on the command line: with = or as words of their own, long or short."""
    docker = start(engine.Engine(
        own_network=True,
        flags={
            "cgroup-parent": "/site", "insecure-registry": REGISTRY, "log-driver": "none", "userns-remap": "",
            "ip": "127.0.0.1", "icc": "0", "iptables": "T", "default-ulimit": "nofile=1024:2048",
        },
        words=["-l", "debug", "-H", "tcp://127.0.0.1:2375"],
    ))
    docker.create("--name", "published", "--publish", "8080:80")
    docker.create("--name", "published-anywhere", "--publish", "0.0.0.0:8081:80")
    docker.create("--name", "own-ulimit", "--ulimit", "nofile=4096:4096")
    seen["flags"] = Verdicts.of(docker)


def set_up_by_one_line(files):
    """Settings as they should be, in one line of daemon.json, among values that look otherwise."""
    docker = engine.Engine(own_network=True, flags={"host": None, "iptables": None})
    config = {
        "labels": ["icc=true", "log-level=debug", "tlsverify=false"],
        "hosts": [f"unix://{docker.socket}", "tcp://127.0.0.1:2376"],
        "log-driver": "syslog",
        "log-opts": {"tag": '"log-driver": "none", "cgroup-parent": "/site"'},
        "icc": False,
        "iptables": True,
        "tlsverify": True,
        **files,
    }
    world.write_file(docker.config, json.dumps(config, separators=(",", ":")))
    start(docker)
    docker.create("--name", "as-the-engine")
    docker.create("--name", "logs-nowhere", "--log-driver", "none")
    with others_that_look_like_dockerd():
        seen["one-line"] = Verdicts.of(docker)


def set_up_by_many_lines(files):
    """Settings as they should not be, each element of daemon.json on a line of its own."""
    docker = engine.Engine(own_network=True, flags={"host": None, "iptables": None})
    docker.configure({
        "hosts": [f"unix://{docker.socket}", "tcp://127.0.0.1:2376"],
        "tls": True,
        "tlsverify": False,
        **files,
        "log-level": "debug",
        "log-driver": "local",
        "cgroup-parent": "/site",
        "insecure-registries": ["10.9.0.0/16"],
        "iptables": False,
        "icc": True,
    })
    seen["many-lines"] = Verdicts.of(start(docker))


def set_up_inheriting(_files):
    docker = start(Inheriting(port=2375))
    os.chmod(docker.socket, 0o666)
    seen["inheriting"] = Verdicts.of(docker)
    seen["inherited-socket"] = docker.socket


def set_up_by_a_link(_files):
    """An engine that was told its socket by a link, and containers that have it by its other name."""
    docker = engine.Engine()
    way = os.path.join(folder, "way")
    os.symlink(docker.path, way)
    docker.flags["host"] = "unix://" + os.path.join(way, os.path.basename(docker.socket))
    start(docker)
    docker.create("--name", "socket", "--volume", f"{docker.socket}:/d")
    docker.create("--name", "by-the-link", "--volume", f"{way}/docker.sock:/d")
    docker.create("--name", "no-socket", "--volume", f"{docker.log}:/d")
    seen["by-a-link"] = Verdicts.of(docker)


def set_up_remapped(_files):
    """User namespaces: who may have which ids says a file that only this engine sees."""
    docker = start(engine.Remapped())
    docker.run("--name", "root")
    docker.run("--name", "host-root", "--userns", "host")
    docker.create("--name", "made")
    seen["remapped"] = Verdicts.of(docker)


def set_up_with_a_new_default(_files):
    """Containers from before and after a restart that made no-new-privileges the default."""
    docker = engine.Engine()
    start(docker)
    docker.run("--name", "before")
    docker.create("--name", "made-before")
    docker.flags["no-new-privileges"] = "true"
    docker.restart()
    docker.docker("start", "before")
    docker.run("--name", "after")
    docker.run("--name", "opted-out", "--security-opt", "no-new-privileges:false")
    seen["new-default"] = Verdicts.of(docker)


def setUpModule():
    global folder, by_default
    folder = world.scratch("s-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    files = certificates.make(folder)
    by_default = set_up_by_default(files)
    for set_up in (set_up_by_flags, set_up_by_one_line, set_up_by_many_lines, set_up_inheriting, set_up_by_a_link,
                   set_up_remapped, set_up_with_a_new_default):
        set_up(files)


class Settings(VerdictsTest):
    def assert_verdicts(self, number, **expected):
        """By engine."""
        for name, verdict in expected.items():
            self.assert_verdict(verdict, number, seen=seen[name.replace("_", "-")])

    def test_2_1_option_of_the_bridge(self):
        self.assert_verdicts("2.1", default="fail", many_lines="fail", flags="pass", one_line="pass")

    def test_2_1_not_applicable_without_bridge(self):
        self.assert_verdicts("2.1", new_default="not-applicable")

    def test_2_2_short_flag_of_two_words(self):
        self.assert_verdicts("2.2", flags="fail")

    def test_2_2_key_of_the_file(self):
        self.assert_verdicts("2.2", many_lines="fail", one_line="pass", default="pass")

    def test_2_2_others_that_look_like_dockerd(self):
        """They ran, newer than the engine, while it was checked."""
        for number in ("2.2", "2.6", "2.9"):
            self.assert_verdicts(number, one_line="pass")

    def test_2_3_key_of_the_file(self):
        self.assert_verdicts("2.3", many_lines="fail", one_line="pass", default="pass", flags="pass")

    def test_2_4_by_name_and_by_range(self):
        self.assert_verdicts("2.4", flags="fail", many_lines="fail")
        self.assertEqual(seen["flags"].finding("2.4")["evidence"][0]["value"], [REGISTRY])

    def test_2_4_loopback_is_built_in(self):
        self.assert_verdicts("2.4", default="pass", one_line="pass")

    def test_2_6_no_listener(self):
        self.assert_verdicts("2.6", default="pass", new_default="pass")

    def test_2_6_flag_without_tls(self):
        self.assert_verdicts("2.6", flags="fail")

    def test_2_6_tlsverify_in_the_file(self):
        self.assert_verdicts("2.6", one_line="pass")

    def test_2_6_tls_without_verify(self):
        self.assert_verdicts("2.6", many_lines="fail")

    def test_2_6_inherited_socket(self):
        self.assert_verdicts("2.6", inheriting="fail")

    def test_2_6_numbers_of_other_editions(self):
        """1.8.0 put a rule before it: the key stays what it was."""
        refs = seen["default"].finding("2.6")["refs"]
        numbers = {edition: ref["id"] for edition, ref in refs.items()}
        self.assertEqual(numbers["cis-docker-1.6.0"], "2.7")
        self.assertEqual(numbers["cis-docker-1.8.0"], "2.8")

    def test_2_8_empty_value_remaps_nothing(self):
        self.assert_verdicts("2.8", flags="fail", default="fail", remapped="pass")

    def test_2_9_flag_and_key(self):
        self.assert_verdicts("2.9", flags="fail", many_lines="fail", default="pass", one_line="pass")

    def test_2_12_none_and_local_are_not_central(self):
        self.assert_verdicts("2.12", flags="fail", many_lines="fail", default="fail", one_line="pass")

    def test_2_12_container_with_a_driver_of_its_own(self):
        """The engine's rule can't see it, another one does."""
        found = {f["subject"]["name"]: f["verdict"] for f in seen["one-line"].document["findings"]
                 if f["rule"] == "container-central-logging"}
        self.assertEqual(found, {"as-the-engine": "pass", "logs-nowhere": "fail"})

    def test_3_9_relative_path(self):
        """It leads to a file from where dockerd was started, and to another one, or to none, from here."""
        files = {name: os.path.relpath(path) for name, path in certificates.make(folder).items()}
        flags = dict(files, tlsverify="true")
        with engine.Engine(own_network=True, flags=flags, words=["-H", "tcp://127.0.0.1:2376"]) as docker:
            late = Verdicts.of(docker)
        self.assert_verdict("pass", "2.6", seen=late)
        for number in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"):
            self.assert_verdict("unknown", number, seen=late)

    def test_3_16_inherited_socket(self):
        """fd:// doesn't say which: it is the one that dockerd has, not the one that is shipped."""
        self.assert_verdict("fail", "3.16", seen["inherited-socket"], seen=seen["inheriting"])

    def test_socket_by_its_other_name(self):
        """It follows links on both sides."""
        found = {f["subject"]["name"]: f["verdict"] for f in seen["by-a-link"].document["findings"]
                 if f["rule"] == "container-docker-socket-mounted"}
        self.assertEqual(found, {"socket": "fail", "by-the-link": "fail", "no-socket": "pass"})

    def test_4_1_root_of_a_remapped_namespace(self):
        self.assert_verdict("pass", "4.1", "root", "made", seen=seen["remapped"])
        self.assert_verdict("fail", "4.1", "host-root", seen=seen["remapped"])

    def test_5_13_default_address_of_the_engine(self):
        self.assert_verdict("pass", "5.13", "published", seen=seen["flags"])
        self.assert_verdict("fail", "5.13", "published-anywhere", seen=seen["flags"])

    def test_5_18_defaults_of_the_engine(self):
        self.assert_verdict("not-applicable", "5.18", "published", seen=seen["flags"])
        self.assert_verdict("review", "5.18", "own-ulimit", seen=seen["flags"])

    def test_5_21_unconfined_by_the_engine(self):
        why = engines.limit("no filter by default", by_default.version)
        if why:
            self.skipTest(why)
        docker = engine.Engine(flags={"seccomp-profile": "unconfined"})
        self.addCleanup(docker.close)
        docker.start()
        docker.run("--name", "runs")
        docker.create("--name", "made")
        self.assert_verdict("fail", "5.21", "runs", "made", seen=Verdicts.of(docker))

    def test_5_21_profile_of_the_engine(self):
        """A file: what is in it counts, as it was when dockerd read it."""
        profile = os.path.join(folder, "seccomp.json")
        world.write_file(profile, '{"defaultAction": "SCMP_ACT_ALLOW"}')
        docker = engine.Engine(flags={"seccomp-profile": profile})
        self.addCleanup(docker.close)
        docker.start()
        docker.run("--name", "runs")
        docker.create("--name", "made")
        late = Verdicts.of(docker)
        self.assert_verdict("fail", "5.21", "runs", "made", seen=late)

        world.write_file(profile, '{"defaultAction": "SCMP_ACT_ERRNO"}')
        late = Verdicts.of(docker)
        self.assert_verdict("unknown", "5.21", "runs", "made", seen=late)

    def test_5_25_default_is_not_for_those_made_before(self):
        self.assert_verdict("fail", "5.25", "before", "opted-out", seen=seen["new-default"])
        self.assert_verdict("pass", "5.25", "after", seen=seen["new-default"])

    def test_5_25_made_and_not_started(self):
        """Made before the default or after it: nothing tells."""
        self.assert_verdict("unknown", "5.25", "made-before", seen=seen["new-default"])


class Reloaded(VerdictsTest):
    """What dockerd takes by SIGHUP, and doesn't tell."""

    def test_2_11_plugin_taken_out(self):
        name = f"plimsoll-test-{os.getpid()}"
        with authz_plugin.running(name) as plugin:
            with engine.Engine(config={"authorization-plugins": [name]}) as docker:
                self.assert_verdict("pass", "2.11", seen=Verdicts.of(docker))
                with daemon.Daemon(docker) as watcher:
                    docker.configure({})
                    docker.process.send_signal(signal.SIGHUP)
                    world.wait_for("the engine to take it out", lambda: not self.asks(docker, plugin))
                    self.assertIn(name, docker.api("GET", "/info")[1]["Plugins"]["Authorization"])
                    watcher.wait_verdict("engine-authorization-plugin", "unknown")
                self.assert_verdict("unknown", "2.11", seen=Verdicts.of(docker))
                docker.restart()
                self.assert_verdict("fail", "2.11", seen=Verdicts.of(docker))

    @staticmethod
    def asks(docker, plugin):
        before = plugin.asked
        docker.api("GET", "/_ping")
        return plugin.asked > before


class WrittenAndNotInForce(VerdictsTest):
    """daemon.json after dockerd has read it."""

    def test_2_1_and_2_2_of_an_edited_file(self):
        docker = by_default
        with daemon.Daemon(docker) as watcher:
            docker.configure({"icc": False, "log-level": "debug", "cgroup-parent": "/site"})
            watcher.post("/v1/rescan")
            world.wait_for("the rescan", lambda: watcher.get("/v1/status")["settled"])
            self.assertEqual(watcher.verdict("engine-icc-default-bridge"), "fail")
            self.assertEqual(watcher.verdict("engine-log-level"), "pass")
            self.assertEqual(watcher.verdict("engine-cgroup-parent"), "pass")

            # Who comes later can't know what the file said.
            late = Verdicts.of(docker)
            self.assert_verdict("fail", "2.1", seen=late)
            self.assert_verdict("unknown", "2.2", seen=late)
            self.assert_verdict("unknown", "2.9", seen=late)

            docker.restart()
            watcher.wait_verdict("engine-icc-default-bridge", "pass")
            watcher.wait_verdict("engine-log-level", "fail")
            watcher.wait_verdict("engine-cgroup-parent", "fail")

    def test_2_2_of_a_file_that_was_taken_away(self):
        """dockerd holds what it said. Who was there knows; who comes later mustn't take it for one that
        never was."""
        with engine.Engine(config={"log-level": "debug", "cgroup-parent": "/site"}) as docker:
            with daemon.Daemon(docker) as watcher:
                os.rename(docker.config, docker.config + ".away")
                watcher.post("/v1/rescan")
                world.wait_for("the rescan", lambda: watcher.get("/v1/status")["settled"])
                self.assertEqual(watcher.verdict("engine-log-level"), "fail")
                self.assertEqual(watcher.verdict("engine-cgroup-parent"), "fail")
                for again in (watcher.restart, lambda: (watcher.kill(), watcher.start())):
                    again()
                    self.assertEqual(watcher.verdict("engine-log-level"), "fail")
                    self.assertEqual(watcher.verdict("engine-cgroup-parent"), "fail")
            late = Verdicts.of(docker)
            self.assert_verdict("unknown", "2.2", seen=late)
            self.assert_verdict("unknown", "2.9", seen=late)

            # Another one in its place, as old as can be.
            world.write_file(docker.config, "{}\n")
            os.utime(docker.config, (1, 1))
            late = Verdicts.of(docker)
            self.assert_verdict("unknown", "2.2", seen=late)
            self.assert_verdict("unknown", "2.9", seen=late)

    def test_2_4_reloaded(self):
        docker = by_default
        docker.configure({"insecure-registries": [REGISTRY]})
        docker.process.send_signal(signal.SIGHUP)
        world.wait_for(
            "the engine to read its file again",
            lambda: REGISTRY in docker.api("GET", "/info")[1]["RegistryConfig"]["IndexConfigs"],
        )
        self.assert_verdict("fail", "2.4", seen=Verdicts.of(docker))
