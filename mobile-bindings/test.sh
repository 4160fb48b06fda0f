#!/usr/bin/env bash
# Proves the packages for phones: the stories pass in Kotlin and in Swift against the library built here (dev
# profile, store encrypted by SQLCipher over the system's libcrypto). Installs a JDK, Maven and Swift when missing.
#
#   test.sh           builds the library and the server, and checks too that the generated sources are fresh
#   test.sh --built   takes what `cargo test --workspace --features ironfeet-ffi/bindgen,ironfeet-ffi/sqlcipher`
#                     left (it has checked the sources): as scripts/test.sh does, which saves a second build
#
# Ends with one line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
native=$target/debug
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
. scripts/setup.sh

finish() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

count() { # NAME EXIT_CODE PASSED FAILED: a run that failed or ran nothing is at least one failure
    local f=$4
    if [ "$f" -eq 0 ] && { [ "$2" -ne 0 ] || [ "$3" -eq 0 ]; }; then f=1; fi
    passed=$((passed + $3))
    failed=$((failed + f))
    [ "$f" -eq 0 ] || echo "FAILED: $1"
}

attributes() { # NAME: the sum of an attribute over the reports of Surefire
    cat mobile-bindings/kotlin/target/surefire-reports/TEST-*.xml 2>/dev/null |
        sed -n "s/^<testsuite .* $1=\"\([0-9]*\)\".*/\1/p" | awk '{n += $1} END {print n + 0}'
}

beside() { # what cargo test left, in a folder of its own: the chroot sees that folder only
    native=$target/phones
    mkdir -p "$native" &&
        cp -lf "$target/debug/deps/libironfeet_ffi.so" "$target/debug/ironfeet-server" "$native/"
}

build() {
    cargo build --quiet --package ironfeet-ffi --features bindgen,sqlcipher &&
        cargo build --quiet --package ironfeet-server
}

case ${1:-} in
--built)
    if ! beside; then
        count library 1 0 1
        finish
    fi
    ;;
*)
    echo "== library: cargo build (dev profile, sqlcipher), server"
    if ! build; then
        count library 1 0 1
        finish
    fi
    echo "== generated sources"
    "$native/ironfeet-bindgen" check "$native/libironfeet_ffi.so"
    code=$?
    count generated "$code" $((code == 0 ? 1 : 0)) 0
    ;;
esac

echo "== stories: the same names in the same order everywhere"
told=$(sed -n 's/^[0-9]*\. \*\*\(.*\)\*\*.*/\1/p' mobile-bindings/stories.md)
kotlin=$(cd mobile-bindings/kotlin/src/test/kotlin/ironfeet && sed -n 's/.*fun `\(.*\)`() = story.*/\1/p' ./*Stories.kt)
swift=$(cd mobile-bindings/swift/Tests/IronfeetTests && sed -n 's/.*@Test("\(.*\)").*/\1/p' ./*Stories.swift)
diff <(echo "$told") <(echo "$kotlin") && diff <(echo "$told") <(echo "$swift")
code=$?
count stories "$code" $((code == 0 ? 1 : 0)) 0

echo "== kotlin: mvn -q test"
rm -rf mobile-bindings/kotlin/target
if command -v mvn >/dev/null || install_packages maven openjdk-17-jdk-headless </dev/null; then
    IRONFEET_NATIVE=$native mvn -q -B -f mobile-bindings/kotlin/pom.xml test -Dnative.dir="$native" </dev/null
    code=$?
    ran=$(attributes tests)
    bad=$(($(attributes failures) + $(attributes errors)))
    count kotlin "$code" $((ran - bad - $(attributes skipped))) "$bad"
else
    count kotlin 1 0 1
fi

echo "== swift: swift test"
mobile-bindings/swift/test.sh "$native" </dev/null 2>&1 | tee "$log"
code=${PIPESTATUS[0]}
good=$(grep -c '^✔ Test ".*" passed' "$log")
bad=$(grep -c '^✘ Test ".*" failed' "$log")
count swift "$code" "$good" "$bad"

finish
