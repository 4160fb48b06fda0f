#!/usr/bin/env bash
# The main job in one command: sets up what is missing, builds, lives some days in a synthetic city with a
# real server and real phones, and leaves the console open. Options are those of ironfeet-demo (--help).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
need_tools
need_rust
echo "== building (several minutes the first time)"
cargo build --profile demo --locked --package ironfeet-tests --bin ironfeet-demo
exec "${CARGO_TARGET_DIR:-target}/demo/ironfeet-demo" "$@"
