"""Start to first answer, memory at rest, memory of an idle connection."""

import contextlib
import os
import re
import resource
import selectors
import socket
import statistics
import time

from . import http
from .peers import ROOT, say
from .problems import CannotRun
from .processes import Server, free_ports
from .report import brief

IDLE = (2_000, 10_000)
#: Seconds for a server to come to rest before its memory is read.
REST = 1.0


def memory(server):
    """Resident and proportional set size of the whole tree, in KiB."""
    rss = pss = 0
    for pid, _ in server.pids():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup") as rollup:
            for line in rollup:
                name, _, rest = line.partition(":")
                if name == "Rss":
                    rss += int(rest.split()[0])
                elif name == "Pss":
                    pss += int(rest.split()[0])
    if rss == 0:
        raise CannotRun(f"{server.name} is gone{server.last_words()}")
    return rss, pss


class Subject:
    """A server whose footprint is taken: a new one for each look."""

    def __init__(self, name, path, make, goals=(None, None, None), make_for_many=None):
        self.name = name
        self.path = path
        self.make = make
        #: The server as it must be set up to take many connections.
        self.make_for_many = make_for_many or make
        #: Milliseconds, MiB, KiB.
        self.goals = goals


def subjects(peers, names):
    """The gateway twice: with its example, as people run it, and with the benchmark's own file, beside nginx."""
    all_subjects = {
        "nginx": Subject(
            "nginx", "/direct", lambda: peers.server("nginx"),
            make_for_many=lambda: peers.server("nginx", connections=max(IDLE) + 100)),
        "haproxy": Subject("haproxy", "/direct", lambda: peers.server("haproxy")),
        "envoy": Subject("envoy", "/direct", lambda: peers.server("envoy")),
        "fastapi": Subject("fastapi", "/direct", lambda: peers.server("fastapi")),
        "hummingbird": Subject("hummingbird", "/direct", lambda: peers.server("hummingbird")),
        "gateway": Subject("gateway, example", "/about", lambda: example(peers), (25, 20, 6)),
    }
    chosen = [all_subjects[name] for name in names]
    if "gateway" in names:
        chosen.append(Subject("gateway, benchmark", "/inline/books/42", lambda: peers.server("gateway")))
    return chosen


def example(peers):
    """The example's gateway.yaml as it is, on a port of its own."""
    text = (ROOT / "gateway.yaml").read_text()
    port = free_ports(1)[0]
    replaced, count = re.subn(r'listen: \["127\.0\.0\.1:\d+"\]', f'listen: ["127.0.0.1:{port}"]', text)
    replaced, plugins = re.subn(
        r'plugin_path: \["[^"]*"\]', f'plugin_path: ["{peers.gateway_binary.parent}"]', replaced)
    if count != 1 or plugins != 1:
        raise CannotRun("gateway.yaml no longer has the `listen` or `plugin_path` that this script puts its own into")
    path = peers.scratch / "example.yaml"
    path.write_text(replaced)
    return Server(
        "gateway, example", [peers.gateway_binary, "run", path], core=peers.server_core,
        log=peers.scratch / "example.log", port=port, env={"BOOKSHOP_DATABASE": ":memory:"}, cwd=peers.scratch)


def footprint(peers, names, *, starts):
    """Rows for the report. A subject that does not run says why."""
    rows = []
    os.sched_setaffinity(0, {peers.load_core})
    with contextlib.ExitStack() as running:
        backend = running.enter_context(peers.backend())
        backend.wait_until_it_accepts()
        for subject in subjects(peers, names):
            say(f"{subject.name}: {starts} starts, then idle connections")
            row = {"subject": subject.name, "goals": subject.goals}
            try:
                row["starts_ms"] = [start_time(subject) * 1e3 for _ in range(starts)]
                row |= at_rest(subject)
                row |= idle_connections(subject)
            except CannotRun as problem:
                row["problem"] = str(problem)
            rows.append(row)
    return rows


def start_time(subject, seconds=20):
    """From before the process is made until its first good answer is here, in seconds."""
    server = subject.make()
    question = http.request(subject.path, fields=("connection: close",))
    begin = time.perf_counter()
    server.start(end_with_parent=False)
    try:
        while True:
            if server.process.poll() is not None:
                raise CannotRun(f"{server.name} ended with {server.process.returncode}{server.last_words()}")
            if time.perf_counter() - begin > seconds:
                raise CannotRun(f"{server.name} gave no good answer in {seconds} s{server.last_words()}")
            if _asked(server.port, question):
                return time.perf_counter() - begin
    finally:
        server.stop()


