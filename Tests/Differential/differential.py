"""Compares lax coercion with Pydantic itself, on random models and values near them.

    python3 Tests/Differential/differential.py DRIVER [--count N] [--seed S] [--documents D] [--verbose]

DRIVER is the built `SchemaDriver`. For each seed one model is made, its JSON Schema (as Pydantic writes it) goes to the
driver with random documents, and valid or not, `type`, `loc` and `msg` of every error, and the coerced JSON must agree.
Every disagreement names its seed: `--seed S --count 1` repeats it. Needs pydantic.
"""

import argparse
import enum
import json
import math
import random
import subprocess
import sys
import warnings
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union
from uuid import UUID

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, create_model

warnings.simplefilter("ignore")

TEXTS = [
    "", "a", "b", "abc", "1", "0", "-1", "+7", " 5 ", "1.0", "1.5", "1e3", "1_000", "007", "true", "False", "yes", "off",
    "2024-01-01", "2024-02-30", "2024-01-01T00:00", "2024-01-01T01:02:03Z", "2024-01-01 01:02:03.5+02:00", "2024-13-01",
    "12:30", "12:30:15.123456Z", "25:00", "P1D", "PT1H30M", "P1Y2M", "1 day", "3 days, 01:02:03", "nonsense",
    "12345678-1234-4678-9234-567812345678", "12345678123446789234567812345678", "{12345678-1234-4678-9234-567812345678}",
    "12345678-1234-4678-9234-56781234567", "red", "green", "BLUE", "é", "äöü", "x y", "\u0000", "null", "[]", "{}", "0.10",
    "99999999999999999999", "1704067200", "1704067200.25", "cat", "dog", "A1", "inf",
]
NUMBERS = [
    0, 1, 2, 3, -1, 5, 10, 100, 1.0, 1.5, -0.5, 0.1, 2.0, 1e3, 1e16, 1e-7, 12345678901234567890, 1704067200,
    1704067200123, 86399, 86400, 3600.5, 9.3e18, -0.0, 253402300800, 0.30000000000000004,
]


class Color(str, enum.Enum):
    red = "red"
    green = "green"


