# SPDX-License-Identifier: Apache-2.0
"""What each rule tells a person to type (`audit`) runs, and where its answer can be read without judgement it
agrees with our verdict.

The commands name the places where an engine usually has its things; the test's engine has them elsewhere.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import unittest

import daemon
import engine
from verdicts import Verdicts

# Not installed everywhere, or nothing without a service of the host's.
OPTIONAL = ("auditctl", "getfacl", "iptables", "plimsoll", "systemctl")
TIMEOUT = 60

docker = None
seen = None
rules = None

GOOD = [
    "--user", "1000", "--memory", "64m", "--cpu-shares", "512", "--read-only", "--pids-limit", "50", "--restart",
    "on-failure:5", "--security-opt", "no-new-privileges", "--health-cmd", "true", "--publish", "127.0.0.1:8080:80",
    "--log-driver", "none", "--ulimit", "nofile=99",
]
BAD = [
    "--network", "host", "--pid", "host", "--ipc", "host", "--uts", "host", "--cap-add", "NET_ADMIN", "--restart",
    "always", "--security-opt", "seccomp=unconfined", "--cgroup-parent", "/site", "--volume", "/etc:/data:ro",
]


def setUpModule():
    global docker, seen, rules
    docker = engine.Engine(own_network=True, flags={"insecure-registry": "registry.example.org:5000"})
    unittest.addModuleCleanup(docker.close)
    docker.start()
    docker.run("--name", "plain")
    docker.run("--name", "good", *GOOD)
    docker.create("--name", "bad", *BAD)
    docker.create("--name", "privileged", "--privileged", "--publish", "80:80")
    seen = Verdicts.of(docker)
    rules = {rule["key"]: rule for rule in daemon.plimsoll_json("rules")}


def command_of(rule, subject):
    """As a person would type it here."""
    text = rule["audit"].replace("{subject}", shlex.quote(subject))
    text = text.replace("ps -o args= -C dockerd", f"ps -o args= -p {docker.pid}")
    text = re.sub(r"(?<![\w/])/run/docker\.sock", docker.socket, text)
    return text.replace("/etc/docker/daemon.json", docker.config)


def run(text):
    """(exit status, stdout, stderr)."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
    environment["DOCKER_HOST"] = f"unix://{docker.socket}"
    done = subprocess.run(
        ["sh", "-c", text], env=environment, capture_output=True, text=True, errors="replace", timeout=TIMEOUT
    )
    return done.returncode, done.stdout, done.stderr


def verdict_if(passes):
    return "pass" if passes else "fail"


# --- readings of an answer: a verdict ---


def is_not_host(text, _rule):
    return verdict_if(text.strip() != "host")


def is_true(text, _rule):
    return verdict_if(text.strip() == "true")


def is_false(text, _rule):
    return verdict_if(text.strip() == "false")


def is_empty(text, _rule):
    return verdict_if(text.strip() in ("", "[]", "null"))


def is_above_zero(text, _rule):
    text = text.strip()
    return verdict_if(text.isdigit() and int(text) > 0)


def capabilities(text, _rule):
    privileged, added, _dropped = text.split()
    return verdict_if(privileged == "false" and added in ("null", "[]"))


def cpu_shares(text, _rule):
    return verdict_if(int(re.search(r'"CpuShares": (\d+)', text)[1]) not in (0, 1024))


def default_bridge(text, _rule):
    return verdict_if("bridge" not in json.loads(text))


def health(text, _rule):
    check = json.loads(text)
    return verdict_if(bool(check) and check.get("Test", ["NONE"])[0] != "NONE")


def propagation(text, _rule):
    return verdict_if(not any(line.split()[-1] in ("shared", "rshared") for line in text.splitlines() if line.strip()))


def no_new_privileges(text, _rule):
    return verdict_if("no-new-privileges" in text and "false" not in text)


def user(text, _rule):
    name, _, table = text.partition("\n")
    if "UID" in table:  # what runs, as docker top has it
        return verdict_if(all(line.split()[0] not in ("0", "root") for line in table.splitlines()[1:] if line.strip()))
    return verdict_if(name not in ("", "0", "root"))


def published(text):
    """(address, port) of what is asked for and of what is bound: two objects of JSON."""
    asked, end = json.JSONDecoder().raw_decode(text)
    bound = json.loads(text[end:])
    lists = [bindings for ports in (asked, bound) for bindings in (ports or {}).values()]
    return [(binding["HostIp"], binding["HostPort"]) for bindings in lists for binding in bindings or []]


def addresses(text, _rule):
    return verdict_if(all(address not in ("", "0.0.0.0", "::") for address, _ in published(text)))


def low_ports(text, _rule):
    return verdict_if(all(int(port) >= 1024 for _, port in published(text)))


def restarts(text, _rule):
    policy = json.loads(text)
    few = policy["Name"] == "on-failure" and 1 <= policy["MaximumRetryCount"] <= 5
    return verdict_if(few or policy["Name"] in ("", "no"))


def seccomp(text, _rule):
    return verdict_if("seccomp=unconfined" not in text and "true" not in text)


def mounts(text, _rule):
    sources = [mount["Source"] for mount in json.loads(text.splitlines()[0]) if mount["Type"] == "bind"]
    return verdict_if(not any(source in ("/etc", "/") for source in sources))


def sockets(text, _rule):
    return verdict_if("docker.sock" not in text)


def programs(text, _rule):
    return verdict_if(not re.search(r"\b(sshd|dropbear)\b", text))


