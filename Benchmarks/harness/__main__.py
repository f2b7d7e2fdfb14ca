"""Benchmarks/run."""

import argparse
import fnmatch
import signal
import sys
import tempfile

from . import footprint, report
from .compare import compare
from .peers import GATEWAY, ROOT, Peers, install_all, install_debian, run, say
from .problems import CannotRun
from .targets import TARGETS

SERVERS = list(dict.fromkeys(target.server for target in TARGETS))


def arguments():
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run",
        description="CPU per request of the gateway beside nginx and others, from one run on one machine.",
        epilog="Exit status: 0; 1 a target answered wrongly or did not run; 2 the benchmark cannot run here.")
    parser.add_argument("--no-build", action="store_true", help="measure the release build that is there")
    parser.add_argument("--gateway", metavar="FILE", default=GATEWAY,
                        help="another executable, with its plugins beside it; nothing is built then")
    parser.add_argument("--peers", choices=["present", "all"], default="present",
                        help="`all` installs Envoy and FastAPI into Benchmarks/.venv and builds the Hummingbird peer; "
                             "`present` takes what is there (nginx, wrk and haproxy are always installed)")
    parser.add_argument("--only", metavar="PATTERN", action="append",
                        help="targets by name, such as 'gateway*'; nginx's of the same kind come along")
    parser.add_argument("--rounds", type=int, default=12, metavar="N")
    parser.add_argument("--seconds", type=int, default=1, metavar="S", help="of load for each half of a pair")
    parser.add_argument("--patience", type=int, default=0, metavar="S",
                        help="seconds to spend, in all, on waiting for quiet cores and on measuring again what others "
                             "disturbed")
    parser.add_argument("--connections", type=int, default=64, metavar="N")
    parser.add_argument("--server-core", type=int, default=0, metavar="N")
    parser.add_argument("--load-core", type=int, default=1, metavar="N", help="for wrk and the back end")
    parser.add_argument("--footprint", action="store_true",
                        help="measure start and memory instead of requests")
    parser.add_argument("--starts", type=int, default=30, metavar="N", help="with --footprint")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every round")
    parser.add_argument("--markdown", action="store_true", help="print a dated Markdown table")
    options = parser.parse_args()
    for name in ("rounds", "seconds", "connections", "starts"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    return options


def chosen(options):
    """The targets, each kind with nginx's."""
    if not options.only:
        return TARGETS
    named = [t for t in TARGETS if any(fnmatch.fnmatch(t.name, pattern) for pattern in options.only)]
    if not named:
        raise CannotRun("no target has such a name; there are " + ", ".join(target.name for target in TARGETS))
    kinds = {target.kind for target in named}
    return [t for t in TARGETS if t in named or (t.is_baseline and t.kind in kinds)]


def main():
    options = arguments()
    # A signal unwinds the stack: servers are ended and the scratch directory goes.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        return benchmark(options)
    except CannotRun as problem:
        say(f"Benchmarks/run: {problem}")
        return 2
    except KeyboardInterrupt:
        return 130


def benchmark(options):
    targets = chosen(options)
    servers = list(dict.fromkeys(target.server for target in targets))
    install_debian(["nginx", "wrk", "openssl"] + (["haproxy"] if "haproxy" in servers else []))
    if options.peers == "all":
        install_all()
    if not options.no_build and options.gateway == GATEWAY and "gateway" in servers:
        run(["make", "-C", ROOT, "build"], timeout=7200)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as scratch:
        peers = Peers(
            scratch, gateway=options.gateway, server_core=options.server_core, load_core=options.load_core)
        if options.footprint:
            return measure_footprint(peers, servers, options)
        return measure_requests(peers, targets, options)


def measure_requests(peers, targets, options):
    # The whole run has an end, whatever hangs.
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("Benchmarks/run: took far too long, given up"))
    signal.alarm(300 + options.patience + 3 * options.rounds * 2 * len(targets) * (options.seconds + 8))
    rows = compare(
        peers, targets, rounds=options.rounds, seconds=options.seconds, connections=options.connections,
        patience=options.patience)
    measured = dict.fromkeys(row.target.server for row in rows if row.measurements)
    settings = {"rounds": options.rounds, "seconds": options.seconds, "connections": options.connections}
    head = report.head(settings, [peers.version(name) for name in measured])
    lines = report.comparison_lines(rows)
    show(head, report.HEADER, lines, options)
    if options.json:
        report.write_json(options.json, report.comparison_json(rows, settings, head["versions"]))
    failed = [row for row in rows if row.has_failed]
    # One server that does not start is one problem of many rows.
    for problem in dict.fromkeys(row.problem for row in failed):
        names = ", ".join(row.target.name for row in failed if row.problem == problem)
        say(f"\nFAILED: {names}: {problem or 'requests without a good answer'}")
    return 1 if failed else 0


def measure_footprint(peers, servers, options):
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("Benchmarks/run: took far too long, given up"))
    signal.alarm(300 + len(servers) * (options.starts * 25 + 120))
    rows = footprint.footprint(peers, servers, starts=options.starts)
    measured = [name for name, row in zip(servers, rows) if "problem" not in row]
    settings = {"starts": options.starts}
    head = report.head(settings, [peers.version(name) for name in measured])
    show(head, footprint.HEADER, footprint.lines(rows), options)
    if options.json:
        report.write_json(options.json, head | {"rows": rows})
    broken = [row for row in rows if "problem" in row and row["subject"].startswith(("gateway", "nginx"))]
    for row in broken:
        say(f"\n{row['subject']}: {row['problem']}")
    return 1 if broken else 0


def show(head, header, lines, options):
    if options.markdown:
        print(f"{report.caption(head)}\n\n{report.markdown(header, [line for line in lines if any(line)])}")
    else:
        print(f"\n{report.caption(head)}\n\n{report.table(header, lines)}")


sys.exit(main())
