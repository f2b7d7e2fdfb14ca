"""Benchmarks/soak: mixed routes, thrown errors, timeouts and clients that leave at any point, for minutes or hours."""

import argparse
import asyncio
import collections
import json
import os
import random
import signal
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path

from . import http
from .footprint import memory
from .peers import GATEWAY, ROOT, run, say
from .problems import CannotRun
from .processes import Server, free_ports
from .targets import CONFIGURATIONS

#: Path, method, the statuses that a whole answer may have. 0: the answer breaks off.
PLACES = [
    ("/answer", "GET", {200}), ("/answer?fail=session", "GET", {500}), ("/answer?fail=transaction", "GET", {500}),
    ("/answer?fail=handler", "GET", {500}), ("/several", "GET", {200, 503}),
    ("/several?fail=left", "GET", {500, 503}), ("/several?fail=right", "GET", {500, 503}),
    ("/several?fail=ticket", "GET", {500, 503}), ("/several?fail=handler", "GET", {500, 503}),
    ("/block", "GET", {200, 503}), ("/block?fail=lock", "GET", {500, 503}),
    ("/block?fail=handler", "GET", {500, 503}), ("/late", "GET", {504, 503}), ("/deaf", "GET", {504}),
    ("/stream", "GET", {200}), ("/stream?fail=stream", "GET", {0}), ("/upload", "POST", {200}),
    ("/proxy", "GET", {200}), ("/proxied-stream", "GET", {200}), ("/respond", "GET", {200}), ("/missing", "GET", {404}),
]
UPLOAD = b"u" * 200_000
#: Growth of the resident set from the end of the first quarter to the end: caches still fill, leaks go on.
MAX_GROWTH_KIB = 4096


def arguments():
    parser = argparse.ArgumentParser(
        prog="Benchmarks/soak",
        description="Mixed load with errors, timeouts and aborts; memory, descriptors and teardowns must come out even.",
        epilog="Exit status: 0; 1 something leaked, was torn down twice or answered wrongly; 2 it cannot run here.")
    parser.add_argument("--minutes", type=float, default=20, metavar="N")
    parser.add_argument("--clients", type=int, default=48, metavar="N")
    parser.add_argument("--seed", type=int, default=None, metavar="N", help="default: from the clock; printed")
    parser.add_argument("--no-build", action="store_true", help="use the build that is there")
    parser.add_argument("--gateway", metavar="FILE", default=GATEWAY, help="another executable, its plugins beside it")
    parser.add_argument("--json", metavar="FILE", help="write every sample")
    return parser.parse_args()


class Load:
    """Clients that each ask one thing after another until the time is over."""

    def __init__(self, port, seed, clients):
        self.port = port
        self.seed = seed
        self.clients = clients
        self.answers = collections.Counter()
        self.wrong = collections.Counter()

    async def run(self, until):
        await asyncio.gather(*(self.client(random.Random(self.seed * 1000 + n), until) for n in range(self.clients)))

    async def client(self, chance, until):
        while time.monotonic() < until:
            path, method, statuses = chance.choice(PLACES)
            body = UPLOAD if method == "POST" else b""
            fields = ("content-type: application/octet-stream", f"content-length: {len(body)}") if body else ()
            message = http.request(path, method=method, fields=("connection: close", *fields)) + body
            try:
                if chance.random() < 0.35:
                    await self.abort(chance, message)
                    self.answers["aborted"] += 1
                    continue
                status = await asyncio.wait_for(self.ask(message), 30)
            except (OSError, asyncio.TimeoutError) as problem:
                self.wrong[f"{method} {path}: {type(problem).__name__}"] += 1
                continue
            self.answers[status] += 1
            if status not in statuses:
                self.wrong[f"{method} {path}: {status}"] += 1

    async def ask(self, message):
        """The status of a whole answer, 0 where it breaks off."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(message)
            await writer.drain()
            received = await reader.read(-1)
        finally:
            writer.close()
        answer = received.partition(b"\r\n\r\n")
        lower = answer[0].lower()
        if b"transfer-encoding: chunked" in lower and not answer[2].endswith(b"0\r\n\r\n"):
            return 0
        return http.parse(received).status

    async def abort(self, chance, message):
        """Leaves at some point of the request or of the answer, with FIN or with RST."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            if chance.random() < 0.4:
                writer.write(message[:chance.randrange(len(message))])
                await writer.drain()
            else:
                writer.write(message)
                await writer.drain()
                if chance.random() < 0.5:
                    await asyncio.wait_for(reader.read(chance.randrange(1, 20_000)), 30)
            await asyncio.sleep(chance.random() * 0.02)
            if chance.random() < 0.5:
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        finally:
            writer.transport.abort() if chance.random() < 0.5 else writer.close()


