"""Tables for people, Markdown for documents, JSON for programs."""

import datetime
import json
import os
import platform

from .compare import BUSY


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}"


def table(header, lines):
    """Columns as wide as they must be; the first to the left, numbers to the right, remarks to the left."""
    widths = [max(len(line[column]) for line in [header, *lines]) for column in range(len(header))]
    last = len(header) - 1

    def line_of(cells):
        return "  ".join(
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths))).rstrip()

    return "\n".join([line_of(header), "  ".join("-" * width for width in widths), *map(line_of, lines)]).rstrip()


def markdown(header, lines):
    rule = ["---"] + ["---:"] * (len(header) - 2) + ["---"]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *lines])


# The comparison.

HEADER = [
    "target", "CPU min µs", "median µs", "user µs", "req/s", "p50 ms", "p99 ms", "× nginx", "× min", "goal",
    "remarks",
]


def comparison_lines(rows):
    least = {row.target.kind: row.min("cpu") for row in rows if row.target.is_baseline and row.measurements}
    lines = []
    kind = None
    for row in sorted(rows, key=lambda row: _kind_order(row, rows)):
        if kind is not None and row.target.kind != kind:
            lines.append([""] * len(HEADER))
        kind = row.target.kind
        if not row.measurements:
            lines.append([row.target.name] + [""] * (len(HEADER) - 2) + [f"not measured: {brief(row.problem)}"])
            continue
        goal = row.target.goal
        lines.append([
            row.target.name, f"{row.min('cpu'):.2f}", f"{row.median('cpu'):.2f}", f"{row.median('user'):.2f}",
            f"{row.median('rate'):.0f}", f"{row.median('p50') * 1e3:.2f}", f"{row.median('p99') * 1e3:.2f}",
            f"{row.ratio:.2f}" if row.ratio is not None else "",
            f"{row.min('cpu') / least[row.target.kind]:.2f}" if row.target.kind in least else "", f"≤ {goal:.2f}" if goal else "",
            "; ".join(_remarks(row) + _rivals(row, rows)),
        ])
    return lines


def _kind_order(row, rows):
    return list(dict.fromkeys(each.target.kind for each in rows)).index(row.target.kind)


def brief(text):
    """The first lines of a problem; all of it goes to standard error."""
    return " ".join(text.splitlines()[:2])


def _remarks(row):
    remarks = []
    errors = sum(each.errors for each in row.measurements)
    if errors:
        remarks.append(f"FAILED: {errors} requests without a good answer")
    if row.problem:
        remarks.append(f"FAILED: {brief(row.problem)}")
    if row.target.goal and row.ratio is not None and row.ratio > row.target.goal:
        remarks.append("over the goal")
    unlogged = sum(each.unlogged for each in row.measurements)
    if unlogged:
        total = sum(each.requests for each in row.measurements)
        remarks.append(f"{unlogged / total:.1%} of the requests not in the access log")
    if row.max("foreign") > BUSY:
        remarks.append(f"others took up to {row.max('foreign'):.0%} of the core")
    return remarks


def _rivals(row, rows):
    """Beside targets of other servers: both by their ratio to nginx in the same pairs."""
    remarks = []
    for name, factor in row.target.rivals:
        rival = next((each for each in rows if each.target.name == name and each.ratio is not None), None)
        if rival is None or row.ratio is None:
            continue
        times = rival.ratio / row.ratio
        least = rival.min("cpu") / row.min("cpu")
        remarks.append(
            f"{times:.1f} × (min {least:.1f} ×) less than {name} (goal: {factor} ×{'' if times >= factor else ', missed'})")
    return remarks


def comparison_json(rows, options, versions):
    def of(row):
        return {
            "target": row.target.name, "server": row.target.server, "kind": row.target.kind, "goal": row.target.goal,
            "rivals": _rivals(row, rows),
            "ratio": row.ratio, "ratios": row.ratios, "problem": row.problem, "failed": row.has_failed,
            "rounds": [
                {
                    "cpu_us": each.cpu, "user_us": each.user, "rate": each.rate, "p50_s": each.p50, "p99_s": each.p99,
                    "requests": each.requests, "errors": each.errors, "unlogged": each.unlogged,
                    "foreign_cpu": each.foreign,
                }
                for each in row.measurements
            ],
        }

    return head(options, versions) | {"rows": [of(row) for row in rows]}


# Both.

def head(options, versions):
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "machine": machine(),
        "load_average": os.getloadavg()[0], "options": options, "versions": versions,
    }


def caption(head):
    options = ", ".join(f"{name} {value}" for name, value in head["options"].items())
    return f"{head['date'][:10]}; {head['machine']}; {', '.join(head['versions'])}; {options}"


def write_json(path, value):
    with open(path, "w") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")
