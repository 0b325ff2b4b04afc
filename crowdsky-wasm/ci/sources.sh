#!/usr/bin/env bash
# What the built modules were made of, for comparison: a hash of all sources, the versions of all libraries, the compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source ci/install.sh

libraries() {
    cargo tree --locked -p crowdsky-wasm --features pixels --target wasm32-unknown-unknown --edges normal,build --prefix none --format '{p} {f}' |
        sed 's/ (\/[^)]*)//' | LC_ALL=C sort -u
}
files() {
    git ls-files -co --exclude-standard -- crowdsky-{core,fits,stack,wasm}/src crowdsky-{core,fits,stack,wasm}/Cargo.toml \
        crowdsky-wasm/{bindgen,npm,build.sh} ci/install.sh | LC_ALL=C sort
}
echo "sources   $( { files | xargs sha256sum; libraries; } | sha256sum | cut -d ' ' -f 1)"
echo "compiler  $(wasm_rustc --version)"
