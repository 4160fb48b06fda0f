#!/usr/bin/env bash
# What the bridge costs: the same calls in Rust, in Kotlin (JVM) and in Swift (release build), all against the library as
# phones get it (profile `phone`, SQLCipher), and the size of that library. Takes minutes: a whole build with LTO.
#
#   figures.sh [RUNS]      one line for each figure: the median of the runs (3 when not said), the least and the most
set -euo pipefail
runs=${1:-3}
cd "$(dirname "$0")/.."
native=${CARGO_TARGET_DIR:-target}/phone
cargo build --quiet --package ironfeet-ffi --profile phone --features sqlcipher --lib --example figures
out=$(realpath "$native")/figures.txt
: >"$out"
export IRONFEET_FIGURES=1
for _ in $(seq "$runs"); do
    "$native/examples/figures" >>"$out"
    IRONFEET_FIGURES_OUT=$out \
        mvn -q -B -f mobile-bindings/kotlin/pom.xml test -Dtest=Figures -Dnative.dir="$(realpath "$native")" </dev/null
    IRONFEET_FIGURES_OUT=/native/figures.txt \
        mobile-bindings/swift/test.sh "$native" -c release --filter Figures </dev/null >/dev/null
done
sort -k1,2 -k3,3g "$out" | awk '
    function tell() { if (n) printf "%s %s (%s to %s)\n", key, all[int((n + 1) / 2)], all[1], all[n] }
    $1 " " $2 != key { tell(); key = $1 " " $2; n = 0 }
    { all[++n] = $3 }
    END { tell() }'
printf 'library bytes_stripped %s\n' "$(stat -c %s "$native/libironfeet_ffi.so")"
