#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every test suite and ends in one line: N passed, N failed.

A suite that cannot run counts as a failed test. What a suite printed is in build/logs/SUITE.log.
Called by ./bootstrap test, which installs what the suites need.
"""

import argparse
import concurrent.futures
import functools
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INTEGRATION = os.path.join(ROOT, "tests", "integration")
HOST = os.path.join(ROOT, "tests", "host")
FLEET = os.path.join(ROOT, "tests", "fleet")
sys.path[:0] = [INTEGRATION, HOST]

import engines  # noqa: E402
import package  # noqa: E402
import tree  # noqa: E402
import world  # noqa: E402

# Debian 12 ships them all; other versions format, and warn, differently.
CLANG_FORMAT_MAJOR = 14
WARNINGS_ARE_ERRORS_ON = "debian 12"

# gcc 12 loses sight of what is stored in an element of an array, and calls it leaked.
ANALYZER = "-fanalyzer -Wno-analyzer-malloc-leak"

UNIT_TIMEOUT = 300
MODULE_TIMEOUT = 300
MODULE_TIMEOUT_LONG = 1200
MODULE_TIMEOUTS_LONG = {"test_soak": 3600 + 900}
TIDY_TIMEOUT = 3600
FUZZ_SECONDS = 5
FUZZ_SECONDS_LONG = 3600


class Result:
    """What one suite found: counts, the failures in full, a remark, and all that was printed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.notes = []
        self.failures = []
        self.log = []

    def ok(self, name, _text=""):
        self.passed += 1
        self.log.append(f"ok: {name}\n")

    def fail(self, name, text=""):
        self.failed += 1
        self.failures.append(f"{name}\n{indent(text)}")
        self.log.append(f"FAILED: {name}\n{text}\n")

    def skip(self, name, why=""):
        self.skipped += 1
        self.log.append(f"skipped: {name} {why}\n")

    def check(self, name, offenders):
        if offenders:
            self.fail(name, "\n".join(offenders))
        else:
            self.ok(name)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.notes += other.notes
        self.failures += other.failures
        self.log += other.log

    def line(self, name, seconds):
        counts = f"{self.passed} passed, {self.failed} failed"
        if self.skipped:
            counts += f", {self.skipped} skipped"
        if not self.passed + self.failed + self.skipped:
            counts = "nothing to run"
        return f"{name:<16} {counts:<32} {seconds:6.1f} s  {'; '.join(self.notes)}".rstrip()


def indent(text, most=80):
    lines = text.rstrip().splitlines()
    if len(lines) > most:
        lines = [f"[{len(lines) - most} lines left out]"] + lines[-most:]
    return "".join(f"    {line}\n" for line in lines)


def run(command, timeout, **more):
    """Runs a command in a process group of its own: (exit status or None after a timeout, output)."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        **more,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return None, f"{output}\nkilled: it ran for more than {timeout} s"
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def broke_off(status):
    """Not the end of a program that reports failed tests: a timeout, a signal, a sanitizer's finding."""
    return status is None or status < 0 or status == world.SANITIZER_STATUS


def distribution():
    words = {}
    try:
        with open("/etc/os-release") as f:
            words = dict(line.rstrip().split("=", 1) for line in f if "=" in line)
    except OSError:
        pass
    return " ".join(words.get(key, "").strip('"') for key in ("ID", "VERSION_ID"))


# --- builds ---


class BuildFailed(Exception):
    pass


@functools.lru_cache(maxsize=None)
def build_outcome(directory, compiler, options):
    environment = dict(os.environ, **({"CC": compiler} if compiler else {}))
    return run(
        [os.path.join(ROOT, "bootstrap"), "build", directory, *options],
        1800,
        cwd=ROOT,
        env=environment,
    )


def build(result, directory, compiler, *options):
    if not any(option.startswith("-Dtests=") for option in options):
        options += ("-Dtests=enabled",)
    if distribution() == WARNINGS_ARE_ERRORS_ON:
        options += ("-Dwerror=true",)
    status, output = build_outcome(directory, compiler, options)
    result.log.append(output)
    if status != 0:
        raise BuildFailed(f"{directory} does not build\n{indent(output)}")
    return os.path.join(ROOT, directory)


def build_plain(result):
    return build(result, "build", None)


def build_sanitized(result):
    """By the other compiler, and with the fuzz targets: one build shows that clang takes the code without a warning, and
    serves all that runs under sanitizers."""
    options = ("-Dfuzzers=enabled", "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1")
    return build(result, "build/sanitized", "clang", *options)


