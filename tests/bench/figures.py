# SPDX-License-Identifier: Apache-2.0
"""What is measured, in one table: the printed one, the JSON and the README's are made of it."""

from typing import NamedTuple, Optional


class Figure(NamedTuple):
    key: str
    what: str
    unit: str = ""
    most: Optional[float] = None  # the target; None: shown for comparison


# A text alone is a heading.
FIGURES = (
    "Full audit: `check`, 20 running and 500 created containers",
    Figure("check_wall_ms", "wall clock", "ms"),
    Figure("check_wall_ratio", "against one curl making the same API calls", "x", 1.2),
    Figure("check_cpu_ms", "CPU", "ms"),
    Figure("check_cpu_ratio", "against curl", "x", 2.5),
    "Growth: `check`, 20 running containers and 100 or 1,000 created ones",
    Figure("growth_fixed_ms", "CPU with the running ones alone", "ms"),
    Figure("growth_small_ms", "CPU per container beyond that, 100 created", "ms"),
    Figure("growth_big_ms", "CPU per container beyond that, 1,000 created", "ms"),
    Figure("growth_ratio", "1,000 against 100", "x", 1.1),
    "One event: CPU of the daemon per container start",
    Figure("start_small_ms", "10 containers on the host", "ms", 1),
    Figure("start_big_ms", "1,000 containers on the host", "ms", 1),
    Figure("start_ratio", "1,000 against 10", "x", 1.1),
    Figure("start_calls", "API calls per start"),
    Figure("start_wakeups", "wake-ups per start"),
    "Engine's cost: dockerd's own CPU per container created",
    Figure("engine_alone_ms", "without the daemon", "ms"),
    Figure("engine_more_ms", "more with it", "ms", 1.2),
    "Latency",
    Figure("event_p50_ms", "500 containers created and started, event to the row at a reader, p50", "ms"),
    Figure("event_p99_ms", "p99", "ms"),
    Figure("event_own_p50_ms", "less one inspect of the same container, p50", "ms"),
    Figure("event_own_p99_ms", "p99", "ms", 10),
    Figure("file_p50_ms", "500 modes of files changed, chmod to the row at a reader, p50", "ms"),
    Figure("file_p99_ms", "p99", "ms", 10),
    Figure("audit_p50_ms", "200 audit rules changed, request to the row at a reader, p50", "ms"),
    Figure("audit_p99_ms", "p99", "ms"),
    Figure("audit_own_p50_ms", "less what the kernel takes for the request, p50", "ms"),
    Figure("audit_own_p99_ms", "p99", "ms", 10),
    "Storm: 1,000 containers created and removed as fast as the engine can",
    Figure("storm_rate", "containers a second", "1/s"),
    Figure("storm_missed", "changes missed", "", 0),
    Figure("storm_differences", "findings other than a fresh check's", "", 0),
    Figure("storm_anonymous_mib", "most anonymous memory", "MiB", 24),
    "Idle with 1,000 containers, from the second minute on",
    Figure("idle_wakeups", "wake-ups a minute", "", 6),
    Figure("idle_cpu_percent", "CPU of a core", "%", 0.02),
    Figure("sweep_cpu_ms", "CPU of a look at everything", "ms", 500),
    "Memory, steady",
    Figure("anonymous_small_mib", "anonymous, 20 containers", "MiB", 5),
    Figure("anonymous_big_mib", "anonymous, 1,000 containers", "MiB", 10),
    Figure("resident_big_mib", "resident, shared libraries too, 1,000 containers", "MiB"),
    "Start of the daemon",
    Figure("ready_ms", "exec to READY", "ms", 50),
    Figure("ledger_ms", "exec to the first whole ledger, 500 containers", "ms"),
    Figure("ledger_ratio", "against one curl making the same API calls", "x", 1.3),
)


class Results:
    def __init__(self):
        self.values = {}
        self.why_not = {}

    def put(self, key, value):
        assert any(isinstance(figure, Figure) and figure.key == key for figure in FIGURES), key
        self.values[key] = value

    def skip(self, keys, why):
        for key in keys:
            self.why_not[key] = why

    def verdict(self, figure):
        if figure.most is None:
            return ""
        if figure.key not in self.values:
            return "not measured"
        return "ok" if self.values[figure.key] <= figure.most else "MISSED"

    def missed(self):
        return [f for f in FIGURES if isinstance(f, Figure) and self.verdict(f) == "MISSED"]

    def measured(self, figure):
        """For people."""
        if figure.key not in self.values:
            return "-"
        value = self.values[figure.key]
        digits = 0 if value == int(value) or value >= 100 else 1 if value >= 10 else 3 if value < 0.1 else 2
        return f"{value:.{digits}f}" + (f" {figure.unit}" if figure.unit else "")

    def target(self, figure):
        return "" if figure.most is None else f"{figure.most:g}" + (f" {figure.unit}" if figure.unit else "")

    def _rows(self):
        """(heading or None, figure or None) in order, without what nobody looked at."""
        heading = None
        for one in FIGURES:
            if not isinstance(one, Figure):
                heading = one
            elif one.key in self.values or one.key in self.why_not:
                yield heading, one
                heading = None

    def print(self):
        width = max(len(figure.what) for _, figure in self._rows()) + 2
        print(f"{'':<{width}}  {'measured':>10}  {'at most':>10}")
        for heading, figure in self._rows():
            if heading:
                print(heading.replace("`", ""))
            line = f"  {figure.what:<{width - 2}}  {self.measured(figure):>10}  {self.target(figure):>10}"
            why = f": {self.why_not[figure.key]}" if figure.key in self.why_not and figure.most is not None else ""
            print(f"{line}  {self.verdict(figure)}{why}".rstrip())

    def markdown(self):
        lines = ["| what | measured | at most |", "| --- | --- | --- |"]
        for heading, figure in self._rows():
            if heading:
                lines.append(f"| **{heading}** | | |")
            target = self.target(figure)
            if self.verdict(figure) == "MISSED":
                target += ", **missed**"
            lines.append(f"| {figure.what} | {self.measured(figure)} | {target} |")
        return "\n".join(lines) + "\n"

    def document(self):
        return [
            {
                "key": figure.key,
                "name": f"{figure.what}",
                "value": None if figure.key not in self.values else round(self.values[figure.key], 4),
                "unit": figure.unit,
                "target": figure.most,
                "verdict": self.verdict(figure) or None,
            }
            for figure in FIGURES
            if isinstance(figure, Figure)
        ]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
