"""Rounds in turn, in short pairs: a target and, right beside it, nginx, so that both meet the same weather."""

import contextlib
import json
import os
import statistics
import time

from . import http, load
from .peers import say
from .problems import CannotRun
from .processes import core_busy_seconds
from .targets import ANSWER, POST, post_body

#: A round with more than this part of the server's core taken by others is pointed out.
BUSY = 0.05


class Measurement:
    """One target in one round. CPU in microseconds per request."""

    def __init__(self, report, cpu, elapsed, core_busy, log_lines):
        requests = max(1, report.requests)
        self.cpu = cpu.total / requests * 1e6
        self.user = cpu.user / requests * 1e6
        self.rate = report.rate
        self.p50 = report.p50
        self.p99 = report.p99
        self.requests = report.requests
        self.errors = report.refused + report.broken
        #: The part of the server's core that others took.
        self.foreign = max(0.0, core_busy - cpu.total) / elapsed
        #: Requests without a line in the access log.
        self.unlogged = 0 if log_lines is None else max(0, report.requests - log_lines)


class Row:
    """A target with its measurements, or the reason why it has none."""

    def __init__(self, target):
        self.target = target
        self.measurements = []
        #: CPU divided by that of nginx in the same pair.
        self.ratios = []
        self.problem = None
        #: The server is not there: worth a line, not a failure.
        self.is_absent = False

    @property
    def has_failed(self):
        return (self.problem is not None and not self.is_absent) or any(each.errors for each in self.measurements)

    def min(self, name):
        return min(getattr(each, name) for each in self.measurements)

    def median(self, name):
        return statistics.median(getattr(each, name) for each in self.measurements)

    def max(self, name):
        return max(getattr(each, name) for each in self.measurements)

    @property
    def ratio(self):
        if self.target.is_baseline:
            return 1.0
        return statistics.median(self.ratios) if self.ratios else None


def compare(peers, targets, *, rounds, seconds, connections, patience=0):
    """`patience`: seconds that may be spent, in all, on waiting for a quiet core and on measuring again."""
    rows = [Row(target) for target in targets]
    with contextlib.ExitStack() as running:
        backend = running.enter_context(peers.backend())
        backend.wait_until_it_accepts()
        servers = _start(peers, rows, running)
        for row in rows:
            if row.problem is None:
                row.problem = check(row.target, servers[row.target.server].port, _port(peers, servers, row.target))
        runner = _Runner(peers, servers, seconds, connections, patience)
        turns = _turns([row for row in rows if row.problem is None])
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            # Back and forth, and nginx now before and now after, so that a drift favours nobody.
            for turn in turns if number % 2 == 0 else [tuple(reversed(turn)) for turn in reversed(turns)]:
                runner.measure(turn)
        for row in rows:
            if row.problem is None:
                row.problem = check(row.target, servers[row.target.server].port, _port(peers, servers, row.target))
    return rows


def _turns(rows):
    """Each row with nginx's of the same kind before it; nginx alone where nobody is compared with it."""
    baselines = {row.target.kind: row for row in rows if row.target.is_baseline}
    turns = [
        (baselines[row.target.kind], row) if row.target.kind in baselines else (row,)
        for row in rows if not row.target.is_baseline]
    compared = {row.target.kind for row in rows if not row.target.is_baseline}
    return turns + [(row,) for kind, row in baselines.items() if kind not in compared]


def _start(peers, rows, running):
    """Servers by name. Those that do not start are noted in their rows; nginx must, it is the measure."""
    servers = {}
    for name in dict.fromkeys(row.target.server for row in rows):
        try:
            server = peers.server(name)
            servers[name] = running.enter_context(server)
            server.wait_until_it_accepts()
        except CannotRun as problem:
            if name == "nginx":
                raise
            for row in rows:
                if row.target.server == name:
                    row.problem = str(problem)
                    row.is_absent = name != "gateway"
    return servers


