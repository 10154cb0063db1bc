#!/usr/bin/env bash
# The kit's whole way: made with a network, installed and used in a namespace without one.
#
#     tests/bench/kit.sh FOLDER        # as root: `unshare -n` needs it; 1.5 GB
#
# Prints the size of the kit and of the installation, and the seconds of each step.
set -euo pipefail
folder=$(realpath "$1")
cd "$(dirname "$0")/../.."
python -m blur kit "$folder/kit"
unset PYTHONPATH
cd "$folder"
time unshare -n python3 kit/install.py "$folder/blur"
du -sm kit blur
time unshare -n blur/bin/blur demo -o demo
