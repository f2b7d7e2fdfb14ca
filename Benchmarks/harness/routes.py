"""Configurations with many routes: what `Benchmarks/loading` starts the gateway with."""

import json

#: How routes get their schemas.
SHAPES = ("inline", "named", "code", "none")


def configuration(shape, count, *, port, plugins):
    """YAML with `count` routes of the benchmark's plugin, half of them reading and half of them writing.

    inline: each route has schemas of its own; named: a hundred schemas under `schemas`, to which routes refer; code:
    the plugin declares them; none: handlers without any.
    """
    lines = [
        "version: 1", "server:", f'  listen: ["127.0.0.1:{port}"]', "  workers: 1",
        f"plugin_path: [{json.dumps(str(plugins))}]", "plugins:", "  bench: { library: BenchPlugin }",
        "openapi: { path: /openapi.json, docs: /docs }",
    ]
    if shape == "named":
        lines.append("schemas:")
        for number in range(100):
            lines += [f"  Item{number}:", *item(number, "    "), f"  NewItem{number}:", *new_item(number, "    ")]
    lines.append("routes:")
    if count == 0:
        return "\n".join([*lines, "  - match: GET /", "    respond: 204", ""])
    makers = {"inline": inline, "named": named, "code": code, "none": none}
    for number in range(count):
        lines += makers[shape](number)
    return "\n".join(lines) + "\n"


def inline(number):
    if number % 2 == 0:
        return [
            *reading(number, "async"), "    responses:", "      200:", *item(number, "        ")]
    return [
        f"  - match: POST /items{number}", "    handler: bench.create", "    body:", *new_item(number, "      "),
        "    responses:", "      201:", *item(number, "        ")]


def named(number):
    name = number % 100
    if number % 2 == 0:
        return [*reading(number, "async"), f"    responses: {{ 200: Item{name} }}"]
    return [
        f"  - match: POST /items{number}", "    handler: bench.create", f"    body: NewItem{name}",
        f"    responses: {{ 201: Item{name} }}"]


def code(number):
    return [f"  - match: POST /items{number}", "    handler: bench.createTyped"]


def none(number):
    return [f"  - match: GET /items{number}/{{book_id}}", "    handler: bench.async"]


def reading(number, handler):
    return [
        f"  - match: GET /items{number}/{{book_id}}", f"    handler: bench.{handler}", "    parameters:",
        "      book_id: { type: integer, minimum: 1 }",
        "      limit: { type: integer, minimum: 1, maximum: 100, default: 20 }",
        "      author: { type: string, minLength: 1, maxLength: 80 }"]


def new_item(number, indent):
    """Ten schemas: an object with texts, numbers, a pattern, a list and an object."""
    return [indent + line for line in [
        "type: object", "required: [title, author, year, price]", "properties:",
        f"  title: {{ type: string, minLength: 1, maxLength: {200 + number} }}",
        "  author: { type: string, minLength: 1 }",
        "  year: { type: integer, minimum: 1450, maximum: 2100 }",
        "  price: { type: number, exclusiveMinimum: 0 }",
        "  isbn: { type: string, pattern: '^[0-9]{13}$' }",
        "  tags: { type: array, items: { type: string }, maxItems: 10 }",
        "  publisher:", "    type: object", "    required: [name]", "    properties:",
        "      name: { type: string, minLength: 1 }", "additionalProperties: false"]]


def item(number, indent):
    """Six schemas."""
    return [indent + line for line in [
        "type: object", "required: [id, title]", "properties:", "  id: { type: integer, minimum: 1 }",
        f"  title: {{ type: string, maxLength: {200 + number} }}", "  author: { type: string }",
        "  in_stock: { type: boolean, default: false }",
        "  kind: { enum: [novel, essay, poem] }"]]
