#!/usr/bin/env bash
# secrets.sh: no file that git tracks holds a secret. Prints each line that may be one, and fails if there is any. Before that
# it plants a secret of each kind and must find them all: a search that finds nothing proves nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

# By what secrets are known wherever they are.
EVERYWHERE=(
    '-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----'
    'cs[kw]_[0-9a-f]{64}'
    '[Bb]earer [A-Za-z0-9._~+/-]{20,}'
    '(AKIA|ASIA)[0-9A-Z]{16}'
    'gh[pousr]_[A-Za-z0-9]{36}'
    'eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.'
)
# Tests have passwords of their own; nobody else has one that stands in quotes, or in an address (but for example.org).
ELSEWHERE=(
    '(password|passwd|secret|token|api_?key)["'"'"']? *(=|:|=>) *["'"'"'][^"'"'"'<>{}$ ]{6,}["'"'"']'
    '(password|passwd|secret|token|api_?key)=[A-Za-z0-9+/_-]{8,}'
    '[a-z]+://[^/@:" ]+:[^/@"*<>{}$ ]+@'
)
is_a_test='(^|/)tests/|^benches/|^ci/mariadb/start\.sh$'

# scan FILE...: lines that may be secrets, as FILE:LINE:TEXT.
scan() {
    local file
    for file in "$@"; do
        grep -HnIE "${EVERYWHERE[@]/#/-e}" -- "$file" || true
        [[ $file =~ $is_a_test ]] || grep -HnIEi "${ELSEWHERE[@]/#/-e}" -- "$file" | grep -vE '@[a-z.]*example\.org' || true
    done
}

plant=$(mktemp -d)
trap 'rm -r "$plant"' EXIT
hex=$(printf '0123456789abcdef%.0s' 1 2 3 4)
mkdir "$plant/tests"
# Each is put together here, so that this file holds none.
{
    printf '%s PRIVATE KEY-----\n' '-----BEGIN RSA'
    printf 'worker: csw_%s\n' "$hex"
    printf 'reader: csk_%s\n' "$hex"
    printf 'Authorization: Bearer %s\n' "$hex"
    printf 'AKIA%s\n' 0123456789ABCDEF
    printf 'ghp_%s\n' "${hex:0:36}"
    printf 'eyJ%s.eyJ%s.\n' "${hex:0:20}" "${hex:0:20}"
} | tee "$plant/tests/everywhere" >"$plant/everywhere"
{
    printf 'password = "%s"\n' hunter2hunter2
    printf "'token': '%s'\n" hunter2hunter2
    printf 'PASSWORD=%s\n' hunter2hunter2
    printf 'mysql://sky:%s%s\n' hunter2hunter2 @db/sky
} | tee "$plant/tests/elsewhere" >"$plant/elsewhere"
for planted in everywhere:7 tests/everywhere:7 elsewhere:4 tests/elsewhere:0; do
    found=$(scan "$plant/${planted%:*}" | wc -l)
    [ "$found" = "${planted#*:}" ] || { echo "of ${planted#*:} lines planted in ${planted%:*}, $found are found" >&2 && exit 1; }
done

mapfile -d '' -t files < <(git ls-files -z)
found=$(scan "${files[@]}")
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    echo 'these look like secrets: take them out, and out of the history; what has been published must be replaced' >&2
    exit 1
fi
echo "no secrets in ${#files[@]} files"
