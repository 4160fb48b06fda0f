#!/usr/bin/env bash
# Has a real tus client (tuspy) send photos to a live server over a line that is cut at random bytes; how: tests/tus/cut.py.
# Installs tuspy from the Python registry into target/tus. --built: the server is built.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/setup.sh
. scripts/served.sh

tools=target/tus
"$tools/bin/python3" -c 'import tusclient, cryptography' 2>/dev/null || python_tools "$tools" 'tuspy>=1.1,<2' 'cryptography>=43'
[ "${1:-}" = --built ] || cargo build --quiet --package ironfeet-tests --bin ironfeet-server-here

serve
code=$(here --json admin enrol-code --person W1 --grid 329901001012001 |
  "$tools/bin/python3" -c 'import json, sys; print(json.load(sys.stdin)["code"])')
"$tools/bin/python3" tests/tus/cut.py "$url" "$code"
here verify