def build_analyzed(result):
    return build(result, "build/analyzed", "gcc", "-Dbuildtype=debug", f"-Dc_args={ANALYZER}", "-Dtests=disabled")


# --- suite: format ---


def source_files():
    """All files under version control, or, in an unpacked archive, all but what was built."""
    status, output = run(["git", "-C", ROOT, "-c", f"safe.directory={ROOT}", "ls-files", "-z"], 60) if (
        shutil.which("git") and os.path.exists(os.path.join(ROOT, ".git"))
    ) else (1, "")
    if status == 0:
        names = [name for name in output.split("\0") if name]
    else:
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, name), ROOT) for name in files]
    return sorted(name for name in names if os.path.isfile(os.path.join(ROOT, name)))


def read(name):
    with open(os.path.join(ROOT, name), errors="replace") as f:
        return f.read()


def check_layout(result, files):
    status, version = run(["clang-format", "--version"], 60)
    major = re.search(r"version (\d+)\.", version)
    if status != 0 or not major:
        result.fail("clang-format", version)
    elif int(major[1]) != CLANG_FORMAT_MAJOR:
        result.notes.append(f"clang-format {major[1]} is here, {CLANG_FORMAT_MAJOR} is needed: not compared")
        result.ok("clang-format")
    else:
        status, output = run(["clang-format", "--dry-run", "--Werror", *files], 300, cwd=ROOT)
        offenders = [line for line in output.splitlines() if " error: " in line]
        result.check("clang-format", (offenders or [output]) if status != 0 else [])


# What a folder of daemon/ may include from the others: CONTRIBUTING.md has it as the layers.
LAYERS = {
    "util": set(),
    "expr": {"util"},
    "facts": {"util", "expr"},
    "rulebook": {"util", "expr", "facts"},
    "collect": {"util", "expr", "facts"},
    "watch": {"util", "facts", "collect"},
    "judge": {"util", "expr", "facts", "rulebook", "collect", "watch"},
    "report": {"util", "rulebook", "judge", "watch"},
    "control": {"util", "expr", "rulebook", "judge", "report"},
}
# Whoever logs or exits is a main or a command; the journal, syslog and the terminal are told in one file each.
TELLING = re.compile(r"\b(?:stderr|stdout|syslog\(|sd_journal_|exit\(|abort\(|perror\()")
TELLERS = {"journal.c", "syslog.c", "terminal.c"}


def check_layers(result, c_files):
    upwards, loud = [], []
    for name in c_files:
        parts = name.split("/")
        if len(parts) != 3 or parts[0] != "daemon":
            continue
        folder, text = parts[1], read(name)
        for other in re.findall(r'^#include "(\w+)/', text, re.MULTILINE):
            if other != folder and other not in LAYERS.get(folder, set()):
                upwards.append(f"{name} includes {other}/")
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        if folder != "control" and parts[2] not in TELLERS and TELLING.search(code):
            loud.append(name)
    result.check("no folder includes upwards", upwards)
    result.check("libraries neither log nor exit", loud)


def suite_format(result, _arguments):
    files = source_files()
    c_files = [name for name in files if name.endswith((".c", ".h"))]
    licensed = c_files + [name for name in files if name.endswith(".py") or name == "bootstrap"]
    left_over = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME)\b")

    check_layout(result, c_files)
    check_layers(result, c_files)
    result.check(
        "every source file names its licence",
        [name for name in licensed if "SPDX-License-Identifier: Apache-2.0" not in read(name)],
    )
    result.check("nothing is left to do", [name for name in files if left_over.search(read(name))])


# --- suites: unit, unit-sanitized, clang ---

TAP_LINE = re.compile(r"^(ok|not ok) \d+(?: -)? ?(.*)$", re.MULTILINE)


def run_unit_program(test):
    """One cmocka program, its tests counted one by one."""
    result = Result()
    environment = dict(os.environ, **world.sanitizer_environment(), **test["env"])
    environment["CMOCKA_MESSAGE_OUTPUT"] = "TAP"
    status, output = run(test["cmd"], UNIT_TIMEOUT, cwd=test["workdir"] or ROOT, env=environment)

    for outcome, name in TAP_LINE.findall(output):
        name = f"{test['name']}: {name}"
        if "# SKIP" in name:
            result.skip(name)
        elif outcome == "ok":
            result.ok(name)
        else:
            result.fail(name, output)
    if broke_off(status) or (status != 0 and not result.failed):
        result.fail(test["name"], f"{output}\nexit status {status}")
    elif not result.passed + result.failed + result.skipped:
        result.fail(test["name"], f"{output}\nno test was run")
    return result


