# SPDX-License-Identifier: Apache-2.0
"""Programs that get no memory when a test says so: fail_alloc.c, built and preloaded."""

import json
import mmap
import os
import struct
import subprocess

import world

SIZE = 4 * 8 + 3072
FOR_EVER = 1 << 62


def plain_build():
    """A build without sanitizers, which have an allocator of their own, and without gcov, which crashes at the end when
    it gets no memory; None: there is none."""
    for directory in (world.build_directory(), os.environ.get("PLIMSOLL_TEST_PLAIN"), os.path.join(world.ROOT, "build")):
        options = os.path.join(directory or "", "meson-info", "intro-buildoptions.json")
        if directory and os.path.exists(options) and os.path.exists(os.path.join(directory, "daemon", "plimsolld")):
            with open(options) as f:
                values = {option["name"]: option["value"] for option in json.load(f)}
            if values["b_sanitize"] == "none" and not values["b_coverage"]:
                return directory
    return None


class Scarcity:
    """The page that is shared with one program."""

    def __init__(self, folder):
        self.library = os.path.join(folder, "fail_alloc.so")
        if not os.path.exists(self.library):
            source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fail_alloc.c")
            subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", self.library, source, "-ldl"],
                           check=True)
        self.path = os.path.join(folder, "page")
        with open(self.path, "wb") as f:
            f.truncate(SIZE)
        with open(self.path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), SIZE)

    def variables(self):
        return {"LD_PRELOAD": self.library, "PLIMSOLL_FAIL_ALLOC": self.path}

    def clear(self):
        self.page[:] = bytes(SIZE)

    def _get(self, i):
        return struct.unpack_from("Q", self.page, i * 8)[0]

    @property
    def count(self):
        return self._get(0)

    @property
    def failed(self):
        return self._get(3)

    def fail(self, first, most=1):
        """Of the allocations from now on: this one, counted from 1, and so many in all."""
        begin = self.count + first
        struct.pack_into("QQ", self.page, 8, 0, 0)
        self.page[24:] = bytes(SIZE - 24)
        struct.pack_into("Q", self.page, 16, begin + most)
        struct.pack_into("Q", self.page, 8, begin)

    def relent(self):
        struct.pack_into("Q", self.page, 8, 0)

    def where(self):
        """Who asked for the last allocation that failed: (object, symbol, offset) of each frame, innermost first."""
        text = self.page[32:].split(b"\0", 1)[0].decode()
        return [line.split(" ", 2) for line in text.splitlines() if not line.startswith("fail_alloc.so")]

    def close(self):
        self.page.close()
