# SPDX-License-Identifier: Apache-2.0
"""Verdicts about containers where other auditors are known to be wrong (tests/known-wrong.md).

Two engines: one on the host's network, as namespaces are compared with the host's, and one with a bridge of
its own for what is published. All containers are made first; then each engine is checked once.
"""

import concurrent.futures
import os
import subprocess
import time
import unittest
from urllib.parse import urlencode

import daemon
import engine
import world
from verdicts import Verdicts, VerdictsTest

SSHD = "rm /bin/ps; printf '#!/bin/sh\nsleep 86400\n' >/tmp/sshd; chmod +x /tmp/sshd; exec /tmp/sshd"
TALKS_OF_SSHD = ("sh", "-c", "sleep 86400; echo sshd")

ALLOWS_ALL = '{"defaultAction": "SCMP_ACT_ALLOW"}'
FORBIDS = """{"defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_ERRNO"}]}"""

# name: options, command. What runs is judged by what the kernel shows, what was made only by its configuration.
RUNNING = {
    "plain": [],
    "capless": ["--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE"],
    "net-admin": ["--cap-add", "cap_net_admin"],
    "seccomp-off": ["--security-opt", "seccomp=unconfined"],
    "seccomp-off-colon": ["--security-opt", "seccomp:unconfined"],
    "seccomp-allows-all": ["--security-opt", "seccomp={srv}/allows-all.json"],
    "seccomp-forbids": ["--security-opt", "seccomp={srv}/forbids.json"],
    "nnp": ["--security-opt", "no-new-privileges"],
    "nnp-true": ["--security-opt", "no-new-privileges:true"],
    "nnp-false": ["--security-opt", "no-new-privileges:false"],
    "host-network": ["--network", "host"],
    "host-pid": ["--pid", "host"],
    "host-ipc": ["--ipc", "host"],
    "host-uts": ["--uts", "host"],
    "shares-ipc": ["--ipc", "shareable"],
    "sshd": [("sh", "-c", SSHD)],
    "talks-of-sshd": [TALKS_OF_SSHD],
}
JOINED = {
    "joins-network": ["--network", "container:host-network"],
    "joins-pid": ["--pid", "container:host-pid"],
    "joins-ipc": ["--ipc", "container:host-ipc"],
    "joins-shared-ipc": ["--ipc", "container:shares-ipc"],
    "joins-own-network": ["--network", "container:plain"],
}
CREATED = {
    "made": [],
    "privileged": ["--privileged"],
    "all-caps": ["--cap-add", "all"],
    "would-join-network": ["--network", "container:host-network"],
    "etc-readonly": ["--volume", "/etc:/data:ro"],
    "etc-below": ["--volume", "/etc/ssl/certs:/data:ro"],
    "etc-rw-with-others": ["--volume", "{srv}:/a", "--volume", "/etc:/b", "--volume", "{srv}:/c"],
    "whole-host": ["--volume", "/:/data:ro"],
    "etc-by-link": ["--volume", "{link}:/data"],
    "root-by-proc": ["--volume", "/proc/self/cwd:/data"],
    "etc-bound-elsewhere": ["--volume", "{bound}:/data"],
    "etc-by-volume": ["--volume", "etc-volume:/data"],
    "etc-by-inline-volume": [
        "--mount", 'type=volume,dst=/data,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/etc',
    ],
    "etc-by-slashes": ["--volume", "slashes-volume:/data"],
    "etc-by-layers": ["--volume", "layers-volume:/data"],
    "srv-by-volume": ["--volume", "srv-volume:/data"],
    "usr-as-destination": ["--volume", "data:/usr/local/share", "--volume", "{srv}:/etc/site"],
    "looks-like-etc": ["--volume", "{srv}/etc:/data"],
    "shares-default": ["--cpu-shares", "1024"],
    "shares-more": ["--cpu-shares", "2048"],
    "quota": ["--cpu-period", "100000", "--cpu-quota", "50000"],
    "cpus": ["--cpus", "0.5"],
    "cpuset": ["--cpuset-cpus", "0"],
    "restart-always": ["--restart", "always"],
    "restart-unless-stopped": ["--restart", "unless-stopped"],
    "restart-on-failure": ["--restart", "on-failure"],
    "restart-on-failure-5": ["--restart", "on-failure:5"],
    "restart-on-failure-6": ["--restart", "on-failure:6"],
    "gpus": ["--gpus", "all"],
    "device-rule": ["--device-cgroup-rule", "b 8:* rmw"],
    "device-mounted": ["--volume", "/dev/null:/null"],
    "propagates": ["--volume", "{srv}:/a", "--mount", "type=bind,src={srv},dst=/b,bind-propagation=rshared"],
    "propagates-last": ["--volume", "{srv}:/a", "--volume", "{srv}:/b:ro,shared"],
    "propagates-not": ["--volume", "{srv}:/a:rslave", "--volume", "{srv}:/shared"],
    "label-off": ["--security-opt", "label=disable"],
    "apparmor-off": ["--security-opt", "apparmor=unconfined"],
    "seccomp-made-off": ["--security-opt", "seccomp=unconfined"],
    "seccomp-made-allowing-all": ["--security-opt", "seccomp={srv}/allows-all.json"],
    "seccomp-made-forbidding": ["--security-opt", "seccomp={srv}/forbids.json"],
    "nnp-made-false": ["--security-opt", "no-new-privileges=false"],
    "nnp-made": ["--security-opt", "no-new-privileges"],
}
INHERITING = {
    "etc-inherited": ["--volumes-from", "etc-readonly"],
}
PUBLISHING = {
    "wildcard": ["--publish", "8080:80"],
    "wildcard-v6": ["--publish", "[::]:8081:80"],
    "loopback": ["--publish", "127.0.0.1:8082:80"],
    "low-v6": ["--publish", "[::1]:443:80"],
    "low-udp": ["--publish", "127.0.0.1:53:53/udp"],
    "port-1023": ["--publish", "127.0.0.1:1023:80"],
    "port-1024": ["--publish", "127.0.0.1:1024:80"],
    "chosen": ["--expose", "80", "--publish-all"],
}
WOULD_PUBLISH = {
    "made-chosen": ["--expose", "80", "--publish-all"],
    "made-wildcard": ["--publish", "80:80"],
    "made-wildcard-v6": ["--publish", "[::]:8081:80"],
    "made-loopback": ["--publish", "127.0.0.1:8082:80"],
}

