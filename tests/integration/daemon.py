# SPDX-License-Identifier: Apache-2.0
"""plimsolld and plimsoll under test, as a user runs them: flags, files, the socket, exit statuses."""

import json
import os
import shutil
import subprocess
from urllib.parse import urlencode

import world

START_TIMEOUT = 60
STOP_TIMEOUT = 20
COMMAND_TIMEOUT = 120

# The journal and the syslog of the machine that runs the tests are left in peace.
QUIET = "report:\n  journal: off\n  syslog: off\n"

# A rule of the site that holds everywhere; {} makes it another one.
NUMBERED_RULE = """
- key: site-rule
  title: Of this site, number {}
  severity: low
  scope: host
  pass: "true"
  why: For the sake of the test.
  audit: "true"
  fix: None.
"""


def environment():
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PLIMSOLL_")}
    return dict(kept, **world.sanitizer_environment(), PLIMSOLL_RULES_DIR=os.path.join(world.ROOT, "rules"))


def program(name):
    return os.path.join(world.build_directory(), "daemon", name)


def run(command, stdin=None, check=None, variables=None):
    """A program: (exit status, stdout, stderr). A finding of a sanitizer is a failure whatever the status.

    variables: more of the environment.
    """
    done = subprocess.run(
        command,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=COMMAND_TIMEOUT,
        env=dict(environment(), **(variables or {})),
        cwd=world.ROOT,
    )
    line = " ".join(command)
    if world.SANITIZER_FINDING.search(done.stderr) or done.returncode < 0:
        raise AssertionError(f"{line}: status {done.returncode}\n{done.stderr}")
    if check is not None and done.returncode not in check:
        raise AssertionError(f"{line}: status {done.returncode}, not {check}\n{done.stdout}{done.stderr}")
    return done.returncode, done.stdout, done.stderr


def plimsoll(*arguments, through=(), **more):
    """The command, or another one that runs it: (exit status, stdout, stderr)."""
    return run([*through, program("plimsoll"), *arguments], **more)


def plimsoll_json(*arguments, check=(0, 1, 3), **more):
    """What the command says with --format json."""
    return json.loads(plimsoll(*arguments, "--format", "json", check=check, **more)[1])