def _port(peers, servers, target):
    return peers.tls_ports[target.server] if target.is_tls else servers[target.server].port


def check(target, plain_port, port):
    """The answer is the one that is measured, and what must be refused is. Returns what is wrong, or None."""
    method, body = ("POST", post_body()) if target.is_post else ("GET", b"")
    try:
        answer = http.ask(port, target.path, method=method, body=body, tls=target.is_tls)
        is_right = json.loads(answer.body) == json.loads(ANSWER) if target.is_unordered else answer.body == ANSWER
        if answer.status != 200 or not is_right:
            return f"answers {answer.status} with {answer.body[:80]!r}"
        refused = []
        if target.invalid_path:
            refused.append(http.ask(plain_port, target.invalid_path).status)
        if target.is_post:
            # A year before printing, which no schema of a book allows.
            refused.append(http.ask(port, target.path, method="POST", body=body.replace(b"1969", b"1069")).status)
        if any(status != 422 for status in refused):
            return f"does not validate: {refused[0]} where 422 is due"
    except (OSError, ValueError) as error:
        return f"does not answer: {error}"
    return None


class _Runner:
    def __init__(self, peers, servers, seconds, connections, patience):
        self.peers = peers
        self.servers = servers
        self.seconds = seconds
        self.connections = connections
        self.patience = patience
        self.warm = set()

    def measure(self, turn):
        """All of a turn, again and again while others disturb it and there is patience."""
        while True:
            self._wait_for_quiet()
            begin = time.monotonic()
            measured = [self._measured(row.target) for row in turn]
            if self.patience <= 0 or all(each.foreign <= BUSY for each in measured):
                break
            self.patience -= time.monotonic() - begin
        for row, each in zip(turn, measured):
            row.measurements.append(each)
        theirs = next((each for row, each in zip(turn, measured) if row.target.is_baseline), None)
        for row, each in zip(turn, measured):
            if theirs and theirs.cpu > 0 and not row.target.is_baseline:
                row.ratios.append(each.cpu / theirs.cpu)
                say(f"  {row.target.name:<28} {each.cpu:7.2f} µs  {row.ratios[-1]:5.2f} × nginx")

    def _wait_for_quiet(self):
        cores = (self.peers.server_core, self.peers.load_core)
        while self.patience > 0:
            before = [core_busy_seconds(core) for core in cores]
            time.sleep(0.5)
            if all(core_busy_seconds(core) - busy <= BUSY * 0.5 for core, busy in zip(cores, before)):
                return
            self.patience -= 0.5

    def _measured(self, target):
        scheme = "https" if target.is_tls else "http"
        url = f"{scheme}://127.0.0.1:{_port(self.peers, self.servers, target)}{target.path}"
        server = self.servers[target.server]
        options = {
            "core": self.peers.load_core, "connections": self.connections, "script": POST if target.is_post else None}
        if target not in self.warm:
            self.warm.add(target)
            load.run(url, seconds=1, **options)
        log = target.access_log and self.peers.scratch / target.access_log
        if log:
            self._settle(log)
            os.truncate(log, 0)
        busy, cpu, start = core_busy_seconds(self.peers.server_core), server.cpu(), time.monotonic()
        report = load.run(url, seconds=self.seconds, **options)
        cpu, elapsed = server.cpu() - cpu, time.monotonic() - start
        busy = core_busy_seconds(self.peers.server_core) - busy
        lines = None
        if log:
            self._settle(log)
            lines = _line_count(log)
            os.truncate(log, 0)
        return Measurement(report, cpu, elapsed, busy, lines)

    @staticmethod
    def _settle(log):
        """Waits, within limits, until the writer has caught up."""
        size = -1
        for _ in range(10):
            time.sleep(0.3 if size >= 0 else 1.1)
            now = log.stat().st_size if log.exists() else 0
            if now == size:
                return
            size = now


def _line_count(path):
    count = 0
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            count += piece.count(b"\n")
    return count
