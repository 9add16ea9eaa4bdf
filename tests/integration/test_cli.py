# SPDX-License-Identifier: Apache-2.0
"""The commands, as people type them: what they print, and with which status they end."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
import unittest

import daemon
import engine
import world

OK, FOUND, USAGE, INCOMPLETE, NO_DAEMON = 0, 1, 2, 3, 4

COMMANDS = ("check", "status", "findings", "drift", "explain", "rules", "lint", "attest", "eval", "rescan", "reload")
ASKING = (("status",), ("findings",), ("drift",), ("explain", "5.4", "web"), ("rescan",), ("reload",))


def setUpModule():
    global docker, plimsolld, root
    docker = engine.shared()
    root = docker.create("--name", "root", "--privileged")
    docker.create("--name", "web", "--memory", "64m")
    plimsolld = daemon.Daemon(docker).start()


def tearDownModule():
    plimsolld.close()


def ask(*arguments, **more):
    return daemon.plimsoll(*arguments, "--socket", plimsolld.socket, **more)


class Help(unittest.TestCase):
    def test_every_command_has_its_help(self):
        status, out, err = daemon.plimsoll("--help")
        self.assertEqual((status, err), (OK, ""))
        for command in COMMANDS:
            with self.subTest(command=command):
                self.assertRegex(out, rf"(?m)^  {command}\b")
                for arguments in ((command, "--help"), ("help", command), (command, "-h")):
                    status, text, err = daemon.plimsoll(*arguments)
                    self.assertEqual((status, err), (OK, ""))
                    self.assertTrue(text.startswith(f"usage: plimsoll {command}"), text)

    def test_help_of_the_daemon(self):
        status, out, err = daemon.run([daemon.program("plimsolld"), "--help"])
        self.assertEqual((status, err), (OK, ""))
        self.assertTrue(out.startswith("usage: plimsolld [OPTION...]\n"), out)
        self.assertIn("--test-config", out)

    def test_version(self):
        self.assertRegex(daemon.plimsoll("--version")[1], r"^plimsoll \d+\.\d+\.\d+\n$")
        done = daemon.run([daemon.program("plimsolld"), "--version"])
        self.assertEqual(done[0], OK)
        self.assertRegex(done[1], r"^plimsolld \d+\.\d+\.\d+\n$")

    def test_wrong_usage(self):
        for arguments in ((), ("chekc",), ("status", "--colour"), ("check", "--format", "xml"), ("explain",),
                          ("eval",), ("eval", "1", "2", "3"), ("status", "now"), ("drift", "--since", "lately"),
                          ("rules", "show"), ("rules", "5.4"), ("findings", "--rule"), ("--socket", "/p.sock", "status"),
                          ("check", "--fail-on", ""), ("check", "--engine", "tcp://localhost:2375"),
                          ("check", "--engine", ""), ("drift", "--since", "1h", "--until", "2h")):
            with self.subTest(arguments=arguments):
                status, out, err = daemon.plimsoll(*arguments)
                self.assertEqual((status, out), (USAGE, ""))
                self.assertIn("plimsoll", err)

    def test_mistyped(self):
        for arguments, meant in (
            (("chekc",), "no such command: chekc; did you mean check?"),
            (("help", "chekc"), "no such command: chekc; did you mean check?"),
            (("check", "--fromat", "json"), "no such option here: --fromat; did you mean --format?"),
            (("rules", "show", "container-priviledged"), "did you mean container-privileged?"),
            (("check", "--rule", "container-priviledged"), "did you mean container-privileged?"),
            (("rules", "--benchmark", "cis-docker-1.8"), "did you mean cis-docker-1.8.0?"),
        ):
            with self.subTest(arguments=arguments):
                status, out, err = daemon.plimsoll(*arguments)
                self.assertEqual((status, out), (USAGE, ""))
                self.assertIn(meant, err)

    def test_daemon_with_wrong_usage(self):
        for arguments in (("--colour",), ("now",), ("--config", "/nowhere/plimsoll.yaml"),
                          ("--rules-dir", "/nowhere")):
            with self.subTest(arguments=arguments):
                status, out, err = daemon.run([daemon.program("plimsolld"), *arguments])
                self.assertEqual((status, out), (USAGE, ""), err)
                self.assertIn(arguments[-1], err)

    def test_daemon_without_a_folder_for_its_socket(self):
        path = world.scratch("n-")
        self.addCleanup(shutil.rmtree, path)
        status, _, err = daemon.run([daemon.program("plimsolld"), "--config", plimsolld.config, "--state", path,
                                     "--engine", docker.socket, "--socket", "/nowhere/at/all/p.sock"])
        self.assertEqual(status, 1)
        self.assertIn("/nowhere/at/all/p.sock: its folder is not there", err)

    def test_daemon_checks_its_settings(self):
        good = daemon.run([daemon.program("plimsolld"), "--config", plimsolld.config, "--test-config"])
        self.assertEqual(good[0], OK, good[2])
        bad = plimsolld.write("bad/plimsoll.yaml", "engine:\n  sokcet: x\n")
        status, _, err = daemon.run([daemon.program("plimsolld"), "--config", bad, "--test-config"])
        self.assertEqual(status, USAGE)
        self.assertIn(f"{bad}:2", err)


class NoDaemon(unittest.TestCase):
    def test_says_which_socket_and_what_to_do(self):
        for arguments in ASKING:
            with self.subTest(arguments=arguments):
                status, out, err = daemon.plimsoll(*arguments, "--socket", "/nowhere/p.sock")
                self.assertEqual((status, out), (NO_DAEMON, ""))
                self.assertIn("/nowhere/p.sock", err)
                self.assertIn("systemctl status plimsolld", err)

    def test_says_who_may_ask(self):
        path = world.scratch("n-")
        self.addCleanup(shutil.rmtree, path)
        program = shutil.copy(daemon.program("plimsoll"), path)
        os.chmod(os.path.dirname(plimsolld.socket), 0o755)
        status, out, err = daemon.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program,
                                       "status", "--socket", plimsolld.socket])
        self.assertEqual((status, out), (NO_DAEMON, ""))
        self.assertIn(plimsolld.socket, err)
        self.assertIn("group plimsoll", err)

    def test_rule_is_explained_all_the_same(self):
        status, out, _ = daemon.plimsoll("explain", "5.4", "--socket", "/nowhere/p.sock")
        self.assertEqual(status, OK)
        self.assertIn("!container.privileged", out)

    def test_numbers_are_those_of_the_benchmark_that_is_named(self):
        status, out, _ = daemon.plimsoll("explain", "5.4", "--benchmark", "cis-docker-1.6.0", "--socket", "/nowhere")
        self.assertEqual(status, OK)
        self.assertIn("container-capabilities", out)


class Asking(unittest.TestCase):
    def test_status(self):
        status, out, err = ask("status")
        self.assertEqual((status, err), (OK, ""))
        self.assertIn(docker.socket, out)
        self.assertIn(f"{plimsolld.get('/v1/status')['summary']['fail']} fail", out)
        document = daemon.plimsoll_json("status", "--socket", plimsolld.socket)
        self.assertEqual(document["ledger"]["id"], plimsolld.get("/v1/status")["ledger"]["id"])

    def test_status_of_one_that_is_blind(self):
        """For whoever monitors it: 3, as for every audit that is incomplete."""
        with daemon.Daemon() as blind:
            status, out, err = daemon.plimsoll("status", "--socket", blind.socket)
            self.assertEqual((status, err), (INCOMPLETE, ""))
            self.assertRegex(out, r"(?m)^docker-events +blind .*no-engine\.sock")
            self.assertEqual(daemon.plimsoll("status", "--format", "json", "--socket", blind.socket)[0], INCOMPLETE)

    def test_findings(self):
        status, out, err = ask("findings", "--container", "root")
        self.assertEqual((status, err), (OK, ""))
        self.assertRegex(out, r"(?m)^FAIL +5\.4 +critical +container root +runs privileged$")
        self.assertNotIn("container web", out)
        document = daemon.plimsoll_json("findings", "--socket", plimsolld.socket, "--rule", "5.4")
        self.assertEqual(document["findings"], plimsolld.findings(rule="5.4"))

    def test_findings_list_what_is_not_judged(self):
        status, out, err = ask("findings", "--all", "--benchmark", "cis-docker-1.6.0")
        self.assertEqual((status, err), (OK, ""))
        self.assertEqual(len(re.findall(r"(?m)^notchecked +[1-7]\.", out)), 15)

    def test_numbers_are_those_of_the_benchmark_that_is_named(self):
        named = ("--benchmark", "cis-docker-1.6.0")
        line = r"(?m)^FAIL +5\.5 +critical +container root +runs privileged$"
        self.assertRegex(ask("findings", *named)[1], line)
        self.assertRegex(ask("explain", "5.5", *named)[1], line)
        self.assertRegex(daemon.plimsoll("check", "--engine", docker.socket, *named)[1], line)
        self.assertRegex(ask("report", "--since", "1h", *named)[1], r"(?m) 5\.5 +critical +container root ")

    def test_findings_with_a_wrong_filter(self):
        status, out, err = ask("findings", "--rule", "5.400")
        self.assertEqual((status, out), (USAGE, ""))
        self.assertIn("5.400", err)

    def test_findings_of_nobody(self):
        status, out, err = ask("findings", "--container", "nobody")
        self.assertEqual(status, OK)
        self.assertTrue(out.startswith("0 fail"), out)
        self.assertIn("nothing here is what the filters name", err)

    def test_explain(self):
        status, out, err = ask("explain", "5.4", "root")
        self.assertEqual((status, err), (OK, ""))
        for words in ("container-privileged", "cis-docker-1.11.0 5.4", "!container.privileged", "FAIL",
                      "container root runs privileged", "container.privileged = true",
                      "from GET /containers/{id}/json HostConfig.Privileged", "docker inspect", "root",
                      "Fix"):
            self.assertIn(words, out)
        self.assertNotIn("{subject}", out)
        for subject in (root, root[:12]):
            self.assertEqual(ask("explain", "container-privileged", subject)[1], out)

    def test_explain_shows_which_subjects_ask_for_somebody(self):
        status, out, err = ask("explain", "5.4")
        self.assertEqual((status, err), (OK, ""))
        self.assertRegex(out, r"(?m)^FAIL +5\.4 +critical +container root +runs privileged$")
        self.assertRegex(out, r"(?m)^1 fail, .* 1 pass")

    def test_explain_as_json(self):
        document = daemon.plimsoll_json("explain", "5.4", "--socket", plimsolld.socket)
        self.assertEqual(document["rule"]["key"], "container-privileged")
        self.assertEqual(document["findings"], plimsolld.findings(rule="5.4"))

    def test_explain_what_is_not_there(self):
        for arguments in (("5.400",), ("5.4", "nobody")):
            with self.subTest(arguments=arguments):
                status, out, err = ask("explain", *arguments)
                self.assertEqual((status, out), (USAGE, ""))
                self.assertIn(arguments[-1], err)

    def test_rescan(self):
        before = plimsolld.get("/v1/status")["counters"]["resyncs"]
        self.assertEqual(ask("rescan")[0], OK)
        world.wait_for("the look", lambda: plimsolld.get("/v1/status")["counters"]["resyncs"] == before + 1)


class Drift(unittest.TestCase):
    def test_lines(self):
        after = plimsolld.last_seq()
        name = docker.create("--name", "lined", "--privileged")
        plimsolld.wait_drift(lambda row: row["type"] == "appeared", after)
        status, out, err = ask("drift")
        self.assertEqual((status, err), (OK, ""))
        self.assertRegex(out, r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  APPEARED container lined: "
                              r"FAIL 5\.4 container-privileged: container lined runs privileged, and \d+ more "
                              r"\(container create\)$")
        docker.remove(name)
        plimsolld.wait_drift(lambda row: row["type"] == "gone", after)
        self.assertRegex(ask("drift")[1], r"(?m)  GONE container lined, with \d+ open findings \(container destroy\)$")

    def test_number_of_another_edition(self):
        """Says whose it is, and names the rule wherever a rule is named."""
        name = docker.create("--name", "forker", "--pids-limit", "100")
        self.addCleanup(docker.remove, name)
        plimsolld.wait_verdict("container-pids-limit", "pass", name)
        docker.docker("update", "--pids-limit", "-1", name)
        plimsolld.wait_verdict("container-pids-limit", "fail", name)
        self.assertRegex(ask("drift")[1], r"(?m)  FAIL 1\.6\.0:5\.29 container-pids-limit: .*\(was pass; container update\)$")
        self.assertIn("container-pids-limit", ask("explain", "1.6.0:5.29", "forker")[1])
        self.assertEqual(ask("findings", "--rule", "1.6.0:5.29")[1], ask("findings", "--rule", "container-pids-limit")[1])
        self.assertRegex(ask("attest", "1.6.0:5.29", "forker")[1], r"(?m)^# 1\.6\.0:5\.29 ")
        self.assertEqual(ask("explain", "1.5.0:5.29")[0], USAGE)

    def test_json_is_a_row_a_line(self):
        status, out, _ = ask("drift", "--format", "json")
        self.assertEqual(status, OK)
        self.assertEqual([json.loads(line) for line in out.splitlines()], plimsolld.drift())

    def test_filters(self):
        name = docker.create("--name", "labelled", "--label", "tier=none", "--privileged")
        appeared = plimsolld.wait_drift(lambda row: row["type"] == "appeared" and row["subject"]["name"] == "labelled")
        for arguments in (("--label", "tier=none"), ("--container", "labelled"), ("--label", "tier", "--rule", "5.4")):
            with self.subTest(arguments=arguments):
                status, out, _ = ask("drift", "--format", "json", *arguments)
                self.assertEqual(status, OK)
                self.assertEqual([json.loads(line)["seq"] for line in out.splitlines()], [appeared["seq"]])
        docker.remove(name)

    def test_since_and_until(self):
        rows = plimsolld.drift()
        first = rows[0]["time"]
        for arguments, wanted in (
            (("--since", "1h"), rows),
            (("--since", first), rows),
            (("--until", first), []),
            (("--since", "2000-01-01", "--until", "2000-01-02"), []),
            (("--since", "today", "--until", "2100-01-01"), rows),
        ):
            with self.subTest(arguments=arguments):
                status, out, _ = ask("drift", "--format", "json", *arguments)
                self.assertEqual(status, OK)
                self.assertEqual([json.loads(line) for line in out.splitlines()], wanted)

    def test_follow(self):
        # From before the container: whether the follower or the event comes first must not matter.
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        follower = subprocess.Popen(
            [daemon.program("plimsoll"), "drift", "-f", "--since", began, "--socket", plimsolld.socket,
             "--container", "followed"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=daemon.environment())
        try:
            name = docker.create("--name", "followed", "--privileged")
            self.assertIn("APPEARED container followed", follower.stdout.readline())
            docker.remove(name)
            self.assertIn("GONE container followed", follower.stdout.readline())
        finally:
            # Not SIGINT, which a shell's background jobs ignore, and with them what they start.
            follower.terminate()
            follower.communicate()


class Rules(unittest.TestCase):
    def test_list(self):
        status, out, err = daemon.plimsoll("rules")
        self.assertEqual((status, err), (OK, ""))
        self.assertRegex(out, r"(?m)^5\.4 +container-privileged +container +critical ")
        rules = daemon.plimsoll_json("rules")
        self.assertEqual(len({rule["key"] for rule in rules}), len(rules))
        numbers = {rule["refs"]["cis-docker-1.11.0"]["id"] for rule in rules if "cis-docker-1.11.0" in rule["refs"]}
        self.assertEqual(len(numbers), 83)

    def test_list_of_another_benchmark(self):
        rules = daemon.plimsoll_json("rules", "--benchmark", "cis-docker-1.6.0")
        self.assertTrue(all("cis-docker-1.6.0" in rule["refs"] for rule in rules))
        self.assertRegex(daemon.plimsoll("rules", "--benchmark", "cis-docker-1.6.0")[1],
                         r"(?m)^5\.5 +container-privileged ")

    def test_filters_choose_among_them(self):
        for arguments, holds in (
            (("--severity", "critical"), lambda rule: rule["severity"] == "critical"),
            (("--section", "3"), lambda rule: rule["refs"].get("cis-docker-1.11.0", {}).get("section") == "3"),
            (("--rule", "5.4,5.5"), lambda rule: rule["key"] in ("container-privileged", "container-sensitive-mounts")),
            (("--level", "2", "--benchmark", "cis-docker-1.7.0"),
             lambda rule: rule["refs"].get("cis-docker-1.7.0", {}).get("level") == 2),
        ):
            with self.subTest(arguments=arguments):
                wanted = {rule["key"] for rule in daemon.plimsoll_json("rules") if holds(rule)}
                self.assertEqual({rule["key"] for rule in daemon.plimsoll_json("rules", *arguments)}, wanted)
                out = daemon.plimsoll("rules", *arguments)[1]
                self.assertEqual(len(out.splitlines()), len(wanted) + 1)

    def test_show(self):
        by_number = daemon.plimsoll("rules", "show", "5.4")
        self.assertEqual(by_number, daemon.plimsoll("rules", "show", "container-privileged"))
        self.assertEqual(by_number, daemon.plimsoll("rules", "show", "5.5", "--benchmark", "cis-docker-1.6.0"))
        self.assertIn("!container.privileged", by_number[1])
        self.assertEqual(daemon.plimsoll("rules", "show", "5.400")[0], USAGE)

    def test_examples(self):
        status, out, _ = daemon.plimsoll("rules", "test")
        self.assertEqual(status, OK)
        self.assertRegex(out, r"^\d+ passed, 0 failed\n$")


class Lint(unittest.TestCase):
    def setUp(self):
        self.path = world.scratch("l-")
        self.addCleanup(shutil.rmtree, self.path)

    def write(self, text):
        return world.write_file(os.path.join(self.path, "ours.yaml"), text)

    RULE = ("- key: ours\n  title: Ours\n  severity: low\n  scope: container\n  pass: container.{fact}\n"
            "  why: why\n  audit: audit\n  fix: fix\n  examples:\n"
            "    - {{verdict: pass, facts: {{container.privileged: {value}}}}}\n")

    def test_ours_is_clean(self):
        status, out, err = daemon.plimsoll("lint")
        self.assertEqual((status, err), (OK, ""))
        self.assertIn("nothing is wrong", out)

    def test_good_rule(self):
        path = self.write(self.RULE.format(fact="privileged", value="true"))
        self.assertEqual(daemon.plimsoll("lint", path)[0], OK)
        self.assertEqual(daemon.plimsoll("rules", "test", path)[:2], (OK, "1 passed, 0 failed\n"))

    def test_rule_that_reads_no_fact(self):
        path = self.write(self.RULE.format(fact="privilged", value="true"))
        status, _, err = daemon.plimsoll("lint", path)
        self.assertEqual(status, USAGE)
        self.assertRegex(err, rf"(?m)^{re.escape(path)}:5.*container\.privilged.*container\.privileged")

    def test_example_that_gets_another_verdict(self):
        path = self.write(self.RULE.format(fact="privileged", value="false"))
        status, out, _ = daemon.plimsoll("rules", "test", path)
        self.assertEqual(status, FOUND)
        self.assertRegex(out, rf"(?m)^{re.escape(path)}:\d+: ours: ")
        self.assertTrue(out.endswith("0 passed, 1 failed\n"), out)

    def test_files_of_every_kind(self):
        """The loader takes each for what it is, by itself or with the folder of the settings."""
        shutil.copytree(os.path.join(world.ROOT, "rules"), os.path.join(self.path, "shipped"))
        good = {
            "etc/plimsoll.yaml": "limits:\n  keep_days: 30\n",
            "etc/plimsoll.d/more.yaml": "limits:\n  keep_days: 40\n",
            "etc/rules.d/ours.yaml": self.RULE.format(fact="privileged", value="true"),
            "etc/exceptions.d/one.yaml": "- {rule: container-privileged, subject: {name: x}, state: waived, owner: me,"
                                         " reason: so be it, expires: 2999-12-31}\n",
            "shipped/benchmarks/cis-docker-1.11.0.yaml": None,
        }
        for name, text in good.items():
            if text is not None:
                world.write_file(os.path.join(self.path, name), text)
        named = (*good, "etc", "etc/plimsoll.d", "etc/rules.d", "etc/exceptions.d", "shipped", "shipped/benchmarks")
        for name in named:
            with self.subTest(name=name):
                status, out, err = daemon.plimsoll("lint", os.path.join(self.path, name))
                self.assertEqual((status, err), (OK, ""))
                self.assertIn("nothing is wrong", out)
        for name in good:
            path = os.path.join(self.path, name)
            with open(path) as f:
                before = f.read()
            world.write_file(path, "nonsense: [\n")
            with self.subTest(broken=name):
                for argument in (path, os.path.dirname(path)):
                    status, _, err = daemon.plimsoll("lint", argument)
                    self.assertEqual(status, USAGE)
                    self.assertIn(os.path.basename(path), err)
                if name.startswith("etc/"):
                    self.assertEqual(daemon.plimsoll("lint", os.path.join(self.path, "etc"))[0], USAGE)
            world.write_file(path, before)
        self.assertEqual(daemon.plimsoll("rules", "test", os.path.join(self.path, "etc"))[1], "1 passed, 0 failed\n")

    def test_path_that_is_not_there(self):
        status, _, err = daemon.plimsoll("lint", os.path.join(self.path, "none.yaml"))
        self.assertEqual(status, USAGE)
        self.assertIn("none.yaml", err)


class Eval(unittest.TestCase):
    def test_values(self):
        for arguments, wanted in (
            (("1 + 2",), "3\n"),
            (("[1, 2].map(x, x * 2)",), "[2,4]\n"),
            (("-1",), "-1\n"),
            (("a.b", "--vars", '{"a": {"b": "c"}}'), '"c"\n'),
            (("--vars", '{"mode": 420}', "mode_within(mode, '0644')"), "true\n"),
        ):
            with self.subTest(arguments=arguments):
                self.assertEqual(daemon.plimsoll("eval", *arguments), (OK, wanted, ""))

    def test_errors(self):
        for expression in ("1 +", "nobody", "1 / 0", "size(3)"):
            with self.subTest(expression=expression):
                status, out, err = daemon.plimsoll("eval", expression)
                self.assertEqual((status, out), (FOUND, ""))
                self.assertTrue(err)


class Output(unittest.TestCase):
    def test_pipe_that_is_closed_early(self):
        """head(1) has seen enough: nothing to complain about."""
        for arguments in (("check", "--engine", docker.socket, "--all"),
                          ("findings", "--all", "--socket", plimsolld.socket),
                          ("findings", "--format", "json", "--socket", plimsolld.socket),
                          ("drift", "--format", "json", "--socket", plimsolld.socket),
                          ("rules", "--format", "json")):
            with self.subTest(arguments=arguments):
                process = subprocess.Popen([daemon.program("plimsoll"), *arguments], stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, text=True, env=daemon.environment(),
                                           cwd=world.ROOT)
                process.stdout.close()
                err = process.stderr.read()
                process.stderr.close()
                self.assertIn(process.wait(60), (OK, FOUND, INCOMPLETE, -signal.SIGPIPE))
                self.assertEqual(err, "")

    PRINTING = (("check", "--engine"), ("check", "--format", "json", "--engine"), ("check", "--format", "junit", "--engine"))
    TELLING = (("findings", "--all"), ("findings", "--format", "json"), ("drift",), ("drift", "--format", "json"),
               ("status",), ("explain", "5.4", "root"), ("report", "--since", "1h"),
               ("report", "--since", "1h", "--format", "html"), ("doctor",))

    def printing(self):
        yield ("rules",)
        yield ("help",)
        for arguments in self.PRINTING:
            yield (*arguments, docker.socket)
        for arguments in self.TELLING:
            yield (*arguments, "--socket", plimsolld.socket)

    def test_what_did_not_reach_its_file_is_told(self):
        for arguments in self.printing():
            with self.subTest(arguments=arguments), open("/dev/full", "w") as full:
                done = subprocess.run([daemon.program("plimsoll"), *arguments], stdout=full, stderr=subprocess.PIPE,
                                      text=True, env=daemon.environment(), cwd=world.ROOT)
                self.assertEqual(done.returncode, USAGE, done.stderr)
                self.assertIn("not complete", done.stderr)

    def test_reader_that_is_gone_is_no_error_of_a_service(self):
        """Services are started with SIGPIPE ignored."""
        for arguments in self.printing():
            with self.subTest(arguments=arguments):
                reading, writing = os.pipe()
                os.close(reading)
                done = subprocess.run([daemon.program("plimsoll"), *arguments], stdout=writing, stderr=subprocess.PIPE,
                                      text=True, env=daemon.environment(), cwd=world.ROOT, restore_signals=False)
                os.close(writing)
                self.assertIn(done.returncode, (OK, FOUND, INCOMPLETE), done.stderr)
                self.assertEqual(done.stderr, "")

    def on_a_terminal(self, *arguments, **environment):
        """What a command writes to a terminal of 80 columns."""
        ours, theirs = pty.openpty()
        try:
            subprocess.run(["stty", "cols", "80"], stdin=theirs, check=True)
            process = subprocess.Popen([daemon.program("plimsoll"), *arguments], stdin=theirs, stdout=theirs,
                                       stderr=subprocess.PIPE, env=dict(daemon.environment(), **environment),
                                       cwd=world.ROOT)
            os.close(theirs)
            text = b""
            while True:
                try:
                    data = os.read(ours, 65536)
                except OSError:
                    break
                if not data:
                    break
                text += data
            process.stderr.close()
            process.wait(60)
        finally:
            os.close(ours)
        return text.decode().replace("\r\n", "\n")

    def test_table_fits_the_terminal_and_is_coloured(self):
        out = self.on_a_terminal("findings", "--socket", plimsolld.socket)
        self.assertIn("\033[", out)
        for line in re.sub("\033\\[[0-9;]*[A-Za-z]", "", out).splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_no_color_is_honoured(self):
        out = self.on_a_terminal("findings", "--socket", plimsolld.socket, NO_COLOR="1")
        self.assertIn("FAIL", out)
        self.assertNotIn("\033", out)


class Print(unittest.TestCase):
    """plimsolld --print: what somebody sees who just runs it."""

    def test_first_audit_then_each_drift(self):
        host = world.HostRoot()
        self.addCleanup(host.close)
        host.write("/etc/default/docker")
        with daemon.Daemon(docker, host, flags=["--print"]) as d:
            world.wait_for("the first audit", lambda: re.search(r"(?m)^\d+ fail, \d+ unknown", d.log_text()))
            self.assertRegex(d.log_text(), r"(?m)^FAIL +5\.4 +critical +container root +runs privileged$")
            host.chmod("/etc/default/docker", 0o666)
            bad = r"FAIL 3\.20 file-etc-default-docker-mode: .*\(was pass; /etc/default/docker changed\)"
            world.wait_for("the drift", lambda: re.search(bad, d.log_text()))
            host.chmod("/etc/default/docker", 0o644)
            good = r"PASS 3\.20 file-etc-default-docker-mode: .*\(was fail; /etc/default/docker changed\)"
            world.wait_for("the way back", lambda: re.search(good, d.log_text()))
            name = docker.create("--name", "printed", "--privileged")
            world.wait_for("the container", lambda: "APPEARED container printed: FAIL 5.4" in d.log_text())
            docker.remove(name)
            world.wait_for("its end", lambda: "GONE container printed" in d.log_text())

    def test_waits_for_an_engine(self):
        with daemon.Daemon(None, flags=["--print"]) as d:
            world.wait_for("a word about it", lambda: f"waiting for a Docker engine at {d.engine}" in d.log_text())


if __name__ == "__main__":
    unittest.main()
