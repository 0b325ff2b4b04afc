#!/usr/bin/env bash
# docs.sh PYTHON: with the wheel and ci/requirements-test.txt installed for PYTHON, checks and runs the examples, and builds the
# documentation into site/, which runs the tutorial: a cell that fails ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" -m pip install --quiet --disable-pip-version-check -r ci/requirements-docs.txt

"$python" -m mypy --strict examples/*.py
# Two chunks: 19:00 lies in the middle.
night=$scratch/night
"$python" -m crowdsky simulate "$night" --frames 16 --start 2025-10-24T18:58:30 --quiet
run() {
    echo "== examples/$*"
    "$python" -W error "examples/$@"
}
run night.py "$night" "$scratch/stacks"
run light_curve.py "$night"
run edited_frames.py "$night"
run one_filter.py "$night"
run progress.py "$night" 2>/dev/null
run errors.py "$night"
run parallel.py "$night" "$scratch/parallel"
run pictures.py "$night" "$scratch/pictures"
# Every example is in this list.
[ "$(ls examples/*.py | wc -l)" -eq 8 ] || { echo "an example was not run" && exit 1; }

# Reads the sources that it documents, but runs the tutorial with what is installed.
NO_MKDOCS_2_WARNING=1 "$python" -m mkdocs build --strict --clean
[ "$(grep -c 'data:image/png\|<img' site/tutorial/index.html)" -ge 4 ] || { echo "the tutorial was not run" && exit 1; }
# What a page needs comes with it.
if grep -rlE '<(script|img|iframe)[^>]*src="?https?://|<link[^>]*rel="?(stylesheet|preconnect|preload)"?[^>]*href="?https?://' site --include '*.html'; then
    echo "these pages load from other hosts" && exit 1
fi
