"""Random requests to one route, most of them nearly right, and how they are written."""

import json
import shlex
from urllib.parse import quote

BOUNDARY = "b0undary"
JSON_TYPES = ["application/json"] * 14 + [
    "application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json", "application/problem+json;x=1"]
ODD_TYPES = [None, None, "text/plain", "application/xml", "application/jsonx", "json", "text/json", "*/*",
             "application/x-www-form-urlencoded", "application/octet-stream", ""]
INSERTED = [
    *'{}[],:"\\ \n\t0123456789.eE+-tfnu/', "\u00e9", "\x00", "\x1f", "NaN", "Infinity", "null", "\\u12", "\ufeff",
]


class Request:
    """A request in parts, of which each may be left out to find the smallest that still shows a difference."""

    def __init__(self, method, path):
        self.method = method
        self.path = path
        self.query = []
        self.headers = []
        self.cookies = []
        self.content_type = None
        # bytes, or parts: (name, filename or None, type or None, bytes) with `encoding`.
        self.body = None
        self.parts = None
        self.encoding = None

    def copy(self):
        other = Request(self.method, self.path)
        other.__dict__.update({k: list(v) if isinstance(v, list) else v for k, v in self.__dict__.items()})
        return other

    def smaller(self):
        for part in ("query", "headers", "cookies", "parts"):
            for index in range(len(getattr(self, part) or [])):
                other = self.copy()
                del getattr(other, part)[index]
                yield other

    @property
    def target(self):
        return self.path + ("?" + "&".join(self.query) if self.query else "")

    def content(self):
        if self.parts is None:
            return self.body
        if self.encoding == "urlencoded":
            return "&".join(f"{form(n)}={form(v)}" for n, _, _, v in self.parts).encode()
        out = b""
        for name, filename, type_, value in self.parts:
            out += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
            if filename is not None:
                out += f'; filename="{filename}"'.encode()
            out += b"\r\n" + (f"Content-Type: {type_}\r\n".encode() if type_ else b"") + b"\r\n" + value + b"\r\n"
        return out + f"--{BOUNDARY}--\r\n".encode()

    def fields(self):
        """Header fields as (name, value), in bytes."""
        fields = [(b"host", b"gateway.test")] + list(self.headers)
        if self.cookies:
            fields.append((b"cookie", b"; ".join(self.cookies)))
        if self.content_type is not None:
            fields.append((b"content-type", self.content_type.encode("latin-1")))
        body = self.content()
        if body is not None:
            fields.append((b"content-length", str(len(body)).encode()))
        return fields

    def curl(self):
        words = ["curl", "-i", "-X", self.method]
        for name, value in self.fields():
            if name not in (b"host", b"content-length"):
                words += ["-H", (name + (b": " + value if value else b";")).decode("latin-1")]
        body = self.content()
        if body is not None:
            if self.content_type is None:
                words += ["-H", "content-type:"]
            words += ["--data-binary", body.decode("utf-8", "backslashreplace")]
        return " ".join(shlex.quote(w) for w in words) + " " + shlex.quote("http://127.0.0.1:8080" + self.target)


def form(value):
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    return quote(value, safe="").replace("%20", "+")


