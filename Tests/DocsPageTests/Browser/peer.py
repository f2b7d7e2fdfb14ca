"""Serves the page with its headers, a document, and an API that answers with what it received."""
import http.server
import json
import struct
import threading
import zlib


def png(width=120, height=160):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((60 + y // 2, 80, 178) * width) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Peer:
    """Listens on a port of its own; `requests` are those below /api, as dictionaries."""

    def __init__(self, page=b"", headers=(), document=b"{}", allow_origin=None):
        self.page, self.headers, self.document, self.allow_origin = page, headers, document, allow_origin
        self.requests = []
        # Opened by the test, so that a stream ends when the test has seen its beginning.
        self.go_on = threading.Event()
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, kind, body, extra=()):
                self.send_response(status)
                for name, value in [("Content-Type", kind), ("Content-Length", str(len(body))), *extra]:
                    self.send_header(name, value)
                if peer.allow_origin:
                    self.send_header("Access-Control-Allow-Origin", peer.allow_origin)
                    self.send_header("Access-Control-Allow-Headers", "*, Authorization")
                    self.send_header("Access-Control-Allow-Methods", "*")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.split("?")[0]
                if path == "/docs":
                    self.send_response(200)
                    for name, value in peer.headers:
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(peer.page)))
                    self.end_headers()
                    self.wfile.write(peer.page)
                elif path == "/openapi.json":
                    self.answer(200, "application/json", peer.document)
                elif self.command == "OPTIONS":
                    self.answer(204, "text/plain", b"")
                elif path.startswith("/api"):
                    self.api(path, body)
                else:
                    self.answer(404, "text/plain", b"not here")

            def api(self, path, body):
                received = {"method": self.command, "target": self.path, "headers": dict(self.headers.items()),
                            "body": body.decode("utf-8", "replace")}
                peer.requests.append(received)
                if path.endswith("/events"):
                    self.stream()
                elif path.endswith("/cover") and self.command == "GET":
                    self.answer(200, "image/png", png())
                elif path.endswith("/books/404"):
                    self.answer(404, "application/problem+json", b'{"title":"No such book","status":404}')
                else:
                    text = json.dumps({"received": received["target"], "exact": "@", "list": [1, 2], "none": {}})
                    # Digits that no double can hold.
                    body = text.replace('"@"', "9007199254740993.10").encode()
                    self.answer(200, "application/json", body, [("X-Seen", "yes")])

            def stream(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(b": hello\n\nevent: packed\r\ndata: {\"parcels\": 2}\r\n\r\n")
                self.wfile.flush()
                peer.go_on.wait(20)
                self.wfile.write(b"data: line one\ndata: line two\n\n")
                self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()
