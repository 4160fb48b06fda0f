#!/usr/bin/env bash
# Feeds a live server with requests made from docs/openapi.json: none may be answered with 5xx or a crash.
# Installs schemathesis from the Python registry into target/schemathesis. --built: the server is built.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/setup.sh

tools=target/schemathesis
if [ ! -x "$tools/bin/schemathesis" ]; then
  rm -rf "$tools"
  if ! python3 -m venv "$tools" 2>/dev/null; then
    install_packages python3 python3-venv
    rm -rf "$tools"
    python3 -m venv "$tools"
  fi
  "$tools/bin/pip" install --quiet 'schemathesis>=4,<5'
fi
[ "${1:-}" = --built ] || cargo build --quiet --package ironfeet-tests --bin ironfeet-server-here

work=$(mktemp -d)
server=
leave() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap leave EXIT
here() { target/debug/ironfeet-server-here --data "$work/data" "$@"; }
mkfifo "$work/said"
# Not through the function: its shell would be the one that is ended.
target/debug/ironfeet-server-here --data "$work/data" serve --listen 127.0.0.1:0 >"$work/said" 2>"$work/err" &
server=$!
# It prints its address when it listens.
read -r said <"$work/said"
token=$(here admin api-token add --name schemathesis --scope audit --scope export --scope metrics)
"$tools/bin/schemathesis" run docs/openapi.json --url "http://${said##* }" --header "Authorization: Bearer $token" \
  --checks not_a_server_error --max-examples 100 --seed 1 --generation-database none \
  --suppress-health-check all --no-color
kill -0 "$server"
