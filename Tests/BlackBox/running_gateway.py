"""Starts the built gateway on a free port with a configuration, and stops it."""

import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path


class Refused(Exception):
    """It did not start; the diagnostics."""


class RunningGateway:
    """A gateway process, ended when the block is left.

    `configuration` is YAML, of which JSON is a part; it listens on port 0, and `port` says which that became.
    """

    def __init__(self, program, configuration, environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="gateway-black-box-")
        path = Path(self.folder.name) / "gateway.yaml"
        path.write_text(configuration, encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "run", str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, errors="replace", env={**os.environ, **(environment or {})})
        self.lines = []
        self.port = None
        for line in self.process.stderr:
            self.lines.append(line)
            event = self._event(line)
            if event.get("message") == "listening" and self.port is None:
                self.port = int(event["bound"].rsplit(":", 1)[1])
            if event.get("message") == "ready":
                break
        else:
            self.process.wait()
            self.folder.cleanup()
            raise Refused("".join(self.lines))
        # Read on, or the gateway would wait for room in the pipe.
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    @staticmethod
    def _event(line):
        try:
            event = json.loads(line)
        except ValueError:
            return {}
        return event if isinstance(event, dict) else {}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Raises if it had ended before, or does not end well: a crash is never a pass."""
        early = self.process.poll()
        if early is None:
            self.process.terminate()
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.reader.join(timeout=10)
        self.folder.cleanup()
        if early is not None or code != 0:
            when = "during the check" if early is not None else "when it was stopped"
            raise RuntimeError(f"the gateway ended with {code} {when}:\n" + "".join(self.lines[-20:]))
