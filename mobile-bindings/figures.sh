#!/usr/bin/env bash
# What the bridge costs: the same calls in Rust, in Kotlin (JVM) and in Swift, all against the library as phones get it
# (profile `phone`, SQLCipher), and the size of that library. Takes minutes: a whole build with LTO.
set -euo pipefail
cd "$(dirname "$0")/.."
native=${CARGO_TARGET_DIR:-target}/phone
cargo build --quiet --package ironfeet-ffi --profile phone --features sqlcipher --lib --example figures
out=$(realpath "$native")/figures.txt
: >"$out"
"$native/examples/figures" >>"$out"
export IRONFEET_FIGURES=1 IRONFEET_FIGURES_OUT=$out
mvn -q -B -f mobile-bindings/kotlin/pom.xml test -Dtest=Figures -Dnative.dir="$(realpath "$native")"
IRONFEET_FIGURES_OUT=/native/figures.txt mobile-bindings/swift/test.sh "$native" --filter Figures >/dev/null
printf 'library bytes_stripped %s\n' "$(stat -c %s "$native/libironfeet_ffi.so")" >>"$out"
cat "$out"
