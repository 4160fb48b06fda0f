#!/usr/bin/env bash
# Feeds a live server with requests made from docs/openapi.json: none may be answered with 5xx or a crash.
# Needs Python 3 with venv; installs schemathesis from the Python registry into target/schemathesis.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=target/schemathesis
if [ ! -x "$tools/bin/schemathesis" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet 'schemathesis>=4,<5'
fi
cargo build --quiet --package ironfeet-server
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
target/debug/ironfeet-server --data "$work/data" serve --listen 127.0.0.1:0 >"$work/out" 2>"$work/err" &
server=$!
# It prints its address when it listens.
address=$(timeout 60 tail -n +1 -f --pid="$server" "$work/out" | sed -n 's/^listening on //p;/^listening on /q')
token=$(target/debug/ironfeet-server --data "$work/data" admin api-token add --name schemathesis --scope audit)
"$tools/bin/schemathesis" run docs/openapi.json --url "http://$address" --header "Authorization: Bearer $token" \
  --checks not_a_server_error --max-examples 100 --seed 1 --generation-database none \
  --suppress-health-check all --no-color
kill -0 "$server"
