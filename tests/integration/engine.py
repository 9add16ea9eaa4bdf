# SPDX-License-Identifier: Apache-2.0
"""A real Docker engine of our own: its data, its socket and its containerd are below one folder.

It starts in about a second, so each module of tests has one to itself: engine.shared().
"""

import atexit
import io
import os
import subprocess
import tarfile
import time

import engines
import world

IMAGE = "busybox:test"
APPLETS = ("sh", "sleep", "true", "cat", "ls", "ps", "id", "touch", "chmod", "kill", "nc", "httpd")

ACCOUNTS = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n",
    "etc/group": b"root:x:0:\nuser:x:1000:\n",
}

START_TIMEOUT = 60
STOP_TIMEOUT = 60

# No bridge and no packet filter: the engine changes nothing on the host that another one could see.
DEFAULT_FLAGS = {"iptables": "false", "bridge": "none"}

# A network namespace of its own, for engines that have a bridge, publish ports or listen on the network.
OWN_NETWORK = ["unshare", "--net", "--", "sh", "-c", 'busybox ip link set lo up && exec "$@"', "sh"]


class EngineFailed(Exception):
    pass


def busybox_archive():
    """A root file system of one static program, as tar."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("bin", "etc", "tmp", "root", "home"):
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE
            entry.mode = 0o755
            tar.addfile(entry)
        for name, text in ACCOUNTS.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
        tar.add("/bin/busybox", "bin/busybox")
        for name in APPLETS:
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type = tarfile.SYMTYPE
            entry.linkname = "busybox"
            tar.addfile(entry)
    return archive.getvalue()


class Engine:
    """flags: a dict of dockerd's flags, which win over the default ones; config: what daemon.json holds.

    A key of config takes the place of a default flag, as dockerd refuses to be told twice. A flag that
    is None isn't given at all. own_network: with a network namespace, and so with a bridge of its own.
    words: what else stands on the command line, as it is.
    """

    def __init__(self, flags=None, config=None, config_file=None, own_network=False, words=()):
        self.path = world.scratch("e-")
        self.socket = os.path.join(self.path, "docker.sock")
        self.pidfile = os.path.join(self.path, "docker.pid")
        self.log = os.path.join(self.path, "dockerd.log")
        self.config = config_file or os.path.join(self.path, "daemon.json")
        self.own_network = own_network
        self.flags = dict(DEFAULT_FLAGS, host=f"unix://{self.socket}", **engines.flags())
        if own_network:
            del self.flags["bridge"]
        for key in config or {}:
            self.flags.pop({"hosts": "host"}.get(key, key), None)
        self.flags.update(flags or {})
        self.words = list(words)
        self.process = None
        self.version = None
        if config is not None or not os.path.exists(self.config):
            self.configure(config or {})

    # life

    def configure(self, config):
        world.write_file(self.config, world.json.dumps(config, indent=2) + "\n")

    def command(self):
        command = OWN_NETWORK if self.own_network else []
        command = [*command, *self.program(), "--config-file", self.config, "--data-root", self.data_root]
        command += ["--exec-root", os.path.join(self.path, "x"), "--pidfile", self.pidfile]
        command += [f"--{key}={value}" for key, value in self.flags.items() if value is not None]
        return command + self.words

    def program(self):
        return [*engines.words(), "dockerd"]

    @property
    def data_root(self):
        return os.path.join(self.path, "d")

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        """Starts it, or starts it again on the same data, and waits until it answers."""
        try:
            self._start()
        except EngineFailed:
            # overlay2 can't be had on every file system that tests run on; vfs can.
            if "storage-driver" in self.flags or os.path.exists(self.data_root + "/containers"):
                raise
            self.flags["storage-driver"] = "vfs"
            self._start()
        self._import_image()
        return self

    def _start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise EngineFailed(f"dockerd does not start:\n{self.log_tail()}")
            time.sleep(0.05)
        self.version = self.api("GET", "/version")[1]["Version"]
        if not self.version.startswith(engines.version()):
            self.kill()
            raise EngineFailed(f"this is engine {self.version}, and not {engines.version()}")

    def answers(self):
        try:
            return self.api("GET", "/_ping", timeout=5) == (200, "OK")
        except OSError:
            return False

    def stop(self):
        """SIGTERM, as a service manager does it. Containers stop too, each with its own stop signal."""
        if self.process is not None and world.end_process(self.process, STOP_TIMEOUT) is None:
            raise EngineFailed(f"dockerd did not end within {STOP_TIMEOUT} s:\n{self.log_tail()}")
        self.process = None

    def kill(self):
        """SIGKILL. Its containers live on, unless it is started again or closed."""
        if self.process is not None:
            world.end_process(self.process, 10, world.signal.SIGKILL)
            self.process = None
            self._forget_containerd()

    def _forget_containerd(self):
        """containerd dies with its dockerd. Where PID 1 reaps no orphans, a new dockerd would take the
        dead one that the pid file names for a live one, and wait for it."""
        pidfile = os.path.join(self.path, "x", "containerd", "containerd.pid")
        if not os.path.exists(pidfile):
            return
        with open(pidfile) as f:
            pid = f.read().strip()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            if not world.command_line(pid):
                os.unlink(pidfile)
                return
            time.sleep(0.05)

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        """Ends the engine and removes all that was its own: what it should have cleared away itself."""
        try:
            if self.process is not None and self.process.poll() is None:
                self.remove_containers()
                self.stop()
        finally:
            self.kill()
            # In some mount namespaces dockerd mounts this one over itself and forgets it.
            world.unmount(self.data_root)
            left = world.sweep(self.path)
        return left

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def log_tail(self, lines=30):
        with open(self.log, errors="replace") as f:
            return "".join(f.readlines()[-lines:])

    # use

    def api(self, method, path, body=None, **more):
        """A bare call: (status, body)."""
        return world.request(self.socket, method, path, body, **more)

    def docker(self, *arguments, check=True):
        """The docker command, without any setting of the user who runs the tests: its stdout."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
        environment["DOCKER_CONFIG"] = os.path.join(self.path, "client")
        done = subprocess.run(
            [*engines.words(), "docker", "-H", f"unix://{self.socket}", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            env=environment,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def run(self, *options, command=("sleep", "86400"), image=IMAGE):
        """A running container: its id. It dies at once when asked to stop."""
        return self.docker("run", "--detach", "--stop-signal", "KILL", *options, image, *command)

    def create(self, *options, command=("sleep", "86400"), image=IMAGE):
        """A container that is created and not started: its id. It may be privileged where running isn't possible."""
        return self.docker("create", "--stop-signal", "KILL", *options, image, *command)

    def remove(self, *containers):
        self.docker("rm", "--force", "--volumes", *containers)

    def containers(self):
        return [entry["Id"] for entry in self.api("GET", "/containers/json?all=1")[1]]

    def remove_containers(self):
        for name in self.containers():
            self.api("DELETE", f"/containers/{name}?force=1&v=1")

    def inspect(self, container):
        status, document = self.api("GET", f"/containers/{container}/json")
        if status != 200:
            raise AssertionError(f"inspect {container}: {document}")
        return document

    def _import_image(self):
        if self.api("GET", f"/images/{IMAGE}/json")[0] == 200:
            return
        name, tag = IMAGE.split(":")
        path = f"/images/create?fromSrc=-&repo={name}&tag={tag}"
        status, text = self.api("POST", path, busybox_archive(), kind="application/x-tar")
        if status != 200:
            raise EngineFailed(f"cannot import {IMAGE}: {text}")


class Remapped(Engine):
    """An engine that remaps users. /etc/subuid and /etc/subgid are its own, in a mount namespace of its own."""

    def __init__(self):
        super().__init__(flags={"userns-remap": "nobody:nogroup"})
        self.ids = world.write_file(os.path.join(self.path, "ids"), "nobody:100000:65536\nnogroup:100000:65536\n")

    def command(self):
        bind = " && ".join(f"touch {name} && mount --bind {self.ids} {name}" for name in ("/etc/subuid", "/etc/subgid"))
        script = f'{bind} && exec "$@"'
        return ["unshare", "--mount", "--propagation", "slave", "--", "sh", "-c", script, "sh", *super().command()]


_shared = None


def shared():
    """One engine for a whole module of tests, without containers: started at the first call, ended at exit.

    Tests that stop the engine or configure it otherwise use one of their own.
    """
    global _shared
    if _shared is None:
        _shared = Engine().start()
        atexit.register(_shared.close)
    _shared.remove_containers()
    return _shared