docker = None  # the engine on the host's network
on_host = None  # its verdicts
on_bridge = None  # those of the one with a bridge
exec_events = None  # what the first engine told of exec sessions while it was checked


def make(way, containers, **paths):
    """Makes containers, several at a time."""

    def one(item):
        name, options = item
        command = [option for option in options if isinstance(option, tuple)] or [("sleep", "86400")]
        options = [option.format(**paths) for option in options if isinstance(option, str)]
        return way("--name", name, *options, command=command[0])

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(one, containers.items()))


def start_sshd_on_host(folder):
    """A process of the host that looks like an SSH server."""
    script = world.write_file(os.path.join(folder, "sshd"), "#!/bin/sh\nsleep 86400\n", 0o755)
    process = subprocess.Popen([script], start_new_session=True)
    unittest.addModuleCleanup(lambda: (os.killpg(process.pid, world.signal.SIGKILL), process.wait()))


def set_up_on_host():
    folder = world.scratch("s-")
    unittest.addModuleCleanup(world.sweep, folder)
    srv = os.path.join(folder, "srv")
    os.makedirs(os.path.join(srv, "etc"))
    link = os.path.join(folder, "link")
    os.symlink("/etc", link)
    bound = os.path.join(folder, "bound")
    os.mkdir(bound)
    subprocess.run(["mount", "-o", "bind,ro", "/etc", bound], check=True)
    unittest.addModuleCleanup(world.unmount, bound)
    start_sshd_on_host(folder)
    docker.docker(
        "volume", "create", "--opt", "type=overlay", "--opt", "device=overlay",
        "--opt", f"o=lowerdir=/etc,upperdir={srv}/up,workdir={srv}/work", "layers-volume"
    )
    for name, device in (("etc-volume", "/etc"), ("slashes-volume", "//etc"), ("srv-volume", srv)):
        docker.docker(
            "volume", "create", "--opt", "type=none", "--opt", "o=bind", "--opt", f"device={device}", name
        )
    world.write_file(os.path.join(srv, "allows-all.json"), ALLOWS_ALL)
    world.write_file(os.path.join(srv, "forbids.json"), FORBIDS)
    make(docker.run, RUNNING, srv=srv)
    make(docker.run, JOINED)
    make(docker.create, CREATED, srv=srv, link=link, bound=bound)
    make(docker.create, INHERITING)


