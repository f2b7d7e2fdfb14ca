"""Benchmarks/loading: from the start of the process to its `ready` line, with many routes and schemas.

The shapes are measured in turn, so that a machine that is slow for a while is slow for all of them. Every start ends in
one request that must be answered.
"""

import argparse
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import http, report, routes
from .peers import GATEWAY, ROOT, run, say
from .problems import CannotRun
from .processes import CPUTime, free_ports, on_core

#: Milliseconds for a thousand routes with schemas: what the project promises.
GOAL = 150


def arguments():
    parser = argparse.ArgumentParser(prog="Benchmarks/loading", description=__doc__)
    parser.add_argument("--no-build", action="store_true", help="measure the release build that is there")
    parser.add_argument("--gateway", metavar="FILE", type=Path, default=GATEWAY,
                        help="another executable, with its plugins beside it; nothing is built then")
    parser.add_argument("--routes", type=int, default=1000, metavar="N")
    parser.add_argument("--starts", type=int, default=15, metavar="N", help="of each shape")
    parser.add_argument("--shape", choices=routes.SHAPES, action="append", help="without it all of them")
    parser.add_argument("--server-core", type=int, default=0, metavar="N")
    parser.add_argument("--print", action="store_true", help="only print the configuration of the first shape")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    parser.add_argument("--markdown", action="store_true", help="print a dated Markdown table")
    options = parser.parse_args()
    if options.starts < 1 or options.routes < 0:
        parser.error("--starts must be at least 1, --routes at least 0")
    return options


class Start:
    """One start: milliseconds to `ready`, CPU milliseconds until then, KiB resident then."""

    def __init__(self, gateway, configuration, port, core):
        begin = time.perf_counter()
        with on_core(core):
            # Lines about the life of the process go to standard error.
            process = subprocess.Popen(
                [str(gateway), "run", str(configuration)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE)
        try:
            self._wait(process, begin)
            self.cpu_ms = CPUTime.of(process.pid).total * 1e3
            self.rss_kib = _resident(process.pid)
            answer = http.ask(port, "/openapi.json")
            if answer.status != 200:
                raise CannotRun(f"the gateway answers {answer.status}")
            self.document_bytes = len(answer.body)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stderr.close()

    def _wait(self, process, begin, seconds=60):
        said = b""
        while True:
            if not select.select([process.stderr], [], [], begin + seconds - time.perf_counter())[0]:
                raise CannotRun(f"not ready after {seconds} s")
            piece = os.read(process.stderr.fileno(), 65536)
            now = time.perf_counter()
            said += piece
            if b"ready" in said:
                self.ready_ms = (now - begin) * 1e3
                return
            if not piece:
                raise CannotRun(f"the gateway ended:\n{said.decode(errors='replace')[-2000:]}")


def _resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


HEADER = ["shape", "routes", "ready min ms", "median ms", "CPU min ms", "median ms", "RSS MiB", "KiB a route", "remarks"]


def measure(options, scratch):
    subjects = {}
    for shape in options.shape or routes.SHAPES:
        subjects[shape] = (shape, options.routes)
    subjects["empty"] = ("none", 0)
    port = free_ports(1)[0]
    found = {name: [] for name in subjects}
    for name, (shape, count) in subjects.items():
        text = routes.configuration(shape, count, port=port, plugins=options.gateway.absolute().parent)
        (scratch / f"{name}.yaml").write_text(text)
    for number in range(options.starts):
        say(f"round {number + 1} of {options.starts}")
        for name in subjects:
            found[name].append(Start(options.gateway, scratch / f"{name}.yaml", port, options.server_core))
    base = statistics.median(start.rss_kib for start in found["empty"])
    return [row(name, subjects[name][1], starts, base) for name, starts in found.items()]


def row(name, count, starts, base):
    ready = [start.ready_ms for start in starts]
    cpu = [start.cpu_ms for start in starts]
    rss = statistics.median(start.rss_kib for start in starts)
    return {
        "shape": name, "routes": count, "ready_ms": ready, "cpu_ms": cpu, "rss_kib": rss,
        "kib_a_route": (rss - base) / count if count else None, "document_bytes": starts[0].document_bytes,
        "is_over": count == 1000 and name != "none" and statistics.median(ready) > GOAL,
    }


def line(each):
    ready, cpu, own = each["ready_ms"], each["cpu_ms"], each["kib_a_route"]
    return [
        each["shape"], str(each["routes"]), f"{min(ready):.0f}", f"{statistics.median(ready):.0f}", f"{min(cpu):.0f}",
        f"{statistics.median(cpu):.0f}", f"{each['rss_kib'] / 1024:.1f}", "" if own is None else f"{own:.1f}",
        f"over the goal of {GOAL} ms" if each["is_over"] else ""]


def main():
    options = arguments()
    try:
        if options.print:
            shape = (options.shape or routes.SHAPES)[0]
            print(routes.configuration(shape, options.routes, port=8080, plugins=options.gateway.parent), end="")
            return 0
        if not options.no_build and options.gateway == GATEWAY:
            run(["make", "-C", ROOT, "build"], timeout=7200)
        if not options.gateway.exists():
            raise CannotRun(f"there is no {options.gateway}")
        with tempfile.TemporaryDirectory(prefix="gateway-bench-") as scratch:
            rows = measure(options, Path(scratch))
    except CannotRun as problem:
        say(f"Benchmarks/loading: {problem}")
        return 2
    except KeyboardInterrupt:
        return 130
    head = report.head({"starts": options.starts}, ["gateway"])
    lines = [line(each) for each in rows]
    print(report.caption(head))
    print()
    print(report.markdown(HEADER, lines) if options.markdown else report.table(HEADER, lines))
    if options.json:
        report.write_json(options.json, head | {"rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
