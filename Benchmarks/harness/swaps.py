"""Benchmarks/swaps: a plugin is replaced again and again while wrk keeps 64 connections busy, and starts with many plugins.

Each swap puts other bytes in the place of the plugin's file and asks the gateway over its admin socket to reload it, so each
is copied, hashed, checked, opened, started and asked for its health. No request may fail. Memory is the resident set's growth
divided by the libraries that stay.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from . import http, load, report
from .loading import _resident
from .peers import GATEWAY, run, say
from .problems import CannotRun
from .processes import Server, free_ports

#: Of p99 with swaps to p99 without.
GOAL = 2
#: Milliseconds to `ready` with 20 plugins.
START_GOAL = 250

ROUTES = """
routes:
  - match: GET /books/{book_id}
    parameters: { book_id: integer }
    handler: bench.async
"""


def arguments():
    parser = argparse.ArgumentParser(prog="Benchmarks/swaps", description=__doc__)
    parser.add_argument("--no-build", action="store_true", help="measure the release build that is there")
    parser.add_argument("--gateway", metavar="FILE", type=Path, default=GATEWAY,
                        help="another executable, with its plugins beside it; nothing is built then")
    parser.add_argument("--swaps", type=int, default=200, metavar="N")
    parser.add_argument("--seconds", type=int, default=30, metavar="N", help="of load, with swaps and without")
    parser.add_argument("--connections", type=int, default=64, metavar="N")
    parser.add_argument("--plugins", type=int, default=20, metavar="N", help="of the start that is measured")
    parser.add_argument("--starts", type=int, default=9, metavar="N")
    parser.add_argument("--server-core", type=int, default=0, metavar="N")
    parser.add_argument("--load-core", type=int, default=1, metavar="N")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    return parser.parse_args()


def post(path, target):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(path))
        connection.sendall(http.request(target, method="POST", fields=("connection: close", "content-length: 0")))
        received = bytearray()
        while piece := connection.recv(65536):
            received += piece
    answer = http.parse(bytes(received))
    return answer.status, json.loads(answer.body)


class Swapper(threading.Thread):
    """Replaces the plugin evenly over the time of the load."""

    def __init__(self, folder, original, count, seconds):
        super().__init__()
        self.folder, self.original, self.count, self.seconds = folder, original, count, seconds
        self.milliseconds, self.problem = [], None

    def run(self):
        begin = time.monotonic()
        try:
            for number in range(self.count):
                new = self.folder / "new"
                shutil.copyfile(self.original, new)
                # What stands behind the last section is read by nobody, and makes another content of it.
                with open(new, "ab") as file:
                    file.write(f"swap {number}".encode())
                new.chmod(0o755)
                os.replace(new, self.folder / "libbench.so")
                status, answer = post(self.folder / "admin.sock", "/plugins/bench/reload")
                if status != 200 or answer["outcome"] != "swapped":
                    raise CannotRun(f"swap {number}: {status} {answer.get('text', answer)}")
                self.milliseconds.append(answer["milliseconds"])
                time.sleep(max(0, begin + self.seconds * (number + 1) / self.count - time.monotonic()))
        except Exception as problem:
            self.problem = problem


def swaps(options, scratch):
    folder = scratch / "swaps"
    folder.mkdir(mode=0o700)
    original = options.gateway.absolute().parent / "libBenchPlugin.so"
    shutil.copyfile(original, folder / "libbench.so")
    port = free_ports(1)[0]
    (folder / "gateway.yaml").write_text(
        f'version: 1\nserver: {{ listen: "127.0.0.1:{port}", workers: 1, admin: "{folder}/admin.sock", '
        f'retained_plugins: {options.swaps + 1} }}\nplugins: {{ bench: {{ path: "{folder}/libbench.so" }} }}\n{ROUTES}')
    url = f"http://127.0.0.1:{port}/books/17"
    with Server("gateway", [str(options.gateway), "run", str(folder / "gateway.yaml")], core=options.server_core,
                log=folder / "log", port=port) as server:
        server.wait_until_it_accepts()

        def loaded():
            return load.run(url, core=options.load_core, seconds=options.seconds, connections=options.connections)

        first = http.ask(port, "/books/17")
        if first.status != 200:
            raise CannotRun(f"the gateway answers {first.status}{server.last_words()}")
        say("warming up")
        load.run(url, core=options.load_core, seconds=3, connections=options.connections)
        say("load without swaps")
        quiet = loaded()
        before = _resident(server.process.pid)
        say(f"load with {options.swaps} swaps")
        swapper = Swapper(folder, original, options.swaps, options.seconds - 1)
        swapper.start()
        busy = loaded()
        swapper.join()
        if swapper.problem:
            raise CannotRun(f"{swapper.problem}\n{server.last_words()}")
        after = _resident(server.process.pid)
        if http.ask(port, "/books/17").status != 200:
            raise CannotRun("the gateway does not answer any more")
    failed = sum(each.refused + each.broken for each in (quiet, busy))
    return {
        "swaps": options.swaps, "requests": busy.requests, "failed": failed,
        "p99_us": quiet.p99 * 1e6, "p99_swaps_us": busy.p99 * 1e6, "ratio": busy.p99 / quiet.p99,
        "rate": quiet.rate, "rate_swaps": busy.rate, "swap_ms": statistics.median(swapper.milliseconds),
        "kib_a_generation": (after - before) / options.swaps, "library_kib": original.stat().st_size / 1024,
        "is_over": failed > 0 or busy.p99 > GOAL * quiet.p99,
    }


def starts(options, scratch, count):
    """Milliseconds to the first accepted connection, one for each start."""
    folder = scratch / f"start{count}"
    folder.mkdir(mode=0o700)
    original = options.gateway.absolute().parent / "libBenchPlugin.so"
    entries = []
    for number in range(count):
        path = folder / f"lib{number}.so"
        shutil.copyfile(original, path)
        with open(path, "ab") as file:
            file.write(f"plugin {number}".encode())
        entries.append(f'  p{number}: {{ path: "{path}" }}\n')
    port = free_ports(1)[0]
    (folder / "gateway.yaml").write_text(
        f'version: 1\nserver: {{ listen: "127.0.0.1:{port}", workers: 1, admin: false }}\n'
        + ("plugins:\n" + "".join(entries) if entries else "")
        + "routes: [ { match: GET /, respond: { status: 204 } } ]\n")
    found = []
    for _ in range(options.starts):
        begin = time.perf_counter()
        with Server("gateway", [str(options.gateway), "run", str(folder / "gateway.yaml")], core=options.server_core,
                    log=folder / "log", port=port) as server:
            server.wait_until_it_accepts()
            found.append((time.perf_counter() - begin) * 1e3)
    return found


def main():
    options = arguments()
    try:
        if not options.no_build and options.gateway == GATEWAY:
            run(["make", "-C", options.gateway.parents[2], "build"], timeout=7200)
        if not options.gateway.exists():
            raise CannotRun(f"there is no {options.gateway}")
        with tempfile.TemporaryDirectory(prefix="gateway-bench-") as scratch:
            none = starts(options, Path(scratch), 0)
            many = starts(options, Path(scratch), options.plugins)
            figures = swaps(options, Path(scratch))
    except CannotRun as problem:
        say(f"Benchmarks/swaps: {problem}")
        return 2
    except KeyboardInterrupt:
        return 130
    figures |= {"start_ms": many, "start_without_ms": none}
    print(report.caption(report.head({"seconds": options.seconds}, ["gateway"])))
    print()
    print(report.table(["what", "figure"], [
        ["swaps under load", str(figures["swaps"])],
        ["requests meanwhile", f"{figures['requests']}, {figures['failed']} failed"],
        ["p99 without, with swaps", f"{figures['p99_us']:.0f} µs, {figures['p99_swaps_us']:.0f} µs (× {figures['ratio']:.2f})"],
        ["requests a second", f"{figures['rate']:.0f}, {figures['rate_swaps']:.0f}"],
        ["a swap, from request to done", f"{figures['swap_ms']:.0f} ms (median)"],
        ["memory a retained generation",
         f"{figures['kib_a_generation']:.0f} KiB, of a library of {figures['library_kib']:.0f} KiB"],
        [f"start with {options.plugins} plugins, with none",
         f"{statistics.median(many):.0f} ms, {statistics.median(none):.0f} ms (medians)"],
    ]))
    if options.json:
        report.write_json(options.json, figures)
    is_late = options.plugins == 20 and statistics.median(many) > START_GOAL
    return 1 if figures["is_over"] or is_late else 0


if __name__ == "__main__":
    sys.exit(main())
