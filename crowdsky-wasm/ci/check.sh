#!/usr/bin/env bash
# Are the built modules those of the sources, and do they do what the native code does? crowdsky-wasm/ci/check.sh
# Needs ci/web/node_modules (a browser's driver). Files to compare: ../shared/data, and simulated frames everywhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source ci/install.sh

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target/wasm-check
built=crowdsky-server/static/wasm
rm -rf "$work"
mkdir -p "$work"

crowdsky-wasm/ci/sources.sh >"$work/SOURCES"
if ! diff <(grep ^sources "$built/SOURCES") <(grep ^sources "$work/SOURCES"); then
    echo "$built is not made of these sources: run crowdsky-wasm/build.sh and commit what it writes" >&2
    exit 1
fi

crowdsky-wasm/build.sh "$work/built"
same=
if cmp -s "$built/SOURCES" "$work/built/SOURCES"; then
    # The same sources and the same compiler: the same bytes.
    diff -r "$built" "$work/built"
    same=1
else
    echo "another compiler than the recorded one: bytes are not compared, and both are tested"
fi

limit() {
    local size
    size=$(eval "$2" | wc -c)
    echo "$1: $size bytes of at most $3"
    [ "$size" -le "$3" ]
}
limit "header module" "cat $built/header_bg.wasm" $((100 * 1024))
limit "header module, gzip" "gzip -9c $built/header_bg.wasm" $((45 * 1024))

# package FOLDER NAME: the package of these modules, as npm packs it.
package() {
    mkdir -p "$work/$2"
    cp "$1"/*.{js,ts,wasm} "$work/$2/"
    cp crowdsky-wasm/npm/*.{js,ts} crowdsky-wasm/npm/package.json crowdsky-wasm/README.md crowdsky-wasm/LICENSE-* "$work/$2/"
}
package "$built" package
tarball=$(cd "$work/package" && npm pack --silent --pack-destination "$work")
mkdir "$work/site"
(cd "$work/site" && npm init --yes >/dev/null && npm install --no-audit --no-fund --silent "$work/$tarball")

# What the native code says.
folders=("$work/simulated")
cargo run --quiet --release -p crowdsky-server --bin crowdsky -- simulate "$work/simulated" --frames 3 --size 400x300 --quiet
if [ -d ../shared/data ]; then folders+=(../shared/data); else echo "SKIPPED: no ../shared/data, so only simulated frames"; fi
cargo run --quiet --release -p crowdsky-wasm --features pixels --example expected -- "$work/expected" "${folders[@]}"

node crowdsky-wasm/tests/node.mjs "$work/site" "$work/expected"
if [ -z "$same" ]; then
    mkdir -p "$work/again/node_modules"
    package "$work/built" again/node_modules/crowdsky
    node crowdsky-wasm/tests/node.mjs "$work/again" "$work/expected"
fi
node crowdsky-wasm/tests/browser.mjs "$work/site" "$work/expected"

# Types, under Node's rules and a bundler's.
cp crowdsky-wasm/tests/types.ts "$work/site/"
tsc=$PWD/crowdsky-wasm/npm/node_modules/.bin/tsc
(cd "$work/site" && "$tsc" --noEmit --strict --target es2022 --lib es2022,dom --module nodenext types.ts &&
    "$tsc" --noEmit --strict --target es2022 --lib es2022,dom --module esnext --moduleResolution bundler types.ts)

# A bundler takes the module along.
cp crowdsky-wasm/tests/bundled.html "$work/site/index.html"
(cd "$work/site" && "$OLDPWD/crowdsky-wasm/npm/node_modules/.bin/vite" build --logLevel warn)
ls "$work"/site/dist/assets/*.wasm
