"""Random FastAPI applications, and the same as a configuration of the gateway."""

import inspect
import json
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Optional, Union
from uuid import UUID

from fastapi import Body, Cookie, FastAPI, File, Form, Header, Path as PathParameter, Query, UploadFile
from pydantic import ConfigDict, Field, TypeAdapter, create_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Differential"))
from differential import Color, Generator, Level, is_ambiguous  # noqa: E402

PLACES = {"path": PathParameter, "query": Query, "header": Header, "cookie": Cookie, "form": Form}
JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


class Route:
    """One operation: what FastAPI is given, and what the gateway is given."""

    def __init__(self, method, path):
        self.method = method
        self.path = path
        self.signature = []
        # Of the gateway: name → schema with `in`, in the order of the function's arguments.
        self.parameters = {}
        self.body = None
        # What is sent: (place, name, schema) for each parameter or form field.
        self.inputs = []
        # "json", "form" or None; a JSON body's schema, of the whole document.
        self.body_kind = None
        self.document = None

    def endpoint(self):
        async def endpoint(**_):
            return {}

        endpoint.__signature__ = inspect.Signature(self.signature)
        return endpoint

    def configured(self):
        route = {"match": f"{self.method} {self.path}", "respond": {"status": 200, "json": {}}}
        if self.parameters:
            route["parameters"] = self.parameters
        if self.body is not None:
            route["body"] = self.body
        return route


