#!/usr/bin/env bash
# THE test command: installs what is missing and runs every suite. `./test.sh --help` lists the steps.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ci/install.sh
source ci/steps.sh

usage() {
    cat <<EOF
./test.sh            everything, in this order
./test.sh STEP...    only these steps, of:

$(for step in "${STEPS[@]}"; do printf '  %-9s %s\n' "$step" "${ABOUT[$step]}"; done)

What is missing is installed as root or through sudo; where that cannot be, the step says what to install.
Steps that compare with the reference data find it in ../shared; without it they print a line with SKIPPED and pass.
CROWDSKY_NO_FUZZ=1 leaves the fuzzing out (it needs a nightly toolchain). FUZZ_SECONDS (20) is the time for each target.
Logs: $logs/STEP.log
EOF
}

# Runs one step in a shell of its own, where `set -e` holds, and keeps what it prints.
run_step() {
    local step=$1 begin=$SECONDS status=passed
    printf '\n=== %s: %s\n' "$step" "${ABOUT[$step]}"
    set +e
    (
        set -euo pipefail
        "step_$step"
    ) 2>&1 | tee "$logs/$step.log"
    [ "${PIPESTATUS[0]}" -eq 0 ] || status=FAILED
    set -e
    # Nothing may pass by being left out where the reference data is there to be compared with.
    if [ -d ../shared ] && grep -q '^[[:space:]]*SKIPPED:' "$logs/$step.log"; then
        echo "FAILED: tests were skipped although ../shared is there"
        status=FAILED
    fi
    [ "$status" = passed ] || broken+=("$step")
    summary+=("$(printf '%-9s %-7s %5d s' "$step" "$status" $((SECONDS - begin)))")
}

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
logs=$target/test-logs
case ${1:-} in -h | --help) usage && exit ;; esac
for step in "$@"; do
    [ -n "${ABOUT[$step]:-}" ] || { echo "no step \"$step\"; ./test.sh --help lists them" >&2 && exit 2; }
done
[ $# -gt 0 ] || set -- "${STEPS[@]}"

mkdir -p "$logs"
rm -f "$logs"/*.log
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
broken=() summary=()
for step in "$@"; do run_step "$step"; done

printf '\n=== summary\n'
printf '%s\n' "${summary[@]}"
grep -h '^[[:space:]]*SKIPPED:' "$logs"/*.log | sort -u || true
echo "all in $SECONDS s"
if [ ${#broken[@]} -gt 0 ]; then
    # Once more at the end: what fails in the middle of a long run is not looked for in 10,000 lines.
    for step in "${broken[@]}"; do printf '\n=== the end of %s.log\n' "$step" && tail -n 40 "$logs/$step.log"; done
    echo "${#broken[@]} of $# steps FAILED; their logs are in $logs"
    exit 1
fi
