#!/usr/bin/env bash
# Photos in object storage: a live server, a real S3-compatible storage on this host (moto), a real tus client whose line is
# cut. Then: nothing lies in the folder, everything is found again after a restart, and a storage that is away loses nothing.
# Installs moto and tuspy from the Python registry into target/s3. --built: the server is built.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/setup.sh
. scripts/served.sh

tools=target/s3
"$tools/bin/python3" -c 'import moto.server, tusclient, cryptography' 2>/dev/null ||
  python_tools "$tools" 'moto[s3,server]>=5,<6' 'tuspy>=1.1,<2' 'cryptography>=43'
[ "${1:-}" = --built ] || cargo build --quiet --package ironfeet-tests --bin ironfeet-server-here

mkfifo "$ground/storage"
"$tools/bin/python3" tests/tus/storage.py serve >"$ground/storage" 2>"$ground/storage.log" &
storage=$!
trap '[ -z "$storage" ] || kill "$storage" 2>/dev/null || true; leave' EXIT
read -r endpoint <"$ground/storage"
export IRONFEET_S3_ENDPOINT=$endpoint IRONFEET_S3_BUCKET=photos IRONFEET_S3_PREFIX=city IRONFEET_S3_REGION=cn-north-1
export IRONFEET_S3_KEY=testing IRONFEET_S3_SECRET=testing
s3() { "$tools/bin/python3" tests/tus/storage.py "$endpoint" "$@"; }
s3 make

serve
code=$(here --json admin enrol-code --person W1 --grid 329901001012001 |
  "$tools/bin/python3" -c 'import json, sys; print(json.load(sys.stdin)["code"])')
"$tools/bin/python3" tests/tus/cut.py "$url" "$code"
[ ! -e "$data/photos/whole" ] || { echo "photos lie in the folder, too" >&2; exit 1; }
n=$(s3 count city/)
[ "$n" -gt 0 ] || { echo "the storage is empty" >&2; exit 1; }
here verify
s3 spoil city/
if here verify; then echo "a spoiled photo was not noticed" >&2; exit 1; fi
kill "$storage"
wait "$storage" 2>/dev/null || true
storage=
# Without the storage everything but photos goes on.
"$tools/bin/python3" - "$url" <<'PY'
import sys, urllib.request
assert urllib.request.urlopen(sys.argv[1] + "/readyz").status == 200
PY
echo "$n objects"
