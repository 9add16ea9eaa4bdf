# SPDX-License-Identifier: Apache-2.0
"""The property that the whole design stands on: whatever happened, and in whatever order, the daemon's findings
are those of a fresh check, subject by subject, rule by rule, and no change was found by looking alone.

PLIMSOLL_SEED=N repeats a run.
"""

import os
import random
import unittest

import daemon
import engine
import world

SEED = int(os.environ.get("PLIMSOLL_SEED", random.randrange(1 << 32)))
OPERATIONS, AT_ONCE = (10000, 100) if world.LONG else (90, 30)

# A check knows nothing of what was in use a while ago.
CONFIG = daemon.QUIET + "  carried_within: off\n"

CONTAINERS_MOST = 12
MEBI = 1 << 20

# Rules about sessions, which only a daemon that watched can know.
OF_RECORDS = ("exec-privileged", "exec-root-user", "exec-user-override")

# What they read is looked at once a minute at most; a look at everything does not wait for that.
SLOW = ("ops-backup", "ops-container-sprawl", "ops-image-sprawl")

# What only a daemon knows that saw daemon.json before it was touched.
REMEMBERED = "what is in force cannot be told until dockerd is restarted"

FILES = ("/etc/default/docker", "/etc/docker/certs.d/a.example/ca.crt", "/etc/docker/certs.d/b.example/client.key",
         "/etc/systemd/system/docker.service", "/lib/systemd/system/docker.service",
         "/etc/systemd/system/docker.service.d/a.conf", "/lib/systemd/system/docker.socket",
         "/etc/containerd/config.toml")
FOLDERS = ("/etc/docker", "/etc/docker/certs.d", "/etc/docker/certs.d/a.example", "/etc/systemd/system/docker.service.d",
           "/etc/default")
MODES = (0o600, 0o644, 0o640, 0o664, 0o666, 0o444, 0o4755)


