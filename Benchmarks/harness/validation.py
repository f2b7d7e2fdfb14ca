"""Benchmarks/validation: JSON parsed and validated, by the gateway's modules and by Pydantic, in turn in one run.

Both get the same bytes and equal rules. A round measures each side once, one right after the other on the same core,
and the ratio is the median of the rounds' ratios, so a machine that is slow for a while is slow for both. Valgrind
counts instructions and allocations of our side (the difference of two runs, so the start cancels out).
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from .callgrind import Profile
from .documents import documents
from .peers import BENCHMARKS, VENV, install_debian, run, say
from .problems import CannotRun
from .targets import CONFIGURATIONS

PACKAGE = BENCHMARKS / "Validation"
PROGRAM = PACKAGE / ".build" / "release" / "validation-bench"
#: How many times faster than Pydantic: what the project promises.
GOALS = {"book": 5, "catalogue": 8, "catalogue, compact": 8}
#: Nanoseconds that one measurement should take.
SLICE = 40_000_000


def arguments():
    parser = argparse.ArgumentParser(prog="Benchmarks/validation", description=__doc__)
    parser.add_argument("--no-build", action="store_true", help="measure the release build that is there")
    parser.add_argument("--program", metavar="FILE", type=Path, default=PROGRAM, help="another validation-bench")
    parser.add_argument("--python", metavar="FILE", help="a Python that has Pydantic; without it Benchmarks/.venv")
    parser.add_argument("--rounds", type=int, default=21, metavar="N")
    parser.add_argument("--no-instructions", action="store_true", help="without Valgrind")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


class Worker:
    """A process that answers lines "WORK COUNT" with nanoseconds."""

    def __init__(self, argv):
        self.argv = [str(word) for word in argv]
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, work, count):
        try:
            self.process.stdin.write(f"{work} {count}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer.strip().isdigit():
            raise CannotRun(f"{' '.join(self.argv)} ended: {answer.strip()}")
        return int(answer)

    def calibrated(self, work):
        """How often, so that it takes about a slice."""
        count = 1
        while (taken := self.ask(work, count)) < SLICE // 8:
            count *= 4
        return max(count * SLICE // taken, 1)


def measured(ours, theirs, rounds):
    """Nanoseconds a call, by kind of work, and how many times faster than Pydantic, round by round."""
    sides = {name: (worker, worker.calibrated(work), work) for name, worker, work in [
        ("parse", ours, "parse"), ("validate", ours, "validate"), ("write", ours, "write"),
        ("Pydantic", theirs, "validate")]}
    times = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (worker, count, work) in sides.items():
            times[name].append(worker.ask(work, count) / count)
    ratios = [theirs / ours for theirs, ours in zip(times["Pydantic"], times["validate"])]
    return times, ratios


def counted(program, schema, document, scratch):
    """Instructions and allocations a call, parsing and validating."""
    stripped = scratch / "stripped"
    # Valgrind gives up on debug information that is newer than itself.
    run(["strip", "--strip-debug", "-o", stripped, program], timeout=120)
    few, many = 20, 120
    profiles = []
    for count in (few, many):
        output = scratch / f"callgrind.{count}"
        subprocess.run(
            ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={output}", str(stripped), str(schema),
             str(document)],
            input=f"validate {count}\n", text=True, check=True, stdout=subprocess.DEVNULL, timeout=600)
        profiles.append(Profile(output))
    calls = [sum(profile.calls["malloc"].values()) for profile in profiles]
    return (
        (profiles[1].total - profiles[0].total) / (many - few),
        (calls[1] - calls[0]) / (many - few))


def python_with_pydantic(options):
    python = options.python or VENV / "bin" / "python"
    if not options.python and not python.exists():
        run([sys.executable, "-m", "venv", VENV], timeout=120)
        run([python, "-m", "pip", "install", "--quiet", "pydantic"], timeout=600)
    done = subprocess.run(
        [str(python), "-c", "import pydantic, sys; print(pydantic.VERSION, sys.version.split()[0])"],
        stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise CannotRun(f"{python} has no Pydantic")
    pydantic, version = done.stdout.split()
    return python, f"Pydantic {pydantic}, Python {version}"


def pinned():
    """All on one core, the last one we may use: then both sides see the same neighbours."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})


def measure(options, scratch):
    python, versions = python_with_pydantic(options)
    pinned()
    print(versions)
    print(f"{'document':<20}{'bytes':>7}{'parse':>10}{'validate':>10}{'write':>10}{'Pydantic':>11}{'MB/s':>7}"
          f"{'faster':>8}{'goal':>6}{'instr.':>10}{'alloc.':>8}")
    results = []
    for name, schema, text in documents():
        schema_file, document_file = scratch / "schema.json", scratch / "document.json"
        schema_file.write_text(json.dumps(schema))
        document_file.write_bytes(text)
        with Worker([options.program, schema_file, document_file]) as ours, \
                Worker([python, CONFIGURATIONS / "pydantic_worker.py", name.split(",")[0], document_file]) as theirs:
            times, ratios = measured(ours, theirs, options.rounds)
        median = {side: statistics.median(values) for side, values in times.items()}
        instructions, allocations = (None, None) if options.no_instructions else counted(
            options.program, schema_file, document_file, scratch)
        ratio = statistics.median(ratios)
        results.append({
            "document": name, "bytes": len(text), "nanoseconds": median, "faster": ratio, "goal": GOALS[name],
            "instructions": instructions, "allocations": allocations})
        shown = lambda value, form: "-" if value is None else format(value, form)
        print(f"{name:<20}{len(text):>7}" + "".join(
            f"{median[side] / 1000:>{width}.2f}" for side, width in
            [("parse", 10), ("validate", 10), ("write", 10), ("Pydantic", 11)])
            + f"{len(text) / median['validate'] * 1000:>7.0f}{ratio:>8.1f}{GOALS[name]:>6}"
            + f"{shown(instructions, '.0f'):>10}{shown(allocations, '.2f'):>8}", flush=True)
    print("Times are medians in µs a call; 'validate' includes 'parse', 'write' writes what was parsed.")
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2) + "\n")
    missed = [result["document"] for result in results if result["faster"] < result["goal"]]
    if missed:
        say(f"below the goal: {'; '.join(missed)}")
    return 1 if missed else 0


def main():
    options = arguments()
    try:
        if not options.no_instructions:
            install_debian(["valgrind", "strip"])
        if not options.no_build and options.program == PROGRAM:
            run(["swift", "build", "-c", "release", "-Xswiftc", "-enforce-exclusivity=unchecked", "--package-path",
                 PACKAGE], timeout=3600)
        if not shutil.which(str(options.program)):
            raise CannotRun(f"{options.program} is missing; build it first")
        with tempfile.TemporaryDirectory(prefix="gateway-bench-") as scratch:
            return measure(options, Path(scratch))
    except CannotRun as problem:
        say(f"Benchmarks/validation: {problem}")
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