class Level(enum.IntEnum):
    low = 1
    high = 2


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0

    def type(self, depth):
        r = self.random
        leaf = [
            self.integer, self.number, self.text, lambda: bool, lambda: date, lambda: datetime, lambda: time,
            lambda: timedelta, lambda: UUID, lambda: Decimal, lambda: Color, lambda: Level, self.literal, lambda: Any,
        ]
        if depth <= 0:
            return r.choice(leaf)()
        nest = [self.list, self.set, self.tuple, self.map, self.model, self.optional, self.union, self.tagged, self.model]
        return r.choice(leaf)() if r.random() < 0.45 else r.choice(nest)(depth - 1)

    def integer(self):
        r = self.random
        return r.choice([int, int, Annotated[int, Field(ge=1)], Annotated[int, Field(gt=0, le=10)],
                         Annotated[int, Field(multiple_of=5)], Annotated[int, Field(lt=3)]])

    def number(self):
        r = self.random
        return r.choice([float, float, Annotated[float, Field(ge=1)], Annotated[float, Field(gt=0.5, lt=100)],
                         Annotated[float, Field(multiple_of=0.5)]])

    def text(self):
        r = self.random
        return r.choice([str, str, Annotated[str, Field(min_length=1)], Annotated[str, Field(max_length=2)],
                         Annotated[str, Field(pattern="^[a-z]+$")], bytes,
                         Annotated[str, Field(min_length=2, max_length=3)]])

    def literal(self):
        return self.random.choice([Literal["a", "b"], Literal["red"], Literal[1, 2], Literal["a", 1], Literal[5],
                                   Literal[True], Literal["1", 1]])

    def bounds(self, t):
        r = self.random
        if r.random() < 0.7:
            return t
        return Annotated[t, r.choice([Field(min_length=1), Field(max_length=2), Field(min_length=2, max_length=3)])]

    def list(self, depth):
        return self.bounds(list[self.type(depth)])

    def set(self, depth):
        return self.bounds(set[self.random.choice([int, str, date, Color, bool, UUID, Level])])

    def tuple(self, depth):
        return tuple[tuple(self.type(depth) for _ in range(self.random.randint(1, 3)))]

    def map(self, depth):
        key = self.random.choice([str, str, str, Color, date, Annotated[str, Field(min_length=2)]])
        return self.bounds(dict[key, self.type(depth)])

    def optional(self, depth):
        return Optional[self.type(depth)]

    def union(self, depth):
        members = [self.type(depth) for _ in range(self.random.randint(2, 3))]
        return Union[tuple(members)]

    def model(self, depth, extra=None, tag=None):
        r = self.random
        self.count += 1
        fields = {}
        if tag:
            fields["kind"] = (Literal[tag], ...)
        for name in r.sample(["a", "b", "some_name", "count", "x", "when"], r.randint(0 if tag else 1, 3)):
            t = self.type(depth)
            options = {}
            if r.random() < 0.2:
                options["alias"] = name + "Alias"
            if r.random() < 0.35:
                value = self.default(t)
                if value is not ...:
                    options["default"] = value
            fields[name] = (t, Field(**options))
        extra = r.choice(["ignore", "ignore", "forbid", "allow"])
        return create_model(f"Model{self.count}", __config__=ConfigDict(extra=extra), **fields)

    def default(self, t):
        """A default that is a value of the type already, as sane ones are."""
        adapter = TypeAdapter(t)
        for _ in range(8):
            try:
                return adapter.validate_python(json.loads(self.document(adapter.json_schema())))
            except (ValidationError, ValueError, TypeError, OverflowError):
                continue
        return ...

    def tagged(self, depth):
        members = tuple(self.model(depth, tag=tag) for tag in ["cat", "dog"])
        return Annotated[Union[members], Field(discriminator="kind")]

    # Documents: near the schema more often than not.

    def document(self, schema):
        return json.dumps(self.value(schema, schema.get("$defs", {}), 5))

    def noise(self, depth=1):
        r = self.random
        pick = r.random()
        if pick < 0.4:
            return r.choice(TEXTS)
        if pick < 0.75:
            return r.choice(NUMBERS)
        if pick < 0.85:
            return r.choice([True, False])
        if pick < 0.9 or depth <= 0:
            return None
        if pick < 0.95:
            return [self.noise(0) for _ in range(r.randint(0, 3))]
        return {r.choice(["a", "b", "kind", "red", "2024-01-01"]): self.noise(0) for _ in range(r.randint(0, 2))}

    def value(self, schema, defs, depth):
        r = self.random
        if schema is True or schema == {} or depth < 0 or r.random() < 0.07:
            return self.noise()
        if "$ref" in schema:
            return self.value(defs[schema["$ref"].split("/")[-1]], defs, depth)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self.value(r.choice(schema[word]), defs, depth)
        if "const" in schema:
            return schema["const"] if r.random() < 0.85 else self.noise()
        if "enum" in schema:
            value = r.choice(schema["enum"])
            return str(value) if r.random() < 0.1 else value
        match schema.get("type"):
            case "integer":
                return r.choice([r.randint(-3, 12), r.randint(0, 10), r.choice(["5", "1.0", " 3 ", 4.0, 2.5, True])])
            case "number":
                return r.choice([r.randint(-3, 12), r.random() * 10, r.choice(["5", "1.5", ".5", 4.0, "1e3", False])])
            case "boolean":
                return r.choice([True, False, "on", "No", 1, 0, 0.0, "t"])
            case "null":
                return None
            case "string":
                match schema.get("format"):
                    case "date":
                        return r.choice(["2024-01-01", "2023-12-31", "1999-02-28T00:00:00", 0, 86400, "2024-1-1"])
                    case "date-time":
                        return r.choice(["2024-01-01T01:02:03", "2024-01-01T01:02Z", 1704067200.5, "2024-01-01", "1.5"])
                    case "time":
                        return r.choice(["12:30", "12:30:15", "01:02:03.5Z", 3600, "01:02:03-02:30"])
                    case "duration":
                        return r.choice(["P1D", "PT36H", "1 day", "-PT1.5S", 90, 1.5, "01:02:03", "P2W"])
                    case "uuid":
                        return r.choice(["12345678-1234-4678-9234-567812345678", "ABCDEF78123446789234567812345678"])
                return r.choice(TEXTS) if r.random() < 0.5 else "".join(
                    r.choice("abcz") for _ in range(r.randint(0, 4)))
            case "array":
                if "prefixItems" in schema:
                    items = [self.value(s, defs, depth - 1) for s in schema["prefixItems"]]
                    if r.random() < 0.1:
                        items = items[:-1]
                    elif r.random() < 0.1:
                        items.append(self.noise())
                    return items
                items = [self.value(schema.get("items", True), defs, depth - 1) for _ in range(r.randint(0, 3))]
                return items + items[:1] if r.random() < 0.3 else items
            case "object":
                if "properties" in schema:
                    result = {}
                    for name, inner in schema["properties"].items():
                        if name in schema.get("required", []) and r.random() < 0.93 or r.random() < 0.6:
                            result[name] = self.value(inner, defs, depth - 1)
                    if r.random() < 0.15:
                        result[r.choice(["extra", "zzz", "a"])] = self.noise()
                    return result
                names = ["ab", "k", "key", "red", "green", "2024-01-01", "1"]
                if "propertyNames" in schema:
                    names = ["red", "green", "2024-01-01", "2024-02-01", "k", "ab"]
                inner = schema.get("additionalProperties", True)
                return {n: self.value(inner, defs, depth - 1) for n in r.sample(names, r.randint(0, 3))}
        return self.noise()


