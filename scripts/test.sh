#!/usr/bin/env bash
# The single test command. Sets up what is missing on a bare Debian-like machine, runs every check,
# and ends with one line: N passed, N failed. Exit code 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

say() { printf '\n== %s\n' "$*"; }

finish() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  if [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]; then exit 0; else exit 1; fi
}

. scripts/setup.sh

# --- the checks -----------------------------------------------------------------------------

step() { # NAME COMMAND...: counts as one
  local name=$1
  shift
  say "$name: $*"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $name"
  fi
}

tests() { # NAME COMMAND...: counts what cargo's `test result:` lines say
  local name=$1 log="$logs/$1" code p f broken
  shift
  say "$name: $*"
  "$@" 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  p=$(sed -n 's/^test result: .* \([0-9]*\) passed; .*/\1/p' "$log" | awk '{n += $1} END {print n + 0}')
  f=$(sed -n 's/^test result: .* \([0-9]*\) failed; .*/\1/p' "$log" | awk '{n += $1} END {print n + 0}')
  # A test program that crashed prints no result line: each counts as one failure.
  broken=$(($(grep -c '^error: \(test\|doctest\) failed, to rerun' "$log") - $(grep -c '^test result: FAILED' "$log")))
  [ "$broken" -gt 0 ] && f=$((f + broken))
  # It did not build, or nothing at all ran.
  if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
  if [ "$code" -eq 0 ] && [ "$p" -eq 0 ]; then f=$((f + 1)); fi
  passed=$((passed + p))
  failed=$((failed + f))
  [ "$f" -eq 0 ] || echo "FAILED: $name"
}

say "set-up"
if ! need_tools || ! need_rust || ! need_lints; then
  echo "FAILED: set-up"
  failed=1
  finish
fi
rustc --version

step format cargo fmt --all --check
# Alone: a build of the whole workspace unifies features and would hide a missing one.
step core-alone cargo check --quiet --package ironfeet-core
step server-alone cargo check --quiet --package ironfeet-server
step clippy cargo clippy --quiet --workspace --all-targets -- -D warnings
tests all cargo test --workspace --no-fail-fast

say "done"
finish
