"""Benchmarks/instructions: how many instructions a request costs, counted by Valgrind.

Two runs of the server with different numbers of requests; the difference holds no start and no stop. One connection
asks one thing at a time, so that the same build gives the same count: figures for "has this change made it slower?",
where time on a busy machine cannot tell.
"""

import argparse
import fnmatch
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from . import http, report
from .callgrind import COUNTED, Profile, demangled
from .compare import check
from .peers import GATEWAY, ROOT, Peers, install_debian, run, say
from .problems import CannotRun
from .targets import ANSWER, TARGETS, post_body

#: Requests in the shorter and in the longer run.
FEW, MANY = 2_000, 6_000
USUAL = [
    "nginx return", "gateway inline handler", "gateway async handler", "gateway POST*", "nginx proxy", "gateway proxy",
]


def arguments():
    parser = argparse.ArgumentParser(prog="Benchmarks/instructions", description=__doc__)
    parser.add_argument("--no-build", action="store_true", help="count in the release build that is there")
    parser.add_argument("--gateway", metavar="FILE", default=GATEWAY)
    parser.add_argument("--only", metavar="PATTERN", action="append", help="targets by name; without it " + ", ".join(USUAL))
    parser.add_argument("--top", type=int, default=30, metavar="N", help="functions to print for each target; 0 for none")
    parser.add_argument("--system-calls", action="store_true", help="count system calls with strace too")
    parser.add_argument("--json", metavar="FILE", help="write the counts")
    parser.add_argument("--keep", metavar="DIRECTORY", help="keep Callgrind's files, for kcachegrind")
    return parser.parse_args()


def chosen(options):
    found = [
        target for target in TARGETS
        if target.server in ("gateway", "nginx")
        and any(fnmatch.fnmatch(target.name, pattern) for pattern in options.only or USUAL)]
    if not found:
        raise CannotRun("no target of the gateway or of nginx has such a name")
    return found


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        targets = chosen(options)
        install_debian(["nginx", "openssl", "valgrind", "strip"] + (["strace"] if options.system_calls else []))
        if not options.no_build and options.gateway == GATEWAY:
            run(["make", "-C", ROOT, "build"], timeout=7200)
        signal.signal(signal.SIGALRM, lambda *_: sys.exit("Benchmarks/instructions: took far too long, given up"))
        signal.alarm(600 * len(targets) * 3)
        with tempfile.TemporaryDirectory(prefix="gateway-bench-") as scratch:
            return count_all(targets, scratch, options)
    except CannotRun as problem:
        say(f"Benchmarks/instructions: {problem}")
        return 2
    except KeyboardInterrupt:
        return 130


def without_debug_information(gateway, directory):
    """A copy of the executable and its plugins: Valgrind gives up on debug information that is newer than itself.
    Function names stay, they are in the symbol table."""
    directory.mkdir()
    for file in [gateway, *gateway.parent.glob("lib*.so")]:
        run(["strip", "--strip-debug", "-o", directory / file.name, file], timeout=120)
    return directory / gateway.name


def count_all(targets, scratch, options):
    gateway = Path(options.gateway).absolute()
    if gateway.exists():
        gateway = without_debug_information(gateway, Path(scratch) / "stripped")
    peers = Peers(scratch, gateway=gateway, server_core=0, load_core=1)
    results, has_failed = [], False
    with peers.backend() as backend:
        backend.wait_until_it_accepts()
        for target in targets:
            try:
                result = count(peers, target, options)
            except CannotRun as problem:
                say(f"{target.name}: {problem}")
                has_failed = True
                continue
            results.append(result)
            print(result.text(options.top), flush=True)
    lines = [result.line() for result in results]
    print(report.table(["target", "instructions/request", *COUNTED, "system calls", ""], lines))
    servers = dict.fromkeys(result.target.server for result in results)
    if options.json:
        report.write_json(
            options.json,
            report.head({"few": FEW, "many": MANY}, [peers.version(name) for name in servers])
            | {"targets": [result.json() for result in results]})
    return 1 if has_failed else 0


def count(peers, target, options):
    few, many = (profile(peers, target, requests, options) for requests in (FEW, MANY))
    calls = None
    if options.system_calls:
        counts = [system_calls(peers, target, requests) for requests in (FEW, MANY)]
        calls = {
            name: (counts[1].get(name, 0) - counts[0].get(name, 0)) / (MANY - FEW) for name in counts[1]}
    return Result(target, few, many, calls)