def is_ambiguous(schema):
    """`Decimal` beside other alternatives is written as `float | str` among them; see docs/fastapi-deviations.md."""
    if isinstance(schema, list):
        return any(is_ambiguous(s) for s in schema)
    if not isinstance(schema, dict):
        return False
    branches = [b for b in schema.get("anyOf", []) if isinstance(b, dict) and b.get("type") != "null"]
    numbers = [i for i, b in enumerate(branches) if b.get("type") == "number"]
    for i in numbers:
        if i + 1 < len(branches) and len(branches) > 2 and branches[i + 1] == {"type": "string"}:
            return True
    return any(is_ambiguous(s) for s in schema.values())


def same(a, b):
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return type(a) is type(b) and (a == b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


def sort_sets(value):
    """Sets come out in any order: lists of scalars are compared sorted."""
    if isinstance(value, list):
        value = [sort_sets(v) for v in value]
        if all(isinstance(v, (str, int, float, bool)) for v in value):
            return sorted(value, key=lambda v: (str(type(v)), v))
        return value
    if isinstance(value, dict):
        return {k: sort_sets(v) for k, v in value.items()}
    return value


def has_nonfinite(value):
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(has_nonfinite(v) for v in value.values())
    if isinstance(value, (list, tuple, set)):
        return any(has_nonfinite(v) for v in value)
    return hasattr(value, "__dict__") and has_nonfinite(vars(value))


def oracle(adapter, text):
    """("value", json) or ("errors", [(type, loc, msg)]); None where Pydantic itself gives up."""
    try:
        value = adapter.validate_python(json.loads(text), from_attributes=True)
        if has_nonfinite(value):
            return None
        return "value", json.loads(adapter.dump_json(value, by_alias=True))
    except ValidationError as error:
        return "errors", [(e["type"], list(e["loc"]), e["msg"]) for e in error.errors(include_url=False)]


def ours(answer):
    if "errors" in answer:
        return "errors", [(e["type"], e["loc"], e["msg"]) for e in answer["errors"]]
    return "value", answer["value"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--documents", type=int, default=20)
    parser.add_argument("--depth", type=int, default=2)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--show", type=int, default=15)
    options = parser.parse_args()
    driver = subprocess.Popen([options.driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    cases = failures = refused = 0
    for seed in range(options.seed, options.seed + options.count):
        generator = Generator(seed)
        try:
            adapter = TypeAdapter(generator.type(options.depth))
            schema = adapter.json_schema(by_alias=True)
        except Exception:
            continue
        if "enum" in schema or is_ambiguous(schema):
            # Alone, an enumeration class is written as a literal would be.
            continue
        documents = [generator.document(schema) for _ in range(options.documents)]
        driver.stdin.write(json.dumps({"schema": schema, "documents": documents, "mode": "lax"}) + "\n")
        driver.stdin.flush()
        answers = json.loads(driver.stdout.readline())
        if isinstance(answers, dict):
            print(f"seed {seed}: schema refused: {answers} {json.dumps(schema)}")
            failures += 1
            continue
        for text, answer in zip(documents, answers):
            expected = oracle(adapter, text)
            if expected is None:
                continue
            cases += 1
            refused += expected[0] == "errors"
            found = ours(answer)
            if found[0] == expected[0] and (
                same(sort_sets(found[1]), sort_sets(expected[1])) if found[0] == "value" else found[1] == expected[1]
            ):
                continue
            failures += 1
            if failures <= options.show:
                print(f"seed {seed}\n  schema   {json.dumps(schema)}\n  document {text}\n  expected {expected}\n  found    {found}")
    driver.stdin.close()
    driver.wait(timeout=30)
    print(f"{cases} cases ({refused} refused by Pydantic), {failures} disagreements")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
