#!/usr/bin/env bash
# Feeds a live server with requests made from docs/openapi.json: none may be answered with 5xx or a crash. Those to the
# routes of phones are signed by an enrolled phone, and each of these routes must have let it in.
# Installs schemathesis from the Python registry into target/schemathesis. --built: the server is built.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/setup.sh
. scripts/served.sh

tools=target/schemathesis
"$tools/bin/python3" -c 'import schemathesis, cryptography' 2>/dev/null ||
  python_tools "$tools" 'schemathesis>=4,<5' 'cryptography>=43'
[ "${1:-}" = --built ] || cargo build --quiet --package ironfeet-tests --bin ironfeet-server-here

# All requests come from one phone and may come as fast as they can.
export IRONFEET_LIMITS_DEVICE_PER_MINUTE=0
serve
token=$(here admin api-token add --name schemathesis --scope audit --scope export --scope metrics)
code=$(here --json admin enrol-code --person W1 --grid 329901001012001 |
  "$tools/bin/python3" -c 'import json, sys; print(json.load(sys.stdin)["code"])')
SERVER=$url ENROL_CODE=$code ANSWERS=$ground/answers SCHEMATHESIS_HOOKS=tests/schemathesis/hooks.py \
  "$tools/bin/schemathesis" run docs/openapi.json --url "$url" --header "Authorization: Bearer $token" \
  --checks not_a_server_error --max-examples 100 --seed 1 --generation-database none \
  --suppress-health-check all --no-color
kill -0 "$server"
cat "$ground/answers"
if grep -qE '^[^{]*\{401: [0-9]+\}$' "$ground/answers" || [ ! -s "$ground/answers" ]; then
  echo "a route of phones let no phone in"
  exit 1
fi
