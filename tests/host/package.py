# SPDX-License-Identifier: Apache-2.0
"""Our Debian package, built from a copy of the sources."""

import glob
import os
import re
import shutil
import subprocess

import world

BUILD_TIMEOUT = 900


def call(command, timeout=300, **more):
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        **more,
    )
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-6000:]}")
    return done.stdout


def build(folder):
    """Builds below a new folder: the paths of the package and of the .changes file."""
    source = os.path.join(folder, "plimsoll")
    ignored = shutil.ignore_patterns("build", ".git", "__pycache__", "obj-*")
    shutil.copytree(world.ROOT, source, symlinks=True, ignore=ignored)
    options = f"nocheck parallel={os.cpu_count() or 1}"
    environment = dict(os.environ, DEB_BUILD_OPTIONS=options)
    environment.pop("CC", None)
    call(["dpkg-buildpackage", "-b", "-us", "-uc"], BUILD_TIMEOUT, cwd=source, env=environment)
    shutil.rmtree(source)
    (package,) = glob.glob(os.path.join(folder, "plimsoll_*.deb"))
    (changes,) = glob.glob(os.path.join(folder, "plimsoll_*.changes"))
    return package, changes


def with_version(package, version):
    """The same package, under another version."""
    folder = os.path.dirname(package)
    content = os.path.join(folder, "content")
    call(["dpkg-deb", "-R", package, content])
    control = os.path.join(content, "DEBIAN", "control")
    with open(control) as f:
        text = re.sub(r"^Version: .*$", f"Version: {version}", f.read(), flags=re.MULTILINE)
    with open(control, "w") as f:
        f.write(text)
    path = os.path.join(folder, f"plimsoll_{version}.deb")
    call(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", content, path])
    shutil.rmtree(content)
    return path
