# SPDX-License-Identifier: Apache-2.0
"""A booted host of our own: a copy of a tree, systemd as its PID 1, a network of its own.

Commands run inside by nsenter. Kernel auditing and real devices are out of reach in it.
"""

import json
import os
import shutil
import subprocess

import tree
import world

BOOT_TIMEOUT = 120
STOP_TIMEOUT = 60
COMMAND_TIMEOUT = 180


class MachineFailed(Exception):
    pass


class Machine:
    def __init__(self, release="bookworm", name="harbour"):
        self.release = release
        self.name = name
        self.path = world.scratch("m-")
        self.root = os.path.join(self.path, "root")
        self.console = os.path.join(self.path, "console")
        self.process = None
        self.init = None

    # life

    def start(self):
        self._copy(tree.tree(self.release))
        self._boot()
        return self

    def _copy(self, source):
        """An overlay on the tree where the kernel lets us, else a real copy. Its changes are in memory: an
        overlay cannot have its upper layer on another overlay, where containers run their tests."""
        os.mkdir(self.root)
        memory = os.path.join(self.path, "memory")
        os.mkdir(memory)
        options = f"lowerdir={source},upperdir={memory}/upper,workdir={memory}/work"
        try:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", memory], check=True)
            for name in ("upper", "work"):
                os.mkdir(os.path.join(memory, name))
            subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", self.root], check=True)
        except subprocess.CalledProcessError:
            subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", self.root], check=True)
        with open(os.path.join(self.root, "etc", "hostname"), "w") as f:
            f.write(f"{self.name}\n")

    def _boot(self):
        command = ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--boot", "--register=no"]
        command += ["--keep-unit", "--private-network", "--console=pipe", f"--machine=p{os.getpid()}-{self.name}"]
        command += ["--resolv-conf=off", "--timezone=off", "--link-journal=no"]
        environment = dict(os.environ, SYSTEMD_NSPAWN_LOCK="0")
        if not self.release.startswith("bookworm"):
            environment["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "1"
        with open(self.console, "wb") as console:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=environment,
                start_new_session=True,
            )
        try:
            world.wait_for("the machine to boot", self._is_up, BOOT_TIMEOUT)
        except BaseException:
            print(f"--- console\n{self.console_text()}---")
            self.close()
            raise

    def _is_up(self):
        if self.process.poll() is not None:
            raise MachineFailed(f"systemd-nspawn ended with status {self.process.returncode}")
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            children = f.read().split()
        if not children:
            return False
        self.init = children[0]
        state = self.try_run("systemctl", "is-system-running")[1].strip()
        return state in ("running", "degraded")

    def close(self):
        if self.process is not None:
            world.end_process(self.process, STOP_TIMEOUT)
            self.process = None
        for point in world.mounts_below(self.path):
            world.unmount(point)
        shutil.rmtree(self.path, ignore_errors=True)

    def console_text(self):
        with open(self.console, errors="replace") as f:
            return f.read()

    # use

    def try_run(self, *command, stdin=None, timeout=COMMAND_TIMEOUT):
        """A command inside, as root: (exit status, stdout and stderr)."""
        enter = ["nsenter", f"--target={self.init}", "--mount", "--uts", "--ipc", "--net", "--pid"]
        enter += ["--cgroup", "--root", "--wd", "--"]
        enter += ["/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        enter += ["LANG=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER="]
        done = subprocess.run(
            enter + list(command),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
        )
        return done.returncode, done.stdout.decode(errors="replace")

    def run(self, *command, **more):
        status, output = self.try_run(*command, **more)
        if status != 0:
            raise AssertionError(f"{' '.join(command)}: status {status}\n{output}")
        return output

    def put(self, source, name):
        """Copies a file of ours to a path inside."""
        with open(source, "rb") as f:
            self.run("dd", f"of={name}", "status=none", stdin=f.read())

    def write(self, name, text):
        self.run("mkdir", "-p", os.path.dirname(name))
        self.run("dd", f"of={name}", "status=none", stdin=text.encode())
        self.run("chmod", "644", name)

    def show(self, unit, *names):
        """Properties of a unit, as systemd has them."""
        output = self.run("systemctl", "show", unit, "--property=" + ",".join(names))
        return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)

    def is_active(self, unit):
        return self.try_run("systemctl", "is-active", unit)[1].strip() == "active"

    def journal(self, *matches):
        """Entries of the journal, as documents; a field that is there more than once is a list."""
        output = self.run("journalctl", "--output=json", "--no-pager", "--all", *matches)
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