class Result:
    def __init__(self, target, few, many, calls):
        self.target = target
        self.requests = MANY - FEW
        self.total = (many.total - few.total) / self.requests
        self.exclusive = self._difference(few.exclusive, many.exclusive)
        self.inclusive = self._difference(few.inclusive, many.inclusive)
        #: Function → (calls a request, caller), most first.
        self.counted = {
            function: self._difference(few.calls[function], callers, at_least=0.05)
            for function, callers in many.calls.items()}
        self.system_calls = calls

    def _difference(self, few, many, at_least=0.5):
        each = {name: (cost - few.get(name, 0)) / self.requests for name, cost in many.items()}
        return sorted(((cost, name) for name, cost in each.items() if cost >= at_least), reverse=True)

    def times(self, function):
        return sum(count for count, _ in self.counted[function])

    def text(self, top):
        if not top:
            return ""
        names = demangled([
            name for found in (self.exclusive, self.inclusive, *self.counted.values()) for _, name in found[:top]])
        out = [f"{self.target.name}: {self.total:.0f} instructions a request"]
        for title, found in (("own", self.exclusive), ("with all it calls", self.inclusive)):
            out += ["", f"  {title}"]
            out += [f"  {cost:8.0f}  {cost / self.total:6.1%}  {names[name]}" for cost, name in found[:top]]
        for function, callers in self.counted.items():
            if callers:
                out += ["", f"  {self.times(function):.1f} × {function}, from"]
                out += [f"  {count:8.1f}  {names[name]}" for count, name in callers[:top]]
        if self.system_calls is not None:
            found = sorted(((count, name) for name, count in self.system_calls.items() if count >= 0.005), reverse=True)
            out += ["", "  system calls"]
            out += [f"  {count:8.2f}  {name}" for count, name in found]
        return "\n".join(out) + "\n"

    def line(self):
        calls = "" if self.system_calls is None else f"{sum(self.system_calls.values()):.2f}"
        return [
            self.target.name, f"{self.total:.0f}", *(f"{self.times(function):.1f}" for function in self.counted), calls,
            ""]

    def json(self):
        return {
            "target": self.target.name, "instructions": self.total, "system_calls": self.system_calls,
            "calls": {function: self.times(function) for function in self.counted},
            "own": [{"function": name, "instructions": cost} for cost, name in self.exclusive[:100]],
        }


def profile(peers, target, requests, options):
    output = Path(peers.scratch) / f"callgrind.{target.name.replace(' ', '-')}.{requests}"
    say(f"{target.name}: {requests} requests under Valgrind")
    with instrumented(peers, target, [
        "valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", "--compress-strings=no", "--quiet",
    ]) as server:
        ask_many(peers, server, target, requests)
        if server.stop() != 0:
            raise CannotRun(f"{server.name} did not end cleanly under Valgrind{server.last_words()}")
    if options.keep:
        Path(options.keep).mkdir(parents=True, exist_ok=True)
        shutil.copy(output, options.keep)
    return Profile(output)


def instrumented(peers, target, tool):
    server = peers.server("nginx", is_single=True) if target.server == "nginx" else peers.server(target.server)
    server.argv = [*tool, *server.argv]
    # Seeds of hash tables that differ from run to run are counts that differ from run to run.
    server.env["SWIFT_DETERMINISTIC_HASHING"] = "1"
    return server


def ask_many(peers, server, target, requests):
    server.wait_until_it_accepts(seconds=120)
    port = peers.tls_ports[target.server] if target.is_tls else server.port
    problem = check(target, server.port, port)
    if problem:
        raise CannotRun(problem)
    question = http.request(target.path, **({"method": "POST", "body": post_body()} if target.is_post else {}))
    with http.connect(port, tls=target.is_tls, timeout=60) as connection:
        for _ in range(requests):
            connection.sendall(question)
            received = b""
            while not received.endswith(ANSWER):
                piece = connection.recv(65536)
                if not piece:
                    raise CannotRun(f"{server.name} closed the connection")
                received += piece
            if not received.startswith(b"HTTP/1.1 200 "):
                raise CannotRun(f"{server.name} answered {received[:40]!r}")


def system_calls(peers, target, requests):
    """System call → times, over the whole life of the process."""
    output = Path(peers.scratch) / "strace"
    say(f"{target.name}: {requests} requests under strace")
    with instrumented(peers, target, ["strace", "-f", "-c", "-o", str(output)]) as server:
        ask_many(peers, server, target, requests)
        # The signal is for the server; strace ends with it.
        traced = next((pid for pid, _ in server.pids() if pid != server.process.pid), None)
        if traced is None:
            raise CannotRun("strace runs nothing")
        os.kill(traced, signal.SIGTERM)
        server.process.wait(timeout=60)
    counts = {}
    for line in output.read_text().splitlines():
        words = line.split()
        if len(words) >= 5 and words[3].isdigit() and words[-1] != "total":
            counts[words[-1]] = int(words[3])
    return counts


if __name__ == "__main__":
    sys.exit(main())