class World:
    """A host and an engine to which things happen by chance."""

    def __init__(self, chance):
        self.chance = chance
        self.docker = engine.Engine().start()
        self.host = world.HostRoot()
        self.host.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nsmith:x:1000:1000::/:/bin/sh\n")
        self.host.write("/etc/group", "root:x:0:\ndocker:x:999:\n")
        os.makedirs(self.host.at("/etc/profile.d"))
        self.host.write(self.docker.config, "{}\n")
        for path in FILES[:4]:
            self.host.write(path)
        self.daemon = daemon.Daemon(self.docker, self.host, CONFIG)
        self.names = 0
        self.done = []

    def close(self):
        self.daemon.discard()
        self.host.close()
        self.docker.close()

    def operate(self):
        """One operation. That it fails is part of the game; what it was is noted."""
        total = sum(weight for weight, _ in self.OPERATIONS)
        at = self.chance.randrange(total)
        for weight, operation in self.OPERATIONS:
            at -= weight
            if at < 0:
                break
        self.done.append(f"{operation.__name__}: {operation(self)}")

    def api(self, method, path, body=None):
        return f"{method} {path} {body or ''} -> {self.docker.api(method, path, body)[0]}"

    def some(self):
        """Some container, or one that never was."""
        return self.chance.choice(self.docker.containers() or ["nobody"])

    # containers

    def create(self):
        if len(self.docker.containers()) >= CONTAINERS_MOST:
            return self.remove()
        pick = self.chance.choice
        self.names += 1
        host = {"Privileged": self.chance.random() < 0.2, "ReadonlyRootfs": pick((True, False)),
                "Memory": pick((0, 64 * MEBI)), "CpuShares": pick((0, 512)), "PidsLimit": pick((0, 100)),
                "NetworkMode": pick(("none", "none", "host")), "PidMode": pick(("", "", "host")),
                "IpcMode": pick(("private", "shareable", "host")), "UTSMode": pick(("", "", "host")),
                "CapAdd": pick(([], [], ["NET_ADMIN"])), "Binds": pick(([], [], ["/etc:/mnt:ro"])),
                "SecurityOpt": pick(([], ["no-new-privileges"], ["seccomp=unconfined"])),
                "RestartPolicy": {"Name": pick(("", "no", "always", "on-failure")), "MaximumRetryCount": 0}}
        if host["UTSMode"] == "host" or host["NetworkMode"] == "host":
            host["UTSMode"] = ""
        body = {"Image": engine.IMAGE, "Cmd": pick((["sleep", "86400"], ["true"])), "User": pick(("", "1000", "root")),
                "Labels": {"tier": pick(("front", "back"))}, "StopSignal": "KILL", "HostConfig": host}
        return self.api("POST", f"/containers/create?name=c{self.names}", body)

    def start(self):
        return self.api("POST", f"/containers/{self.some()}/start")

    def stop(self):
        return self.api("POST", f"/containers/{self.some()}/{self.chance.choice(('stop?t=0', 'kill', 'restart?t=0'))}")

    def pause(self):
        return self.api("POST", f"/containers/{self.some()}/{self.chance.choice(('pause', 'unpause'))}")

    def update(self):
        body = self.chance.choice(({"Memory": 64 * MEBI, "MemorySwap": 64 * MEBI}, {"CpuShares": 256},
                                   {"CpuShares": 1024}, {"PidsLimit": 50}, {"PidsLimit": -1},
                                   {"RestartPolicy": {"Name": "always"}},
                                   {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5}}))
        return self.api("POST", f"/containers/{self.some()}/update", body)

    def rename(self):
        self.names += 1
        return self.api("POST", f"/containers/{self.some()}/rename?name=r{self.names}")

    def exec(self):
        name = self.some()
        body = {"Cmd": ["true"], "Privileged": self.chance.random() < 0.3, "User": self.chance.choice(("", "1000"))}
        status, answer = self.docker.api("POST", f"/containers/{name}/exec", body)
        if status == 201:
            self.docker.api("POST", f"/exec/{answer['Id']}/start", {"Detach": True})
        return f"{name} {body} -> {status}"

    def remove(self):
        return self.api("DELETE", f"/containers/{self.some()}?force=1")

    # files

    def file(self):
        return self.chance.choice((self.docker.config,) + FILES + FOLDERS)

    def chmod(self):
        path, mode = self.file(), self.chance.choice(MODES) | (0o111 if self.chance.random() < 0.2 else 0)
        if path in FOLDERS:
            mode |= 0o111
        try:
            self.host.chmod(path, mode)
        except FileNotFoundError:
            mode = "there is none"
        return f"{path} {mode:o}" if isinstance(mode, int) else f"{path}: {mode}"

    def chown(self):
        path, owner = self.file(), self.chance.choice((0, 0, 1000))
        try:
            os.chown(self.host.at(path), owner, self.chance.choice((0, 999)))
        except FileNotFoundError:
            owner = "there is none"
        return f"{path}: {owner}"

    def write(self):
        path, mode = self.chance.choice(FILES), self.chance.choice(MODES)
        if not os.path.islink(self.host.at(path)):
            self.host.write(path, f"# {self.chance.random()}\n", mode)
        return f"{path} {mode:o}"

    def replace(self):
        path, mode = self.chance.choice(FILES), self.chance.choice(MODES)
        other = self.host.write(path + ".new", "# new\n", mode)
        os.rename(other, self.host.at(path))
        return f"{path} {mode:o}"

    def link(self):
        path = self.chance.choice(FILES)
        self.host.write("/etc/real", "# real\n", self.chance.choice(MODES))
        os.makedirs(os.path.dirname(self.host.at(path)), exist_ok=True)
        os.symlink("/etc/real", self.host.at(path) + ".new")
        os.rename(self.host.at(path) + ".new", self.host.at(path))
        return path

    def unlink(self):
        path = self.chance.choice(FILES)
        try:
            self.host.remove(path)
        except FileNotFoundError:
            path += ": there is none"
        return path

    def move_folder(self):
        """Away and back, or away for good; what is written later makes it anew."""
        path, back = self.host.at("/etc/docker/certs.d"), self.chance.random() < 0.7
        if os.path.isdir(path):
            self.names += 1
            os.rename(path, f"{path}.{self.names}")
            if back:
                os.rename(f"{path}.{self.names}", path)
        return f"back: {back}"

    def accounts(self):
        members = self.chance.choice(("", "smith", "smith,jones"))
        self.host.write("/etc/group", f"root:x:0:\ndocker:x:999:{members}\n")
        return members

    def profile(self):
        trust = self.chance.choice(("0", "1"))
        self.host.write("/etc/profile.d/docker.sh", f"export DOCKER_CONTENT_TRUST={trust}\n")
        return trust

    # whole programs

    def restart_engine(self):
        if self.chance.random() < 0.5:
            self.docker.kill()
            self.docker.start()
        else:
            self.docker.restart()

    def restart_daemon(self):
        if self.chance.random() < 0.5:
            self.daemon.kill()
        else:
            self.daemon.stop()
        self.daemon.start(settled=False)

    OPERATIONS = (
        (14, create), (14, start), (8, stop), (4, pause), (10, update), (4, rename), (6, exec), (5, remove),
        (12, chmod), (6, chown), (4, write), (5, replace), (3, link), (4, unlink), (2, move_folder), (3, accounts),
        (2, profile), (1, restart_engine), (1, restart_daemon),
    )

    # what is found

    def by_daemon(self):
        return self.daemon.get("/v1/findings")

    def by_check(self):
        return daemon.plimsoll_json("check", "--engine", self.docker.socket, "--host-root", self.host.path,
                                    "--config", self.daemon.config)

    def differences(self, without=()):
        """Between the daemon and a fresh check; none when the daemon has caught up."""
        mine, fresh = found_in(self.by_daemon(), without), found_in(self.by_check(), without)
        return [f"{place}\n      daemon: {mine.get(place)}\n      check:  {fresh.get(place)}"
                for place in sorted(set(mine) | set(fresh))
                if mine.get(place) != fresh.get(place) and not is_remembered(mine.get(place), fresh.get(place))]


