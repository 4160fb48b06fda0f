#!/usr/bin/env bash
# Builds the library and writes the generated Kotlin and Swift sources anew. Commit what changes.
set -euo pipefail
cd "$(dirname "$0")/.."
native=${CARGO_TARGET_DIR:-target}/debug
cargo build --quiet --package ironfeet-ffi --features bindgen,sqlcipher
"$native/ironfeet-bindgen" write "$native/libironfeet_ffi.so"