def check_with_exec_events():
    """The verdicts, and all exec events of that time."""
    since = time.time()
    seen = Verdicts.of(docker)
    query = {"since": f"{since:.9f}", "until": f"{time.time():.9f}", "filters": '{"type": ["container"]}'}
    status, events = docker.api("GET", "/events?" + urlencode(query))
    if status != 200:
        raise AssertionError(f"GET /events: {status} {events}")
    return seen, [line for line in str(events).splitlines() if "exec_" in line]


def setUpModule():
    global docker, on_host, on_bridge, exec_events
    docker = engine.shared()
    set_up_on_host()
    on_host, exec_events = check_with_exec_events()
    with engine.Engine(own_network=True) as bridged:
        make(bridged.run, PUBLISHING)
        make(bridged.create, WOULD_PUBLISH)
        on_bridge = Verdicts.of(bridged)


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def check_with(name, text):
    """Checks the first engine once more, in a mount namespace in which a file below /sys/fs or /sys/module says so."""
    top = os.path.join("/", *name.split("/")[1:3])
    made = world.scratch("k-")
    world.write_file(os.path.join(made, os.path.relpath(name, top)), text + "\n")
    script = f"mount --rbind {made} {top}"
    if os.path.exists(f"{top}/cgroup"):
        os.mkdir(f"{made}/cgroup")
        script = f"mount --rbind {top}/cgroup {made}/cgroup; {script}"
    through = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", f'{script}; exec "$@"', "sh"]
    try:
        return Verdicts.of(docker, through=through)
    finally:
        world.sweep(made)