class Daemon:
    """plimsolld with state, socket and settings of its own.

    engine: an Engine, the path of a socket, or None for a socket that nobody listens on;
    host_root: a HostRoot, a path, or None for the real host; config: the text of plimsoll.yaml;
    prefix: a command that becomes the daemon, as env(1) does.
    """

    def __init__(self, engine=None, host_root=None, config=QUIET, flags=(), prefix=()):
        self.path = world.scratch("p-")
        self.socket = os.path.join(self.path, "p.sock")
        self.state = os.path.join(self.path, "state")
        self.log = os.path.join(self.path, "log")
        self.config = os.path.join(self.path, "etc", "plimsoll.yaml")
        self.engine = getattr(engine, "socket", engine) or os.path.join(self.path, "no-engine.sock")
        self.host_root = getattr(host_root, "path", host_root)
        self.flags = list(flags)
        self.prefix = list(prefix)
        self.program = program("plimsolld")
        self.process = None
        os.mkdir(self.state, 0o700)
        self.configure(config)

    # life

    def configure(self, text):
        """Writes plimsoll.yaml; a running daemon takes it at its next reload."""
        world.write_file(self.config, text)

    def write(self, name, text, mode=0o644):
        """A file beside plimsoll.yaml: exceptions.d/x.yaml, rules.d/x.yaml."""
        return world.write_file(os.path.join(os.path.dirname(self.config), name), text, mode)

    def command(self):
        command = [*self.prefix, self.program, "--config", self.config, "--engine", self.engine]
        command += ["--state", self.state, "--socket", self.socket]
        if self.host_root:
            command += ["--host-root", self.host_root]
        return command + self.flags

    def spawn(self):
        """Starts it, or starts it again on the same state, and doesn't wait for anything."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                cwd=world.ROOT,
                start_new_session=True,
            )

    def start(self, settled=True):
        """Starts it and waits for the end of the first look."""
        self.spawn()
        world.wait_for("plimsolld to be ready", lambda: self._is_ready(settled), START_TIMEOUT)
        return self

    def _is_ready(self, settled):
        if self.process.poll() is not None:
            raise AssertionError(f"plimsolld ended with status {self.process.returncode}\n{self.log_text()}")
        try:
            status, body = self.request("GET", "/v1/status", timeout=10)
        except OSError:
            return False
        return status == 200 and (body.get("settled") is True or not settled)

    def stop(self):
        """SIGTERM. It must end in time, with status 0, and without a finding of a sanitizer."""
        if self.process is None:
            return
        status = world.end_process(self.process, STOP_TIMEOUT)
        self.process = None
        if status is None:
            raise AssertionError(f"plimsolld did not end within {STOP_TIMEOUT} s\n{self.log_text()}")
        if status != 0 or world.SANITIZER_FINDING.search(self.log_text()):
            raise AssertionError(f"plimsolld ended with status {status}\n{self.log_text()}")

    def kill(self):
        """SIGKILL: what a power cut or the kernel's memory killer does."""
        if self.process is not None:
            world.end_process(self.process, 10, world.signal.SIGKILL)
            self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        try:
            self.stop()
        finally:
            self.discard()

    def discard(self):
        self.kill()
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.discard()
            raise

    def __exit__(self, kind, error, _):
        if kind is None:
            self.close()
            return
        # The test has failed already; its log is worth more than how the daemon ends.
        print(f"--- plimsolld's log\n{self.log_text()}---")
        self.discard()

    @property
    def pid(self):
        return self.process.pid

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def signal(self, number):
        self.process.send_signal(number)

    # its socket

    def request(self, method, path, body=None, **more):
        return world.request(self.socket, method, path, body, **more)

    def get(self, path, **query):
        """The JSON (or the text) of a GET that must succeed."""
        path += "?" + urlencode(query) if query else ""
        status, body = self.request("GET", path)
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {body}")
        return body

    def post(self, path):
        status, body = self.request("POST", path)
        if not 200 <= status < 300:
            raise AssertionError(f"POST {path}: {status} {body}")
        return body

    def findings(self, **filters):
        return self.get("/v1/findings", **filters)["findings"]

    def verdict(self, rule, subject=None):
        """The verdict of the one finding of a rule, for a subject named by id or name."""
        found = [
            finding["verdict"]
            for finding in self.findings(rule=rule)
            if subject in (None, finding["subject"]["id"], finding["subject"]["name"])
        ]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} findings of {rule} for {subject}")
        return found[0]

    def wait_verdict(self, rule, verdict, subject=None, timeout=60):
        def holds():
            try:
                return self.verdict(rule, subject) == verdict
            except AssertionError:
                return False  # a subject that isn't known yet

        world.wait_for(f"{rule} to be {verdict}", holds, timeout)

    def drift(self, after=0):
        """All rows of drift after a sequence number."""
        status, text = self.request("GET", f"/v1/drift?after={after}")
        if status != 200:
            raise AssertionError(f"GET /v1/drift: {status} {text}")
        if isinstance(text, dict):
            return [text]  # a single line, served as JSON
        return [json.loads(line) for line in text.splitlines()]

    def last_seq(self):
        return max((row["seq"] for row in self.drift()), default=0)

    def wait_drift(self, predicate, after=0, timeout=60):
        """The first row of drift for which predicate(row) is true."""
        world.wait_for(
            "a row of drift", lambda: any(predicate(row) for row in self.drift(after)), timeout, interval=0.1
        )
        return next(row for row in self.drift(after) if predicate(row))

    def follow(self, after=0, timeout=60):
        """An open stream of drift; reading a row takes at most timeout seconds."""
        return world.Stream(self.socket, f"/v1/drift?after={after}&follow=1", timeout)
