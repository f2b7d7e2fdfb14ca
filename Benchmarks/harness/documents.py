"""What Benchmarks/validation reads: two documents and their schemas, the same bytes for every side."""

import json
import random

from .targets import post_body

NEW_BOOK = {
    "type": "object",
    "required": ["title", "author", "year", "price"],
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 200},
        "author": {"type": "string", "minLength": 1},
        "year": {"type": "integer", "minimum": 1450, "maximum": 2100},
        "price": {"type": "number", "exclusiveMinimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
    },
    "additionalProperties": False,
}

AUTHOR = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "minLength": 1}, "born": {"type": ["integer", "null"]}},
    "additionalProperties": False,
}

BOOK = {
    "type": "object",
    "required": ["id", "title", "authors", "year", "price", "in_stock"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "title": {"type": "string", "minLength": 1, "maxLength": 200},
        "authors": {"type": "array", "items": AUTHOR, "minItems": 1},
        "year": {"type": "integer", "minimum": 1450, "maximum": 2100},
        "price": {"type": "number", "exclusiveMinimum": 0},
        "in_stock": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
    },
    "additionalProperties": False,
}

WORDS = (
    "the left hand of darkness a wizard earthsea solaris roadside picnic kindred dawn parable sower hyperion fall "
    "city and stars snow crash diamond age blindsight echopraxia permutation neuromancer embassytown").split()
NAMES = ["Ursula K. Le Guin", "Stanisław Lem", "Arkady Strugatsky", "Octavia E. Butler", "Dan Simmons", "Greg Egan"]
TAGS = ["novel", "classic", "hugo", "nebula", "first contact", "space opera", "cyberpunk"]


def book(chance, number):
    return {
        "id": number,
        "title": " ".join(chance.choice(WORDS) for _ in range(chance.randint(2, 6))).title(),
        "authors": [
            {"name": chance.choice(NAMES), "born": chance.choice([1921, 1929, 1947, None])}
            for _ in range(chance.choice([1, 1, 1, 2]))],
        "year": chance.randint(1950, 2020),
        "price": chance.randint(100, 6000) / 100,
        "in_stock": chance.random() < 0.5,
        "tags": chance.sample(TAGS, chance.randint(0, 3)),
    }


def documents():
    """Name, schema, bytes. The large one is written with blanks, as Python's json does by default, and as UTF-8."""
    chance = random.Random(20)
    catalogue = [book(chance, number) for number in range(1, 401)]
    text = json.dumps(catalogue, ensure_ascii=False)
    return [
        ("book", NEW_BOOK, post_body()),
        ("catalogue", {"type": "array", "items": BOOK}, text.encode()),
        ("catalogue, compact", {"type": "array", "items": BOOK},
         json.dumps(catalogue, ensure_ascii=False, separators=(",", ":")).encode()),
    ]
