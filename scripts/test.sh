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

# --- what the build needs -------------------------------------------------------------------

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() { # PACKAGE...: by apt, when we may
  if ! command -v apt-get >/dev/null; then
    echo "missing: $*; this is no Debian-like machine, please install them yourself"
    return 1
  fi
  if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
    echo "missing: $*; please run: sudo apt-get install $*"
    return 1
  fi
  echo "installing with apt-get: $*"
  as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

need_tools() {
  local missing=()
  command -v cc >/dev/null && command -v make >/dev/null || missing+=(build-essential)
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  # SQLCipher uses the system's libcrypto.
  { command -v pkg-config >/dev/null && pkg-config --exists libcrypto; } || missing+=(libssl-dev)
  if ! command -v cargo >/dev/null && [ ! -x "$HOME/.cargo/bin/cargo" ]; then
    command -v curl >/dev/null || missing+=(curl ca-certificates)
  fi
  if [ "${#missing[@]}" -gt 0 ]; then install_packages "${missing[@]}"; fi
}

need_rust() {
  command -v cargo >/dev/null || export PATH="$HOME/.cargo/bin:$PATH"
  if ! command -v cargo >/dev/null; then
    echo "Rust is missing: installing the stable toolchain into $HOME/.cargo with rustup (https://rustup.rs)"
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
      sh -s -- -y --profile minimal --component rustfmt --component clippy || return 1
  fi
  cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt || return 1
  cargo clippy --version >/dev/null 2>&1 || rustup component add clippy || return 1
}

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
if ! need_tools || ! need_rust; then
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
