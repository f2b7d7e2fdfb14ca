"""Validates OpenAPI 3.1 documents, one JSON text a line, with openapi-spec-validator and, where its folder is given,
the official schema. Writes one line for each problem: the number of the document and what is wrong."""
import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator


def official(folder):
    import yaml
    from jsonschema import Draft202012Validator

    with open(folder + "/schema.yaml") as file:
        return Draft202012Validator(yaml.safe_load(file))


def main():
    schema = official(sys.argv[2]) if len(sys.argv) > 2 else None
    with open(sys.argv[1], "rb") as file:
        for number, line in enumerate(file):
            document = json.loads(line)
            try:
                found = list(OpenAPIV31SpecValidator(document).iter_errors())
            except RecursionError:  # It never ends on a schema that refers to nothing but itself, which is allowed.
                found = []
            except Exception as error:  # It trips over some broken documents.
                found = [error]
            if schema:
                found += schema.iter_errors(document)
            for error in found:
                place = "/".join(str(part) for part in getattr(error, "absolute_path", []))
                message = " ".join(str(getattr(error, "message", error)).split())
                print(f"{number}\t{place}: {message[:300]}")


main()
