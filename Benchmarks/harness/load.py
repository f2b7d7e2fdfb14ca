"""The load: wrk on its core, and what it reports."""

import re
import subprocess

from .problems import CannotRun
from .processes import on_core

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class Load:
    """One run of wrk. Durations in seconds."""

    def __init__(self, output):
        self.requests = int(_find(r"(\d+) requests in", output))
        self.rate = float(_find(r"Requests/sec:\s+([\d.]+)", output))
        self.p50 = _duration(_find(r"\s50%\s+(\S+)", output))
        self.p99 = _duration(_find(r"\s99%\s+(\S+)", output))
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
        self.refused = int(bad.group(1)) if bad else 0
        broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
        self.broken = sum(map(int, broken.groups())) if broken else 0


def run(url, *, core, seconds, connections, script=None):
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if script:
        argv += ["-s", str(script)]
    with on_core(core):
        child = subprocess.Popen([*argv, url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = child.communicate(timeout=seconds + 30)
    except BaseException:
        child.kill()
        child.wait()
        raise
    if child.returncode != 0:
        raise CannotRun(f"wrk ended with {child.returncode}: {output.strip()}")
    return Load(output)


def _find(pattern, text):
    found = re.search(pattern, text)
    if not found:
        raise CannotRun(f"wrk's report is not as expected:\n{text}")
    return found.group(1)


def _duration(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * _UNITS[unit]
