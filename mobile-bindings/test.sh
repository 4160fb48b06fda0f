#!/usr/bin/env bash
# Proves the packages for phones: the generated sources are fresh, the stories pass in Kotlin and in Swift
# against the library built here (dev profile, store encrypted by SQLCipher over the system's libcrypto).
# Ends with one line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/.."
native=${CARGO_TARGET_DIR:-target}/debug
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

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

need() { # COMMAND PACKAGE...
    command -v "$1" >/dev/null && return
    shift
    echo "installing with apt-get: $*"
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "missing: $*; please install them"
        return 1
    fi
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

attributes() { # NAME: the sum of an attribute over the reports of Surefire
    cat mobile-bindings/kotlin/target/surefire-reports/TEST-*.xml 2>/dev/null |
        sed -n "s/^<testsuite .* $1=\"\([0-9]*\)\".*/\1/p" | awk '{n += $1} END {print n + 0}'
}

echo "== library: cargo build (dev profile, sqlcipher), server"
if ! cargo build --quiet --package ironfeet-ffi --features bindgen,sqlcipher ||
    ! cargo build --quiet --package ironfeet-server; then
    count library 1 0 1
    finish
fi

echo "== generated sources"
"$native/ironfeet-bindgen" check "$native/libironfeet_ffi.so"
code=$?
count generated "$code" $((code == 0 ? 1 : 0)) 0

echo "== stories: the same names in the same order everywhere"
told=$(sed -n 's/^[0-9]*\. \*\*\(.*\)\*\*.*/\1/p' mobile-bindings/stories.md)
kotlin=$(cd mobile-bindings/kotlin/src/test/kotlin/ironfeet && sed -n 's/.*fun `\(.*\)`() = story.*/\1/p' ./*Stories.kt)
swift=$(cd mobile-bindings/swift/Tests/IronfeetTests && sed -n 's/.*@Test("\(.*\)").*/\1/p' ./*Stories.swift)
diff <(echo "$told") <(echo "$kotlin") && diff <(echo "$told") <(echo "$swift")
code=$?
count stories "$code" $((code == 0 ? 1 : 0)) 0

echo "== kotlin: mvn -q test"
rm -rf mobile-bindings/kotlin/target
if need mvn maven openjdk-17-jdk-headless; then
    IRONFEET_NATIVE=$(realpath "$native") mvn -q -B -f mobile-bindings/kotlin/pom.xml test -Dnative.dir="$(realpath "$native")"
    code=$?
    ran=$(attributes tests)
    bad=$(($(attributes failures) + $(attributes errors)))
    count kotlin "$code" $((ran - bad - $(attributes skipped))) "$bad"
else
    count kotlin 1 0 1
fi

echo "== swift: swift test"
mobile-bindings/swift/test.sh "$native" 2>&1 | tee "$log"
code=${PIPESTATUS[0]}
good=$(grep -c '^✔ Test ".*" passed' "$log")
bad=$(grep -c '^✘ Test ".*" failed' "$log")
count swift "$code" "$good" "$bad"

finish