def run_unit_tests(result, directory):
    status, output = run(["meson", "introspect", "--tests", directory], 120)
    if status != 0:
        raise BuildFailed(output)
    tests = [test for test in json.loads(output) if any(name.endswith("unit") for name in test["suite"])]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for one in pool.map(run_unit_program, tests):
            result.add(one)


def suite_unit(result, _arguments):
    run_unit_tests(result, build_plain(result))


def suite_unit_sanitized(result, _arguments):
    run_unit_tests(result, build_sanitized(result))


def suite_clang(result, _arguments):
    build_sanitized(result)
    result.ok("builds with clang")


# --- suite: fuzz ---

FUZZ = os.path.join(ROOT, "tests", "fuzz")
FUZZ_DICTIONARIES = {"benchmark": "yaml", "exceptions": "yaml", "rules": "yaml", "settings": "yaml"}
FUZZ_SEEDS = {"replies": sorted(glob.glob(os.path.join(ROOT, "tests", "data", "docker-*")))}
FUZZ_INPUT_MAX = 16384  # bytes


def fuzz_command(program, name, seconds, findings, inputs, arguments):
    """In a run of every day the same inputs are tried, as long as there is time; in a long one, others."""
    command = [program, f"-max_total_time={seconds}", f"-max_len={FUZZ_INPUT_MAX}", "-timeout=60"]
    command += ["-rss_limit_mb=3072", "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-"]
    dictionary = os.path.join(FUZZ, "dict", FUZZ_DICTIONARIES.get(name, name) + ".dict")
    if os.path.exists(dictionary):
        command.append(f"-dict={dictionary}")
    if not arguments.long:
        command.append("-seed=1")
    command += [inputs, os.path.join(FUZZ, "corpus", name)]
    return command + FUZZ_SEEDS.get(name, [])


def run_fuzzer(program, seconds, findings, arguments):
    result = Result()
    name = os.path.basename(program).removeprefix("fuzz-")
    environment = dict(os.environ, **world.sanitizer_environment())
    with tempfile.TemporaryDirectory(prefix="plim-") as inputs:
        if arguments.long:
            inputs = os.path.join(findings, name)
            os.makedirs(inputs, exist_ok=True)
        command = fuzz_command(program, name, seconds, findings, inputs, arguments)
        status, output = run(command, seconds + 300, cwd=ROOT, env=environment)
    runs = re.search(r"number_of_executed_units: (\d+)", output)
    coverage = re.findall(r"cov: (\d+) ft: (\d+)", output)
    if status != 0 or not runs or not coverage:
        result.fail(f"fuzz/{name}", f"{output}\nexit status {status}; the input is in {findings}")
    else:
        result.ok(f"fuzz/{name}: {runs[1]} executions, {coverage[-1][0]} edges, {coverage[-1][1]} features")
    return result


def write_fuzz_table(result, seconds, path):
    """As tests/fuzz/README.md has it."""
    found = re.findall(r"ok: fuzz/(\S+): (\d+) executions, (\d+) edges, (\d+) features", "".join(result.log))
    with open(path, "w") as f:
        f.write(f"{seconds} s of each\n\n| target | executions | edges | features |\n| --- | --- | --- | --- |\n")
        for name, *counts in sorted(found):
            f.write(f"| {name} | {' | '.join(f'{int(count):,}' for count in counts)} |\n")
    result.notes.append(f"table in {os.path.relpath(path, ROOT)}")


def suite_fuzz(result, arguments):
    directory = build_sanitized(result)
    seconds = arguments.fuzz_seconds or (FUZZ_SECONDS_LONG if arguments.long else FUZZ_SECONDS)
    findings = os.path.join(ROOT, "build", "fuzz")
    os.makedirs(findings, exist_ok=True)
    programs = sorted(glob.glob(os.path.join(directory, "tests", "fuzz", "fuzz-*")))
    programs = [path for path in programs if os.path.isfile(path)]
    if arguments.modules:
        programs = [path for path in programs if os.path.basename(path)[5:] in arguments.modules]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for one in pool.map(lambda path: run_fuzzer(path, seconds, findings, arguments), programs):
            result.add(one)
    result.notes.append(f"{seconds} s each")
    if arguments.long:
        write_fuzz_table(result, seconds, os.path.join(findings, "table.md"))


