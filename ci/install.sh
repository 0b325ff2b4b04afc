# Installs what the steps of test.sh need. Sourced by it; every function is quick when all is there.

# Runs a command with the rights to install packages.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif sudo -n true 2>/dev/null; then
        sudo "$@"
    else
        echo "this needs root; please run: sudo $*" >&2
        return 1
    fi
}

# need_package CHECK PACKAGE...: installs Debian packages unless the command CHECK succeeds.
need_package() {
    local check=$1 && shift
    if eval "$check" >/dev/null 2>&1; then return; fi
    if ! command -v apt-get >/dev/null; then
        echo "please install what Debian calls: $*" >&2
        return 1
    fi
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@"
}

# need_cargo_tool NAME: installs `cargo NAME`.
need_cargo_tool() {
    cargo "$1" --version >/dev/null 2>&1 && return
    # Not every registry still serves every version that a lock file names.
    cargo install --locked "cargo-$1" || cargo install "cargo-$1"
}

# A C compiler, for what few crates build C, and cfitsio for the feature of that name.
need_cfitsio() {
    need_package 'command -v cc' build-essential
    need_package 'command -v pkg-config && pkg-config --exists cfitsio' pkg-config libcfitsio-dev
}

need_fitsverify() { need_package 'command -v fitsverify' fitsverify; }

# The virtual environment of the comparisons; PYTHON is its interpreter, for tests that call it themselves.
need_python() {
    export PYTHON=$PWD/.venv/bin/python
    if cmp -s ci/requirements.txt .venv/requirements.txt; then return; fi
    need_package 'python3 -c "import ensurepip, venv"' python3-venv
    python3 -m venv --clear .venv
    "$PYTHON" -m pip install --quiet --disable-pip-version-check -r ci/requirements.txt
    cp ci/requirements.txt .venv/ # only now: an environment half made is made again
}

# The database of many servers; tests start their own.
need_mariadb() { need_package 'command -v mariadbd && command -v mariadb-install-db' mariadb-server; }

# Debian's Chromium, driven from Node.js.
need_browser() {
    need_package 'command -v chromium' chromium
    need_package 'command -v node && command -v npm' nodejs npm
    (cd ci/web && cmp -s package-lock.json node_modules/installed.json || {
        npm ci --no-audit --no-fund && cp package-lock.json node_modules/installed.json
    })
}

# The servers that crowdsky-webdav is held against; the fourth, wsgidav, comes with need_python.
need_webdav_servers() {
    need_package 'command -v rclone && command -v curl' rclone curl
    need_package 'ls /usr/lib/apache2/modules/mod_dav_fs.so' apache2
    need_package 'ls /usr/lib/nginx/modules/ngx_http_dav_ext_module.so' nginx libnginx-mod-http-dav-ext
}

need_nightly() {
    cargo +nightly --version 2>/dev/null && return
    echo "fuzzing needs a nightly toolchain under rustup, as \`cargo +nightly\`: rustup toolchain install nightly" >&2
    echo "CROWDSKY_NO_FUZZ=1 ./test.sh leaves the fuzzing out" >&2
    return 1
}

wasm=wasm32-unknown-unknown

# Whether rustup has a standard library for the browser.
has_wasm_std() { [ -d "$(rustc --print target-libdir --target $wasm)" ]; }

# The compiler that builds for the browser.
wasm_rustc() { if has_wasm_std; then rustc "$@"; else /usr/bin/rustc "$@"; fi; }

# A compiler for the browser: rustup's if it has a standard library for it, else Debian's, whose sources cargo builds on the way.
need_wasm() {
    has_wasm_std || need_package 'command -v wasm-ld-19 && ls /usr/lib/rustlib/src' rustc-web rust-web-src lld-19
}

# wasm_cargo ARGUMENT...: cargo with that compiler. Debian's library is built with the features in WASM_STD_FEATURES and the panics in
# WASM_PANIC; rustup's is as it is.
wasm_cargo() {
    need_wasm
    if has_wasm_std; then
        RUSTC_BOOTSTRAP=1 cargo "$@" --target $wasm
        return
    fi
    # RUSTC_BOOTSTRAP: building the standard library is an unstable option of a stable compiler.
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-19 \
        RUSTFLAGS="${RUSTFLAGS:-}${WASM_PANIC:+ -Zunstable-options -Cpanic=$WASM_PANIC}" \
        cargo "$@" --target $wasm -Zbuild-std=std,panic_abort "-Zbuild-std-features=${WASM_STD_FEATURES:-}"
}
