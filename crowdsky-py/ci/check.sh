#!/usr/bin/env bash
# check.sh PYTHON: builds the wheel and tests it, installed in a fresh environment. Logs and the wheel stay in $CHECK_DIR, if set.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
work=${CHECK_DIR:-$(mktemp -d)}
mkdir -p "$work"
rm -rf "$work/wheels" "$work/tools" "$work/fresh"

"$python" -m venv "$work/tools"
"$work/tools/bin/pip" install --quiet --disable-pip-version-check maturin==1.16.0
"$work/tools/bin/maturin" build --release --locked --out "$work/wheels"
wheel=$(ls "$work"/wheels/crowdsky-*.whl)
bytes=$(stat --format %s "$wheel")
echo "$(basename "$wheel"): $bytes bytes"
# People install it in notebooks over slow lines, and in the image of every worker of a cluster.
[ "$bytes" -le 6000000 ] || { echo "more than 6 MB" && exit 1; }

"$python" -m venv "$work/fresh"
fresh=$work/fresh/bin/python
"$fresh" -m pip install --quiet --disable-pip-version-check "$wheel"
# First what a user has who installs nothing else.
(cd "$work" && "$fresh" -W error -c 'import crowdsky, sys; assert "astropy" not in sys.modules; print(crowdsky.__version__)')
"$fresh" -m pip install --quiet --disable-pip-version-check -r ci/requirements-test.txt
"$fresh" -m pytest -q --durations=5
"$fresh" -m mypy
(cd "$work" && "$fresh" -m mypy.stubtest crowdsky._core)
ci/docs.sh "$fresh"