def insecure(text, _rule):
    registries = json.loads(text)
    ranges = set(registries["InsecureRegistryCIDRs"] or []) - {"127.0.0.0/8", "::1/128"}
    return verdict_if(not ranges and all(index["Secure"] for index in registries["IndexConfigs"].values()))


def driver_is_not(name):
    return lambda text, _rule: verdict_if(text.strip() != name)


def log_driver(text, _rule):
    return verdict_if(text.strip() in ("syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "gcplogs"))


def own_log_driver(text, _rule):
    return verdict_if(text.strip() == docker.api("GET", "/info")[1]["LoggingDriver"])


def has_option(name):
    return lambda text, _rule: verdict_if(f"name={name}" in text)


def flag_is(flag, wanted, otherwise):
    def reading(text, _rule):
        given = re.search(rf"--{flag}[= ](\S+)", text)
        return verdict_if((given[1] if given else otherwise) == wanted)

    return reading


def log_level(text, _rule):
    return verdict_if(text.splitlines()[0] == "false" and "--log-level" not in text and " -D" not in text)


def swarm(text, _rule):
    return verdict_if(text.strip() == "inactive")


def kernel(text, _rule):
    return verdict_if(tuple(map(int, text.split(".")[:2])) >= (3, 10))


def mode(text, rule):
    limit = int(re.search(r'mode_within\(file\.mode, "(\d+)"\)', rule["expression"])[1], 8)
    return verdict_if(int(text.splitlines()[0], 8) & ~limit == 0)


def owner(text, _rule):
    lines = [line.split()[0] for line in text.splitlines()]
    return verdict_if(lines == ["0:0", "0:0"])


def socket_owner(text, _rule):
    return verdict_if(text.strip() in ("root:docker", "root:root"))


READINGS = {
    "container-capabilities": capabilities,
    "container-central-logging": own_log_driver,
    "container-cgroup-parent": is_empty,
    "container-cpu-shares": cpu_shares,
    "container-default-bridge": default_bridge,
    "container-docker-socket-mounted": sockets,
    "container-health": health,
    "container-host-ipc": is_not_host,
    "container-host-network": is_not_host,
    "container-host-pid": is_not_host,
    "container-host-uts": is_not_host,
    "container-memory-limit": is_above_zero,
    "container-mount-propagation": propagation,
    "container-no-new-privileges": no_new_privileges,
    "container-nonroot-user": user,
    "container-pids-limit": is_above_zero,
    "container-port-bind-address": addresses,
    "container-privileged": is_false,
    "container-privileged-ports": low_ports,
    "container-readonly-rootfs": is_true,
    "container-restart-policy": restarts,
    "container-seccomp": seccomp,
    "container-sensitive-mounts": mounts,
    "container-sshd": programs,
    "engine-authorization-plugin": lambda text, rule: verdict_if(text.strip() != "[]"),
    "engine-central-logging": log_driver,
    "engine-cgroup-parent": flag_is("cgroup-parent", "", ""),
    "engine-custom-seccomp": has_option("seccomp"),
    "engine-icc-default-bridge": is_false,
    "engine-insecure-registries": insecure,
    "engine-iptables": flag_is("iptables", "true", "true"),
    "engine-live-restore": is_true,
    "engine-log-level": log_level,
    "engine-no-new-privileges": flag_is("no-new-privileges", "true", "false"),
    "engine-storage-driver-aufs": driver_is_not("aufs"),
    "engine-storage-driver-devicemapper": driver_is_not("devicemapper"),
    "engine-userland-proxy": flag_is("userland-proxy", "false", "true"),
    "engine-userns-remap": has_option("userns"),
    "host-kernel-version": kernel,
    "image-healthcheck": health,
    "swarm-mode-off": swarm,
    "file-docker-sock-owner": socket_owner,
    **{f"file-{name}-mode": mode for name in (
        "daemon-json", "docker-service", "docker-sock", "docker-socket-unit", "etc-default-docker", "etc-docker")},
    **{f"file-{name}-owner": owner for name in (
        "daemon-json", "docker-service", "docker-socket-unit", "etc-default-docker", "etc-docker")},
}


class Commands(unittest.TestCase):
    def test_each_runs(self):
        """All programs are there, and nothing is misspelt. What a command finds is another matter."""
        missing = [name for name in OPTIONAL if not shutil.which(name)]
        subjects = {finding["rule"]: finding["subject"]["name"] for finding in seen.document["findings"]}
        for key, rule in rules.items():
            with self.subTest(rule=key):
                status, output, errors = run(command_of(rule, subjects.get(key, "plain")))
                for name in missing:
                    errors = re.sub(rf".*\b{name}: not found\n", "", errors)
                self.assertNotRegex(errors, "not found|yntax error|unknown (flag|shorthand)|parsing error|invalid option")

    def test_each_that_can_be_read_agrees(self):
        compared = set()
        for finding in seen.document["findings"]:
            key, subject = finding["rule"], finding["subject"]["name"]
            if key not in READINGS or finding["verdict"] not in ("pass", "fail"):
                continue
            with self.subTest(rule=key, subject=subject):
                text = command_of(rules[key], subject)
                output = run(text)[1]
                self.assertEqual(READINGS[key](output, rules[key]), finding["verdict"], f"{text}\n{output}")
                compared.add((key, finding["verdict"]))
        verdicts = [verdict for _, verdict in compared]
        self.assertGreater(verdicts.count("pass"), 25)
        self.assertGreater(verdicts.count("fail"), 20)
