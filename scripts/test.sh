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

counted() { # NAME COMMAND...: counts what its closing line `N passed, N failed` says
  local name=$1 log="$logs/$1" code line p f
  shift
  say "$name: $*"
  "$@" 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
  p=$(echo "${line:-0 passed, 0 failed}" | cut -d' ' -f1)
  f=$(echo "${line:-0 passed, 0 failed}" | cut -d' ' -f3)
  if [ "$f" -eq 0 ] && { [ "$code" -ne 0 ] || [ "$p" -eq 0 ]; }; then f=1; fi
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
# One set of features for all: the library of the phone packages comes out of the same build as the tests.
phones=ironfeet-ffi/bindgen,ironfeet-ffi/sqlcipher
# The lints are kept by the clippy of this Rust. A newer one has more of them: they are shown, and fail nothing.
lints=1.99
has=$(cargo --version | cut -d ' ' -f 2)
strict=(-D warnings)
if older "$lints" "${has%.*}"; then strict=(-W warnings); fi
step clippy cargo clippy --quiet --workspace --all-targets --features "$phones" -- "${strict[@]}"
tests all cargo test --workspace --features "$phones" --no-fail-fast
# IRONFEET_PHONES_TEST: a stand-in, for the test of this script.
counted phones "${IRONFEET_PHONES_TEST:-mobile-bindings/test.sh}" --built
# IRONFEET_CONSOLE_TEST, IRONFEET_SCHEMATHESIS, IRONFEET_TUS: as above.
counted console "${IRONFEET_CONSOLE_TEST:-scripts/console.sh}" --built
step schemathesis "${IRONFEET_SCHEMATHESIS:-scripts/schemathesis.sh}" --built
step tus "${IRONFEET_TUS:-scripts/tus.sh}" --built

say "done"
finish
