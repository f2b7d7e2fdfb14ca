"""What is measured. A kind is a question that several servers answer; ratios are taken to nginx's answer of the kind."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

CONFIGURATIONS = Path(__file__).resolve().parent.parent / "Configurations"
POST = CONFIGURATIONS / "post.lua"

#: 90 bytes.
ANSWER = b'{"id":42,"title":"The Left Hand of Darkness","author":"Ursula K. Le Guin","in_stock":true}'


def post_body():
    """The body that post.lua sends, so that both are one."""
    return re.search(r"wrk\.body = '(.*)'", POST.read_text()).group(1).encode()


@dataclass(frozen=True)
class Target:
    name: str
    server: str
    path: str
    kind: str = "direct"
    #: At most this many times nginx's CPU per request: what the project promises.
    goal: float = None
    is_post: bool = False
    is_tls: bool = False
    #: A path that must be 422: proof that the parameter is validated in this row.
    invalid_path: str = None
    #: Members in an order that changes from answer to answer, as Foundation's JSONEncoder writes them.
    is_unordered: bool = False
    #: Other targets, and how many times less CPU than theirs is promised.
    rivals: tuple = ()
    #: A file that gets a line for each request.
    access_log: str = None

    @property
    def is_baseline(self):
        return self.server == "nginx"


TARGETS = [
    Target("nginx return", "nginx", "/direct"),
    Target("gateway respond", "gateway", "/respond"),
    Target("gateway inline handler", "gateway", "/inline/books/42", goal=1.05, invalid_path="/inline/books/x"),
    Target("gateway async handler", "gateway", "/async/books/42", goal=1.15, invalid_path="/async/books/x"),
    Target("gateway async handler, background task", "gateway", "/background/books/42"),
    Target("gateway async, 2 dependencies", "gateway", "/deps-2/books/42", invalid_path="/deps-2/books/x",
           rivals=(("fastapi GET, 2 dependencies", 15),)),
    Target("gateway async, chain of 10", "gateway", "/deps-10/books/42", invalid_path="/deps-10/books/x",
           rivals=(("fastapi GET, chain of 10", 15),)),
    Target("gateway async, policy around", "gateway", "/around/books/42", invalid_path="/around/books/x"),
    Target("gateway async, policy hooks", "gateway", "/hooks/books/42", invalid_path="/hooks/books/x"),
    Target("gateway async, inline policy hooks", "gateway", "/inline-hooks/books/42", invalid_path="/inline-hooks/books/x"),
    Target("gateway blocking handler", "gateway", "/blocking/books/42", invalid_path="/blocking/books/x"),
    Target("gateway POST, validated", "gateway", "/books", goal=1.5, is_post=True),
    Target("gateway POST, typed", "gateway", "/typed/books", is_post=True,
           rivals=(("fastapi POST, typed", 10), ("hummingbird POST, typed", 3))),
    Target("haproxy return", "haproxy", "/direct"),
    Target("envoy direct_response", "envoy", "/direct"),
    Target("hummingbird GET, parameter", "hummingbird", "/books/42"),
    Target("hummingbird POST, decoded", "hummingbird", "/books", is_post=True),
    Target("hummingbird POST, typed", "hummingbird", "/typed/books", is_post=True, is_unordered=True),
    Target("fastapi GET, parameter", "fastapi", "/books/42", invalid_path="/books/x"),
    Target("fastapi GET, 2 dependencies", "fastapi", "/deps-2/books/42", invalid_path="/deps-2/books/x"),
    Target("fastapi GET, chain of 10", "fastapi", "/deps-10/books/42", invalid_path="/deps-10/books/x"),
    Target("fastapi POST, validated", "fastapi", "/books", is_post=True),
    Target("fastapi POST, typed", "fastapi", "/typed/books", is_post=True),

    Target("nginx return + policies", "nginx", "/policies/direct", "policies", access_log="nginx-access.log"),
    Target("gateway respond + policies", "gateway", "/policies/respond", "policies", access_log="gateway-access.log"),
    Target("gateway async + policies", "gateway", "/policies/async/books/42", "policies",
           invalid_path="/policies/async/books/x", access_log="gateway-access.log"),

    Target("nginx TLS", "nginx", "/direct", "tls", is_tls=True),
    Target("gateway async TLS", "gateway", "/async/books/42", "tls", is_tls=True),

    Target("nginx proxy", "nginx", "/proxy", "proxy"),
    Target("gateway proxy", "gateway", "/proxy", "proxy", goal=1.2),
    Target("haproxy proxy", "haproxy", "/proxy", "proxy"),
    Target("envoy proxy", "envoy", "/proxy", "proxy"),

    Target("nginx proxy + policies", "nginx", "/policies/proxy", "proxy, policies", access_log="nginx-access.log"),
    Target("gateway proxy + policies", "gateway", "/policies/proxy", "proxy, policies",
           access_log="gateway-access.log"),
]

assert len(ANSWER) == 90 and len(post_body()) == 133 and json.loads(post_body())
