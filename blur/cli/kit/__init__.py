"""A folder from which blur is installed without a network: `collect`.

`wheels.txt` pins every library of blur and of its extra demo, for all platforms, with the hashes of
their files; pip verifies them while it downloads here and again while it installs there. Made anew
with constraints.txt, whose versions it shares:

    uv pip compile pyproject.toml --extra demo -c constraints.txt --universal \\
        --python-version 3.11 --generate-hashes --no-annotate --no-header -o blur/cli/kit/wheels.txt
"""

from __future__ import annotations

import hashlib
import platform as platform_module
import shutil
import subprocess
import sys
from pathlib import Path

from blur import __version__
from blur.cli.kit import own_wheel, pins
from blur.errors import DISTRIBUTION, OutputError, SetupError, UsageError

HERE = Path(__file__).parent
INSTALLER = "install.py"
_SHARED = {
    "linux-x86_64": (pins.Machine("linux", "x86_64", "posix"), "manylinux_2_{}_x86_64", 28),
    "linux-arm64": (pins.Machine("linux", "aarch64", "posix"), "manylinux_2_{}_aarch64", 35),
    "macos-arm64": (pins.Machine("darwin", "arm64", "posix"), "macosx_{}_0_arm64", 15),
    "windows-x86_64": (pins.Machine("win32", "AMD64", "nt"), "win_amd64", 0),
}
"""Machine, wheel tag and the newest number in it; a larger one refuses older systems. The oldest
that wheels of the tested set take: glibc 2.28, on ARM 2.35; macOS 15."""
PLATFORMS = tuple(_SHARED)
_OLDEST = {"linux-x86_64": 17, "linux-arm64": 17, "macos-arm64": 11, "windows-x86_64": 0}


def this_platform() -> str:
    """The name of a machine like this one. Raises UsageError."""
    here = sys.platform, platform_module.machine()
    for name, (machine, *_) in _SHARED.items():
        if here == (machine.system, machine.chip):
            return name
    raise UsageError(f"no kit is made for {' on '.join(here)}", remedy="choose a --platform")


def collect(folder: Path, platform: str, python: str) -> int:
    """Fill a new `folder` with wheels, hashes and the installer; returns its size in bytes.

    `platform` is one of PLATFORMS, `python` a version as 3.11. Raises UsageError, OutputError and
    SetupError.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("is not empty", subject=folder, remedy="name a new folder")
    wheels = folder / "wheels"
    try:
        wheels.mkdir(parents=True, exist_ok=True)
        own = own_wheel.make(wheels)
        machine, tag, newest = _SHARED[platform]
        wanted = pins.for_machine((HERE / "wheels.txt").read_text("utf-8"), machine, python)
        needs = folder / "requirements.txt"
        needs.write_text("\n".join(wanted) + "\n", encoding="utf-8")
        tags = [tag.format(n) for n in range(newest, _OLDEST[platform] - 1, -1)]
        if platform == "linux-x86_64":
            tags += ["manylinux2014_x86_64", "manylinux1_x86_64"]
        _download(needs, wheels, tags, python)
        hashed = hashlib.sha256(own.read_bytes()).hexdigest()
        with needs.open("a", encoding="utf-8") as file:
            file.write(f"{DISTRIBUTION}=={__version__} --hash=sha256:{hashed}\n")
        text = (HERE / "installer.py").read_text("utf-8")
        about = {"SYSTEM": machine.system, "CHIP": machine.chip, "PYTHON": python}
        for name, value in about.items():
            text = text.replace(f'\n{name} = ""', f'\n{name} = "{value}"', 1)
        (folder / INSTALLER).write_text(text, encoding="utf-8")
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError as error:
        raise OutputError(f"cannot be filled: {error.strerror}", subject=folder) from error


def _download(needs: Path, wheels: Path, tags: list[str], python: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    command += [f"--platform={tag}" for tag in tags]
    done = subprocess.run(
        [*command, "--dest", str(wheels), "--requirement", str(needs)],
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode:
        shutil.rmtree(wheels)
        said = done.stderr.strip().splitlines()
        raise SetupError(
            f"pip could not download the wheels: {said[-1] if said else 'it said nothing'}",
            remedy="check the network and the name of the platform; a kit is made with a network",
        )
