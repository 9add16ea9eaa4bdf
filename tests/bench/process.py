# SPDX-License-Identifier: Apache-2.0
"""What a process that is not our child uses: processor time, memory, wake-ups."""

import os
import time

MIB = 1024 * 1024


def _clock(pid):
    """clock_getcpuclockid(3): the processor time of all threads of a process, those that ended as well."""
    return ~pid << 3 | 2


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children") as f:
                found += [int(child) for child in f.read().split()]
        except OSError:
            pass  # the thread ended
    return found


def cpu_alone(pid):
    """Seconds of processor time, to the nanosecond, without children."""
    return time.clock_gettime(_clock(pid))


def cpu(pid):
    """Seconds of processor time of a process and its children, those that were waited for as well."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return cpu_alone(pid) + ended + sum(cpu(child) for child in children(pid))


def memory(pid):
    """(resident, anonymous) in MiB."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        fields = dict(line.split(":", 1) for line in f.readlines()[1:])
    return tuple(int(fields[key].split()[0]) * 1024 / MIB for key in ("Rss", "Anonymous"))


def wakeups(pid):
    """How often the process and its children went to sleep and were woken."""
    total = sum(wakeups(child) for child in children(pid))
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))
    return total
