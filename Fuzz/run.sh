#!/usr/bin/env bash
# Fuzzes one target: Fuzz/run.sh FuzzHTTP [seconds, 60 by default]
#
# Builds with libFuzzer and the address sanitizer, seeds from the corpora (GATEWAY_CORPORA, else ../shared/corpora
# beside the repository) and keeps what it finds in Fuzz/.build/corpus/TARGET. A finding ends the run with an exit code
# other than 0 and leaves the input in Fuzz/.build/findings.
set -euo pipefail

fuzz=$(cd "$(dirname "$0")" && pwd)
corpora=${GATEWAY_CORPORA:-$fuzz/../../shared/corpora}
target=${1:-}
seconds=${2:-60}

if [[ -z $target || ! -d $fuzz/Sources/$target ]]; then
  echo "usage: Fuzz/run.sh TARGET [seconds]; targets: $(ls "$fuzz/Sources" | tr '\n' ' ')" >&2
  exit 2
fi

# One function a target: writes seed files into the folder $1.
base64_lines() { # FILE FOLDER: one base64 string a line
  python3 - "$1" "$2" <<'PY'
import base64, hashlib, pathlib, sys
for line in open(sys.argv[1]):
    data = base64.b64decode(line)
    (pathlib.Path(sys.argv[2]) / hashlib.sha1(data).hexdigest()).write_bytes(data)
PY
}

json_texts() { # FOLDER EXPRESSION FILES: one seed for each text that a Python expression over `file` makes
  python3 - "$@" <<'PY'
import hashlib, json, pathlib, sys
for name in sys.argv[3:]:
    with open(name) as stream:
        file = json.load(stream)
    for text in eval(sys.argv[2]):
        data = text.encode(errors="surrogatepass")
        (pathlib.Path(sys.argv[1]) / hashlib.sha1(data).hexdigest()).write_bytes(data)
PY
}

