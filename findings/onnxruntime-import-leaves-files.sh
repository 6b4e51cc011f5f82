#!/usr/bin/env bash
# Usage: findings/onnxruntime-import-leaves-files.sh
#
# onnxruntime 1.32.0 (PyPI, Linux x86_64). Expected of a library for inference: `import onnxruntime` writes nothing, and
# whoever wants no telemetry says so through its interface before a session is made. Seen: the import alone, without a
# model or a session, draws a number for the machine and leaves it with a database below ~/.cache/Microsoft, and a
# session file in TMPDIR. What the interface offers (`disable_telemetry_events`) can only be called after the import,
# so it comes too late for those files; the variable ORT_DISABLE_TELEMETRY=1 is heard before. Fails where that changes.
set -euo pipefail
version=1.32.0
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "onnxruntime==$version"

# left_by NAME CODE [VARIABLE=VALUE]: what running CODE with an empty home and TMPDIR leaves in them, in order.
left_by() {
    mkdir "$work/$1"
    env -u ORT_DISABLE_TELEMETRY HOME="$work/$1" XDG_CACHE_HOME="$work/$1/.cache" TMPDIR="$work/$1" "${@:3}" \
        "$work/venv/bin/python" -c "$2; import time; time.sleep(1)"
    (cd "$work/$1" && find . -type f -printf '%P\n' | LC_ALL=C sort)
}

plain=$(left_by plain 'import onnxruntime')
late=$(left_by late 'import onnxruntime; onnxruntime.disable_telemetry_events()')
told=$(left_by told 'import onnxruntime' ORT_DISABLE_TELEMETRY=1)
printf 'onnxruntime %s\n-- import:\n%s\n-- import, then disable_telemetry_events():\n%s\n-- ORT_DISABLE_TELEMETRY=1, import:\n%s\n' \
    "$version" "$plain" "$late" "${told:-(nothing)}"

fail() {
    printf 'changed: %s\n' "$1" >&2
    exit 1
}
for file in .cache/Microsoft/DeveloperTools/.onnxruntime/deviceid .ses; do
    grep -qxF "$file" <<<"$plain" || fail "the import no longer leaves $file"
    grep -qxF "$file" <<<"$late" || fail "disable_telemetry_events() now keeps $file from being left"
done
[ -z "$told" ] || fail "ORT_DISABLE_TELEMETRY=1 no longer keeps it from writing"