def _asked(port, question):
    """Whether one question got status 200. Refused connections come back at once, so that this may be tried again."""
    with socket.socket() as connection:
        connection.settimeout(2)
        try:
            connection.connect(("127.0.0.1", port))
            connection.sendall(question)
            return connection.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def at_rest(subject):
    """Resident and proportional set size, in KiB."""
    with subject.make() as server:
        _settle(server, subject)
        rss, pss = memory(server)
        return {"rss_kib": rss, "pss_kib": pss}


def idle_connections(subject):
    """What the resident set grows by, for each of so many connections."""
    with subject.make_for_many() as server:
        _settle(server, subject)
        before, _ = memory(server)
        found = []
        with IdleConnections(server, subject.path) as idle:
            for count in IDLE:
                idle.open(count)
                time.sleep(REST)
                found.append({"count": count, "kib_each": (memory(server)[0] - before) / count})
        return {"connections": found}


def _settle(server, subject):
    server.wait_until_it_accepts()
    answer = http.ask(server.port, subject.path)
    if answer.status != 200:
        raise CannotRun(f"{server.name} answers {answer.status}")
    time.sleep(REST)


class IdleConnections:
    """Connections that asked once, got a whole answer, and stay open."""

    def __init__(self, server, path):
        self.server = server
        self.question = http.request(path)
        self.sockets = []

    def __enter__(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        needed = max(IDLE) + 100
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise CannotRun(f"{needed} descriptors are needed, the hard limit is {hard}")
        if soft < needed:
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
        return self

    def __exit__(self, *_):
        for each in self.sockets:
            each.close()

    def open(self, count):
        """In batches that fit into any listen queue."""
        while len(self.sockets) < count:
            batch = []
            for _ in range(min(64, count - len(self.sockets))):
                connection = socket.socket()
                self.sockets.append(connection)
                batch.append(connection)
                try:
                    connection.settimeout(10)
                    connection.connect(("127.0.0.1", self.server.port))
                    connection.sendall(self.question)
                except OSError as error:
                    raise CannotRun(
                        f"{self.server.name} refused connection {len(self.sockets)}: {error}"
                        f"{self.server.last_words()}") from None
            self._drain(batch)

    def _drain(self, batch):
        with selectors.DefaultSelector() as selector:
            for connection in batch:
                selector.register(connection, selectors.EVENT_READ, bytearray())
            waiting = len(batch)
            deadline = time.monotonic() + 20
            while waiting:
                if time.monotonic() > deadline:
                    raise CannotRun(f"{self.server.name} left {waiting} idle connections without an answer")
                for key, _ in selector.select(1):
                    try:
                        piece = key.fileobj.recv(65536)
                    except OSError as error:
                        piece = b""
                    if not piece:
                        raise CannotRun(f"{self.server.name} closed an idle connection")
                    key.data.extend(piece)
                    if key.data.endswith(b"}") or key.data.endswith(b"\r\n0\r\n\r\n"):
                        if not key.data.startswith(b"HTTP/1.1 200"):
                            raise CannotRun(f"{self.server.name} answered {bytes(key.data[:40])!r}")
                        selector.unregister(key.fileobj)
                        waiting -= 1


HEADER = ["subject", "start min ms", "median ms", "idle RSS MiB", "idle PSS MiB"] + [
    f"KiB each at {count}" for count in IDLE] + ["remarks"]


def lines(rows):
    out = []
    for row in rows:
        starts = row.get("starts_ms")
        start = statistics.median(starts) if starts else None
        rss, pss = (row[name] / 1024 if name in row else None for name in ("rss_kib", "pss_kib"))
        each = [found["kib_each"] for found in row.get("connections", [])] or [None] * len(IDLE)
        remarks = [
            f"{what} over the goal of {goal:g} {unit}"
            for what, value, goal, unit in zip(
                ("start", "memory", "a connection"), (start, rss, each[-1]), row["goals"], ("ms", "MiB", "KiB"))
            if goal is not None and value is not None and value > goal
        ]
        if "problem" in row:
            remarks.append(f"not measured further: {brief(row['problem'])}")
        figures = [min(starts) if starts else None, start, rss, pss, *each]
        out.append(
            [row["subject"], *("" if value is None else f"{value:.1f}" for value in figures), "; ".join(remarks)])
    return out