# --- suite: static ---


def suite_static(result, _arguments):
    """Other versions look for other things, so both analyzers look on Debian 12 alone."""
    if distribution() != WARNINGS_ARE_ERRORS_ON:
        result.notes.append(f"this is not {WARNINGS_ARE_ERRORS_ON}: not looked at")
        return
    build_analyzed(result)
    result.ok("gcc -fanalyzer has no complaint")
    directory = build_sanitized(result)
    pattern = os.path.join(ROOT, "(daemon|tests/fuzz)/.*[.]c$")
    status, output = run(["run-clang-tidy", "-p", directory, "-quiet", pattern], TIDY_TIMEOUT, cwd=ROOT)
    output = re.sub("\x1b\\[[0-9;]*m", "", output)  # it can't be told to leave out colours
    complaints = sorted({line for line in output.splitlines() if re.search(r": (error|warning): ", line)})
    result.check("clang-tidy has no complaint", complaints or ([] if status == 0 else [output]))


# --- suite: rules ---


def suite_rules(result, _arguments):
    run_rules(result, build_plain(result))


def run_rules(result, directory):
    command = os.path.join(directory, "daemon", "plimsoll")
    rules = os.path.join(ROOT, "rules")
    if not os.path.exists(command) or not glob.glob(os.path.join(rules, "*.yaml")):
        return
    environment = dict(os.environ, PLIMSOLL_RULES_DIR=rules)
    for arguments in (["lint"], ["rules", "test"]):
        name = " ".join(["plimsoll"] + arguments)
        status, output = run([command, *arguments], 300, cwd=ROOT, env=environment)
        counts = re.search(r"(\d+) passed, (\d+) failed", output)
        if counts:
            result.passed += int(counts[1])
            result.failed += int(counts[2])
            result.log.append(output)
            if int(counts[2]):
                result.failures.append(f"{name}\n{indent(output)}")
        if status != 0 and not (counts and int(counts[2])):
            result.fail(name, output)
        elif not counts:
            result.ok(name)


# --- suites: integration, integration-plain ---


def run_module(module, timeout, **variables):
    """One module of tests in a process of its own. Whatever it leaves is cleared away."""
    result = Result()
    scratch = tempfile.mkdtemp(prefix="plim-", dir="/tmp")
    os.chmod(scratch, 0o755)
    os.chmod(scratch, 0o711)  # an engine's remapped users pass through
    report = os.path.join(scratch, "report")
    environment = dict(
        os.environ,
        **variables,
        PLIMSOLL_TEST_TMP=scratch,
        PYTHONPATH=f"{HOST}:{FLEET}",
        PYTHONDONTWRITEBYTECODE="1",
    )
    runner = [sys.executable, "-u", os.path.join(INTEGRATION, "runner.py"), module, report, str(timeout)]
    try:
        status, output = run(runner, timeout, cwd=ROOT, env=environment)
        if os.path.exists(report):
            with open(report) as f:
                for line in f:
                    test = json.loads(line)
                    getattr(result, test["outcome"])(test["name"], test["text"])
    finally:
        left = world.sweep(scratch)
    result.log.append(output)
    if broke_off(status) or (status != 0 and not result.failed):
        result.fail(module, f"{output}\nexit status {status}")
    elif left:
        result.fail(f"{module} leaves nothing behind", "\n".join(left))
    return result


def run_modules(result, folder, arguments, **variables):
    if os.getuid() != 0:
        result.fail(os.path.basename(folder), "an engine or a host of our own can only be started by root")
        return
    variables["PLIMSOLL_TEST_LONG"] = "1" if arguments.long else ""
    names = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(folder, "test_*.py")))
    for name in names:
        if arguments.modules and name not in arguments.modules:
            continue
        began = time.monotonic()
        timeout = MODULE_TIMEOUT
        if arguments.long:
            timeout = MODULE_TIMEOUTS_LONG.get(name, MODULE_TIMEOUT_LONG)
        one = run_module(name, timeout, **variables)
        result.add(one)
        print("  " + one.line(name, time.monotonic() - began), flush=True)


def suite_integration(result, arguments):
    """Sanitizers have an allocator of their own: what is about memory runs on the plain build."""
    variables = {"PLIMSOLL_TEST_BUILD": build_sanitized(result), "PLIMSOLL_TEST_PLAIN": build_plain(result)}
    run_modules(result, INTEGRATION, arguments, **variables)


