"""Child processes: started on a given core, watched, and ended by id."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

from .problems import CannotRun

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def free_ports(count):
    """Ports of 127.0.0.1 that nobody listens on. All are held until the last is found, so none comes twice."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def on_core(core):
    """Children inherit the set of cores: pinned from their first instruction, with no wrapper in their start time."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _end_with_parent():
    """Even a killed script leaves nothing behind."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Server:
    """A server under test, or a back end. A context manager: it runs inside, and is gone afterwards."""

    def __init__(self, name, argv, *, core, log, port, other_ports=(), env=None, cwd=None):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.core = core
        self.log = log
        self.port = port
        self.other_ports = other_ports
        self.env = dict(os.environ, **(env or {}))
        self.cwd = cwd
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, end_with_parent=True):
        """Without `end_with_parent` the child is made by vfork, which is quicker and the same from run to run."""
        try:
            with open(self.log, "wb") as log, on_core(self.core):
                self.process = subprocess.Popen(
                    self.argv, env=self.env, cwd=self.cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    preexec_fn=_end_with_parent if end_with_parent else None)
        except OSError as error:
            raise CannotRun(f"{self.name}: {self.argv[0]}: {error.strerror}") from None

    def wait_until_it_accepts(self, seconds=30):
        deadline = time.monotonic() + seconds
        waiting = [self.port, *self.other_ports]
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise CannotRun(f"{self.name} ended with {self.process.returncode}{self.last_words()}")
            try:
                socket.create_connection(("127.0.0.1", waiting[0]), timeout=1).close()
                waiting.pop(0)
                if not waiting:
                    return
            except OSError:
                time.sleep(0.01)
        raise CannotRun(f"{self.name} does not accept connections after {seconds} s{self.last_words()}")

    def last_words(self, lines=12):
        try:
            with open(self.log, errors="replace") as log:
                text = log.read().strip()
        except OSError:
            return ""
        return ":\n" + "\n".join(text.splitlines()[-lines:]) if text else ""

    def stop(self):
        """SIGTERM, then SIGKILL for what is left of the tree. Returns the exit status."""
        if self.process is None:
            return None
        tree = self.pids()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            for pid, started in tree:
                if _start_time(pid) == started:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            self.process.wait(timeout=10)
        status, self.process = self.process.returncode, None
        return status

    def pids(self):
        """The process and all below it, each with its start time, which tells it from a later one of the same id."""
        found, open_ends = [], [self.process.pid]
        while open_ends:
            pid = open_ends.pop()
            started = _start_time(pid)
            if started is None:
                continue
            found.append((pid, started))
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as children:
                        open_ends += [int(word) for word in children.read().split()]
        return found

    def cpu(self):
        """CPU time since the start, of the whole tree."""
        return sum((CPUTime.of(pid) for pid, _ in self.pids()), CPUTime())


class CPUTime:
    """Seconds; `total` to the nanosecond, its user part to the clock tick."""

    def __init__(self, total=0.0, user=0.0):
        self.total = total
        self.user = user

    def __add__(self, other):
        return CPUTime(self.total + other.total, self.user + other.user)

    def __sub__(self, other):
        return CPUTime(self.total - other.total, self.user - other.user)

    @staticmethod
    def of(pid):
        try:
            # clock_getcpuclockid(3): the scheduler's own count for every thread, those that ended too.
            total = time.clock_gettime((~pid << 3) | 2)
            user = int(_stat(pid)[11])
        except OSError:
            return CPUTime()
        return CPUTime(total, user / os.sysconf("SC_CLK_TCK"))


def core_busy_seconds(core):
    """Time that a core spent on anything at all."""
    with open("/proc/stat") as stat:
        for line in stat:
            words = line.split()
            if words[0] == f"cpu{core}":
                user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, words[1:9])
                return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    raise CannotRun(f"there is no core {core}")


def _stat(pid):
    """The fields of proc_pid_stat(5) from the third on; the second may hold anything."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()


def _start_time(pid):
    try:
        return _stat(pid)[19]
    except OSError:
        return None
