"""Sends what schemathesis makes of the example's own OpenAPI document to the example.

    python3 Tests/BlackBox/schemathesis_example.py GATEWAY [--examples N] [--seed S] [--time SECONDS]

GATEWAY is the built program, with the example's plugins beside it. The exit code is 0 when nothing was found, 1 when
something was, 2 when the check itself could not run. Needs schemathesis (scripts/install-test-packages).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from running_gateway import RunningGateway

REPOSITORY = Path(__file__).resolve().parents[2]

HOOKS = Path(__file__).resolve().with_name("schemathesis_hooks.py")

# Back end of the proxied route: without it every answer there would be 502.
STOCK = REPOSITORY / "Plugins/Bookshop/stock.yaml"


def configuration(source, replacements):
    text = source.read_text(encoding="utf-8")
    for old, new in replacements.items():
        if old not in text:
            raise SystemExit(f"{source} no longer holds {old}: mend {__file__}")
        text = text.replace(old, new)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gateway", type=Path)
    parser.add_argument("--examples", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--time", type=int, default=110, help="seconds for all of it")
    parser.add_argument("rest", nargs="*", help="further arguments of `schemathesis run`, after --")
    options = parser.parse_args()
    program = options.gateway.resolve()

    stock = configuration(STOCK, {"127.0.0.1:9001": "127.0.0.1:0"})
    with RunningGateway(program, stock) as backend:
        example = configuration(REPOSITORY / "gateway.yaml", {
            "127.0.0.1:8080": "127.0.0.1:0",
            '[".build/release"]': f'["{program.parent}"]',
            "http://127.0.0.1:9001": backend.url,
        })
        if "\nopenapi:" not in example:
            example += "\nopenapi: {}\n"
        with RunningGateway(program, example, {"BOOKSHOP_DATABASE": ":memory:"}) as gateway:
            with tempfile.TemporaryDirectory() as folder:
                command = [
                    sys.executable, "-m", "schemathesis.cli", "run", f"{gateway.url}/openapi.json",
                    "--checks", "all", "--mode", "all", "--max-examples", str(options.examples),
                    "--seed", str(options.seed), "--generation-deterministic",
                    "--continue-on-failure", "--no-color", "--request-timeout", "10", "--warnings", "off",
                    # The example's key; schemathesis looks for a header of this spelling where it leaves credentials out.
                    "--header", "Authorization: Bearer open-sesame",
                ]
                environment = {**os.environ, "SCHEMATHESIS_HOOKS": HOOKS.stem, "PYTHONPATH": str(HOOKS.parent)}
                try:
                    # In an empty folder, so that no configuration file of schemathesis is picked up.
                    code = subprocess.run(
                        command + options.rest, cwd=folder, env=environment, timeout=options.time).returncode
                except subprocess.TimeoutExpired:
                    print(f"not over within {options.time} s", file=sys.stderr)
                    code = 2
    return code


if __name__ == "__main__":
    sys.exit(main())