class Requests:
    def __init__(self, application):
        self.generator = application.generator
        self.random = application.random
        self.schemas = application.schemas

    def value(self, schema):
        return self.generator.value(schema, self.schemas, 4)

    def text(self, value):
        r = self.random
        if isinstance(value, str):
            return value
        if value is None:
            return r.choice(["", "null", "None"])
        if isinstance(value, bool):
            return r.choice(["true", "True", "1", "on"] if value else ["false", "FALSE", "0", "off"])
        return json.dumps(value)

    def values(self, schema):
        """The texts that are sent for one name."""
        r = self.random
        if r.random() < 0.12:
            return []
        value = self.value(schema)
        values = value if isinstance(value, list) else [value]
        texts = [self.text(v) for v in values]
        if r.random() < 0.06:
            texts = texts + [r.choice(["", "1", "abc"])]
        if r.random() < 0.05:
            texts = texts[:1] * 2
        return texts

    def request(self, route):
        r = self.random
        request = Request(route.method, route.path)
        extras = [(p, "zz", {"type": "string"}) for p in ("query", "header", "cookie", "form") if r.random() < 0.08]
        parts = []
        for place, name, schema in route.inputs + extras:
            if place == "path":
                request.path = request.path.replace("{%s}" % name, self.segment(schema), 1)
                continue
            if r.random() < 0.03:
                name = r.choice([name.upper(), name.replace("_", "-"), name.replace("-", "_")])
            if place == "file":
                parts += self.files(name)
                continue
            for text in self.values(schema):
                match place:
                    case "query":
                        request.query.append(self.pair(name, text))
                    case "header":
                        value = field_value(text)
                        request.headers.append((name.lower().encode(), value))
                    case "cookie":
                        request.cookies.append(self.cookie(name, text))
                    case "form":
                        parts.append((name, None, None, text.encode("utf-8", "surrogatepass")))
        if r.random() < 0.06:
            r.shuffle(request.query)
        if route.body_kind == "json":
            self.json_body(request, route)
        elif route.body_kind == "form":
            self.form_body(request, route, parts)
        return request

    def segment(self, schema):
        text = self.text(self.value(schema))
        # An empty segment, dots and separators match other routes or none: routing is compared elsewhere.
        text = "".join(c for c in text if c.isprintable() and c not in "/\\") .strip(".") or "0"
        return quote(text, safe=self.random.choice(["", "+:,"]))

    def pair(self, name, text):
        r = self.random
        raw = text.encode("utf-8", "surrogatepass")
        pick = r.random()
        if pick < 0.02:
            return name
        if pick < 0.04:
            return f"{name}={quote(raw, safe='')}%"
        if pick < 0.06:
            return f"{name}={quote(raw, safe='')}%zz"
        if pick < 0.08:
            return f"{name}=%ff{quote(raw, safe='')}"
        if pick < 0.1:
            return f"{name}={quote(raw, safe='')};a=1"
        if pick < 0.12:
            return f"&{name}={quote(raw, safe='')}"
        return f"{quote(name)}={form(raw) if pick < 0.5 else quote(raw, safe=':+ '[:2])}"

    def cookie(self, name, text):
        text = "".join(c for c in text if 32 <= ord(c) < 127 and c not in ";")
        pick = self.random.random()
        if pick < 0.05:
            return f'{name}="{text}"'.encode()
        if pick < 0.07:
            return text.encode() or b"x"
        if pick < 0.1:
            return f" {name} = {text} ".encode()
        return f"{name}={text}".encode()

    def files(self, name):
        r = self.random
        pick = r.random()
        if pick < 0.12:
            return []
        if pick < 0.2:
            return [(name, None, None, b"text")]
        if pick < 0.27:
            return [(name, "", "application/octet-stream", b"")]
        return [(name, "a.txt", r.choice(["text/plain", None]), r.choice([b"", b"abc", b"\x00\xff" * 20]))
                for _ in range(r.choice([1, 1, 2]))]

    def form_body(self, request, route, parts):
        r = self.random
        request.parts = parts
        files = any(p == "file" for p, _, _ in route.inputs)
        request.encoding = "multipart" if files and r.random() < 0.93 or r.random() < 0.2 else "urlencoded"
        if request.encoding == "urlencoded":
            request.content_type = "application/x-www-form-urlencoded" + r.choice([""] * 8 + ["; charset=utf-8"])
        else:
            request.content_type = f"multipart/form-data; boundary={BOUNDARY}"
        pick = r.random()
        if pick < 0.03:
            request.content_type = r.choice([None, "application/json", "text/plain"])
        elif pick < 0.05:
            request.parts, request.body = None, b""
        elif pick < 0.06 and request.encoding == "multipart":
            request.content_type = "multipart/form-data"

    def json_body(self, request, route):
        r = self.random
        text = json.dumps(self.value(route.document), ensure_ascii=r.random() < 0.5)
        pick = r.random()
        if pick < 0.12:
            text = self.broken(text)
        elif pick < 0.15:
            request.body = None
            request.content_type = r.choice([None, "application/json"])
            return
        elif pick < 0.18:
            text = r.choice(["", " ", "null", "[]", "{}", "1", '""', "true", "\n\t {} \n", '{"a":1,"a":2}'])
        request.body = text.encode("utf-8", "surrogatepass")
        if r.random() < 0.01:
            request.body = r.choice([b"\xef\xbb\xbf" + request.body, request.body + b"\xff", b"\xc3(" + request.body])
        request.content_type = r.choice(JSON_TYPES) if r.random() < 0.94 else r.choice(ODD_TYPES)

    def broken(self, text):
        r = self.random
        at = r.randint(0, len(text))
        match r.randint(0, 4):
            case 0:
                return text[:at]
            case 1:
                return text[:at] + r.choice(INSERTED) + text[at:]
            case 2:
                return text[:at] + text[at + 1:]
            case 3:
                return text + r.choice([" x", "}", "]", ",", " null", "\x00"])
            case _:
                end = max(text.rfind("}"), text.rfind("]"))
                return text[:end] + "," + text[end:] if end > 0 else text + ","


def field_value(text):
    """As a field's value may be: no control characters, no blanks around."""
    return "".join(c for c in text if c == "\t" or 32 <= ord(c) < 127).strip(" \t").encode()
