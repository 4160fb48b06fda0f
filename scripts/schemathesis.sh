#!/usr/bin/env bash
# Feeds a live server with requests made from docs/openapi.json: none may be answered with 5xx or a crash.
# Installs schemathesis from the Python registry into target/schemathesis. --built: the server is built.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/setup.sh
. scripts/served.sh

tools=target/schemathesis
[ -x "$tools/bin/schemathesis" ] || python_tools "$tools" 'schemathesis>=4,<5'
[ "${1:-}" = --built ] || cargo build --quiet --package ironfeet-tests --bin ironfeet-server-here

serve
token=$(here admin api-token add --name schemathesis --scope audit --scope export --scope metrics)
SCHEMATHESIS_HOOKS=tests/schemathesis/hooks.py "$tools/bin/schemathesis" run docs/openapi.json --url "$url" --header "Authorization: Bearer $token" \
  --checks not_a_server_error --max-examples 100 --seed 1 --generation-database none \
  --suppress-health-check all --no-color
kill -0 "$server"
