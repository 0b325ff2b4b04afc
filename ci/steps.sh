# The steps of test.sh, cheap ones first. Each is a function `step_NAME`, run with `set -e` from the project's root.

STEPS=(fmt secrets clippy test features doc wasm healpy astropy stack quality compare python dropin readme pages api bench fuzz deny package)
declare -A ABOUT=(
    [fmt]='every file is as rustfmt writes it'
    [secrets]='no file that git tracks holds a secret'
    [clippy]='no warning, in code, tests, examples and benchmarks'
    [test]='unit, integration and documentation tests'
    [features]='the libraries and the command line with cfitsio; both without their default features'
    [doc]='the documentation builds without a warning'
    [wasm]='modules for the browser: those of the sources, within their budgets, equal to native code in Node and Chromium; the package for npm'
    [healpy]='HEALPix tiles are those of healpy'
    [astropy]='cards, images and tables are those astropy reads'
    [stack]='a simulated night is stacked; fitsverify and astropy accept the file'
    [quality]='a stack of 60 frames against their truth; the same bytes on any number of threads'
    [compare]='the public benchmark runs, small; its scorer finds what is known of a stack'
    [python]='the Python package: wheel, tests, types, documentation'
    [dropin]='the same program with seestarpy and with the Python package: the same types, groups, stars'
    [readme]='the first command of the README works: two stacks are made'
    [pages]='scripts of the pages; a user in Chromium, from registration to the stack'
    [api]='schemathesis finds no answer that the OpenAPI description does not have'
    [bench]='every benchmark runs once'
    [fuzz]='every fuzz target, for FUZZ_SECONDS each'
    [deny]='licences, bans and sources of all dependencies'
    [package]='the crates can be published'
)

# Built once, used by all steps that need the program.
crowdsky() {
    cargo build --quiet --release -p crowdsky-server
    "$target/release/crowdsky" "$@"
}

step_fmt() {
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check
}

step_secrets() { ci/secrets.sh; }

step_clippy() {
    need_cfitsio
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy --workspace --all-targets --features crowdsky-server/cfitsio,crowdsky-core/serde -- -D warnings
    cargo clippy -p crowdsky-server --no-default-features --all-targets -- -D warnings
}

# The runner hides what a test that passes has printed, and SKIPPED lines must be seen; the frame around it need not be.
run_tests() {
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --no-fail-fast --status-level fail --success-output final "$@" 2>&1 |
            sed -E '/^ *$|^ +(PASS \[|stdout ──|running [0-9]+ test|test .* \.\.\. ok$|test result: ok)/d'
    else
        cargo test --all-targets --no-fail-fast "$@" -- --show-output
    fi
}

step_test() {
    need_fitsverify
    need_python
    need_mariadb
    need_webdav_servers
    need_cargo_tool nextest || echo "no cargo-nextest; plain cargo test serves as well"
    # crowdsky-py has its tests in Python.
    run_tests --workspace --exclude crowdsky-py
    cargo test --workspace --exclude crowdsky-py --doc
}

step_features() {
    need_cfitsio
    need_fitsverify
    need_python
    run_tests -p crowdsky-core -p crowdsky-fits -p crowdsky-stack --features crowdsky-core/serde,crowdsky-stack/cfitsio
    # Of the server, what reads frames: the rest is the same, and has been tested.
    run_tests -p crowdsky-server --features crowdsky-server/cfitsio --test main stack::
    run_tests -p crowdsky-server --no-default-features
    run_tests -p crowdsky-wasm --no-default-features --features pixels
    cargo check -p crowdsky-core
    cargo check -p crowdsky-fits --no-default-features
    cargo check -p crowdsky-fits --no-default-features --features std
    cargo check -p crowdsky-stack --no-default-features
    cargo check -p crowdsky-sim --no-default-features
    cargo check -p crowdsky-server --no-default-features
}

step_doc() {
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --exclude crowdsky-benches
}

step_wasm() {
    wasm_cargo build --release -p crowdsky-core -p crowdsky-fits
    # Without std, as other programs may embed it.
    wasm_cargo build --release -p crowdsky-fits --no-default-features
    need_browser
    crowdsky-wasm/ci/check.sh
}

step_healpy() {
    need_python
    cargo build --quiet --release -p crowdsky-core --example healpix
    "$PYTHON" crowdsky-core/tests/healpy_check.py "$target/release/examples/healpix"
}

step_astropy() {
    need_python
    cargo build --quiet --release -p crowdsky-fits --example dump
    "$PYTHON" crowdsky-fits/tests/astropy_compare.py "$target/release/examples/dump" ../shared/data/fits-samples
    # astropy brings its own collection, the hostile files included.
    local own
    own=$("$PYTHON" -c 'import astropy.io.fits as f, os; print(os.path.join(os.path.dirname(f.__file__), "tests", "data"))')
    "$PYTHON" crowdsky-fits/tests/astropy_compare.py "$target/release/examples/dump" "$own"
}

step_stack() {
    need_fitsverify
    need_python
    crowdsky simulate "$scratch/night" --frames 8 --seed 3
    for layout in rgb cube; do
        local out=$scratch/$layout.fits
        crowdsky stack "$scratch/night" -o "$out" --layout $layout --report "$out.json" --preview "$out.png"
        fitsverify "$out" | tee "$out.txt"
        grep -q 'found 0 warning(s) and 0 error(s)' "$out.txt"
        "$PYTHON" ci/check_stack.py "$out" "$out.json" --layout $layout --frames 8
    done
}