def suite_integration_plain(result, arguments):
    run_modules(result, INTEGRATION, arguments, PLIMSOLL_TEST_BUILD=build_plain(result))


# --- suites: engine-... ---

# Situations on an engine and what is said of them. Other modules are about ourselves alone.
ENGINE_MODULES = (
    "test_audit_commands",
    "test_check",
    "test_consistency",
    "test_drift",
    "test_engines",
    "test_gap",
    "test_restart",
    "test_rules_containers",
    "test_rules_engine",
    "test_rules_exec",
    "test_rules_files",
    "test_rules_host",
    "test_rules_images",
    "test_short_lived",
)


def installed_engine():
    """The version, as far as engines are told apart by it; "" if none is installed."""
    version = re.search(r"version (\d+\.\d+)", run(["dockerd", "--version"], 60)[1]) if shutil.which("dockerd") else None
    return version[1] if version else ""


def suite_engine(name, result, arguments):
    """The same situations and verdicts, on an engine that another release of Debian has."""
    if name == installed_engine():
        result.notes.append("integration has run on it")
        return
    # The long forms try us, and the installed engine is enough for that.
    chosen = argparse.Namespace(long=False, modules=arguments.modules or ENGINE_MODULES)
    tree.tree(engines.ENGINES[name][0])
    run_modules(result, INTEGRATION, chosen, PLIMSOLL_TEST_BUILD=build_plain(result), PLIMSOLL_TEST_ENGINE=name)


# --- suite: host ---

# On a tree's own release; the package is built on this machine, and must install on newer ones.
HOST_RELEASES = ("bookworm",)
HOST_RELEASES_LONG = ("bookworm", "trixie")


@functools.lru_cache(maxsize=None)
def built_package():
    """The paths of the package and of the .changes file."""
    folder = os.path.join(ROOT, "build", "package")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return package.build(folder)


def make_package(result):
    """The package, built and looked at: its path."""
    made, changes = built_package()
    result.ok("the package builds")
    grave = "error,warning" if distribution() == WARNINGS_ARE_ERRORS_ON else "error"
    status, output = run(["lintian", "--allow-root", "--fail-on", grave, changes], 300)
    result.check("lintian has no complaint", output.splitlines() if status != 0 else [])
    result.log.append(output)
    return made


def suite_host(result, arguments):
    """Installs the package on booted Debian hosts. Their trees are fetched while the package builds."""
    releases = HOST_RELEASES_LONG if arguments.long else HOST_RELEASES
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        trees = pool.map(tree.tree, releases)
        made = make_package(result)
        list(trees)
    for release in releases:
        result.notes.append(release)
        variables = {"PLIMSOLL_TEST_PACKAGE": made, "PLIMSOLL_TEST_RELEASE": release}
        run_modules(result, HOST, arguments, **variables)


# --- suite: coverage ---

COVERED_LINES = 90  # percent of daemon/, at least
UNCALLED = os.path.join(ROOT, "tests", "uncalled.md")
UNCALLED_ROW = re.compile(r"^\| (daemon/\S+) \| (`.*`) \| (.+) \|$", re.MULTILINE)
BY_CHANCE = "By chance: "  # a reason that begins so is of functions that some runs call


def uncalled_listed():
    """{(file, function): whether some runs call it} of the table."""
    listed = {}
    for file, functions, why in UNCALLED_ROW.findall(read(UNCALLED)):
        listed.update({(file, name): why.startswith(BY_CHANCE) for name in re.findall(r"`(\w+)`", functions)})
    return listed


def check_uncalled(result, files):
    """The table of functions that no test calls is neither too short nor too long."""
    called = {(f["file"], one["name"]): one["execution_count"] > 0 for f in files for one in f["functions"]}
    listed = uncalled_listed()
    offenders = [f"{file}: {name} is called by no test" for (file, name), is_called in sorted(called.items())
                 if not is_called and (file, name) not in listed]
    offenders += [f"{file}: {name} is listed, and there is none" for file, name in sorted(set(listed) - set(called))]
    offenders += [f"{file}: {name} is listed, and called" for (file, name), by_chance in sorted(listed.items())
                  if called.get((file, name)) and not by_chance]
    result.check("tests/uncalled.md lists what no test calls", offenders)


