"""Compares the profile `fastapi` with FastAPI itself, over HTTP, on random applications and requests near validity.

    python3 Tests/BlackBox/fastapi_differential.py GATEWAY [--count APPLICATIONS] [--seed S] [--requests R] [--show N]
        [--imported]

GATEWAY is the built program. For each seed one FastAPI application is made, the same is configured for the gateway, and
both get the same requests. The status must agree, and for a 422 `type` and `loc` of every entry in their order;
differences of `msg`, `ctx` and `input` alone are counted and shown too. With `--imported` the gateway's configuration
is what `gateway import openapi` makes of FastAPI's own document; parameter models, which it does not show, are left
out.

Every disagreement names its seed: `--seed S --count 1` repeats it. The exit code is 0 when all agree, 1 when not, 2
when nothing was compared. Needs fastapi and python-multipart (scripts/install-test-packages).
"""

import argparse
import asyncio
import http.client
import json
import subprocess
import sys
import tempfile
import warnings
from urllib.parse import unquote

from fastapi_apps import Application
from fastapi_requests import Requests
from running_gateway import Refused, RunningGateway

warnings.simplefilter("ignore")

# What is not compared, each with its reason; docs/fastapi-deviations.md tells people the same.
def is_text_for_a_file(request, route, expected, found):
    """Only these entries are missing from the gateway's answer."""
    told = [e for e in details(expected) if "UploadFile" not in e["msg"]]
    return len(told) < len(details(expected)) and same_entries(told, details(found))


def is_text_body(request, route, expected, found):
    """A body of one value under another content type, and the answers differ in what they say about it only."""
    kind = (request.content_type or "").split(";")[0].strip().lower()
    if route.body_kind != "json" or kind.startswith("application/") and kind.endswith(("/json", "+json")):
        return False
    return route.body.get("schema") is not None and {expected[0], found[0]} <= {200, 422} and same_entries(
        *([e for e in details(answer) if e["loc"][0] != "body"] for answer in (expected, found)))


def is_wide_text(request, route, expected, found):
    """Python's json reads UTF-16 and UTF-32 too, and guesses which from zeros among the first four bytes."""
    body = request.content() or b""
    return route.body_kind == "json" and b"\0" in body[:4]


def is_missing_among_several(request, route, expected, found):
    """Answers are alike but for the `input` of what is missing in a form or among several values."""
    if entries(expected, "type", "loc") != entries(found, "type", "loc"):
        return False
    return all(
        e.get("input") == f.get("input")
        or e["type"] == "missing" and e["loc"][0] == "body" and len(e["loc"]) == 2 and e["input"] is None
        for e, f in zip(details(expected), details(found)))


def is_not_finite(request, route, expected, found):
    """Python's json reads NaN and Infinity, which RFC 8259 does not have."""
    body = request.content() or b""
    return [e["type"] for e in details(found)] == ["json_invalid"] and (b"NaN" in body or b"Infinity" in body)


def is_not_finite_text(request, route, expected, found):
    """`float` takes "nan" and "inf"; everything else in the answers is alike."""
    places = [e["loc"] for e in details(found) if e["type"] == "finite_number"]
    return bool(places) and same_entries(
        *([e for e in details(answer) if e["loc"] not in places] for answer in (expected, found)))


def is_wide_integer(request, route, expected, found):
    """Parameters are integers of 64 bits; Python's have any size. Everything else in the answers is alike."""
    wide = [e["loc"] for e in details(found) if e["type"] in ("int_parsing_size", "enum") and is_wide(e.get("input"))]
    return bool(wide) and {expected[0], found[0]} <= {200, 422} and same_entries(
        *([e for e in details(answer) if e["loc"] not in wide] for answer in (expected, found)))


def is_wide(text):
    try:
        return not -2 ** 63 <= int(text) < 2 ** 63
    except (TypeError, ValueError):
        return False


def is_newer_python(request, route, expected, found):
    """From 3.13 on, Python points at a comma before an end, and no longer at the end."""
    errors = [str(e.get("ctx", {}).get("error")) for e in details(expected)]
    return len(errors) == 1 and errors[0].startswith("Illegal trailing comma") \
        and [e["type"] for e in details(found)] == ["json_invalid"]


DEVIATIONS = [
    ("errors in JSON are those of Python before 3.13", is_newer_python),
    ("a body holds no NaN and no Infinity", is_not_finite),
    ("numbers are finite", is_not_finite_text),
    ("parameters are integers of 64 bits", is_wide_integer),
    ("a JSON body is UTF-8", is_wide_text),
    ("`input` of what is missing in a form or among several values is what was sent", is_missing_among_several),
    ("a text where a file is declared is taken, as `bytes = File()` takes it", is_text_for_a_file),
    ("a JSON body under another content type is a text, and no bytes", is_text_body),
]


def details(answer):
    detail = answer[1].get("detail") if isinstance(answer[1], dict) else None
    return detail if isinstance(detail, list) else []


def same_entries(one, other):
    return [(e["type"], e["loc"]) for e in one] == [(e["type"], e["loc"]) for e in other]


def deviation(request, route, expected, found):
    """The reason why this difference is meant, or nil."""
    for reason, holds in DEVIATIONS:
        if holds(request, route, expected, found):
            return reason
    return None