def is_remembered(mine, fresh):
    return mine is not None and mine[0] != "unknown" and fresh is not None and REMEMBERED in fresh[1]


def found_in(document, without):
    return {(f["rule"], f["subject"]["kind"], f["subject"]["id"]): (f["verdict"], f["because"], f["subject"]["name"])
            for f in document["findings"] if f["rule"] not in OF_RECORDS + without}


class Consistency(unittest.TestCase):
    def assert_consistent(self, w, begin, without=()):
        left = []

        def caught_up():
            left[:] = w.differences(without)
            return not left

        try:
            world.wait_for("the daemon's findings to be those of a check", caught_up, interval=0.2)
        except AssertionError as e:
            operations = "\n".join("    " + line for line in w.done[begin:])
            raise AssertionError(f"{e}\n  {len(left)} differences, PLIMSOLL_SEED={SEED}:\n    "
                                 + "\n    ".join(left[:20]) + f"\n  after\n{operations}") from None

    def test_random_operations(self):
        print(f"PLIMSOLL_SEED={SEED}")
        w = World(random.Random(SEED))
        self.addCleanup(w.close)
        w.daemon.start()
        for begin in range(0, OPERATIONS, AT_ONCE):
            for _ in range(AT_ONCE):
                w.operate()
            self.assert_consistent(w, begin, SLOW)
        w.daemon.post("/v1/rescan")
        world.wait_for("the look to end", lambda: w.daemon.get("/v1/status")["settled"])
        self.assert_consistent(w, OPERATIONS)
        counters = w.daemon.get("/v1/status")["counters"]
        resync = [row for row in w.daemon.drift() if row.get("cause", {}).get("source") == "resync"]
        self.assertEqual((counters["missed_changes"], counters["drops"], resync), (0, 0, []))
        numbers = [row["seq"] for row in w.daemon.drift()]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        w.daemon.stop()


if __name__ == "__main__":
    unittest.main()