def sample(server, began):
    pid = server.process.pid
    return {
        "seconds": round(time.monotonic() - began, 1), "rss_kib": memory(server)[0],
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "threads": len(os.listdir(f"/proc/{pid}/task")),
    }


async def soak(server, options, seed):
    load = Load(server.port, seed, options.clients)
    began = time.monotonic()
    until = began + options.minutes * 60
    samples = []

    async def watch():
        while time.monotonic() < until:
            await asyncio.sleep(min(10, max(0.1, until - time.monotonic())))
            samples.append(sample(server, began))
            if len(samples) % 6 == 0:
                say(f"{samples[-1]}  {sum(load.answers.values())} exchanges")

    await asyncio.gather(load.run(until), watch())
    return load, samples


def counts(server):
    return json.loads(http.ask(server.port, "/counts").body)


def settled(server, seconds=30):
    """The accounts once nothing is under way: given up handlers still run to their end."""
    deadline = time.monotonic() + seconds
    while True:
        accounts = counts(server)
        if all(a["made"] == a["torn_down"] for n, a in accounts.items()) or time.monotonic() > deadline:
            return accounts
        time.sleep(0.2)


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        return measure(options)
    except CannotRun as problem:
        say(f"Benchmarks/soak: {problem}")
        return 2
    except KeyboardInterrupt:
        return 130


def measure(options):
    if not options.no_build and options.gateway == GATEWAY:
        run(["make", "-C", ROOT, "build"], timeout=7200)
    seed = options.seed if options.seed is not None else int(time.time())
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("Benchmarks/soak: took far too long, given up"))
    signal.alarm(int(options.minutes * 60) + 180)
    binary = Path(options.gateway).resolve()
    with tempfile.TemporaryDirectory(prefix="gateway-soak-") as scratch:
        port = free_ports(1)[0]
        log = Path(scratch) / "gateway.log"
        with Server(
            "gateway", [binary, "run", CONFIGURATIONS / "soak.yaml"], core=0, log=log, port=port,
            env={"BENCH_PORT": str(port), "BENCH_PLUGINS": str(binary.parent)}) as server:
            os.sched_setaffinity(server.process.pid, range(os.cpu_count() or 1))
            server.wait_until_it_accepts()
            before = sample(server, time.monotonic())
            say(f"seed {seed}; {options.clients} clients for {options.minutes:g} minutes; {before}")
            load, samples = asyncio.run(soak(server, options, seed))
            accounts = settled(server)
            after = sample(server, time.monotonic())
            status = server.stop()
    return report(options, load, samples, before, after, accounts, status)


def report(options, load, samples, before, after, accounts, status):
    problems = [f"{count} × {what}" for what, count in load.wrong.items()]
    for name, account in accounts.items():
        if account["made"] != account["torn_down"]:
            problems.append(f"{name}: made {account['made']}, torn down {account['torn_down']}")
        if account["twice"]:
            problems.append(f"{name}: {account['twice']} torn down twice")
    quarter = samples[len(samples) // 4:]
    growth = max(s["rss_kib"] for s in quarter[-3:]) - max(s["rss_kib"] for s in quarter[:3])
    if growth > MAX_GROWTH_KIB:
        problems.append(f"memory grew by {growth} KiB after the first quarter")
    # Idle upstream connections to itself stay open at both ends.
    if after["descriptors"] > before["descriptors"] + 64:
        problems.append(f"descriptors: {before['descriptors']} before, {after['descriptors']} after")
    if status != 0:
        problems.append(f"the gateway ended with {status}")
    say(f"answers: {dict(sorted(load.answers.items(), key=str))}")
    say(f"teardowns: {accounts}")
    say(f"memory: {before['rss_kib']} KiB at first, {samples[0]['rss_kib']} loaded, {after['rss_kib']} after, "
        f"growth after the first quarter {growth}; descriptors {before['descriptors']} and {after['descriptors']}; "
        f"threads {before['threads']} and {after['threads']}")
    if options.json:
        Path(options.json).write_text(json.dumps({"samples": samples, "accounts": accounts}, indent=1))
    for problem in problems:
        say(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