step_quality() {
    local eval=../shared/eval night=$target/quality/night60
    if [ ! -d $eval ]; then
        echo "SKIPPED: no $eval, so there is no judge"
        return
    fi
    need_python
    # The simulator takes minutes; truth.npz is the last file it writes.
    [ -f "$night/truth.npz" ] || "$PYTHON" $eval/simulate.py "$night" --frames 60
    for threads in 1 2; do
        crowdsky stack "$night" -o "$scratch/$threads.fits" --report "$scratch/$threads.json" --threads $threads
    done
    cmp "$scratch/1.fits" "$scratch/2.fits"
    "$PYTHON" $eval/judge.py "$night" "$scratch/2.fits" --report "$scratch/2.json" | tee "$scratch/judged.json"
    "$PYTHON" ci/quality.py "$scratch/judged.json"
}

step_compare() {
    need_python
    need_package 'test -x /usr/bin/time' time
    "$PYTHON" benches/compare/run.py --quick
}

step_python() {
    need_python
    CHECK_DIR=$target/python crowdsky-py/ci/check.sh "$PYTHON"
}

step_dropin() {
    need_python
    local fresh=$target/python/fresh/bin/python other=$target/python/seestarpy frames
    [ -x "$fresh" ] || step_python
    "$PYTHON" -m venv --clear "$other"
    "$other/bin/pip" install --quiet --disable-pip-version-check -r benches/compare/requirements.txt
    "$fresh" -m crowdsky simulate "$scratch/dropin" --frames 12 --seed 7 --quiet
    frames=("$scratch/dropin")
    if [ -d ../shared ]; then frames+=(../shared/data/seestar-m94); else echo "SKIPPED: no ../shared, so no real frames"; fi
    "$fresh" crowdsky-py/tests/compare_seestarpy.py --seestarpy "$other/bin/python" "${frames[@]}"
}

step_readme() {
    local command
    command="$(grep -m1 '^cargo run --release' README.md) --once"
    echo "$command"
    (
        root=$PWD
        # The line is for the project's root; its files shall go elsewhere.
        cargo() { command cargo "$1" --manifest-path "$root/Cargo.toml" "${@:2}"; }
        mkdir "$scratch/readme" && cd "$scratch/readme"
        eval "$command" | tee out
        [ "$(grep -c '^20260301\.' out)" -eq 2 ]
    )
}

step_pages() {
    need_python
    need_browser
    node --test crowdsky-server/tests/web/*.test.js
    crowdsky --version
    node ci/web/playwright.mjs "$target/release/crowdsky" "$PYTHON" "$logs/screenshots"
    node ci/web/check.mjs "$target/release/crowdsky" "$PYTHON" "$logs/screenshots"
    node ci/web/upload.mjs "$target/release/crowdsky" "$PYTHON" "$logs/screenshots"
}

step_api() {
    need_python
    crowdsky --version
    "$PYTHON" ci/api/check.py "$target/release/crowdsky"
}

step_bench() {
    # In the profile and with the features of the tests, which have built all they need.
    cargo test --workspace --exclude crowdsky-py --bench '*'
}

# The words of a fuzz target: its own, or those of FITS.
fuzz_words() { if [ -f "$1.dict" ]; then echo "$1.dict"; else echo fits.dict; fi; }

step_fuzz() {
    if [ -n "${CROWDSKY_NO_FUZZ:-}" ]; then
        echo "left out: CROWDSKY_NO_FUZZ is set"
        return
    fi
    need_nightly
    need_package 'command -v c++' build-essential
    need_cargo_tool fuzz
    cd fuzz
    cargo +nightly run --quiet --example seeds
    # No sanitizer: there is no unsafe code to watch, and without it twice as many inputs are tried.
    cargo +nightly fuzz build --sanitizer none
    local found=
    for fuzz_target in $(cargo +nightly fuzz list); do
        echo "--- $fuzz_target"
        # Ten seconds or 1 GB for 16 kB of input would be a finding too.
        cargo +nightly fuzz run --sanitizer none "$fuzz_target" -- -max_total_time="${FUZZ_SECONDS:-20}" \
            -timeout=10 -rss_limit_mb=1024 -max_len=16384 -dict="$(fuzz_words "$fuzz_target")" -verbosity=0 -print_final_stats=1 || found+=" $fuzz_target"
    done
    [ -z "$found" ] || { echo "the fuzzer found something in:$found" && return 1; }
}

step_deny() {
    need_cargo_tool deny
    # Not `advisories`: its database is a download from elsewhere, which a closed network does not allow.
    cargo deny --all-features check licenses bans sources
    cargo deny --manifest-path fuzz/Cargo.toml --config deny.toml check licenses bans sources
    cargo deny --manifest-path crowdsky-wasm/bindgen/Cargo.toml --config deny.toml check licenses bans sources
}

step_package() {
    local dirty=()
    [ -z "$(git status --porcelain)" ] || dirty=(--allow-dirty)
    # Whether they compile is the question, not how fast they run. In a folder of its own: cargo keeps what it unpacks of a
    # version for ever, by the folder's name, and the next time would check the crates of the last.
    CARGO_TARGET_DIR=$scratch/package CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=false \
        cargo package --workspace --exclude crowdsky-benches --exclude crowdsky-py --exclude crowdsky-wasm "${dirty[@]}"
}
