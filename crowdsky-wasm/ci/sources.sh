#!/usr/bin/env bash
# What the built modules were made of, for comparison: a hash of all sources, the versions of all libraries, the compiler.
set -euo pipefail
# A command that fails within $( ) shall not leave half a hash.
shopt -s inherit_errexit
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
# What the workspace says of how all is built.
profiles() { sed -n '/^\[profile/,/^$/p' Cargo.toml; }
need_wasm >&2
sources=$({
    files | xargs sha256sum
    libraries
    profiles
} | sha256sum)
compiler=$(wasm_rustc --version)
echo "sources   ${sources%% *}"
echo "compiler  $compiler"