class OnHost(VerdictsTest):
    @property
    def seen(self):
        return on_host

    # who confines

    def test_5_1_not_applicable_without_apparmor(self):
        """The host of the tests may have it or not; who asks to be unconfined fails where it is."""
        enabled = read("/sys/module/apparmor/parameters/enabled").startswith("Y")
        self.assert_verdict("pass" if enabled else "not-applicable", "5.1", "plain")
        self.assert_verdict("fail" if enabled else "not-applicable", "5.1", "apparmor-off", "privileged")

    def test_5_1_host_with_apparmor(self):
        """A host that has it, as far as files of the kernel tell. Its processes have no label there."""
        seen = check_with("/sys/module/apparmor/parameters/enabled", "Y")
        self.assert_verdict("fail", "5.1", "apparmor-off", "privileged", seen=seen)
        self.assert_verdict("unknown", "5.1", "made", seen=seen)
        enabled = read("/sys/module/apparmor/parameters/enabled").startswith("Y")
        self.assert_verdict("pass" if enabled else "fail", "5.1", "plain", seen=seen)

    def test_5_2_not_applicable_without_selinux(self):
        enforcing = read("/sys/fs/selinux/enforce").startswith("1")
        self.assert_verdict("fail" if enforcing else "not-applicable", "5.2", "plain", "label-off", "seccomp-off")

    def test_5_2_any_option_is_not_a_label(self):
        """A host that enforces, as far as files of the kernel tell, with an engine that doesn't label."""
        seen = check_with("/sys/fs/selinux/enforce", "1")
        self.assert_verdict("fail", "5.2", "plain", "label-off", "seccomp-off", "nnp", seen=seen)

    def test_5_3_privileged_has_all_capabilities(self):
        self.assert_verdict("fail", "5.3", "privileged")

    def test_5_3_drop_counts(self):
        self.assert_verdict("pass", "5.3", "capless", "plain")

    def test_5_3_any_spelling(self):
        self.assert_verdict("fail", "5.3", "net-admin", "all-caps")

    def test_5_4_stopped_counts(self):
        self.assert_verdict("fail", "5.4", "privileged")
        self.assert_verdict("pass", "5.4", "plain", "made")

    # what is mounted

    def test_5_5_readonly_counts(self):
        self.assert_verdict("fail", "5.5", "etc-readonly")

    def test_5_5_folder_below(self):
        self.assert_verdict("fail", "5.5", "etc-below")

    def test_5_5_folder_above(self):
        self.assert_verdict("fail", "5.5", "whole-host")

    def test_5_5_among_other_mounts(self):
        self.assert_verdict("fail", "5.5", "etc-rw-with-others")
        value = self.seen.finding("5.5", "etc-rw-with-others")["evidence"][0]["value"]
        self.assertEqual([mount["source"] for mount in value], ["/etc"])

    def test_5_5_volume_that_binds(self):
        self.assert_verdict("fail", "5.5", "etc-by-volume", "etc-by-inline-volume")
        self.assert_verdict("pass", "5.5", "srv-by-volume")

    def test_5_5_volume_that_binds_by_other_words(self):
        self.assert_verdict("fail", "5.5", "etc-by-slashes", "etc-by-layers")

    def test_5_5_link_to_it(self):
        self.assert_verdict("fail", "5.5", "etc-by-link", "root-by-proc")

    def test_5_5_bound_elsewhere_on_the_host(self):
        self.assert_verdict("fail", "5.5", "etc-bound-elsewhere")

    def test_5_5_volumes_from(self):
        self.assert_verdict("fail", "5.5", "etc-inherited")

    def test_5_5_destination_is_not_source(self):
        self.assert_verdict("pass", "5.5", "usr-as-destination", "looks-like-etc", "plain")

    def test_5_19_two_mounts(self):
        self.assert_verdict("fail", "5.19", "propagates-last")

    def test_5_19_rshared(self):
        self.assert_verdict("fail", "5.19", "propagates")

    def test_5_19_slave_is_not_shared(self):
        self.assert_verdict("pass", "5.19", "propagates-not", "plain")

    # what runs

    def test_5_6_image_without_ps(self):
        self.assert_verdict("fail", "5.6", "sshd")

    def test_5_6_a_word_is_not_a_server(self):
        self.assert_verdict("pass", "5.6", "talks-of-sshd", "plain")

    def test_5_6_servers_of_the_host(self):
        """Who shares the host's process ids sees its SSH server and doesn't run it."""
        self.assert_verdict("pass", "5.6", "host-pid")

    def test_5_6_looks_without_exec(self):
        self.assertEqual(exec_events, [])

    # namespaces of others

    def test_5_9_network_of_another(self):
        self.assert_verdict("fail", "5.9", "host-network", "joins-network")
        self.assert_verdict("pass", "5.9", "plain", "joins-own-network")

    def test_5_9_made_and_not_started(self):
        self.assert_verdict("unknown", "5.9", "would-join-network")

    def test_5_13_host_network(self):
        """Nothing is published there. The network itself is what fails."""
        self.assert_verdict("not-applicable", "5.13", "host-network")
        self.assert_verdict("fail", "5.9", "host-network")

    def test_5_15_pids_of_another(self):
        self.assert_verdict("fail", "5.15", "host-pid", "joins-pid")
        self.assert_verdict("pass", "5.15", "plain")

    def test_5_16_ipc_of_another(self):
        self.assert_verdict("fail", "5.16", "host-ipc", "joins-ipc")
        self.assert_verdict("pass", "5.16", "plain", "shares-ipc", "joins-shared-ipc")

    def test_5_20_host_network_has_a_name_of_its_own(self):
        self.assert_verdict("fail", "5.20", "host-uts")
        self.assert_verdict("pass", "5.20", "plain", "host-network")

    # limits

    def test_5_11_shares(self):
        self.assert_verdict("fail", "5.11", "plain", "shares-default")
        self.assert_verdict("pass", "5.11", "shares-more")

    def test_5_11_quota_where_the_site_says_so(self):
        self.assert_verdict("fail", "5.11", "quota", "cpus", "cpuset")
        seen = Verdicts.of(docker, config=daemon.QUIET + "params:\n  cpu_alternatives: true\n")
        self.assert_verdict("pass", "5.11", "quota", "cpus", "shares-more", seen=seen)
        self.assert_verdict("fail", "5.11", "plain", "cpuset", seen=seen)

    def test_5_14_always_and_unless_stopped(self):
        self.assert_verdict("fail", "5.14", "restart-always", "restart-unless-stopped")

    def test_5_14_on_failure(self):
        self.assert_verdict("pass", "5.14", "restart-on-failure-5", "plain")
        self.assert_verdict("fail", "5.14", "restart-on-failure-6", "restart-on-failure")

    # devices

    def test_5_17_privileged_has_all_devices(self):
        self.assert_verdict("review", "5.17", "privileged")

    def test_5_17_gpus(self):
        self.assert_verdict("review", "5.17", "gpus")

    def test_5_17_rules_for_device_numbers(self):
        self.assert_verdict("review", "5.17", "device-rule")

    def test_5_17_mounted_device(self):
        self.assert_verdict("review", "5.17", "device-mounted")
        self.assert_verdict("not-applicable", "5.17", "plain")

    # what a process may do

    def test_5_21_privileged_has_no_filter(self):
        self.assert_verdict("fail", "5.21", "privileged")

    def test_5_21_both_spellings(self):
        self.assert_verdict("fail", "5.21", "seccomp-off", "seccomp-off-colon", "seccomp-made-off")
        self.assert_verdict("pass", "5.21", "plain", "made")

    def test_5_21_filter_that_forbids_nothing(self):
        """To the kernel it is a filter like any other."""
        self.assert_verdict("fail", "5.21", "seccomp-allows-all", "seccomp-made-allowing-all")
        self.assert_verdict("pass", "5.21", "seccomp-forbids", "seccomp-made-forbidding")

    def test_5_25_false_is_not_true(self):
        self.assert_verdict("fail", "5.25", "nnp-false", "nnp-made-false", "plain")
        self.assert_verdict("pass", "5.25", "nnp", "nnp-true", "nnp-made")


