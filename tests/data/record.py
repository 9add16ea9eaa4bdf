#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what an engine replies, with containers that use each field once: record.py ENGINE.

Into tests/data/docker-ENGINE; ENGINE is of tests/integration/engines.py. Paths of the engine become the usual
ones, nothing else is changed.
"""

import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "integration")]
os.environ["PLIMSOLL_TEST_ENGINE"] = sys.argv[1]

import engine  # noqa: E402
import world  # noqa: E402

CREATED = {
    "plain": [],
    "privileged": ["--privileged"],
    "everything": [
        "--user", "1000:1000", "--env", "PATH=/bin", "--network", "host", "--restart", "on-failure:5",
        "--cap-add", "NET_ADMIN", "--cap-add", "CAP_SYS_TIME", "--cap-drop", "ALL", "--ipc", "host", "--pid", "host",
        "--uts", "host", "--userns", "host", "--read-only", "--tmpfs", "/scratch", "--log-driver", "none",
        "--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined",
        "--security-opt", "label:disable", "--security-opt", "apparmor=mine",
        "--volume", "/etc:/host/etc:ro", "--volume", "{srv}/data:/data:rshared", "--volume", "named:/named",
        "--mount", "type=bind,src=/usr,dst=/host/usr,readonly,bind-propagation=shared",
        "--mount", "type=volume,src=vol2,dst=/v2",
        "--cpu-shares", "512", "--memory", "64m", "--cpus", "1.5", "--cgroup-parent", "/mine", "--pids-limit", "100",
        "--device", "/dev/null:/dev/mynull:r", "--device-cgroup-rule", "c 1:3 rwm", "--gpus", "all",
        "--ulimit", "nofile=100:200", "--ulimit", "nproc=50", "--health-cmd", "true", "--label", "com.example.a=secret",
    ],
    "ports": ["--publish", "80", "--publish", "127.0.0.1:8443:443", "--publish", "53:53/udp"],
    "publish-all": ["--publish-all", "--expose", "9000"],
}
# What came with engines after 20.10.
NEWER = {
    "26.1": [
        "--annotation", "a=b", "--health-cmd", "true", "--health-start-interval", "5s", "--device", "example.com/kind=one",
        "--mount", "type=volume,src=named,dst=/part,volume-subpath=part",
        "--mount", "type=bind,src=/usr,dst=/host/usr,readonly,bind-recursive=readonly,bind-propagation=rprivate",
    ],
}
NEWER["28.5"] = NEWER["26.1"] + ["--mount", "type=image,src=bb,dst=/image"]
RUNNING = {
    "ports": ["--publish", "8081:80", "--publish", "127.0.0.1:8443:443", "--publish", "5300:53/udp", "--publish-all",
              "--expose", "9000"],
    "host-network": ["--network", "host", "--publish", "99:99"],
    "mounts": ["--volume", "{srv}/data:/data:ro", "--volume", "named:/named", "--volume", "/anon", "--tmpfs", "/scratch",
               "--init", "--no-healthcheck"],
    "limits": ["--user", "1000", "--memory", "64m", "--cpu-shares", "512", "--cpu-quota", "50000", "--pids-limit", "100",
               "--ulimit", "nofile=100:200", "--restart", "unless-stopped", "--security-opt", "no-new-privileges=true",
               "--security-opt", "seccomp=unconfined"],
    "front": ["--network", "front"],
    "joined": ["--network", "container:front-running", "--pid", "container:front-running"],
}


class Recording:
    def __init__(self, docker, srv):
        self.docker = docker
        self.usual = {docker.data_root: "/var/lib/docker", f"{docker.path}/x": "/var/run/docker", srv: "/srv",
                      docker.path: "/etc/docker"}
        self.folder = os.path.join(HERE, f"docker-{sys.argv[1]}")
        os.makedirs(self.folder, exist_ok=True)

    def keep(self, name, path):
        status, document = self.docker.api("GET", path)
        if status != 200:
            raise SystemExit(f"{path}: {document}")
        text = json.dumps(document, indent=2)
        for ours, usual in self.usual.items():
            text = text.replace(ours, usual)
        world.write_file(os.path.join(self.folder, f"{name}.json"), text + "\n")


def make_containers(docker, srv):
    """Their names."""
    docker.docker("tag", engine.IMAGE, "bb")
    docker.docker("rmi", engine.IMAGE)
    names = []

    def made(way, name, options, **more):
        way("--name", name, *(option.format(srv=srv) for option in options), image="bb", **more)
        names.append(name)

    for name, options in CREATED.items():
        made(docker.create, f"{name}-created", options)
    if sys.argv[1] in NEWER:
        made(docker.create, "newer-created", NEWER[sys.argv[1]])
    docker.docker("network", "create", "front")
    for name, options in RUNNING.items():
        made(docker.run, f"{name}-running", options)
    made(docker.run, "exited", [], command=("sh", "-c", "exit 3"))
    made(docker.run, "paused", [])
    docker.docker("wait", "exited")
    docker.docker("pause", "paused")
    return names


def record(docker, srv):
    docker.docker("volume", "create", "--opt", "type=none", "--opt", "o=bind", "--opt", "device=/etc", "etc")
    names = make_containers(docker, srv)
    recording = Recording(docker, srv)
    for name in names:
        recording.keep(f"container-{name}", f"/containers/{name}/json")
    session = docker.api("POST", "/containers/front-running/exec", {"Cmd": ["true"], "User": "1000", "Privileged": True})
    recording.keep("exec", f"/exec/{session[1]['Id']}/json")
    for name, path in (
        ("version", "/version"), ("info", "/info"), ("bridge", "/networks/bridge"), ("volumes", "/volumes"),
        ("containers", "/containers/json?all=1"), ("images", "/images/json"),
        ("image-bb", "/images/bb/json"),
    ):
        recording.keep(name, path)
    docker.docker("unpause", "paused")


def main():
    srv = world.scratch("s-")
    os.mkdir(os.path.join(srv, "data"))
    try:
        with engine.Engine(own_network=True, flags={"iptables": None}) as docker:
            record(docker, srv)
    finally:
        shutil.rmtree(srv)


if __name__ == "__main__":
    main()
