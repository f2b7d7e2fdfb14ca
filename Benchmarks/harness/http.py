"""Just enough HTTP/1.1 to ask one thing and look at the answer."""

import socket
import ssl


class Answer:
    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body


def connect(port, *, tls=False, timeout=10):
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return connection
    context = ssl.create_default_context()
    # The certificate is the script's own, made a moment ago.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return context.wrap_socket(connection)
    except BaseException:
        connection.close()
        raise


def ask(port, path, *, method="GET", body=b"", fields=(), tls=False, timeout=10):
    """One request on its own connection. Raises OSError or ValueError."""
    with connect(port, tls=tls, timeout=timeout) as connection:
        connection.sendall(request(path, method=method, body=body, fields=("connection: close", *fields)))
        received = bytearray()
        while piece := connection.recv(65536):
            received += piece
    return parse(bytes(received))


def request(path, *, method="GET", body=b"", fields=()):
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", *fields]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parse(message):
    head, end, body = message.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split()
    if not end or len(words) < 2 or not words[1].isdigit():
        raise ValueError(f"no HTTP answer: {message[:60]!r}")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    if fields.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunked(body)
    return Answer(int(words[1]), fields, body)


def _unchunked(body):
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if length == 0:
            break
        whole, body = whole + body[:length], body[length + 2:]
    return whole
