# SPDX-License-Identifier: Apache-2.0
"""The engines that tests run against: the one that is installed, or one that another release of Debian has.

PLIMSOLL_TEST_ENGINE names the other one. It runs from a tree of its release: /usr is the tree's, in a mount
namespace of its own, and all else is this machine's, so that a path means the same to the engine, to the
tests and to the daemon under test.
"""

import functools
import os
import re
import sys

import world

sys.path.append(os.path.join(world.ROOT, "tests", "host"))

import tree  # noqa: E402

#    name: release of Debian, dockerd's flags
ENGINES = {
    "20.10": ("bookworm", {}),
    "26.1": ("trixie", {}),
    "28.5": ("forky", {}),
    # Keeps images in containerd, as engines from 29 on do by default.
    "28.5-containerd": ("forky", {"feature": "containerd-snapshotter=true"}),
}

# What not every engine can be brought into. test_engines.py tries each on the engine at hand.
#    situation: the first version that can, the first that can't any more, why
LIMITS = {
    "legacy registry": (None, "17.12", "the protocol left with 17.12, and its switch became an error"),
    "aufs": (None, "24.0", "the storage driver left with 24.0; before, it needs a kernel that has aufs"),
    "devicemapper": (None, "25.0", "the storage driver left with 25.0; before, it needs a volume of its own"),
    "no filter by default": ("23.0", None, "seccomp-profile takes paths alone before 23.0"),
    "images in containerd": ("24.0", None, "the store came with 24.0"),
    "part of a volume": ("26.0", None, "volume-subpath came with 26.0"),
    "mounted image": ("28.0", None, "mounts of images came with 28.0"),
}

ENTER = 'mount -o bind,ro "$0" /usr && exec "$@"'


def chosen():
    """The engine that was asked for, "" for whichever is installed."""
    return os.environ.get("PLIMSOLL_TEST_ENGINE", "")


def version():
    """What the version of the chosen engine begins with."""
    return chosen().partition("-")[0]


def flags():
    return ENGINES[chosen()][1] if chosen() else {}


@functools.lru_cache(maxsize=None)
def words():
    """What stands before a command of the chosen engine. It becomes the command, as env(1) does."""
    if not chosen():
        return []
    usr = os.path.join(tree.tree(ENGINES[chosen()][0]), "usr")
    return ["unshare", "--mount", "--propagation", "slave", "--", "sh", "-c", ENTER, usr]


def _number(version):
    return [int(word) for word in re.findall(r"\d+", version)[:2]]


def limit(situation, version):
    """Why an engine of that version can't be brought into the situation, "" if it can."""
    first, end, why = LIMITS[situation]
    too_old = first is not None and _number(version) < _number(first)
    too_new = end is not None and _number(version) >= _number(end)
    return why if too_old or too_new else ""