async def fastapi(app, request):
    """What FastAPI answers, called as uvicorn calls it."""
    path, _, query = request.target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method, "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": request.fields(), "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }
    sent = []
    body = request.content() or b""

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception:
        return 500, None
    status = next(m["status"] for m in sent if m["type"] == "http.response.start")
    return status, parsed(b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body"))


def parsed(body):
    try:
        return json.loads(body)
    except ValueError:
        return None


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(self, request):
        c = self.connection
        c.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.fields():
            c.putheader(name, value)
        c.endheaders(request.content())
        response = c.getresponse()
        return response.status, parsed(response.read())


def entries(answer, *members):
    return [tuple(json.dumps(e.get(m), sort_keys=True) for m in members) for e in details(answer)]


def difference(expected, found):
    """How the two differ: "answer", "msg", "ctx", "input", or nil."""
    if expected[0] != found[0]:
        return "answer"
    if expected[0] != 422:
        return None
    for name in (("type", "loc"), ("msg",), ("ctx",), ("input",)):
        if entries(expected, *name) != entries(found, *name):
            return "answer" if len(name) == 2 else name[0]
    return None


def signature(kind, expected, found):
    """Differences of the same kind are shown once."""
    if expected[0] != found[0]:
        return kind, expected[0], found[0], str(entries(expected, "type") or entries(found, "type"))[:60]
    one, other = entries(expected, "type", "loc"), entries(found, "type", "loc")
    if kind != "answer":
        one, other = entries(expected, "type", kind), entries(found, "type", kind)
    first = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    def pick(entries):
        return entries[first][0] if first < len(entries) else "-"

    where = (one + [(None, "[]")])[first][1] if first < len(one) else other[first][1]
    where = str(json.loads(where)[:1]) if kind == "answer" else ""
    return kind, pick(one), pick(other), where, "order" if sorted(one) == sorted(other) else ""


def imported(program, application):
    """The configuration that the gateway itself makes of FastAPI's document, answered by the gateway."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(application.app.openapi(), file)
        file.flush()
        text = subprocess.run(
            [program, "import", "openapi", file.name], check=True, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL).stdout
    answered = text.replace("    proxy: api\n", "    respond: { status: 200, json: {} }\n")
    settings = 'server: { listen: ["127.0.0.1:0"], workers: 1 }\nvalidation: { profile: fastapi, max_errors: 1000 }\n'
    return answered.replace("version: 1\n", "version: 1\n" + settings, 1)


def told(answer):
    return f"{answer[0]} {json.dumps(answer[1], ensure_ascii=False)[:1500]}"


class Comparison:
    def __init__(self, options):
        self.options = options
        self.loop = asyncio.new_event_loop()
        self.counts = {"agree": 0, "422": 0, "unusable": 0, "answer": 0, "msg": 0, "ctx": 0, "input": 0, "refused": 0}
        self.meant = {}
        self.seen = {}

    def run(self, seed):
        application = Application(seed)
        configuration = application.configuration()
        routes = application.routes
        if self.options.imported:
            configuration = imported(self.options.gateway, application)
            routes = [r for r in routes if not any("gather" in p for p in r.parameters.values())]
        try:
            with RunningGateway(self.options.gateway, configuration) as gateway:
                client = Client(gateway.port)
                requests = Requests(application)
                for route in routes:
                    for _ in range(self.options.requests):
                        self.compare(seed, application, route, requests.request(route), client)
        except Refused as refused:
            self.counts["refused"] += 1
            self.report(("refused", str(refused)[-120:]), f"seed {seed}: the configuration is refused\n{refused}")

    def both(self, application, request, client):
        expected = self.loop.run_until_complete(fastapi(application.app, request))
        return expected, client.ask(request)

    def compare(self, seed, application, route, request, client):
        expected, found = self.both(application, request, client)
        # FastAPI could not even say what was wrong (a NaN or a lone surrogate in `input`).
        if expected[0] == 500:
            self.counts["unusable" if found[0] < 500 else "answer"] += 1
            return
        kind = difference(expected, found)
        if kind is None:
            self.counts["agree"] += 1
            self.counts["422"] += expected[0] == 422
            return
        reason = deviation(request, route, expected, found)
        if reason:
            self.meant[reason] = self.meant.get(reason, 0) + 1
            return
        self.counts[kind] += 1
        key = signature(kind, expected, found)
        if key in self.seen:
            self.seen[key] += 1
            return
        # The smallest request that differs in the same way.
        again = True
        while again:
            again = False
            for smaller in request.smaller():
                answers = self.both(application, smaller, client)
                if answers[0][0] == 500 or difference(*answers) != kind or deviation(smaller, route, *answers):
                    continue
                if signature(kind, *answers) == key:
                    request, (expected, found), again = smaller, answers, True
                    break
        self.report(key, "\n".join([
            f"seed {seed}: {kind} differs: {key}",
            f"  {json.dumps({'schemas': application.used([route]), 'route': route.configured()})}",
            f"  {request.curl()}",
            f"  FastAPI {told(expected)}", f"  gateway {told(found)}"]))

    def report(self, key, text):
        first = key not in self.seen
        self.seen[key] = self.seen.get(key, 0) + 1
        if first and len(self.seen) <= self.options.show:
            print(text + "\n", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gateway")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--requests", type=int, default=15, help="for each of the 8 routes of an application")
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--imported", action="store_true")
    comparison = Comparison(parser.parse_args())
    options = comparison.options
    for seed in range(options.seed, options.seed + options.count):
        comparison.run(seed)
    for key, count in sorted(comparison.seen.items(), key=lambda item: -item[1]):
        print(f"{count:6} {key}")
    for reason, count in comparison.meant.items():
        print(f"{count:6} meant: {reason}")
    counts = comparison.counts
    print(json.dumps(counts))
    if not counts["agree"]:
        print("nothing was compared", file=sys.stderr)
        return 2
    return 1 if any(counts[k] for k in ("answer", "msg", "ctx", "input", "refused")) else 0


if __name__ == "__main__":
    sys.exit(main())
