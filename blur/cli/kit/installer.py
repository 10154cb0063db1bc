"""Installs blur from this folder, without a network: python3 install.py [FOLDER]

FOLDER is where blur will live; without it, `blur-faces` in your home folder. Needs Python only.
Every file is verified by its SHA-256.
"""

import os
import platform
import subprocess
import sys
import venv
from pathlib import Path

SYSTEM = ""
CHIP = ""
PYTHON = ""
# sys.platform, platform.machine() and version of Python that the wheels are for


def main() -> None:
    here = Path(__file__).resolve().parent
    machine, version = platform.machine(), ".".join(map(str, sys.version_info[:2]))
    if (sys.platform, machine) != (SYSTEM, CHIP):
        sys.exit(
            f"This kit is for {SYSTEM} on {CHIP}, and here is {sys.platform} on {machine}:"
            " make a kit for it with `blur kit --platform`."
        )
    if version != PYTHON:
        sys.exit(
            f"This kit is for Python {PYTHON}, and this is {version}: run install.py with the"
            " other, or make a kit with `blur kit --python`."
        )
    target = Path(sys.argv[1]) if sys.argv[1:] else Path.home() / "blur-faces"
    venv.create(target.absolute(), with_pip=False)  # Debian's Python cannot bring its pip along
    programs = target.absolute() / ("Scripts" if os.name == "nt" else "bin")
    (pip,) = (here / "wheels").glob("pip-*.whl")
    command = [programs / "python", pip / "pip", "--isolated", "--disable-pip-version-check"]
    command += ["install", "--quiet", "--no-index", "--no-deps", "--no-cache-dir"]
    command += ["--require-hashes", "--requirement", here / "requirements.txt"]
    command += ["--find-links", here / "wheels"]
    if subprocess.call([str(each) for each in command]):
        sys.exit("blur was not installed.")
    print(f"Installed. To begin: {programs / 'blur'} --help")


if __name__ == "__main__":
    main()