def suite_coverage(result, arguments):
    """Unit and integration tests on a build that counts: which lines of daemon/ ran, which functions did not."""
    directory = build(result, "build/coverage", "gcc", "-Db_coverage=true", "-Dbuildtype=debug")
    for path in glob.glob(os.path.join(directory, "**", "*.gcda"), recursive=True):
        os.unlink(path)
    tests = Result()
    run_unit_tests(tests, directory)
    run_rules(tests, directory)
    # The long forms go over the same lines for hours.
    chosen = argparse.Namespace(long=False, modules=arguments.modules)
    run_modules(tests, INTEGRATION, chosen, PLIMSOLL_TEST_BUILD=directory)
    result.log += tests.log
    result.check("the tests pass in a build that counts", tests.failures)
    everything, summary = (os.path.join(directory, name) for name in ("coverage.json", "summary.json"))
    command = ["gcovr", "--root", ROOT, "--filter", "daemon/", "--json", everything, "--json-summary", summary]
    status, output = run([*command, directory], 600, cwd=ROOT)
    result.log.append(output)
    if status != 0:
        result.fail("gcovr", output)
        return
    with open(summary) as f:
        total = json.load(f)
    with open(everything) as f:
        check_uncalled(result, json.load(f)["files"])
    lines, branches = total["line_percent"], total["branch_percent"]
    result.notes.append(f"lines {lines}%, branches {branches}%")
    for f in sorted(total["files"], key=lambda f: f["line_percent"]):
        branches_of = "" if f["branch_percent"] is None else f", {f['branch_percent']}% of branches"
        result.log.append(f"{f['filename']}: {f['line_percent']}% of lines{branches_of}\n")
    result.check("lines covered", [] if lines >= COVERED_LINES else [f"{lines}% of {COVERED_LINES}%"])


# --- suite: fleet ---


def suite_fleet(result, arguments):
    """The recipes of conf/fleet, between three booted hosts."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        made_tree = pool.submit(tree.tree, "bookworm-fleet")
        made, _ = built_package()
        made_tree.result()
    run_modules(result, FLEET, arguments, PLIMSOLL_TEST_PACKAGE=made)


# --- all of them ---

#    name, only with --long, function
SUITES = [
    ("format", False, suite_format),
    ("unit", False, suite_unit),
    ("clang", False, suite_clang),
    ("unit-sanitized", False, suite_unit_sanitized),
    ("fuzz", False, suite_fuzz),
    ("rules", False, suite_rules),
    ("integration", False, suite_integration),
    ("host", False, suite_host),
    ("integration-plain", True, suite_integration_plain),
    *((f"engine-{name}", True, functools.partial(suite_engine, name)) for name in engines.ENGINES),
    ("fleet", True, suite_fleet),
    ("static", True, suite_static),
    ("coverage", True, suite_coverage),
]


def run_suite(name, function, arguments):
    began = time.monotonic()
    result = Result()
    try:
        function(result, arguments)
    except BuildFailed as e:
        result.fail(name, str(e))
    except Exception as e:  # a suite that cannot run is a failed test, not the end of the others
        result.fail(name, f"cannot run: {type(e).__name__}: {e}")
    logs = os.path.join(ROOT, "build", "logs")
    os.makedirs(logs, exist_ok=True)
    with open(os.path.join(logs, f"{name}.log"), "w") as f:
        f.write("".join(result.log))
    for failure in result.failures:
        print(f"FAILED: {failure}")
    print(result.line(name, time.monotonic() - began), flush=True)
    return result


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./bootstrap test", description="Run the test suites.")
    parser.add_argument("--long", action="store_true", help="run the long suites as well")
    parser.add_argument(
        "--fuzz-seconds",
        type=int,
        metavar="N",
        help=f"of each fuzz target ({FUZZ_SECONDS}; with --long {FUZZ_SECONDS_LONG})",
    )
    parser.add_argument(
        "suites",
        nargs="*",
        metavar="SUITE",
        help="of: " + ", ".join(name for name, _, _ in SUITES) + "; SUITE/NAME for one module or target",
    )
    arguments = parser.parse_args()
    arguments.modules = [name.split("/", 1)[1] for name in arguments.suites if "/" in name]
    arguments.suites = [name.split("/", 1)[0] for name in arguments.suites]
    unknown = set(arguments.suites) - {name for name, _, _ in SUITES}
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    return arguments


def main():
    arguments = parse_arguments()
    total = Result()
    for name, long, function in SUITES:
        if name in arguments.suites or (not arguments.suites and (arguments.long or not long)):
            total.add(run_suite(name, function, arguments))
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
