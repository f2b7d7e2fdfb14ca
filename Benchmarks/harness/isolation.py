"""A plugin in the gateway's process and in processes of its own: CPU time per request, and what traps cost.

CPU time is that of the gateway and its children together, user and system, from /proc.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            pass
    return found


def cpu(pid):
    """Nanoseconds of all threads of a process, from the scheduler's own clock."""
    return time.clock_gettime_ns((~pid << 3) | 2)


class Gateway:
    def __init__(self, program, yaml):
        self.folder = tempfile.mkdtemp(prefix="gateway-isolation-")
        path = f"{self.folder}/gateway.yaml"
        pathlib.Path(path).write_text(yaml)
        self.log = open(f"{self.folder}/log", "w+")
        self.process = subprocess.Popen([program, "run", path], stderr=self.log, stdout=subprocess.DEVNULL)
        deadline = time.time() + 60
        while True:
            text = pathlib.Path(f"{self.folder}/log").read_text()
            bound = re.search(r'"bound":"127\.0\.0\.1:(\d+)"', text)
            if bound and '"message":"ready"' in text:
                break
            if self.process.poll() is not None or time.time() > deadline:
                sys.exit(f"the gateway does not start:\n{text}")
            time.sleep(0.02)
        self.port = int(bound.group(1))
        self.pid = self.process.pid

    def cpu(self):
        return cpu(self.pid) + sum(cpu(child) for child in children(self.pid))

    def events(self, message):
        return pathlib.Path(f"{self.folder}/log").read_text().count(f'"message":"{message}"')

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)


def wrk(port, path, seconds, connections, script=None):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"http://127.0.0.1:{port}{path}"]
    if script:
        command[1:1] = ["-s", script]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text) or re.search(r"Socket errors: (.*)", text)
    if bad:
        sys.exit(f"failed requests: {bad.group(0)}")
    return int(re.search(r"(\d+) requests in", text).group(1))


def per_request(gateway, path, seconds, connections, script=None):
    before = gateway.cpu()
    count = wrk(gateway.port, path, seconds, connections, script)
    return (gateway.cpu() - before) / count / 1000, count


def compare(arguments):
    libraries = arguments.plugins
    rows = [("small: 90 bytes of JSON from an async handler", "BenchPlugin", "bench.async", "/books/7", "GET", 64, None)]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write('wrk.method = "POST"\nwrk.body = string.rep("x", 1048576)\n')
        script.flush()
        if os.path.exists(f"{libraries}/libEcho.so"):
            rows.append(("1 MiB there and back, blocking handler", "Echo", "echo.echo", "/echo", "POST", 4, script.name))
        print(f"{'':<48}{'in process':>12}{'isolated':>12}{'added':>10}   µs of CPU per request, gateway and child; median of {arguments.rounds}")
        for title, library, handler, path, method, connections, lua in rows:
            results = {"": [], "isolation: process, ": []}
            for _ in range(arguments.rounds):
                for isolation in results:
                    parameter = (
                        ", parameters: { book_id: { type: integer, minimum: 1 } }" if library == "BenchPlugin" else "")
                    name = handler.split(".")[0]
                    gateway = Gateway(arguments.gateway, f"""
version: 1
server: {{ listen: ["127.0.0.1:0"], workers: 1, limits: {{ body: 64MiB }} }}
plugins: {{ {name}: {{ {isolation}path: "{libraries}/lib{library}.so" }} }}
routes:
  - {{ match: "{method} {'/books/{book_id}' if library == 'BenchPlugin' else path}", handler: {handler}{parameter} }}
""")
                    wrk(gateway.port, path, 1, connections, lua)
                    value, _ = per_request(gateway, path, arguments.seconds, connections, lua)
                    results[isolation].append(value)
                    gateway.stop()
            inside, outside = (statistics.median(values) for values in results.values())
            print(f"{title:<48}{inside:>12.1f}{outside:>12.1f}{outside - inside:>10.1f}")


def build_unruly(folder):
    compiler = shutil.which("clang") or shutil.which("cc")
    if not compiler:
        sys.exit("needs a C compiler")
    library = f"{folder}/libunruly.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", f"-I{ROOT}/Sources/CGatewayPlugin/include", "-o", library,
         f"{ROOT}/Tests/BrokenPlugins/unruly.c"], check=True)
    return library


class Client:
    """One keep-alive connection."""

    def __init__(self, port):
        self.port = port
        self.connect()

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.buffer = b""

    def ask(self, target):
        self.socket.sendall(f"GET {target} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        while b"\r\n\r\n" not in self.buffer:
            self.read()
        head, rest = self.buffer.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"content-length: (\d+)", head).group(1))
        self.buffer = rest
        while len(self.buffer) < length:
            self.read()
        self.buffer = self.buffer[length:]
        return int(head[9:12])

    def read(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self.buffer += data


def traps(arguments):
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(arguments.gateway, f"""
version: 1
server: {{ listen: ["127.0.0.1:0"], workers: 2 }}
plugins: {{ unruly: {{ path: "{build_unruly(folder)}", isolation: process, workers: 2 }} }}
routes:
  - {{ match: GET /sometimes, handler: unruly.sometimes }}
  - {{ match: GET /other, respond: {{ status: 200, body: fine }} }}
""")
        counts = {}
        lock = threading.Lock()
        number = iter(range(arguments.requests))
        latencies = []
        is_over = threading.Event()

        def other():
            client = Client(gateway.port)
            while not is_over.is_set():
                began = time.perf_counter()
                assert client.ask("/other") == 200
                latencies.append(time.perf_counter() - began)
                time.sleep(0.001)

        def work():
            client = Client(gateway.port)
            while True:
                with lock:
                    mine = next(number, None)
                if mine is None:
                    return
                is_trap = mine % arguments.every == arguments.every - 1
                status = client.ask("/sometimes?trap" if is_trap else "/sometimes")
                with lock:
                    counts[(is_trap, status)] = counts.get((is_trap, status), 0) + 1

        beside = threading.Thread(target=other)
        beside.start()
        threads = [threading.Thread(target=work) for _ in range(arguments.clients)]
        began = time.time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.time() - began
        is_over.set()
        beside.join()
        print(f"{arguments.requests} requests from {arguments.clients} clients in {seconds:.0f} s, one in {arguments.every} traps:")
        for (is_trap, status), count in sorted(counts.items()):
            print(f"  {'those that trap' if is_trap else 'others':<16} {status}: {count}")
        ended = gateway.events("plugin process ended")
        print(f"  processes that ended: {ended}; the gateway is still process {gateway.pid}: {gateway.process.poll() is None}")
        latencies.sort()
        print(
            f"  another route meanwhile: {len(latencies)} requests, median {latencies[len(latencies) // 2] * 1e6:.0f} µs, "
            f"p99 {latencies[int(len(latencies) * 0.99)] * 1e6:.0f} µs")
        gateway.stop()


def main():
    parser = argparse.ArgumentParser(prog="Benchmarks/isolation", description=__doc__)
    parser.add_argument("--gateway", default=str(ROOT / ".build/release/gateway"))
    parser.add_argument("--plugins", default=str(ROOT / ".build/release"), help="where libBenchPlugin.so and libEcho.so are")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--every", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--only", choices=["cost", "traps"])
    arguments = parser.parse_args()
    if arguments.only != "traps":
        if not shutil.which("wrk"):
            sys.exit("needs wrk")
        compare(arguments)
    if arguments.only != "cost":
        traps(arguments)


main()
