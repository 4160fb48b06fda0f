#!/usr/bin/env bash
# Runs the Swift stories against the library in NATIVE (default: the dev build of this repository).
#
#   test.sh [NATIVE [OPTION…]]   NATIVE holds libironfeet_ffi.so and, for the stories with a server, ironfeet-server;
#                                the options go to `swift test`
#
# With a Swift 6 on this machine that one is used; else a Debian chroot set up once by chroot.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(realpath "$here/../..")
native=$(realpath "${1:-$repo/target/debug}")
shift || true

if command -v swift >/dev/null; then
    cd "$here"
    export LD_LIBRARY_PATH="$native" IRONFEET_NATIVE="$native"
    exec swift test -Xlinker "-L$native" "$@"
fi
exec "$here/chroot.sh" run "$repo" "$native" bash -euc '
    cd /repo/mobile-bindings/swift
    export LD_LIBRARY_PATH=/native IRONFEET_NATIVE=/native
    export IRONFEET_FIGURES=$1 IRONFEET_FIGURES_OUT=$2
    shift 2
    swift test -Xlinker -L/native "$@"
' swift "${IRONFEET_FIGURES:-}" "${IRONFEET_FIGURES_OUT:-}" "$@"
