#!/usr/bin/env bash
# A folder that starts blur on a Linux without Python: docs/bundle/make.sh FOLDER. Takes minutes and uv, and
# is no part of the tests. The machine needs libgl1, libegl1 and libgles2, and at least this one's glibc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
uv venv --quiet --python "${PYTHON:-3.11}" "$scratch/venv"
uv pip install --quiet --python "$scratch/venv/bin/python" "$here/../.." pyinstaller==6.22.3
cd "$scratch"
# The sources go along: a batch names its version of blur by their hash.
"$scratch/venv/bin/pyinstaller" --noconfirm --log-level WARN --name blur --distpath "$out" \
    --collect-all blur --collect-all mediapipe --collect-all openvino --collect-submodules uvicorn \
    --exclude-module matplotlib --exclude-module tkinter "$here/entry.py"
du -sm "$out/blur"
"$out/blur/blur" --version
