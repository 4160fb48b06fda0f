#!/usr/bin/env bash
# Journeys through the console in a real browser: a demo city (always the same days), the real server, Debian's Chromium.
# Pictures are kept in target/console. Last line: N passed, N failed. --built: the programs are built.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/setup.sh
. scripts/served.sh

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v node >/dev/null && command -v npm >/dev/null || missing+=(nodejs npm)
[ -n "$(fc-list 2>/dev/null | grep -i 'noto.*cjk')" ] || missing+=(fonts-noto-cjk fontconfig)
if [ "${#missing[@]}" -gt 0 ]; then
  install_packages "${missing[@]}"
fi

# By the machine's own Node, which trusts the certificates that the machine trusts.
(cd tests/console && npm ci --loglevel=error --no-audit --no-fund)

# The browser's driver wants Node 20 or newer; Debian 12 has 18.
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  newer=$PWD/target/node
  [ -x "$newer/node_modules/node/bin/node" ] || npm install --loglevel=error --no-audit --no-fund --prefix "$newer" node@22
  export PATH="$newer/node_modules/node/bin:$PATH"
fi

[ "${1:-}" = --built ] || cargo build --quiet --package ironfeet-tests --bin ironfeet-demo --bin ironfeet-server-here

target/debug/ironfeet-demo --city small --days 3 --weeks 2 --until 2026-11-20 --exit --json --data "$ground/city" >"$ground/summary.json"
data="$ground/city/server"
# The same door written three ways: a supervisor will be asked.
cat >"$ground/twins.csv" <<'CSV'
key,grid,kind,address,lat,lon
t1,329901001001001,dwelling,平川路9号2单元301室,33.5085,123.5821
t2,329901001001001,dwelling,平川路 9号 2单元 301室,33.5086,123.5821
t3,329901001001001,dwelling,平川路９号２单元３０１室,33.5085,123.5822
t4,329901001001001,small_premises,和顺里12号商铺,33.5087,123.5823
t5,329901001001001,small_premises,和顺里12号-商铺,33.5087,123.5824
CSV
here import places "$ground/twins.csv"

serve
pictures="$PWD/target/console"
rm -rf "$pictures"
(cd tests/console && node journeys.mjs "$url" "$ground/summary.json" "$(command -v chromium)" "$ground/profile" "$pictures" \
  ../../core/content/checklists.yaml)
