# SPDX-License-Identifier: Apache-2.0
"""What every integration test stands on: folders, HTTP over Unix sockets, waiting, clearing away.

Knows nothing of Docker or of Plimsoll; engine.py and daemon.py do.
"""

import ctypes
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Whether there is time for the long form of a test.
LONG = bool(os.environ.get("PLIMSOLL_TEST_LONG"))

MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


def build_directory():
    """The build under test: what run.py names, else the sanitized one, else the plain one."""
    named = os.environ.get("PLIMSOLL_TEST_BUILD")
    if named:
        return named
    sanitized = os.path.join(ROOT, "build", "sanitized")
    if os.path.exists(os.path.join(sanitized, "daemon", "plimsolld")):
        return sanitized
    return os.path.join(ROOT, "build")


SANITIZER_STATUS = 99
SANITIZER_FINDING = re.compile(r"(AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:)")


def sanitizer_environment():
    """Findings end the program, so that no exit status can hide them. Without effect on a plain build."""
    return {
        "ASAN_OPTIONS": f"detect_leaks=1:exitcode={SANITIZER_STATUS}",
        "UBSAN_OPTIONS": f"print_stacktrace=1:halt_on_error=1:exitcode={SANITIZER_STATUS}",
        "LSAN_OPTIONS": f"exitcode={SANITIZER_STATUS}",
    }


def scratch(prefix):
    """A new folder with a short path: the path of a Unix socket has at most 107 bytes."""
    path = tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("PLIMSOLL_TEST_TMP", "/tmp"))
    os.chmod(path, 0o755)
    return path


def write_file(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def wait_for(what, condition, timeout=60, interval=0.05):
    """Polls until condition() is true, and returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s in vain for {what}")
        time.sleep(interval)


# --- HTTP over a Unix socket ---


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(socket_path, method, path, body=None, kind="application/json", timeout=60):
    """One request: (status, body), the body parsed where it is JSON. Bytes go out as they are."""
    connection = UnixConnection(socket_path, timeout)
    try:
        headers = {}
        if body is not None:
            headers["Content-Type"] = kind
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
        if response.headers.get_content_type() == "application/json" and text:
            return response.status, json.loads(text)
        return response.status, text
    finally:
        connection.close()


class Stream:
    """A reply that stays open, read line by line; each line is JSON."""

    def __init__(self, socket_path, path, timeout=60):
        self.connection = UnixConnection(socket_path, timeout)
        self.connection.request("GET", path)
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def __iter__(self):
        return self

    def __next__(self):
        line = self.response.readline()
        if not line:
            raise StopIteration
        return json.loads(line)

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# --- processes and mounts that belong to a folder ---


def _read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def command_line(pid):
    """Empty for a process that is gone, or is over and not reaped yet."""
    return _read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def container_ids(folder):
    """The containers of all engines that have their data below the folder."""
    paths = glob.glob(os.path.join(glob.escape(folder), "**", "containers", "*"), recursive=True)
    return {os.path.basename(path) for path in paths if re.fullmatch("[0-9a-f]{64}", os.path.basename(path))}


def processes_of(folder, containers=()):
    """Processes whose command line names the folder, or that run in one of the containers."""
    found = {}
    marks = [name.encode() for name in containers]
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(os.path.basename(path))
        command = command_line(pid)
        if pid in (os.getpid(), os.getppid()) or not command:
            continue
        group = _read(path + "/cgroup") if marks else b""
        if folder + "/" in command or any(mark in group for mark in marks):
            found[pid] = command
    return found


def mounts_below(folder):
    """Mount points below the folder, innermost first."""
    points = []
    for line in _read("/proc/self/mountinfo").decode(errors="replace").splitlines():
        point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), line.split()[4])
        if point.startswith(folder + "/"):
            points.append(point)
    return points[::-1]


def unmount(point):
    """Lazily, and without complaint where nothing is mounted."""
    _libc.umount2(os.fsencode(point), MNT_DETACH)


def kill_all(find, timeout=20):
    """Kills what find() finds, until it finds nothing: {pid: command line} of the killed."""
    killed = {}
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        found = find()
        if not found:
            break
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        killed.update(found)
        time.sleep(0.05)
    return killed


def _remove_cgroups(containers):
    for name in containers:
        for pattern in (f"/sys/fs/cgroup/*/docker/{name}", f"/sys/fs/cgroup/docker/{name}"):
            for path in glob.glob(pattern):
                try:
                    os.rmdir(path)
                except OSError:
                    pass  # a process on its way out still holds it


def sweep(folder):
    """Ends and removes all that belongs to the folder: a list of what should not have been left."""
    containers = container_ids(folder)
    killed = kill_all(lambda: processes_of(folder, containers))
    left = [f"process {pid}: {command}" for pid, command in killed.items()]
    for point in mounts_below(folder):
        left.append(f"mount {point}")
        unmount(point)
    _remove_cgroups(containers)
    shutil.rmtree(folder, ignore_errors=True)
    return left


def end_process(process, timeout, number=signal.SIGTERM):
    """Signals a child and waits: its exit status, or None if it had to be killed."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


# --- a host to be looked at ---


class HostRoot:
    """A folder that stands for / of a host: plimsolld and plimsoll take it with --host-root."""

    FOLDERS = ("etc/docker", "etc/default", "etc/containerd", "lib/systemd/system", "etc/systemd/system", "run",
               "var/lib/docker", "usr/bin")

    def __init__(self):
        self.path = scratch("h-")
        for folder in self.FOLDERS:
            os.makedirs(os.path.join(self.path, folder), exist_ok=True)

    def at(self, path):
        return os.path.join(self.path, path.lstrip("/"))

    def write(self, path, text="", mode=0o644, owner=(0, 0)):
        full = write_file(self.at(path), text)
        os.chown(full, *owner)
        os.chmod(full, mode)  # a new owner takes set-id bits away
        return full

    def chmod(self, path, mode):
        os.chmod(self.at(path), mode)

    def remove(self, path):
        os.unlink(self.at(path))

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