seed_FuzzDotEnv() {
  python3 - "$1" <<'PY'
import pathlib, sys
texts = ["S_A=5\nexport S_S='secret value' # comment\n", 'S_D={"e": "5s"}\nS_D__F="http://${HOME:-x}/\\n"\n',
         "S_G=1KiB, 2B\nX=${S_G}${HOME}\n", 'S_B=[{"x": 1, "y": null}]\nS_C__A__B=1.5\nS_C={"a": {"b": 2}}\nS_Z=1\n']
for index, text in enumerate(texts):
    (pathlib.Path(sys.argv[1]) / f"env-{index}").write_text(text)
PY
}
seed_FuzzELF() { head -c 32768 /bin/true > "$1/executable"; }
seed_FuzzFrames() {
  python3 - "$1" <<'PY'
import pathlib, struct, sys
def data(text): return struct.pack("<I", len(text)) + text
def frame(kind, payload, number=1, flag=0): return struct.pack("<IBBHQ", len(payload), kind, flag, 0, number) + payload
none = struct.pack("<I", 0)
fields = struct.pack("<I", 1) + data(b"content-type") + data(b"application/json")
failure = struct.pack("<BH", 0, 404) + data(b'"gone"') + data(b"HTTPError") + data(b"") + b"\0" + fields
need = struct.pack("<I", 1) + data(b"price") + data(b"json:Price@1.0")
described = (data(b"shop") + data(b"1.0") + data(b"{}") + data(b"") + b"\1\0\1" + struct.pack("<I", 1) + data(b"show") + need
             + data(b"{}") + none + none + none)
frames = [
    frame(1, described), frame(2, struct.pack("<I", 1) + b"".join(data(t) for t in (b"notFound", b"error", b"a", b"b", b"c", b"d"))),
    frame(3, struct.pack("<HB", 200, 0) + fields + b"\0" + data(b"{}")), frame(11, failure),
    frame(3, struct.pack("<HB", 500, 1) + fields + b"\1" + struct.pack("<QQ", 4096, 65536) + failure),
    frame(8, struct.pack("<HB", 0, 1) + struct.pack("<I", 1) + data(b"x-a") + fields + data(b"body"), flag=3),
    frame(14, b"\1" + data(b"said") + fields), frame(10, b""), frame(7, b"{}", flag=1),
]
folder = pathlib.Path(sys.argv[1])
for index, text in enumerate(frames): (folder / f"frame-{index}").write_bytes(text)
(folder / "all").write_bytes(b"".join(frames))
PY
}
seed_FuzzHTTP() { base64_lines "$corpora/http-fuzz/http1.txt" "$1"; }
seed_FuzzInflate() {
  python3 - "$1" <<'PY'
import gzip, pathlib, sys, zlib
texts = [b"", b"a", b"hello hello hello hello", bytes(range(256)), b"x" * 5000]
for index, text in enumerate(texts):
    for level in (0, 1, 9):
        name = f"{index}-{level}"
        (pathlib.Path(sys.argv[1]) / f"gzip-{name}").write_bytes(b"\0" + gzip.compress(text, level, mtime=0))
        (pathlib.Path(sys.argv[1]) / f"two-{name}").write_bytes(b"\0" + 2 * gzip.compress(text, level, mtime=0))
        (pathlib.Path(sys.argv[1]) / f"zlib-{name}").write_bytes(b"\1" + zlib.compress(text, level))
PY
}
seed_FuzzMultipart() {
  python3 - "$1" <<'PY'
import pathlib, sys
for index, boundary in enumerate([b"b", b"--", b"bb-b", b"boundary"]):
    delimiter = b"--" + boundary
    head = b"\r\nContent-Disposition: form-data; name=\"a\""
    body = (delimiter + head + b"\r\n\r\nvalue\r\n" + delimiter + head + b"; filename=\"f.txt\"\r\nContent-Type: text/plain"
        + b"\r\n\r\nline\r\n--line\r\n\r\n" + delimiter + b"--\r\n")
    (pathlib.Path(sys.argv[1]) / f"form-{index}").write_bytes(bytes([index]) + body)
PY
}
seed_FuzzJSON() { find "$corpora/json-test-suite" -name '*.json' -size -16 -exec cp -t "$1" {} +; }
seed_FuzzPattern() {
  local tests=$corpora/json-schema-test-suite/tests/draft2020-12
  json_texts "$1" '[group["schema"]["pattern"] + "\n" + test["data"] for group in file if isinstance(group["schema"], dict)
    and "pattern" in group["schema"] for test in group["tests"] if isinstance(test["data"], str)]' \
    "$tests/pattern.json" "$tests/optional/ecmascript-regex.json"
}
seed_FuzzSchema() {
  json_texts "$1" '[json.dumps([group["schema"]] + [test["data"] for test in group["tests"]], ensure_ascii=False)
    for group in file]' "$corpora"/json-schema-test-suite/tests/draft2020-12/{,optional/,optional/format/}*.json
}
seed_FuzzYAML() {
  cp "$fuzz"/../Tests/GatewayConfigurationTests/Golden/*.yaml "$1"
  python3 - "$corpora/yaml-test-suite/cases.json" "$1" <<'PY'
import json, pathlib, sys
for case in json.load(open(sys.argv[1])):
    (pathlib.Path(sys.argv[2]) / case["id"].replace(":", "-")).write_bytes(case["yaml"].encode())
PY
}

corpus=$fuzz/.build/corpus/$target
findings=$fuzz/.build/findings
mkdir -p "$corpus" "$findings"
if ! declare -F "seed_$target" > /dev/null; then
  echo "no seeds declared for $target" >&2
elif [[ ! -d $corpora ]]; then
  echo "no corpora in $corpora; starting from what $corpus has" >&2
else
  "seed_$target" "$corpus"
fi

# swiftc believes its last -sanitize alone: without the third flag nothing would be instrumented for coverage.
swift build --package-path "$fuzz" --configuration release --product "$target" --sanitize fuzzer --sanitize address \
  -Xswiftc -sanitize=fuzzer,address
options=(-max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
  -artifact_prefix="$findings/$target-")
[[ -f $fuzz/Dictionaries/$target.dict ]] && options+=(-dict="$fuzz/Dictionaries/$target.dict")
# The Swift backtracer reads the crashed process from inside, which the sanitizer takes for another crash and hangs.
export SWIFT_BACKTRACE=enable=no
exec "$fuzz/.build/release/$target" "${options[@]}" "$corpus"