class Application:
    """An application of some routes; the same seed makes the same one."""

    def __init__(self, seed, routes=8):
        self.generator = Generator(seed)
        self.random = self.generator.random
        self.app = FastAPI()
        self.routes = []
        self.schemas = {}
        for number in range(routes):
            route = self.route(number)
            self.app.add_api_route(route.path, route.endpoint(), methods=[route.method], name=f"r{number}")
            self.routes.append(route)

    def configuration(self, routes=None):
        return json.dumps({
            "version": 1,
            "server": {"listen": ["127.0.0.1:0"], "workers": 1},
            "validation": {"profile": "fastapi", "max_errors": 1000},
            "schemas": self.used(routes or self.routes),
            "routes": [r.configured() for r in routes or self.routes],
        }, ensure_ascii=True)

    def used(self, routes):
        """The schemas that those routes refer to, and what these refer to."""
        found, text = {}, json.dumps([r.configured() for r in routes])
        while True:
            more = {n: s for n, s in self.schemas.items() if n not in found and f'"#/schemas/{n}"' in text}
            if not more:
                return found
            found.update(more)
            text = json.dumps(list(more.values()))

    # Types.

    def scalar(self):
        r, g = self.random, self.generator
        # A literal that is no text can never be sent as one: see docs/fastapi-deviations.md.
        return r.choice([
            g.integer, g.integer, g.number, g.text, g.text, lambda: bool, lambda: date, lambda: datetime, lambda: time,
            lambda: timedelta, lambda: UUID, lambda: Decimal, lambda: Color, lambda: Level,
            lambda: r.choice([Literal["a", "b"], Literal["red"], Literal["1", "2", "true"]]),
            lambda: Annotated[str, Field(min_length=2, max_length=5, pattern="^[a-z0-9]*$")],
            lambda: Annotated[int, Field(ge=-5, lt=100, multiple_of=2)],
        ])()

    def flat(self, place):
        """A type that a parameter of that place may have."""
        r = self.random
        t = self.scalar()
        if t is bytes:
            t = str
        # A list in a cookie can never be valid in FastAPI: see docs/fastapi-deviations.md.
        if place not in ("path", "cookie") and r.random() < 0.3:
            container = r.choice([list, list, list, set])
            t = self.generator.bounds(container[t]) if container is list else set[r.choice([int, str, Color, date])]
        elif r.random() < 0.12:
            other = self.scalar()
            t = Union[t, other] if self.are_distinct(t, other) else t
        return Optional[t] if place != "path" and r.random() < 0.25 else t

    @staticmethod
    def are_distinct(one, other):
        """Whether the union says as a JSON Schema what it is: see docs/fastapi-deviations.md."""
        if Decimal in (one, other) or bytes in (one, other):
            return False
        schemas = [TypeAdapter(t).json_schema() for t in (one, other)]
        # Pydantic writes `float | str` and `Decimal` alike, and tries the same alternative twice.
        return schemas[0] != schemas[1] and not any(s.get("type") == "number" for s in schemas)

    def settled(self, make):
        """A type whose JSON Schema says all of it, and that schema with its definitions hoisted."""
        while True:
            t = make()
            try:
                schema = self.schema(t)
            except Exception:
                continue
            if schema is not None and "binary" not in json.dumps(schema):
                return t, schema

    def schema(self, t):
        schema = TypeAdapter(t).json_schema(by_alias=True, ref_template="#/schemas/{model}")
        definitions = schema.pop("$defs", {})
        for name in ("Color", "Level"):
            # Enumerations are definitions wherever FastAPI writes them.
            if schema.get("title") == name and "enum" in schema:
                definitions[name] = schema
                schema = {"$ref": f"#/schemas/{name}"}
        if is_ambiguous(schema) or is_ambiguous(definitions):
            return None
        title = schema.get("title")
        if schema.get("type") == "object" and title and title.startswith("Model"):
            # A model may hold another one of the same name.
            name = f"Whole{len(self.schemas)}"
            definitions[name] = schema
            schema = {"$ref": f"#/schemas/{name}"}
        self.schemas.update(definitions)
        return schema

    # Routes.

    def route(self, number):
        r = self.random
        kind = r.choice(["none", "none", "one", "one", "one", "several", "several", "embed", "form", "files", "model"])
        path_names = r.sample(["id", "item_id", "p"], r.choice([0, 0, 1, 1, 2]))
        path = f"/r{number}" + "".join("/{%s}" % name for name in path_names)
        route = Route("GET" if kind == "none" else r.choice(["POST", "PUT", "PATCH"]), path)
        names = iter(r.sample(["q", "limit", "some_name", "x_token", "when", "tag", "flag", "a", "bb", "Upper"], 10))
        wanted = [("path", name) for name in path_names]
        wanted += [(r.choice(["query", "query", "header", "cookie"]), next(names)) for _ in range(r.randint(0, 4))]
        r.shuffle(wanted)
        gathered = set()
        if r.random() < 0.25:
            place = r.choice(["query", "query", "header", "cookie"])
            # With a parameter model, FastAPI takes no other parameters of the place.
            wanted = [w for w in wanted if w[0] != place] + [(place, None)]
            gathered.add(place)
        for place, name in wanted:
            if name is None:
                self.parameter_model(route, place, next(names))
            else:
                self.parameter(route, place, name)
        if kind != "none":
            getattr(self, "body_" + kind)(route)
        # An argument with a default may not stand before one without: they are all given by keyword.
        return route

    def argument(self, route, name, annotation, default):
        route.signature.append(inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation,
            default=inspect.Parameter.empty if default is ... else default))

    def default(self, t, schema):
        """A default or `...`, and the schema with it."""
        r = self.random
        if r.random() < 0.5:
            return ..., schema
        if type(None) in getattr(t, "__args__", ()):
            return None, schema
        value = self.generator.default(t)
        if value is ...:
            return ..., schema
        encoded = json.loads(TypeAdapter(t).dump_json(value, by_alias=True))
        return value, {**schema, "default": encoded}

    def parameter(self, route, place, name):
        t, schema = self.settled(lambda: self.flat(place))
        default, schema = (..., schema) if place == "path" else self.default(t, schema)
        options = {}
        wire = name.replace("_", "-") if place == "header" else name
        if place != "path" and self.random.random() < 0.2:
            wire = options["alias"] = self.random.choice(["al", "item-query", "X_Y"]) + str(len(route.inputs))
        self.argument(route, name, Annotated[t, PLACES[place](**options)], default)
        spec = {"in": place, **schema}
        if place != "path":
            spec["required"] = default is ...
        if "alias" in options:
            spec["alias"] = wire
        route.parameters[name] = spec
        route.inputs.append((place, wire, schema))

    def fields(self, place):
        """Fields of a model of flat values."""
        r = self.random
        fields = {}
        for name in r.sample(["f", "g_h", "count", "since", "kind_of"], r.randint(1, 3)):
            t, schema = self.settled(lambda: self.flat(place))
            options = {}
            if r.random() < 0.2:
                options["alias"] = name.replace("_", "-") + "-al"
            default, _ = self.default(t, schema)
            if default is not ...:
                options["default"] = default
            fields[name] = (t, Field(**options))
        return fields

    def flat_model(self, place):
        self.generator.count += 1
        extra = self.random.choice(["ignore", "ignore", "allow"] + (["forbid"] if place != "header" else []))
        return create_model(
            f"Model{self.generator.count}", __config__=ConfigDict(extra=extra), **self.fields(place))

    def inputs(self, route, place, schema):
        whole = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        for name, inner in whole.get("properties", {}).items():
            aliased = name.endswith("-al")
            wire = name.replace("_", "-") if place == "header" and not aliased else name
            route.inputs.append((place, wire, inner))

    def parameter_model(self, route, place, name):
        t, schema = self.settled(lambda: self.flat_model(place))
        self.argument(route, name, Annotated[t, PLACES[place]()], ...)
        # Without any of its names it is the empty object.
        route.parameters[name] = {"in": place, "gather": True, "required": True, **schema}
        self.inputs(route, place, schema)

    def body_type(self):
        depth = self.random.choice([0, 1, 2, 2])
        return self.settled(lambda: self.generator.type(depth))

    def body_one(self, route):
        t, schema = self.body_type()
        default, schema = self.default(t, schema)
        self.argument(route, "body", Annotated[t, Body()], default)
        route.body = {"schema": schema, "required": default is ...}
        route.body_kind, route.document = "json", schema

    def body_embed(self, route):
        self.embedded(route, 1)

    def body_several(self, route):
        self.embedded(route, self.random.randint(2, 3))

    def embedded(self, route, count):
        members, required = {}, []
        for name in self.random.sample(["item", "user", "n_th", "extra"], count):
            t, schema = self.body_type()
            default, schema = self.default(t, schema)
            self.argument(route, name, Annotated[t, Body(embed=count == 1)], default)
            members[name] = {"schema": schema, "required": default is ...}
            if default is ...:
                required.append(name)
        route.body = {"embed": members}
        if not required:
            route.body["required"] = False
        route.body_kind = "json"
        route.document = {
            "type": "object", "properties": {n: m["schema"] for n, m in members.items()}, "required": required}

    def form_content(self, route, schema):
        # FastAPI reads either encoding, whatever it documents.
        route.body = {"content": {URLENCODED: schema, MULTIPART: schema}}
        route.body_kind = "form"

    def body_form(self, route):
        properties, required = {}, []
        for name in self.random.sample(["username", "age", "some_field", "tags", "z"], self.random.randint(1, 4)):
            self.form_field(route, name, properties, required)
        self.form_object(route, properties, required)

    def form_field(self, route, name, properties, required):
        t, schema = self.settled(lambda: self.flat("form"))
        default, schema = self.default(t, schema)
        options = {"alias": name + "-al"} if self.random.random() < 0.15 else {}
        wire = options.get("alias", name)
        self.argument(route, name, Annotated[t, Form(**options)], default)
        properties[wire] = schema
        if default is ...:
            required.append(wire)
        route.inputs.append(("form", wire, schema))

    def form_object(self, route, properties, required):
        schema = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        self.form_content(route, schema)
        route.body["required"] = bool(required)

    def body_files(self, route):
        r = self.random
        properties, required = {}, []
        file = {"type": "string", "contentMediaType": "application/octet-stream"}
        for name in r.sample(["upload", "photos", "note", "n"], r.randint(1, 3)):
            if r.random() < 0.4:
                self.form_field(route, name, properties, required)
                continue
            several, optional = r.random() < 0.35, r.random() < 0.3
            t = list[UploadFile] if several else UploadFile
            schema = {"type": "array", "items": file} if several else file
            if optional:
                t, schema = Optional[t], {"anyOf": [schema, {"type": "null"}]}
            else:
                required.append(name)
            self.argument(route, name, Annotated[t, File()], None if optional else ...)
            properties[name] = schema
            route.inputs.append(("file", name, schema))
        self.form_object(route, properties, required)

    def body_model(self, route):
        """A form that is one model."""
        t, schema = self.settled(lambda: self.flat_model("form"))
        self.argument(route, "form", Annotated[t, Form()], ...)
        self.inputs(route, "form", schema)
        self.form_content(route, schema)
