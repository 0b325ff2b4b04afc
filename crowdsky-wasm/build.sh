#!/usr/bin/env bash
# Builds both modules and their JavaScript: crowdsky-wasm/build.sh [FOLDER]
# FOLDER is crowdsky-server/static/wasm where nothing is said: what the binary serves and the npm package holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source ci/install.sh

out=$(realpath -m "${1:-crowdsky-server/static/wasm}")
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target/wasm-build

need_package 'command -v node && command -v npm' nodejs npm
(cd crowdsky-wasm/npm && cmp -s package-lock.json node_modules/installed.json || {
    npm ci --no-audit --no-fund --silent && cp package-lock.json node_modules/installed.json
})
CARGO_TARGET_DIR=$target/bindgen cargo build --quiet --locked --manifest-path crowdsky-wasm/bindgen/Cargo.toml

# What current browsers all have; `wasm-opt` shall use no more.
optimise=(crowdsky-wasm/npm/node_modules/.bin/wasm-opt --enable-bulk-memory --enable-sign-ext --enable-reference-types --enable-multivalue
    --enable-mutable-globals --enable-nontrapping-float-to-int --strip-debug --strip-producers --strip-target-features --converge)

# module NAME OPT-LEVEL FEATURES "RUSTC FLAGS" WASM-OPT-OPTION...: NAME.js, NAME.d.ts, NAME_bg.wasm.
module() {
    local name=$1 level=$2 features=$3 flags=$4 && shift 4
    # A panic is a trap: its message, with files and lines, would be a fifth of the module. `Zlocation-detail`, `immediate-abort` and the
    # standard library built for size are unstable, which wasm_cargo allows. Rustup's library is built already, so with it the module is larger.
    RUSTFLAGS="-Zlocation-detail=none $flags" WASM_PANIC=immediate-abort \
        CARGO_PROFILE_RELEASE_OPT_LEVEL=$level CARGO_PROFILE_RELEASE_LTO=true CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
        CARGO_PROFILE_RELEASE_PANIC=abort CARGO_TARGET_DIR=$work/$name WASM_STD_FEATURES=optimize_for_size \
        wasm_cargo build --quiet --locked --release -p crowdsky-wasm --no-default-features --features "$features"
    mkdir -p "$work/js"
    "$target/bindgen/debug/crowdsky-bindgen" "$work/$name/wasm32-unknown-unknown/release/crowdsky_wasm.wasm" "$work/js" "$name"
    "${optimise[@]}" "$@" "$work/js/${name}_bg.wasm" -o "$out/${name}_bg.wasm"
    # Nobody reads it: its comments are in NAME.d.ts, and short it is half as long. Some bundlers find the module only by plain quotes.
    crowdsky-wasm/npm/node_modules/.bin/rolldown "$work/js/$name.js" --format esm --minify --file "$work/js/$name.min.js" --log-level warn
    { head -1 "$work/js/$name.js" && sed "s/new URL(\`\([^\`]*\)\`/new URL(\"\1\"/" "$work/js/$name.min.js"; } >"$out/$name.js"
    # `Symbol.dispose` is in no library of TypeScript that a program has by itself.
    { echo '/// <reference lib="esnext.disposable" />' && cat "$work/js/$name.d.ts"; } >"$out/$name.d.ts"
}

mkdir -p "$out"
module header z header "" -Oz --low-memory-unused --one-caller-inline-max-function-size=140
module pixels 3 pixels "-Ctarget-feature=+simd128" --enable-simd -O3
cp crowdsky-wasm/npm/check.js "$out/"
crowdsky-wasm/ci/sources.sh >"$out/SOURCES"
ls -l "$out"
