#!/usr/bin/env bash
# Has a real tus client (tuspy) send photos to a live server over a line that is cut at random bytes; how: tests/tus/cut.py.
# Installs tuspy from the Python registry into target/tus. --built: the server is built.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/setup.sh

tools=target/tus
if ! "$tools/bin/python3" -c 'import tusclient, cryptography' 2>/dev/null; then
  rm -rf "$tools"
  if ! python3 -m venv "$tools" 2>/dev/null; then
    install_packages python3 python3-venv
    rm -rf "$tools"
    python3 -m venv "$tools"
  fi
  "$tools/bin/pip" install --quiet 'tuspy>=1.1,<2' 'cryptography>=43'
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
here serve --listen 127.0.0.1:0 >"$work/said" 2>"$work/err" &
server=$!
# It prints its address when it listens.
read -r said <"$work/said"
code=$(here --json admin enrol-code --person W1 --grid 329901001012001 |
  "$tools/bin/python3" -c 'import json, sys; print(json.load(sys.stdin)["code"])')
"$tools/bin/python3" tests/tus/cut.py "http://${said##* }" "$code"
here verify