class OnBridge(VerdictsTest):
    @property
    def seen(self):
        return on_bridge

    def test_5_7_1024_is_not_privileged(self):
        self.assert_verdict("fail", "5.7", "port-1023")
        self.assert_verdict("pass", "5.7", "port-1024", "wildcard", "chosen")

    def test_5_7_low_v6(self):
        self.assert_verdict("fail", "5.7", "low-v6", "low-udp", "made-wildcard")

    def test_5_13_wildcard_v6(self):
        self.assert_verdict("fail", "5.13", "wildcard-v6", "made-wildcard-v6")

    def test_5_13_wildcard(self):
        self.assert_verdict("fail", "5.13", "wildcard", "made-wildcard", "chosen", "made-chosen")

    def test_5_13_one_address(self):
        self.assert_verdict("pass", "5.13", "loopback", "made-loopback", "low-v6")


class OfASwarm(VerdictsTest):
    @classmethod
    def setUpClass(cls):
        docker = engine.Engine(own_network=True, flags={"iptables": None})
        cls.addClassCleanup(docker.close)
        docker.start()
        docker.docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377")
        service = ["--detach", "--no-resolve-image", "--network", "host", "--restart-condition", "any"]
        docker.docker("service", "create", *service, "--name", "service", engine.IMAGE, "sleep", "86400")
        cls.task = world.wait_for("the task's container", docker.containers)[0]
        cls.seen = Verdicts.of(docker)

    def test_2_6_ports_of_the_swarm(self):
        """dockerd listens there for other nodes, with certificates of the swarm's own."""
        self.assert_verdict("pass", "2.6")

    def test_5_14_task_of_a_service(self):
        """The service has the policy, and the container none."""
        self.assert_verdict("not-applicable", "5.14", self.task)
